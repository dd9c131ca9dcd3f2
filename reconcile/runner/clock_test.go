package runner

import (
	"errors"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

func TestNothingIsDecidedByAClockThatIsNotTheAPIs(t *testing.T) {
	unknown := func(*stage) reconcile.Clock { return reconcile.Clock{} }
	behind := func(by time.Duration) func(*stage) reconcile.Clock {
		return func(s *stage) reconcile.Clock {
			return reconcile.Clock{API: s.clock.Now().Add(by), Here: s.clock.Now()}
		}
	}
	for _, test := range []struct {
		name               string
		clock              func(*stage) reconcile.Clock
		now                time.Duration // of --now, against the clock here; 0 for none
		plan, apply, saved bool          // what goes on
	}{
		{"the clocks agree", behind(0), 0, true, true, true},
		{"four minutes apart", behind(4 * time.Minute), 0, true, true, true},
		{"six minutes behind", behind(6 * time.Minute), 0, false, false, false},
		{"six minutes ahead", behind(-6 * time.Minute), 0, false, false, false},
		{"a year behind", behind(365 * reconcile.Day), 0, false, false, false},
		{"no date", unknown, 0, false, false, false},
		{"no date, and a time for rules", unknown, time.Minute, true, false, false},
		{"a time for rules that is the API's", behind(reconcile.Day), reconcile.Day, true, true, true},
		{"a time for rules of next year", behind(0), 365 * reconcile.Day, true, false, false},
		{"a time for rules of last year", behind(0), -365 * reconcile.Day, true, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, goesOn := range map[string]bool{"plan": test.plan, "apply": test.apply, "saved": test.saved} {
				s := newStage(t, newAccount("ada"))
				saved := s.planned(t, idleFile)
				s.account.clock = func() reconcile.Clock { return test.clock(s) }
				request := asks(t, idleFile)
				if name == "saved" {
					request = later(saved)
					saved.CreatedAt = s.clock.Now().Add(test.now)
				}
				if test.now != 0 {
					request.Now = s.clock.Now().Add(test.now)
				}
				var err error
				if name == "plan" {
					_, _, err = s.Plan(t.Context(), request)
				} else {
					err = s.Apply(t.Context(), request).Err
				}
				var wrong *reconcile.ClockError
				if goesOn && err != nil || !goesOn && (!errors.As(err, &wrong) || s.sinks != 0) {
					t.Errorf("%s: %v, want that it goes on: %t", name, err, goesOn)
				}
			}
		})
	}
}

// The age of a reading is told by both clocks, whatever time the rules go by.
func TestATimeForRulesKeepsTheMonotonicClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	run := (&Runner{Clock: time.Now}).newRun(reconcile.ModeApply, Request{Now: now})
	later := run.clock()
	if later == later.Round(0) {
		t.Errorf("%v has no reading of the monotonic clock", later)
	}
	if gone := later.Round(0).Sub(now); gone < 0 || gone > time.Hour {
		t.Errorf("it is %v, want about %v", later, now)
	}
}
