//go:build unix

package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// systemRoles are the roles that need something of the system.
func systemRoles() map[string]func(*Store) error {
	return map[string]func(*Store) error{
		"unprivileged": roleUnprivileged,
		"telling":      roleTelling,
		"full-at-once": func(store *Store) error { return roleFull(store, 0) },
		"full-early":   func(store *Store) error { return roleFull(store, 1<<10) },
		"full-later":   func(store *Store) error { return roleFull(store, 8<<10) },
	}
}

// nobody is a user without any rights.
const nobody = 65534

// becomeNobody gives up all rights.
func becomeNobody() error {
	if os.Getuid() != 0 {
		return nil
	}
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
}

// roleTelling records what people know now where no new file can be made.
func roleTelling(store *Store) error {
	if err := becomeNobody(); err != nil {
		return err
	}
	_, known := store.Outbox().Told("a")
	fmt.Println("known:", known)
	fmt.Println("told:", store.Outbox().SetTold("a", Told{RunID: "r2-with-a-longer-id", Result: reconcile.ResultFailed}))
	return nil
}

// roleUnprivileged tries everything that writes as a user who may only read, and says what came of it.
func roleUnprivileged(store *Store) error {
	if err := becomeNobody(); err != nil {
		return err
	}
	_, err := store.Lock(Holder{})
	fmt.Println("lock:", err)
	_, err = store.Begin(startAt(0), newPlan(1), time.Now)
	fmt.Println("begin:", err)
	fmt.Println("check:", store.CheckWritable())
	records, err := store.List()
	fmt.Println("list:", len(records), err)
	for _, record := range records {
		_, _, err := store.Recover(Reading{Live: liveOf(record.Plan)}, time.Now)
		fmt.Println("recover:", err)
	}
	return nil
}

// roleFull writes a run on a disk that takes files of so many bytes, until it is full.
func roleFull(store *Store, limit uint64) error {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	lock, err := store.Lock(Holder{PID: os.Getpid()})
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	journal, err := store.Begin(startAt(0), newPlan(5), time.Now)
	if err != nil {
		return fmt.Errorf("begin: %w", errors.Join(err, lock.Unlock()))
	}
	for intents := 0; err == nil; intents++ {
		if err = journal.Intent(patch(0)); err == nil {
			err = journal.Result(patch(0), nil)
		}
	}
	again := journal.Intent(patch(1))
	return fmt.Errorf("journal: %w; again: %w; end: %w", err, again, journal.End(reconcile.ResultPartial, nil, nil))
}

// runOther runs another process in a role to its end, and returns what it said.
func runOther(t *testing.T, role, directory string) string {
	t.Helper()
	executable, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), executable, directory)
	cmd.Env = roleEnv(role)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said.String()
}

// makeReadOnly takes the right to write to folders of a directory, which another user can then reach, until the test is over.
func makeReadOnly(t *testing.T, directory string, folders ...string) {
	t.Helper()
	must(t, os.Chmod(filepath.Dir(directory), 0o755)) // or another user would not even see it
	for _, entry := range folders {
		must(t, os.Chmod(filepath.Join(directory, entry), 0o555))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(directory, entry), 0o755) })
	}
}

// runNobody is runOther for a role that becomes another user, and says so much if that one can read the directory. Where it
// cannot, the test is skipped, which fails in CI.
func runNobody(t *testing.T, role, directory, readable string) string {
	t.Helper()
	said := runOther(t, role, directory)
	if strings.Contains(said, readable) {
		return said
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("another user does not read the directory of temporary files:\n%s", said)
	}
	t.Skipf("another user does not read the directory of temporary files:\n%s", said)
	return ""
}

func TestAReadOnlyDirectoryIsExplainedAndLeftAlone(t *testing.T) {
	directory := t.TempDir()
	store := newStore(t, directory)
	folders := []string{".", "accounts", "accounts/" + account, "accounts/" + account + "/runs"}
	journal := begin(t, store, startAt(0), newPlan(1))
	must(t, journal.Intent(patch(0)))
	abandon(t, journal)
	before := filesIn(t, directory)
	makeReadOnly(t, directory, folders...)
	for _, file := range before {
		must(t, os.Chmod(filepath.Join(directory, file), 0o444))
	}

	said := runNobody(t, "unprivileged", directory, "list: 1 <nil>")
	for _, action := range []string{"lock", "begin", "check", "recover"} {
		want := action + ": the state directory " + directory + " cannot be used: "
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	if n := strings.Count(said, "permission denied; make it writable, or name another with --state-dir"); n != 4 {
		t.Errorf("%d errors of 4 say why and what to do:\n%s", n, said)
	}
	if after := filesIn(t, directory); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("files %q, before %q", after, before)
	}
}

// A directory that takes no new file is what a full disk is to whoever writes a file anew: what is there can still be
// written.
func TestWhatPeopleWereToldIsKeptWhereNoNewFileCanBeMade(t *testing.T) {
	directory := t.TempDir()
	store := newStore(t, directory)
	abandon(t, begin(t, store, startAt(0), newPlan(1)))
	box := store.Outbox()
	must(t, box.SetTold("a", Told{RunID: "r1", Result: reconcile.ResultDone}))
	makeReadOnly(t, directory, ".", "accounts", "accounts/"+account, "accounts/"+account+"/runs", "accounts/"+account+"/"+outboxDirectory)
	must(t, os.Chmod(filepath.Join(directory, "accounts", account, outboxDirectory, toldName), 0o666))
	said := runNobody(t, "telling", directory, "known: true")
	if !strings.Contains(said, "told: <nil>") {
		t.Error(said)
	}
	if got, _ := box.Told("a"); !cmp.Equal(got, Told{RunID: "r2-with-a-longer-id", Result: reconcile.ResultFailed}) {
		t.Errorf("recorded: %+v", got)
	}
}

func TestAFullDiskStopsTheRunAndLosesNothing(t *testing.T) {
	tests := []struct {
		role, want string
		records    int
	}{
		{"full-at-once", "lock: the state directory", 0},
		{"full-early", "begin: the state directory", 0},
		{"full-later", "journal: write ", 1},
	}
	for _, test := range tests {
		t.Run(test.role, func(t *testing.T) {
			store := newStore(t, t.TempDir())
			said := runOther(t, test.role, store.state)
			if !strings.HasPrefix(said, test.want) || !strings.Contains(said, "file too large") {
				t.Errorf("it said %q, want %q and why", said, test.want)
			}
			lock, err := store.Lock(Holder{})
			if err != nil {
				t.Fatalf("the lock is left behind: %v", err)
			}
			defer lock.Unlock()
			records, err := store.List()
			if len(records) != test.records || err != nil {
				t.Fatalf("%d records (%v), want %d", len(records), err, test.records)
			}
			if test.records == 0 {
				return
			}
			if n := strings.Count(said, "file too large"); n != 3 {
				t.Errorf("%d of 3 errors say why: %s", n, said)
			}
			record := records[0]
			if !record.IsKilled() || len(record.Plan.Run.Outcomes) != 6 {
				t.Fatalf("%s with %v", record.Result, statuses(record))
			}
			// There is room again, and the half line does not get in the way.
			_, _, err = store.Recover(Reading{Live: liveOf(record.Plan), Begun: time.Now().Add(time.Hour)}, time.Now)
			must(t, err)
			recovered, err := store.Read(record.ID)
			must(t, err)
			if len(recovered.Unknown()) > 0 || recovered.Plan.Run.Count("applied") > 0 {
				t.Errorf("unknown %v, outcomes %v", recovered.Unknown(), statuses(recovered))
			}
			if killed, err := store.Killed(); len(killed) > 0 || err != nil {
				t.Errorf("%d runs to look after (%v)", len(killed), err)
			}
		})
	}
}
