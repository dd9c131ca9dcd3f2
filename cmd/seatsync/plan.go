package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// planFlags are shared by plan and apply.
type planFlags struct {
	output        outputFlags
	requests      requestFlags
	now           string
	allowReleases int
	allowEmpty    bool
	detailedExit  bool
	strict        bool
	revert        string
	base          string
	maxPlanAge    time.Duration
}

// addTo adds the flags to a command.
func (f *planFlags) addTo(cmd *cobra.Command) {
	f.output.addTo(cmd)
	f.requests.addTo(cmd)
	f.addRuleFlags(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.detailedExit, "detailed-exitcode", false, "exit 2 when changes are pending")
	durationVar(flags, &f.maxPlanAge, "max-plan-age", defaultMaxPlanAge, "apply refuses a saved plan that is older")
	flags.StringVar(&f.revert, "revert", "", "plan to restore what the recorded `RUN` changed, instead of what the file asks for")
}

// addRuleFlags adds those that the decision depends on.
func (f *planFlags) addRuleFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.allowReleases, "allow-releases", -1, "this run may release up to `N` seats, whatever the file's limit says")
	flags.BoolVar(&f.allowEmpty, "allow-empty", false, "let 'unlisted: release' act on a file that lists nobody")
	flags.StringVar(&f.now, "now", "", "the clock for rules, as `RFC3339`, for reproducible reviews")
	flags.Lookup("allow-releases").DefValue = "0" // hides the default, which is no number
}

// check returns an error for values that make no sense.
func (f *planFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("allow-releases") && f.allowReleases < 0 {
		return fmt.Errorf("--allow-releases %d: write 0 or more", f.allowReleases)
	}
	return f.requests.check()
}

func (a *app) planCommand() *cobra.Command {
	var flags planFlags
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would change, and why; write nothing to the API",
		Long: `Reads the desired and the live state and prints what would change, for whom,
why, and from which line of the file. It sends no request but GET.`,
		Example: `  seatsync plan
  seatsync plan --out plan.json && seatsync apply plan.json
  seatsync plan --report html=plan.html --report markdown=comment.md
  seatsync plan --base git:origin/main
  seatsync plan -f 'accounts/*.yaml'`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(cmd); err != nil {
				return err
			}
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			return a.plan(ctx, flags)
		},
	}
	flags.addTo(cmd)
	a.addOriginFlags(cmd)
	cmd.Flags().StringVar(&flags.base, "base", "", "show first what the file changes against this one: a `PATH`, or git:REV for the same file at a revision")
	cmd.Flags().BoolVar(&flags.strict, "strict", false, "an exemption that has ended is an error, as in validate")
	return cmd
}

// plan reads two states, decides, and reports. It has a source and never a sink.
func (a *app) plan(ctx context.Context, flags planFlags) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	request, err := flags.request(a)
	if err != nil {
		return err
	}
	if flags.strict {
		a.origin.StrictAt = request.Now
		if request.Now.IsZero() {
			a.origin.StrictAt = a.clock()
		}
	}
	files, err := a.severalFiles()
	if err != nil {
		return err
	}
	if files != nil {
		return a.planSeveral(ctx, flags, output, request, files)
	}
	target := a.target(flags.requests)
	plan, err := a.planFile(ctx, target, flags, output, request)
	if problems, ok := errors.AsType[reconcile.Problems](err); ok {
		return errors.Join(err, output.writeProblems(cmp.Or(target.account, accountIn(a.file)), problems))
	}
	if err != nil {
		return err
	}
	if err := output.write(plan); err != nil {
		return err
	}
	return exitWith(planCode(plan, flags.detailedExit))
}

// planFile makes the plan of one file.
func (a *app) planFile(ctx context.Context, target *target, flags planFlags, output *output, request runner.Request) (*reconcile.Plan, error) {
	work, err := target.open(ctx, &request)
	if err != nil {
		return nil, err
	}
	defer work.Close()
	if err := output.refuseInputs(request.Desired.Files); err != nil {
		return nil, err
	}
	if flags.base != "" {
		if request.Base, err = target.readBase(ctx, flags.base, &request); err != nil {
			return nil, err
		}
		if err := output.refuseInputs(request.Base.Files); err != nil {
			return nil, err
		}
	}
	work.Sink = nil
	plan, _, err := work.Plan(ctx, request)
	return plan, err
}

// planCode returns the exit code of a plan that was not applied. With a base it is
// about what is new.
func planCode(plan *reconcile.Plan, detailed bool) int {
	pending, isLimited := plan.Asks()
	switch {
	case isLimited:
		return codeHeld
	case detailed && pending > 0:
		return codePending
	}
	return codeOK
}

// request returns what the flags ask a run to do.
func (f *planFlags) request(a *app) (runner.Request, error) {
	request := runner.Request{
		Revert: f.revert, AllowEmpty: f.allowEmpty, MaxPlanAge: f.maxPlanAge,
		BatchSize: f.requests.batchSize, Concurrency: f.requests.concurrency,
	}
	if f.allowReleases >= 0 {
		request.AllowReleases = &f.allowReleases
	}
	if f.now == "" {
		return request, nil
	}
	now, err := a.now(f.now)
	request.Now = now
	return request, err
}
