package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

func TestARunIsDatedByItsClock(t *testing.T) {
	now := time.Date(2027, 5, 6, 7, 8, 9, 0, time.UTC)
	s := newStage(t, newAccount("ada"))
	s.account.clock = func() reconcile.Clock { return reconcile.Clock{API: now, Here: s.clock.Now()} }
	s.Applying = func(_ context.Context, _ *reconcile.Plan) (func(done, total int), func()) {
		s.clock.forward(5 * time.Second)
		return func(_, _ int) {}, func() {}
	}
	request := asks(t, idleFile)
	request.Now = now
	if result := s.Apply(t.Context(), request); result.Err != nil {
		t.Fatal(result.Err)
	}
	found := s.only(t)
	if !strings.HasPrefix(found.ID, "20270506T070809Z-") || !found.StartedAt.Equal(now) || !found.FinishedAt.Equal(now.Add(5*time.Second)) || !found.Run.FinishedAt.Equal(found.FinishedAt) {
		t.Errorf("%s from %s to %s, run to %s", found.ID, found.StartedAt, found.FinishedAt, found.Run.FinishedAt)
	}
	if taken := s.Store.History(now.Add(-time.Hour)).Taken; len(taken) != 1 || !taken[0].At.Equal(found.FinishedAt) {
		t.Errorf("taken %+v", taken)
	}
}

func TestADryRunAtAnotherTimeAnnouncesNobody(t *testing.T) {
	for name, test := range map[string]struct {
		now       time.Duration
		announced int
	}{"now": {0, 1}, "a month ago": {-30 * reconcile.Day, 0}, "next year": {365 * reconcile.Day, 0}} {
		s := newStage(t, newAccount("ada"))
		request := asks(t, idleFile)
		if test.now != 0 {
			request.Now = s.clock.Now().Add(test.now)
			request.Desired.Policy.Inactive.After = reconcile.Day
		}
		if result := s.DryRun(t.Context(), request); result.Err != nil {
			t.Fatal(result.Err)
		}
		if got := len(s.Store.History(time.Time{}).Announced); got != test.announced {
			t.Errorf("%s: %d announced, want %d", name, got, test.announced)
		}
	}
}
