package runner

import (
	"fmt"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// FrozenError says that a saved plan is not applied because of policy.freeze.
type FrozenError struct{ Window *reconcile.Freeze }

// Error says until when, and why.
func (e *FrozenError) Error() string { return "nothing is applied now: " + e.Window.String() }

// frozen returns the window of policy.freeze that holds an apply back, or nil.
func (r *run) frozen() *reconcile.Freeze {
	if r.IgnoreFreeze || r.Desired == nil {
		return nil
	}
	return desired.FrozenAt(r.Desired.Policy.Freeze, r.now, r.Desired.Timezone)
}

// checkSaved returns an error when the saved plan of the run, if it has one, must
// not be applied.
func (r *run) checkSaved() error {
	if r.Saved == nil {
		return nil
	}
	if err := r.refusal(r.Saved); err != nil {
		return fmt.Errorf("%s: %w", r.SavedAs, err)
	}
	if window := r.frozen(); window != nil {
		return &FrozenError{Window: window}
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
	case reconcile.CheckAccountID(plan.AccountID) != nil:
		return reconcile.CheckAccountID(plan.AccountID)
	case age > r.MaxPlanAge:
		return fmt.Errorf("the plan is %s old, and at most %s is allowed: make a new one, or pass --max-plan-age",
			age.Truncate(time.Second), r.MaxPlanAge)
	case age < -time.Hour:
		return fmt.Errorf("the plan was made at %s, which is in the future: check the clock", plan.CreatedAt.Format(time.RFC3339))
	}
	return nil
}
