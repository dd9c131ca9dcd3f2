//go:build unix

package main

import (
	"net/http"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// slowly makes requests take long enough for a signal to arrive while there are more to come.
func slowly(o *sandbox.Options) { o.Latency = 30 * time.Millisecond }

func TestASignalEndsAnApplyInGoodOrder(t *testing.T) {
	t.Parallel()
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sent.String(), func(t *testing.T) {
			if signal.Ignored(sent) {
				t.Skip("the tests run under nohup")
			}
			r := newRig(t, company(), slowly)
			r.box.ForgetRequests()
			args := append(r.applyArgs(), "--batch-size", "1", "--concurrency", "1")
			first := &ambush{serve: r.box.Handler()}
			started := make(chan *process, 1)
			first.set(1, func() {
				p := <-started
				check(t, p.cmd.Process.Signal(sent))
				if sent == syscall.SIGHUP { // the shell sends it, and so does the terminal
					time.Sleep(5 * time.Millisecond)
					check(t, p.cmd.Process.Signal(sent))
				}
			})
			r.answerTo("PATCH PUT", first.ServeHTTP)
			p := r.start(t.Context(), args...)
			started <- p
			code := r.wait(p)
			r.quiet()
			r.serve(r.box.Handler().ServeHTTP)
			done := result{code: code, stdout: p.stdout.String(), stderr: p.stderr.String(), sent: r.box.Requests()}
			r.wantStopped(done)
			if done.plan(t).Run.Count(reconcile.Applied) != len(done.writes()) {
				t.Errorf("%d writes, outcomes %v", len(done.writes()), done.plan(t).Run.Outcomes)
			}
			r.wantConvergence()
		})
	}
}

func TestASecondSignalEndsAnApplyAtOnceAndTheJournalTellsTheTruth(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	entered, leave := make(chan struct{}), make(chan struct{})
	first := &ambush{serve: r.box.Handler()}
	first.set(5, func() { close(entered); <-leave }) // the third request arrives, and has no response
	r.answerTo("PATCH", first.ServeHTTP)
	r.box.ForgetRequests()
	p := r.start(t.Context(), "apply", "--yes", "--batch-size", "3", "--concurrency", "1")
	<-entered
	ended := make(chan int, 1)
	go func() { ended <- r.wait(p) }()
	code := signalUntilItEnds(p, ended)
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("it ended with exit code %d and not by the signal: %v\n%s", code, p.cmd.ProcessState, p.stderr.String())
	}
	close(leave)
	r.quiet()
	r.serve(r.box.Handler().ServeHTTP)

	r.wantLockFree(t)
	kept, err := r.store().Read("last")
	check(t, err)
	if kept.Result != reconcile.ResultKilled || len(kept.Unknown()) != 3 || kept.Plan.Run.Count(reconcile.Applied) != 4 { // a narrow alone, and three
		t.Errorf("the record says %s, unknown %v, outcomes %v", kept.Result, kept.Unknown(), kept.Plan.Run.Outcomes)
	}
	r.wantHonestRun(t, kept.Plan)
	next := r.apply()
	if next.code != codeOK || !strings.Contains(next.stderr, "run "+kept.ID+" was killed: ") {
		t.Errorf("the next run: exit code %d\n%s", next.code, next.stderr)
	}
	recovered, err := r.store().Read(kept.ID)
	check(t, err)
	r.wantHonestRecovery(t, recovered)
	r.wantConvergence()
}

// wantHonestRecovery fails the test unless what was not known of a killed run is known now.
func (r *rig) wantHonestRecovery(t *testing.T, recovered *record.Record) {
	t.Helper()
	if len(recovered.Unknown()) > 0 {
		t.Errorf("%v are still not known", recovered.Unknown())
	}
	isUnsure := func(outcome reconcile.Outcome) bool { return strings.Contains(outcome.Error, "not known") }
	if slices.ContainsFunc(recovered.Plan.Run.Outcomes, isUnsure) {
		t.Errorf("outcomes %v", recovered.Plan.Run.Outcomes)
	}
}

// signalUntilItEnds interrupts a process again and again, since two signals that come close together may count as one.
func signalUntilItEnds(p *process, ended <-chan int) int {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		_ = p.cmd.Process.Signal(syscall.SIGINT) // it may have ended already
		select {
		case code := <-ended:
			return code
		case <-again.C:
		}
	}
}

func TestASignalWhileReadingEndsAnApplyThatDidNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	entered := make(chan struct{})
	r.serve(func(_ http.ResponseWriter, request *http.Request) {
		close(entered)
		<-request.Context().Done()
	})
	p := r.start(t.Context(), "apply", "--yes", "--report", "json="+r.path("report.json"))
	<-entered
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	code := r.wait(p)
	r.serve(r.box.Handler().ServeHTTP)
	r.wantTold(result{code: code, stdout: p.stdout.String(), stderr: p.stderr.String()})
	if code != codeError {
		t.Errorf("exit code %d, want %d\n%s", code, codeError, p.stderr.String())
	}
	r.wantLockFree(t)
	r.wantConvergence()
}
