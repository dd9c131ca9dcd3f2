package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// applySaved applies exactly the plan in a file, or refuses. Changes whose user
// has moved since are stale and not written; the others go on.
func (a *app) applySaved(ctx context.Context, path string, flags applyFlags) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	session, plan, err := a.openSaved(path, flags)
	if err != nil {
		return err
	}
	defer session.close()
	if window := a.frozenByFile(plan.AccountID, session.now, flags); window != nil {
		return hint(fmt.Errorf("nothing is applied now: %s", window), "apply it later, or pass --ignore-freeze")
	}
	run, err := session.beginRun(record.NewID(a.clock()))
	if err != nil {
		return err
	}
	defer run.end()
	// Asking comes first: what moves while someone thinks is found afterwards.
	if plan.Summary.Pending() > 0 && !flags.yes {
		if err := a.ask(ctx, plan, flags); err != nil {
			return err
		}
		output.shown = true
	}
	live, err := reconcile.ObserveAgain(ctx, session.connection.Source(), plan)
	session.finish()
	if err != nil {
		return run.failed(err)
	}
	if err := run.lookAfterKilled(live); err != nil {
		return run.failed(err)
	}
	return run.carryOut(ctx, plan, reconcile.StaleChanges(plan, live), output, flags)
}

// frozenByFile returns the window of policy.freeze that holds a saved plan back, or
// nil. A saved plan does not need the file; where it is there and is about the
// same account, its freeze counts.
func (a *app) frozenByFile(account string, now time.Time, flags applyFlags) *reconcile.Freeze {
	if a.file == "-" {
		return nil // standard input may be what answers the question
	}
	desired, err := a.load(now)
	if err != nil || desired.Account != "" && desired.Account != account {
		return nil
	}
	return (&session{desired: desired, now: now}).frozen(flags)
}

// openSaved reads a plan, checks that it may be applied, and connects.
func (a *app) openSaved(path string, flags applyFlags) (*session, *reconcile.Plan, error) {
	now, err := a.now(flags.now)
	if err != nil {
		return nil, nil, err
	}
	plan, err := readPlan(path)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSaved(plan, a.account, now, flags.maxPlanAge); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	advance, finish := a.progress("reading users", nil)
	connection, err := a.connect(plan.AccountID, "", flags.requests, advance)
	if err != nil {
		return nil, nil, err
	}
	session := &session{
		app: a, flags: flags.planFlags, now: now, account: plan.AccountID, connection: connection, finish: finish,
	}
	return session, plan, nil
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

// checkSaved returns an error when a saved plan must not be applied.
func checkSaved(plan *reconcile.Plan, account string, now time.Time, maxAge time.Duration) error {
	age := now.Sub(plan.CreatedAt)
	switch {
	case plan.Run != nil:
		return fmt.Errorf("this plan was applied in run %s already: make a new one", plan.Run.ID)
	case account != "" && account != plan.AccountID:
		return fmt.Errorf("the plan is for account %s, and you asked for %s", plan.AccountID, account)
	case reconcile.CheckAccountID(plan.AccountID) != nil:
		return reconcile.CheckAccountID(plan.AccountID)
	case age > maxAge:
		return fmt.Errorf("the plan is %s old, and at most %s is allowed: make a new one, or pass --max-plan-age",
			age.Truncate(time.Second), maxAge)
	case age < -time.Hour:
		return fmt.Errorf("the plan was made at %s, which is in the future: check the clock", plan.CreatedAt.Format(time.RFC3339))
	}
	return nil
}
