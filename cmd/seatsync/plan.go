package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// planFlags are shared by plan and apply.
type planFlags struct {
	output        outputFlags
	requests      requestFlags
	now           string
	allowReleases int
	allowEmpty    bool
	detailedExit  bool
	revert        string
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
  seatsync plan --report html=plan.html --report markdown=comment.md`,
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
	return cmd
}

// plan is the story of a dry run: read two states, decide, report. It has a
// source and never a sink.
func (a *app) plan(ctx context.Context, flags planFlags) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	session, err := a.openSession(flags)
	if err != nil {
		return err
	}
	defer session.close()
	if err := output.refuseInputs(session.desired.Files); err != nil {
		return err
	}
	return session.report(ctx, output, flags.detailedExit)
}

// report plans and writes the plan. It never has a sink.
func (s *session) report(ctx context.Context, output *output, detailedExit bool) error {
	plan, err := s.plan(ctx)
	if err != nil {
		return err
	}
	if err := output.write(plan); err != nil {
		return err
	}
	return exitWith(planCode(plan, detailedExit))
}

// plan reads the account and plans.
func (s *session) plan(ctx context.Context) (*reconcile.Plan, error) {
	live, err := s.observe(ctx)
	if err != nil {
		return nil, err
	}
	return s.judge(ctx, live)
}

// planCode returns the exit code of a plan that was not applied.
func planCode(plan *reconcile.Plan, detailed bool) int {
	switch {
	case plan.Limit.Tripped:
		return codeHeld
	case detailed && plan.Summary.Pending() > 0:
		return codePending
	}
	return codeOK
}

// session is what plan and apply work with: a file that has been read and a
// connection to the account that it is about.
type session struct {
	app        *app
	flags      planFlags
	now        time.Time
	desired    *reconcile.Desired
	account    string
	connection *zerotrust.Connection
	finish     func()    // clears the progress bar
	begun      time.Time // when an unattended run began; zero for others
}

// openSession reads the file and connects.
func (a *app) openSession(flags planFlags) (*session, error) {
	now, err := a.now(flags.now)
	if err != nil {
		return nil, err
	}
	desired, err := a.load(now)
	if err != nil {
		return nil, err
	}
	account, err := a.accountID(desired.Account)
	if err != nil {
		return nil, err
	}
	advance, finish := a.progress("reading users", nil)
	connection, err := a.connect(account, desired.TokenVariable, flags.requests, advance)
	if err != nil {
		return nil, err
	}
	return &session{
		app: a, flags: flags, now: now, desired: desired, account: account, connection: connection, finish: finish,
	}, nil
}

func (s *session) close() {
	s.finish()
	s.connection.Close()
}

// observe reads the account. The moment of reading is that of --now where it is
// given, so that the same review gives the same bytes.
func (s *session) observe(ctx context.Context) (*reconcile.Live, error) {
	live, err := reconcile.Observe(ctx, s.connection.Source(), s.desired, s.now)
	s.finish()
	if err != nil {
		return nil, err
	}
	if s.flags.now != "" {
		live.ReadAt = s.now
	}
	return live, nil
}

// judge makes the plan from what was read.
func (s *session) judge(ctx context.Context, live *reconcile.Live) (*reconcile.Plan, error) {
	store := record.NewStore(s.app.stateDir)
	options := reconcile.JudgeOptions{
		Now:          s.now,
		AllowEmpty:   s.flags.allowEmpty,
		BatchSize:    s.flags.requests.batchSize,
		PastReleases: store.PastReleases(s.account, s.now.Add(-reconcile.ReturnWindow)),
		Tool:         tool(),
		Commit:       commitOf(ctx, s.desired.Files),
	}
	if s.flags.allowReleases >= 0 {
		options.AllowReleases = &s.flags.allowReleases
	}
	if s.flags.revert == "" {
		return reconcile.MakePlan(s.desired, live, options)
	}
	earlier, err := s.revertible(store)
	if err != nil {
		return nil, err
	}
	changes, findings := reconcile.Revert(earlier, live)
	options.Findings = findings
	return reconcile.Judge(changes, s.desired, live, options)
}

// revertible returns the plan of the run that --revert names.
func (s *session) revertible(store *record.Store) (*reconcile.Plan, error) {
	earlier, err := store.Read(s.flags.revert)
	switch {
	case err != nil:
		return nil, err
	case earlier.Mode == reconcile.ModeDryRun:
		return nil, fmt.Errorf("run %s was a dry run, so there is nothing to restore", earlier.ID)
	case earlier.Plan == nil || earlier.Plan.Run == nil || earlier.Plan.Run.Count(reconcile.Applied) == 0:
		return nil, fmt.Errorf("run %s applied nothing, so there is nothing to restore", earlier.ID)
	case earlier.AccountID != s.account:
		return nil, fmt.Errorf("run %s was on account %s, and this is %s: pass --account", earlier.ID, earlier.AccountID, s.account)
	}
	s.app.note("note: the file is not changed: unless it is, the next plan may ask for the same as run %s again", earlier.ID)
	return earlier.Plan, nil
}
