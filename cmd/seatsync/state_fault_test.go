package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// apply is a short apply whose report is JSON on standard output.
func (r *rig) apply(args ...string) result {
	r.t.Helper()
	return r.run(r.t.Context(), append([]string{"apply", "--yes", "--batch-size", "3", "--format", "json"}, args...)...)
}

func TestASecondApplySaysWhoHoldsTheLockAndWritesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	entered, leave := make(chan struct{}), make(chan struct{})
	first := &ambush{serve: r.box.Handler()}
	first.set(1, func() { close(entered); <-leave })
	r.answerTo("PATCH", first.ServeHTTP)
	p := r.start(t.Context(), "apply", "--yes", "--format", "json", "--concurrency", "1")
	<-entered

	running, err := r.store().Read("last")
	check(t, err)
	if running.Result != reconcile.ResultRunning {
		t.Errorf("the first is %s", running.Result)
	}
	second := r.apply()
	want := fmt.Sprintf("another seatsync is writing: run %s of %s, process %d on %s, since ",
		running.ID, running.Who, p.cmd.Process.Pid, running.Host)
	if second.code != codeError || !strings.Contains(second.stderr, want) {
		t.Errorf("exit code %d, want %d and %q\n%s", second.code, codeError, want, second.stderr)
	}
	if writes := second.writes(); len(writes) > 0 || second.stdout != "" {
		t.Errorf("the second wrote %v\n%s", writes, second.stdout)
	}
	if planned := r.run(t.Context(), "plan"); planned.code != codeOK {
		t.Errorf("planning needs no lock: exit code %d\n%s", planned.code, planned.stderr)
	}

	close(leave)
	if code := r.wait(p); code != codeOK {
		t.Errorf("the first: exit code %d\n%s", code, p.stderr.String())
	}
	r.wantAllDone()
	r.wantConvergence()
}

func TestAStateDirectoryThatCannotBeUsedStopsAnApplyBeforeItWrites(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	r.env["SEATSYNC_STATE_DIR"] = r.path("occupied")
	check(t, os.WriteFile(r.path("occupied"), []byte("a file"), 0o600))
	done := r.apply()
	want := "the state directory " + r.path("occupied") + " cannot be used: "
	if done.code != codeError || !strings.Contains(done.stderr, want) || !strings.Contains(done.stderr, "--state-dir") {
		t.Errorf("exit code %d, want %d and %q\n%s", done.code, codeError, want, done.stderr)
	}
	if len(done.sent) > 0 {
		t.Errorf("it sent %d requests", len(done.sent))
	}
	if planned := r.run(t.Context(), "plan"); planned.code != codeHeld {
		t.Errorf("planning needs no state directory, and releases nobody for inactivity without its records: exit code %d\n%s", planned.code, planned.stderr)
	}
}

func TestAJournalCutMidLineIsToldOfAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	if done := r.apply(); done.code != codeOK {
		t.Fatalf("exit code %d\n%s", done.code, done.stderr)
	}
	whole, err := r.store().Read("last")
	check(t, err)
	path := filepath.Join(r.runsPath(), whole.ID+".jsonl")
	journal, err := os.ReadFile(path)
	check(t, err)
	lines := bytes.SplitAfter(journal, []byte("\n"))
	length := 0
	for i, line := range lines[:len(lines)-1] {
		cut := length + len(line)/2
		length += len(line)
		check(t, os.RemoveAll(r.runsPath()))
		check(t, os.MkdirAll(r.runsPath(), 0o700))
		check(t, os.WriteFile(path, journal[:cut], 0o600))
		done := r.apply()
		told := strings.Contains(done.stderr, "run "+whole.ID+" was killed: ")
		if i == 0 {
			told = strings.Contains(done.stderr, "run "+whole.ID+": the run was killed before it had recorded anything")
		}
		if done.code != codeOK || !told || len(done.writes()) > 0 {
			t.Errorf("line %d cut: exit code %d, %d writes\n%s", i, done.code, len(done.writes()), done.stderr)
		}
		if i == 0 {
			continue // it goes when it is old enough to be nobody's who has just begun
		}
		if again := r.apply(); again.code != codeOK || again.stderr != "" {
			t.Errorf("line %d cut, the second time: exit code %d\n%s", i, again.code, again.stderr)
		}
		if i < 2 {
			continue // there was no plan yet
		}
		recovered, err := r.store().Read(whole.ID)
		check(t, err)
		for _, outcome := range recovered.Plan.Run.Outcomes {
			if outcome.Status != reconcile.Applied && outcome.Status != reconcile.NotReached {
				t.Errorf("line %d cut: %s of what took effect: %s", i, outcome.Status, outcome.Error)
			}
		}
	}
}

func TestARecordThatIsNoneDoesNotStopAnApply(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	check(t, os.MkdirAll(r.runsPath(), 0o700))
	check(t, os.WriteFile(filepath.Join(r.runsPath(), "20200101T000000Z-00000000.jsonl"), []byte("\x00\x00\n{}\n"), 0o600))
	done := r.apply()
	if done.code != codeOK || !strings.Contains(done.stderr, "the first line is not that of a run") {
		t.Errorf("exit code %d\n%s", done.code, done.stderr)
	}
	r.wantAllDone()
}

// sizeOfStart returns how long the last journal was when it had its plan and a few requests.
func (r *rig) sizeOfStart() int64 {
	r.t.Helper()
	whole, err := r.store().Read("last")
	check(r.t, err)
	journal, err := os.ReadFile(filepath.Join(r.runsPath(), whole.ID+".jsonl"))
	check(r.t, err)
	lines := bytes.SplitAfter(journal, []byte("\n"))
	size := 0
	for _, line := range lines[:6] {
		size += len(line)
	}
	return int64(size)
}

func TestADiskThatFillsUpWhileApplyingStopsIt(t *testing.T) {
	t.Parallel()
	if !canLimitFiles {
		t.Skip("this system cannot limit the size of files")
	}
	r := newRig(t, company(), func(o *sandbox.Options) { o.Latency = time.Millisecond })
	if done := r.apply(); done.code != codeOK {
		t.Fatalf("exit code %d\n%s", done.code, done.stderr)
	}
	enough := r.sizeOfStart()
	for _, test := range []struct {
		name string
		size int64
		code int
	}{
		{"before the first request", 1 << 10, codeError},
		{"after some", enough, codePartial},
	} {
		t.Run(test.name, func(t *testing.T) {
			r.populate(company())
			check(t, os.RemoveAll(r.path("state")))
			r.box.ForgetRequests()
			r.env[fileLimitVariable] = fmt.Sprint(test.size)
			p := r.start(t.Context(), "apply", "--yes", "--batch-size", "3", "--concurrency", "2", "--format", "json")
			code := r.wait(p)
			delete(r.env, fileLimitVariable)
			done := result{code: code, stdout: p.stdout.String(), stderr: p.stderr.String(), sent: r.box.Requests()}
			if code != test.code || !strings.Contains(done.stderr, "file too large") {
				t.Fatalf("exit code %d, want %d and why\n%s", code, test.code, done.stderr)
			}
			r.wantNoWrongWrite(done.sent)
			r.wantLockFree(t)
			if test.code == codeError {
				if len(done.writes()) > 0 || done.stdout != "" {
					t.Errorf("%d writes\n%s", len(done.writes()), done.stdout)
				}
			} else {
				plan := done.plan(t)
				r.wantHonestRun(t, plan)
				if !strings.Contains(plan.Run.Stopped, "the journal cannot be written") || plan.Run.Count(reconcile.Applied) == 0 {
					t.Errorf("%d applied, stopped: %s", plan.Run.Count(reconcile.Applied), plan.Run.Stopped)
				}
			}
			next := r.apply()
			if wantTold := test.code == codePartial; strings.Contains(next.stderr, "was killed") != wantTold {
				t.Errorf("the next run tells of one that was killed, want %t:\n%s", wantTold, next.stderr)
			}
			r.wantConvergence()
		})
	}
}

func TestADryRunCannotBeRevertedAndSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	if done := r.run(t.Context(), "run", "--once", "--mode", "dry-run"); done.code != codeOK {
		t.Fatalf("exit code %d\n%s", done.code, done.stderr)
	}
	p := r.start(t.Context(), "apply", "--yes", "--revert", "last") // a process of its own, in case it panics
	if code := r.wait(p); code != codeError || !strings.Contains(p.stderr.String(), "so there is nothing to restore") {
		t.Errorf("exit code %d, want %d\n%s", code, codeError, p.stderr.String())
	}
}
