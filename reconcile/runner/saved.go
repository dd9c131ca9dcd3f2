package runner

import (
	"errors"
	"fmt"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
)

// clockTolerance is how far the clock of whoever made a plan may be ahead.
const clockTolerance = time.Hour

// FrozenError says that a saved plan is not applied because of policy.freeze.
type FrozenError struct{ Window *reconcile.Freeze }

// Error says until when, and why.
func (e *FrozenError) Error() string { return "nothing is applied now: " + e.Window.String() }

// frozen returns the window of policy.freeze that holds an apply back at a time, or nil:
// one of the file, or one that a saved plan carries.
func (r *run) frozen(at time.Time) (*reconcile.Freeze, error) {
	if r.IgnoreFreeze {
		return nil, nil
	}
	if window := r.windowOf(r.Desired, at); window != nil || r.Saved == nil {
		return window, nil
	}
	zone, err := time.LoadLocation(r.Saved.Timezone)
	if err != nil {
		return nil, fmt.Errorf("whether its freeze holds it back is not known: %w", err)
	}
	return desired.FrozenAt(r.Saved.FreezeWindows, at, zone), nil
}

// mayWrite returns an error once a freeze has begun. A run that asks somebody, or waits
// for the quota, can reach one.
func (r *run) mayWrite() error {
	window, err := r.frozen(r.clock())
	if window != nil {
		return &FrozenError{Window: window}
	}
	return err
}

// windowOf returns the window of a file that a time is in, or nil.
func (r *run) windowOf(file *reconcile.Desired, at time.Time) *reconcile.Freeze {
	if file == nil {
		return nil
	}
	zone := file.Timezone
	if r.Zone != nil {
		zone = r.Zone
	}
	return desired.FrozenAt(file.Policy.Freeze, at, zone)
}

// checkSaved returns an error when the saved plan of the run, if it has one, must
// not be applied. Only the holder of the lock may ask, so that of two runs one is
// told.
func (r *run) checkSaved() error {
	if r.Saved == nil {
		return nil
	}
	err := r.refusal(r.Saved)
	if err == nil {
		err = r.usedUp(r.Saved)
	}
	if err == nil {
		var window *reconcile.Freeze
		if window, err = r.frozen(r.now); window != nil {
			return &FrozenError{Window: window}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.SavedAs, err)
	}
	return nil
}

// refusal returns why a saved plan is not for this run, or nil.
func (r *run) refusal(plan *reconcile.Plan) error {
	age := r.now.Sub(plan.CreatedAt)
	switch {
	case plan.Run != nil:
		return fmt.Errorf("this plan was applied in run %s already: make a new one", plan.Run.ID)
	case r.AccountID != plan.AccountID:
		return fmt.Errorf("the plan is for account %s, and you asked for %s", plan.AccountID, r.AccountID)
	case r.BaseURL != plan.BaseURL:
		return fmt.Errorf("the plan is for the API at %s, and this is %s: make a new one", plan.BaseURL, r.BaseURL)
	case reconcile.CheckAccountID(plan.AccountID) != nil:
		return reconcile.CheckAccountID(plan.AccountID)
	case age > r.MaxPlanAge:
		return fmt.Errorf("the plan is %s old, and at most %s is allowed: make a new one, or pass --max-plan-age",
			age.Truncate(time.Second), r.MaxPlanAge)
	case age < -clockTolerance:
		return fmt.Errorf("the plan was made at %s, which is in the future: check the clock", plan.CreatedAt.Format(time.RFC3339))
	}
	return nil
}

// usedUp returns an error when a run has begun to apply the plan: the saved one
// itself, or since it was made the same decision, planned anew. The same decision
// made again after that, on another day, is another plan. Where a record from since
// then cannot be read nobody knows.
func (r *run) usedUp(plan *reconcile.Plan) error {
	ids, err := r.Store.IDs()
	for _, id := range ids {
		if started, known := record.StartOf(id); known && started.Before(plan.CreatedAt.Add(-clockTolerance)) {
			continue
		}
		earlier, readErr := r.Store.Read(id)
		switch {
		case readErr != nil:
			err = errors.Join(err, readErr)
		case earlier.Mode != reconcile.ModeApply || earlier.Plan == nil || earlier.Plan.Digest != plan.Digest:
		case earlier.Plan.CreatedAt.Equal(plan.CreatedAt) || !earlier.StartedAt.Before(plan.CreatedAt):
			return fmt.Errorf("run %s has applied this plan, or begun to: make a new one", earlier.ID)
		}
	}
	carried, carriedErr := r.Store.Carried()
	for _, earlier := range carried {
		if earlier.Digest == plan.Digest && (earlier.PlannedAt.Equal(plan.CreatedAt) || !earlier.StartedAt.Before(plan.CreatedAt)) {
			return fmt.Errorf("run %s has applied this plan, or begun to: make a new one", earlier.ID)
		}
	}
	if err := errors.Join(err, carriedErr); err != nil {
		return fmt.Errorf("whether the plan was applied before is not known: make a new one (%w)", err)
	}
	return nil
}
