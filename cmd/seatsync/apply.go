package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// applyFlags are those of apply beyond plan's.
type applyFlags struct {
	planFlags
	yes, dryRun bool
	// ignoreFreeze lets policy.freeze hold nothing back.
	ignoreFreeze bool
	// maxReadAge is how old the reading may be on which a request writes.
	maxReadAge time.Duration
	retention  retentionFlags
}

// The defaults of the flags of apply.
const (
	defaultMaxPlanAge  = 24 * time.Hour
	defaultHistoryRuns = 1000
	defaultHistoryAge  = 400 * reconcile.Day
)

func (a *app) applyCommand() *cobra.Command {
	var flags applyFlags
	cmd := &cobra.Command{
		Use:   "apply [PLAN.json]",
		Short: "Plan, ask, and apply; or apply a saved plan exactly",
		Long: `Plans, shows what would change, asks on a terminal, and applies it with the
fewest requests. Given a saved plan it applies exactly that, or refuses.

Without a terminal it needs --yes. Every run leaves a record in the state
directory.`,
		Example: `  seatsync apply
  seatsync apply --yes --report html=run.html
  seatsync plan --out plan.json && seatsync apply plan.json
  seatsync apply --revert last`,
		Args: arguments(0, 1, "at most one saved plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(flags.check(cmd), flags.checkReadAge()); err != nil {
				return err
			}
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			switch {
			case flags.dryRun && len(args) > 0:
				return errors.New("--dry-run plans anew, so it takes no saved plan: leave one of the two out")
			case flags.dryRun:
				return a.plan(ctx, flags.planFlags)
			case !flags.yes && !isTerminal(a.stdin):
				return hint(errors.New("there is no terminal to ask on"), "pass --yes to apply without asking, or use 'seatsync plan'")
			case len(args) > 0:
				if err := onlyForPlanning(cmd); err != nil {
					return err
				}
				return a.apply(ctx, flags, args[0])
			default:
				return a.apply(ctx, flags, "")
			}
		},
	}
	flags.addTo(cmd)
	a.addOriginFlags(cmd)
	return cmd
}

// addTo adds the flags to a command.
func (f *applyFlags) addTo(cmd *cobra.Command) {
	f.planFlags.addTo(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.yes, "yes", false, "apply without asking")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only plan")
	flags.BoolVar(&f.ignoreFreeze, "ignore-freeze", false, "apply although policy.freeze says that nothing is applied now")
	durationVar(flags, &f.maxReadAge, "max-read-age", reconcile.DefaultMaxReadAge,
		"write nothing on a reading of the account that began longer ago: read again first")
	f.retention.addTo(cmd)
}

// checkReadAge returns an error for an age that makes no sense.
func (f *applyFlags) checkReadAge() error {
	if f.maxReadAge <= 0 {
		return fmt.Errorf("--max-read-age %s: write a positive duration, for instance 60s", f.maxReadAge)
	}
	return nil
}

// retentionFlags say which records to keep.
type retentionFlags struct{ record.Retention }

// addTo adds the flags to a command.
func (f *retentionFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.Runs, "history-runs", defaultHistoryRuns, "run records to keep of applies, and as many of dry runs; 0 keeps all")
	durationVar(flags, &f.Age, "history-age", defaultHistoryAge, "how long to keep run records; 0 keeps them for ever")
}

// onlyForPlanning returns an error for flags that a saved plan has recovered.
func onlyForPlanning(cmd *cobra.Command) error {
	for _, flag := range []string{"allow-releases", "allow-empty", "revert"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s belongs to planning, and a saved plan is applied as it is: leave it out, or plan again with it", flag)
		}
	}
	return nil
}

// apply applies a fresh plan, or the saved one at a path. What happens is told in
// [runner.Runner.Apply].
func (a *app) apply(ctx context.Context, flags applyFlags, saved string) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	request, err := flags.request(a)
	if err != nil {
		return err
	}
	if saved != "" {
		if request.Saved, err = readPlan(saved); err != nil {
			return err
		}
		request.SavedAs = saved
	}
	target := a.target(flags.requests)
	work, err := target.open(ctx, &request)
	if err != nil {
		return a.failedEarly(target, request, err, flags)
	}
	defer work.Close()
	if request.Desired != nil {
		if err := output.refuseInputs(request.Desired.Files); err != nil {
			return err
		}
	}
	if !flags.yes {
		work.Confirm = func(ctx context.Context, plan *reconcile.Plan) error {
			output.shown = true
			return a.ask(ctx, plan)
		}
	}
	result := work.Apply(ctx, request)
	return a.deliver(output, false, &result)
}

// request returns what the flags ask a run to do.
func (f *applyFlags) request(a *app) (runner.Request, error) {
	request, err := f.planFlags.request(a)
	request.IgnoreFreeze, request.MaxReadAge, request.Retention = f.ignoreFreeze, f.maxReadAge, f.retention.Retention
	return request, err
}

// readPlan reads a saved plan from a file.
func readPlan(path string) (*reconcile.Plan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, hint(fmt.Errorf("read the saved plan: %w", err), "make one with 'seatsync plan --out PATH'")
	}
	defer file.Close()
	plan, err := reconcile.ReadPlan(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// failedEarly records that an unattended run ended before it could begin, so that a
// scheduled job whose file is broken does not leave an empty history. It returns
// why.
func (a *app) failedEarly(target *target, request runner.Request, cause error, flags applyFlags) error {
	if flags.yes {
		account := target.account
		if reconcile.CheckAccountID(account) != nil {
			account = ""
		}
		target.runner(account).Fail(reconcile.ModeApply, request, cause)
	}
	return cause
}

// deliver reports what came of a run, and returns the exit code that goes with it. With
// detailedExit, changes that a dry run leaves pending have a code of their own.
func (a *app) deliver(output *output, detailedExit bool, result *runner.Result) error {
	a.noteFreeze(result)
	err := result.Err
	if result.Plan != nil {
		err = errors.Join(err, output.write(result.Plan))
	}
	a.noteResult(output, result)
	switch {
	case err == nil:
		return exitWith(runCode(result, detailedExit))
	case !result.HasWritten():
		return exitError{code: codeError, err: err}
	}
	// code 1 promises that nothing was changed
	return exitError{code: codePartial, err: hint(err, fmt.Sprintf("the run itself ended (%s): see 'seatsync history %s'", result.Result, result.ID))}
}

// noteFreeze says that an apply was a dry run.
func (a *app) noteFreeze(result *runner.Result) {
	if result.Frozen != nil {
		a.note("note: nothing is applied now, and what follows is a dry run: %s; --ignore-freeze applies anyway", result.Frozen)
	}
}

// noteResult says how an apply ended of which not all was applied, where the report is not
// for people.
func (a *app) noteResult(output *output, result *runner.Result) {
	if result.Err == nil && resultCode(result.Result) != codeOK && result.Plan.Run != nil && output.format != report.Text {
		a.note("note: %s: %s; see 'seatsync history %s'", result.Result, runCounts(result.Plan.Run), result.ID)
	}
}

// runCode returns the exit code that goes with a run.
func runCode(result *runner.Result, detailedExit bool) int {
	code := resultCode(result.Result)
	if code == codeOK && result.Mode == reconcile.ModeDryRun {
		return planCode(result.Plan, detailedExit)
	}
	return code
}

// resultCode returns the exit code that goes with a result.
func resultCode(result reconcile.Result) int {
	switch result {
	case reconcile.ResultDone, reconcile.ResultNotTaken:
		return codeOK
	case reconcile.ResultHeld:
		return codeHeld
	case reconcile.ResultPartial:
		return codePartial
	}
	return codeError
}

// ask shows the plan and returns nil when it may be applied.
func (a *app) ask(ctx context.Context, plan *reconcile.Plan) error {
	if err := report.Write(a.stderr, report.Text, a.mask.Plan(plan), report.Options{Color: a.useColor(), Width: a.width()}); err != nil {
		return err
	}
	fmt.Fprintln(a.stderr)
	question := fmt.Sprintf("apply %s to account %s?", reconcile.Count(plan.Summary.Pending(), "change"), plan.AccountID)
	if enrolment := plan.Enrolment(); enrolment != "" {
		question = enrolment + "; " + question
	}
	yes, err := a.confirm(ctx, question)
	switch {
	case errors.Is(ctx.Err(), context.Canceled), err == nil && !yes:
		return runner.ErrDeclined
	default:
		return err
	}
}
