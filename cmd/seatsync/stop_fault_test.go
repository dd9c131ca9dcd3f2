package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

// errStopped is why the tests here end a context.
var errStopped = errors.New("interrupted by the test")

// stopAt returns a context that ends when so many requests of some methods have arrived.
func (r *rig) stopAt(t *testing.T, number int, methods string) context.Context {
	t.Helper()
	ctx, stop := context.WithCancelCause(t.Context())
	t.Cleanup(func() { stop(nil) })
	arrivals := &ambush{serve: r.box.Handler()}
	arrivals.set(2*number-1, func() { stop(errStopped) }) // an arrival and a response are two events
	r.answerTo(methods, arrivals.ServeHTTP)
	return ctx
}

// wantStopped fails the test unless a run that was stopped tells what it did, and that it left the rest.
func (r *rig) wantStopped(done result) {
	r.t.Helper()
	if done.code != codePartial {
		r.t.Fatalf("exit code %d, want %d\n%s", done.code, codePartial, done.stderr)
	}
	r.wantNoWrongWrite(done.sent)
	r.wantTold(done)
	plan := done.plan(r.t)
	if plan.Run.Count(reconcile.NotReached) == 0 || plan.Run.Stopped == "" {
		r.t.Errorf("nothing is left, and the run says that it was stopped by %q", plan.Run.Stopped)
	}
	r.wantLockFree(r.t)
}

func TestAnApplyThatIsStoppedFinishesWhatIsInFlightAndNoMore(t *testing.T) {
	t.Parallel()
	for _, number := range []int{1, 2, 5, 8, 10} { // of 11 writes
		for _, concurrency := range []int{1, 3} {
			t.Run(fmt.Sprintf("at write %d, %d at a time", number, concurrency), func(t *testing.T) {
				r := newRig(t, company())
				ctx := r.stopAt(t, number, "PATCH PUT")
				done := r.run(ctx, append(r.applyArgs(), "--concurrency", fmt.Sprint(concurrency))...)
				r.serve(r.box.Handler().ServeHTTP)
				if writes := len(done.writes()); concurrency == 1 && writes != number {
					t.Errorf("%d writes, want no more than the %d there were", writes, number)
				}
				if number+concurrency > 11 && done.code == codeOK {
					r.wantTold(done) // the last ones were in flight, and there was nothing left
					return
				}
				r.wantStopped(done)
				if why := done.plan(t).Run.Stopped; !strings.Contains(why, errStopped.Error()) {
					t.Errorf("stopped: %q", why)
				}
				r.wantConvergence()
			})
		}
	}
}

func TestAnApplyThatIsStoppedWhileItReadsWritesNothing(t *testing.T) {
	t.Parallel()
	for number := 1; number <= 4; number++ {
		t.Run(fmt.Sprintf("at GET %d", number), func(t *testing.T) {
			r := newRig(t, company())
			done := r.run(r.stopAt(t, number, http.MethodGet), r.applyArgs()...)
			r.serve(r.box.Handler().ServeHTTP)
			if done.code == codeError { // or it was the last, and there was no later request to stop
				r.wantTold(done)
				if !strings.Contains(done.stderr, errStopped.Error()) && !strings.Contains(done.stderr, context.Canceled.Error()) {
					t.Errorf("nobody says why\n%s", done.stderr)
				}
			} else {
				r.wantStopped(done)
			}
			if len(done.writes()) > 0 {
				t.Errorf("%d writes", len(done.writes()))
			}
			r.wantLockFree(t)
			r.wantConvergence()
		})
	}
}

func TestAStopWhileRequestsFailStillTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{
		"PATCH:500:always", "PATCH:reset-after:always", "PATCH:429:always", "PATCH:failure:always", "PATCH:truncated:always", "PATCH:not-taken:always",
	} {
		t.Run(fault, func(t *testing.T) {
			r := newRig(t, company())
			r.inject(fault)
			done := r.run(r.stopAt(t, 3, "PATCH"), append(r.applyArgs(), "--concurrency", "2")...)
			r.serve(r.box.Handler().ServeHTTP)
			r.wantStopped(done)
			r.wantConvergence()
		})
	}
}

func TestAStopEndsTheWaitForAnAPIThatTakesNoRequests(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	r.inject("PATCH:429(retry-after=200):always")
	done := r.run(r.stopAt(t, 1, "PATCH"), append(r.applyArgs(), "--concurrency", "1")...)
	r.serve(r.box.Handler().ServeHTTP)
	r.wantStopped(done)
	if writes := len(done.writes()); writes != 1 {
		t.Errorf("%d writes, want no more than the one that was refused", writes)
	}
	r.wantConvergence()
}

func TestAWaitBeyondTheDeadlineEndsTheRunWithWhatWasDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, fault, said string
		flags             []string
		code              int
	}{
		{"longer than --timeout, before anything is read", "GET:429(retry-after=200)", "3m20s", []string{"--timeout", "40s"}, codeError},
		{"longer than --timeout, after some is written", "PATCH:429(retry-after=200):after=2", "3m20s", []string{"--timeout", "40s"}, codePartial},
		{"longer than anybody waits, before anything is read", "GET:429(retry-after=3000)", "50m0s", nil, codeError},
		{"longer than anybody waits, after some is written", "PATCH:429(retry-after=3000):after=2", "50m0s", nil, codePartial},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, company())
			r.inject(test.fault)
			done := r.run(t.Context(), append(append(r.applyArgs(), "--concurrency", "1"), test.flags...)...)
			if done.code != test.code {
				t.Errorf("exit code %d, want %d", done.code, test.code)
			}
			told := done.stderr
			if test.code == codePartial {
				r.wantStopped(done)
				told = done.plan(t).Run.Stopped
			}
			if !strings.Contains(told, "rate limited by the API; retry after "+test.said) {
				t.Errorf("it does not say when to retry: %s", told)
			}
			r.wantTold(done)
			r.wantConvergence()
		})
	}
}
