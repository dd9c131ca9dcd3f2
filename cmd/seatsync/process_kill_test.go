package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// process is this test binary as the program itself.
type process struct {
	cmd    *exec.Cmd
	stdout lockedBuffer
	stderr lockedBuffer
}

// start starts the program as a process of its own, with the environment of the rig.
func (r *rig) start(ctx context.Context, args ...string) *process {
	r.t.Helper()
	executable, err := os.Executable()
	check(r.t, err)
	p := &process{cmd: exec.CommandContext(ctx, executable, args...)}
	p.cmd.Args[0] = "seatsync" // by which TestMain knows what to be
	p.cmd.Dir = r.directory
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT"} {
		p.cmd.Env = append(p.cmd.Env, name+"="+os.Getenv(name))
	}
	for name, value := range r.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Env = append(p.cmd.Env, "GORACE=atexit_sleep_ms=0") // the race detector would take a second to let it end
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	check(r.t, p.cmd.Start())
	return p
}

// wait waits for the end of the process, and returns its exit code, -1 for one that was killed.
func (r *rig) wait(p *process) int {
	r.t.Helper()
	_ = p.cmd.Wait() // the state says how it ended
	r.wantNoSecret("standard output of a process", p.stdout.String())
	r.wantNoSecret("standard error of a process", p.stderr.String())
	return p.cmd.ProcessState.ExitCode()
}

// ambush lets something happen at a moment of somebody else's choosing: when so many requests have begun or ended.
type ambush struct {
	serve http.Handler

	mu     sync.Mutex
	events int
	spring func() // nil once it has happened
}

// set arms the ambush.
func (a *ambush) set(events int, spring func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events, a.spring = events, spring
}

// event notes that a request has begun, or has been carried out and is about to be answered.
func (a *ambush) event() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.events--; a.events <= 0 && a.spring != nil {
		a.spring()
		a.spring = nil
	}
}

func (a *ambush) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	a.event()
	a.serve.ServeHTTP(w, request)
	a.event()
}

// killSoon returns a function that kills a process within a time that chance chooses.
func killSoon(random *rand.Rand, within time.Duration, p *process) func() {
	after := time.Duration(random.Int64N(int64(within)))
	return func() {
		time.AfterFunc(after, func() { _ = p.cmd.Process.Kill() }) // it may have ended already
	}
}

// snapshot returns everybody in the account by id.
func (r *rig) snapshot() map[string]sandbox.Record {
	users := make(map[string]sandbox.Record)
	for _, user := range r.box.Users(sandbox.MainAccount) {
		users[textOf(user.ID)] = user
	}
	return users
}

// wantLockFree fails the test when somebody who has ended still holds the lock.
func (r *rig) wantLockFree(t testing.TB) {
	t.Helper()
	lock, err := r.store().Lock(noHolder)
	if err != nil {
		t.Fatalf("the lock is left behind: %v", err)
	}
	check(t, lock.Unlock())
}

// listening waits until a daemon serves its pages, and returns where.
func (r *rig) listening(p *process) string {
	r.t.Helper()
	address := regexp.MustCompile(`127\.0\.0\.1:[1-9][0-9]*`)
	for range 600 {
		if found := address.FindString(p.stderr.String()); found != "" {
			return found
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("nothing listens: %s", p.stderr.String())
	return ""
}
