package reconcile

import (
	"context"
	"time"
)

// Observe reads the current state of an account: every user, and devices where a rule of one
// of the files cannot be decided without them.
func Observe(ctx context.Context, source Source, now time.Time, files ...*Desired) (*Live, error) {
	live, err := source.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return withDevices(ctx, source, &live, NeedDevices(&live, now, files...))
}

// ObserveAgain reads the present as far as a saved plan needs it, to find the
// changes that have become stale.
func ObserveAgain(ctx context.Context, source Source, plan *Plan) (*Live, error) {
	live, err := source.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return withDevices(ctx, source, &live, NeedDevicesAgain(plan, &live))
}

// withDevices adds the evidence of devices about users, if any are needed.
func withDevices(ctx context.Context, source Source, live *Live, users []User) (*Live, error) {
	if len(users) == 0 {
		return live, nil
	}
	devices, err := source.Devices(ctx, users)
	if err != nil {
		return nil, err
	}
	live.Devices = devices
	return live, nil
}
