package reconcile

import (
	"context"
	"slices"
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

// ObserveToRevert reads the current state of an account to take a run back: as [Observe] does,
// and the devices of those to whom the run gave what a device can use.
func ObserveToRevert(ctx context.Context, source Source, now time.Time, run *Plan, file *Desired) (*Live, error) {
	live, err := source.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	users := NeedDevices(&live, now, file)
	for _, user := range needDevicesToRevert(run, &live) {
		if !slices.ContainsFunc(users, func(u User) bool { return u.ID == user.ID }) {
			users = append(users, user)
		}
	}
	return withDevices(ctx, source, &live, users)
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
