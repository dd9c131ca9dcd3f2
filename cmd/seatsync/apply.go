package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// applyFlags are those of apply beyond plan's.
type applyFlags struct {
	planFlags
	yes, dryRun bool
	// ignoreFreeze lets policy.freeze hold nothing back.
	ignoreFreeze bool
	retention    retentionFlags
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
			if err := flags.check(cmd); err != nil {
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
				return a.applySaved(ctx, args[0], flags)
			default:
				return a.apply(ctx, flags)
			}
		},
	}
	flags.addTo(cmd)
	f := cmd.Flags()
	f.BoolVar(&flags.yes, "yes", false, "apply without asking")
	f.BoolVar(&flags.dryRun, "dry-run", false, "only plan")
	f.BoolVar(&flags.ignoreFreeze, "ignore-freeze", false, "apply although policy.freeze says that nothing is applied now")
	flags.retention.addTo(cmd)
	return cmd
}

// retentionFlags say which records to keep.
type retentionFlags struct{ record.Retention }

// addTo adds the flags to a command.
func (f *retentionFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.Runs, "history-runs", defaultHistoryRuns, "run records to keep of applies, and as many of dry runs; 0 keeps all")
	durationVar(flags, &f.Age, "history-age", defaultHistoryAge, "how long to keep run records; 0 keeps them for ever")
}

// onlyForPlanning returns an error for flags that a saved plan has settled.
func onlyForPlanning(cmd *cobra.Command) error {
	for _, flag := range []string{"allow-releases", "allow-empty", "revert"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s belongs to planning, and a saved plan is applied as it is: leave it out, or plan again with it", flag)
		}
	}
	return nil
}

// apply is the story of a run: take the lock, read two states, decide, ask,
// write, report.
func (a *app) apply(ctx context.Context, flags applyFlags) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	session, err := a.openSession(flags.planFlags)
	if err != nil {
		return a.failedEarly(err, flags)
	}
	defer session.close()
	if err := output.refuseInputs(session.desired.Files); err != nil {
		return err
	}
	if window := session.frozen(flags); window != nil {
		a.note("note: nothing is applied now, and what follows is a dry run: %s; --ignore-freeze applies anyway", window)
		return session.report(ctx, output, false)
	}
	run, err := session.beginRun(record.NewID(a.clock()))
	if err != nil {
		return err
	}
	defer run.end()
	plan, err := run.plan(ctx)
	if err != nil {
		return run.failed(err)
	}
	var stale map[int]string
	if plan.Summary.Pending() > 0 && !flags.yes {
		asked := a.clock()
		if err := a.ask(ctx, plan, flags); err != nil {
			return err
		}
		output.shown = true
		if a.clock().Sub(asked) > freshness {
			if stale, err = session.movedSince(ctx, plan); err != nil {
				return run.failed(err)
			}
		}
	}
	return run.carryOut(ctx, plan, stale, output, flags)
}

// freshness is how long someone may think about a plan before the account is
// read again: people log in meanwhile.
const freshness = time.Minute

// movedSince reads the account again and returns the changes whose user is not
// as the plan has them.
func (s *session) movedSince(ctx context.Context, plan *reconcile.Plan) (map[int]string, error) {
	live, err := reconcile.ObserveAgain(ctx, s.connection.Source(), plan)
	if err != nil {
		return nil, err
	}
	return reconcile.StaleChanges(plan, live), nil
}

// frozen returns the window of policy.freeze that holds this apply back, or nil.
func (s *session) frozen(flags applyFlags) *reconcile.Freeze {
	if flags.ignoreFreeze {
		return nil
	}
	return s.desired.Policy.FrozenAt(s.now, s.desired.Timezone)
}

// failedEarly records that an unattended run ended before it had a session, so
// that a scheduled job whose file is broken does not leave an empty history. It
// returns why.
func (a *app) failedEarly(cause error, flags applyFlags) error {
	if !flags.yes {
		return cause
	}
	account := a.account
	if reconcile.CheckAccountID(account) != nil {
		account = ""
	}
	session := &session{app: a, account: account}
	return session.newRun(record.NewID(a.clock())).failed(cause)
}

// errDeclined is a no to the question.
var errDeclined = errors.New("not applied: nothing was changed")

// ask shows the plan and returns nil when it may be applied.
func (a *app) ask(ctx context.Context, plan *reconcile.Plan, flags applyFlags) error {
	shown := plan
	if flags.output.redact {
		shown = report.Redact(plan, a.getenv(redactKeyVariable))
	}
	if err := report.Write(a.stderr, report.Text, shown, report.Options{Color: a.useColor(), Width: a.width()}); err != nil {
		return err
	}
	fmt.Fprintln(a.stderr)
	yes, err := a.confirm(ctx, fmt.Sprintf("apply %s to account %s?", count(plan.Summary.Pending(), "change"), plan.AccountID))
	switch {
	case errors.Is(ctx.Err(), context.Canceled), err == nil && !yes:
		return errDeclined
	default:
		return err
	}
}
