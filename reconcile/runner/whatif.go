package runner

import (
	"context"

	"github.com/seatsync/seatsync/reconcile"
)

// WhatIf is what other thresholds of inactivity would free in an account.
type WhatIf struct {
	Rows []reconcile.WhatIf
	// Currency is that of the money in them.
	Currency string
}

// WhatIf reads the account and judges every seat holder by other thresholds of
// inactivity. It records nothing and has no writer. Devices are read of all whom the
// shortest threshold is about, which a plan of the file may not need.
func (r *Runner) WhatIf(ctx context.Context, request Request) (WhatIf, error) {
	desired := request.Desired
	request.Desired = reconcile.ForShortestThreshold(desired)
	run := r.newRun(reconcile.ModeDryRun, request)
	live, err := run.read(ctx)
	if err != nil {
		return WhatIf{}, err
	}
	rows := reconcile.WhatIfs(desired, live, reconcile.PlanOptions{
		Now: run.now, History: r.Store.History(run.now.Add(-reconcile.HistoryReach)),
	})
	return WhatIf{Rows: rows, Currency: desired.License.With(live.Settings.Subscription).Currency}, nil
}
