package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile"
)

// roleVariable makes this test binary play another process; see roles.
const roleVariable = "SEATSYNC_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles()[role](mustOpen(os.Args[1])); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// mustOpen opens the store of the test account in another process.
func mustOpen(state string) *Store {
	return &Store{state: state, account: account, takenOver: new(takenOver)}
}

// newStore opens the store of the test account in a state directory.
func newStore(t testing.TB, state string) *Store {
	t.Helper()
	return Open(state, account)
}

// prepare makes the directories of a store.
func prepare(t testing.TB, store *Store) {
	t.Helper()
	directory, err := store.prepare()
	must(t, err)
	must(t, directory.Close())
}

// noon is when test runs start.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const account = "023e105f4ecef8ad9ca31a8372d0c353"

// ticking returns a clock that is a second later each time it is asked.
func ticking() func() time.Time {
	now := noon
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

// frozen is a clock that stands still, for goroutines side by side.
func frozen() time.Time { return noon }

// startAt describes a run of the account that starts some time after noon.
func startAt(after time.Duration) Start {
	return Start{
		ID: NewID(noon.Add(after)), StartedAt: noon.Add(after), Mode: reconcile.ModeApply, Tool: "seatsync test",
		Who: "ada", Host: "here", PID: 7, AccountID: account, Commit: "c0ffee",
	}
}

// newPlan plans the release of so many people, then a rename, and holds one more release.
func newPlan(releases int) *reconcile.Plan {
	plan := &reconcile.Plan{FormatVersion: reconcile.FormatVersion, AccountID: account}
	for i := range releases + 1 {
		name := fmt.Sprintf("p%02d", i)
		change := reconcile.Change{
			Kind: reconcile.Release, Email: name + "@example.com", UserID: "id-" + name, SeatUID: "seat-" + name,
			Before: reconcile.State{AccessSeat: reconcile.True, GatewaySeat: reconcile.False, Name: name},
			After:  reconcile.State{AccessSeat: reconcile.False, GatewaySeat: reconcile.False, Name: name},
			Reason: reconcile.Listed,
		}
		if i == releases {
			change.Held = reconcile.HeldProtected
		}
		plan.Changes = append(plan.Changes, change)
	}
	rename := plan.Changes[0]
	rename.Kind, rename.UserID, rename.After.Name = reconcile.Rename, "id-renamed", "Ada"
	plan.Changes = append(plan.Changes, rename)
	return plan
}

// liveOf returns the account in which exactly these changes of a plan are in effect.
func liveOf(plan *reconcile.Plan, reached ...int) *reconcile.Live {
	live := &reconcile.Live{AccountID: plan.AccountID}
	for i := range plan.Changes {
		change := &plan.Changes[i]
		state := change.Before
		for _, index := range reached {
			if index == i {
				state = change.After
			}
		}
		live.Users = append(live.Users, reconcile.User{
			ID: change.UserID, Email: change.Email, SeatUID: change.SeatUID,
			Name: state.Name, AccessSeat: state.AccessSeat, GatewaySeat: state.GatewaySeat,
		})
	}
	return live
}

// aDayLater is a reading long after any test run.
func aDayLater(live *reconcile.Live) Reading {
	return Reading{Live: live, Begun: noon.Add(reconcile.Day), LateEffectWindow: time.Minute}
}

// recoverOne recovers a store, and returns a run as it then is.
func recoverOne(t testing.TB, store *Store, id string, live *reconcile.Live) *Record {
	t.Helper()
	_, unreadable, err := store.Recover(aDayLater(live), frozen)
	var damage *DamageError
	if !errors.As(unreadable, &damage) {
		err = errors.Join(err, unreadable)
	}
	must(t, err)
	record, err := store.Read(id)
	must(t, err)
	return record
}

func patch(changes ...int) reconcile.Call {
	return reconcile.Call{Kind: reconcile.CallPatchSeats, Changes: changes}
}

func applied(change int) reconcile.Outcome {
	return reconcile.Outcome{Change: change, Status: reconcile.Applied}
}

func failed(change int) reconcile.Outcome {
	return reconcile.Outcome{Change: change, Status: reconcile.Failed, Error: "release: 400"}
}

// must fails the test for an error of something that should just work.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// begin starts a journal in a store.
func begin(t testing.TB, store *Store, start Start, plan *reconcile.Plan) *Journal {
	t.Helper()
	journal, err := store.Begin(start, plan, ticking())
	must(t, err)
	return journal
}

// abandon lets go of a journal without an end, as a killed process does.
func abandon(t testing.TB, journal *Journal) {
	t.Helper()
	must(t, journal.file.Close())
}

// statuses writes the outcomes of a record as "index status" in the order of the plan.
func statuses(r *Record) []string {
	lines := []string{}
	for _, outcome := range r.Plan.Run.Outcomes {
		lines = append(lines, fmt.Sprintf("%d %s", outcome.Change, outcome.Status))
	}
	return lines
}

// asJSON writes a value as it would be in a journal, to compare what has been there and back.
func asJSON(t testing.TB, value any) string {
	t.Helper()
	data, err := json.MarshalIndent(value, "", " ")
	must(t, err)
	return string(data)
}

// roles are what this test binary can be as another process. Each gets the store in the directory that is its argument.
func roles() map[string]func(*Store) error {
	all := map[string]func(*Store) error{"hold": roleHold, "hold-here": roleHoldHere, "hold-earlier": roleHoldEarlier, "write": roleWrite}
	maps.Copy(all, systemRoles())
	return all
}

// roleHold takes the lock and keeps it until standard input ends.
func roleHold(store *Store) error {
	lock, err := store.Lock(Holder{RunID: "run-of-another", PID: os.Getpid(), Host: "there", Who: "grace", Since: noon})
	if err != nil {
		return err
	}
	fmt.Println("holding")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, lock.Unlock())
}

// roleHoldHere does as roleHold, on this machine.
func roleHoldHere(store *Store) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	lock, err := store.Lock(Holder{RunID: "run-of-another", PID: os.Getpid(), Host: host})
	if err != nil {
		return err
	}
	fmt.Println("holding")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, lock.Unlock())
}

// roleHoldEarlier holds the lock of an earlier version in the state directory.
func roleHoldEarlier(store *Store) error {
	file := flock.New(filepath.Join(store.state, lockName))
	if locked, err := file.TryLock(); err != nil || !locked {
		return fmt.Errorf("locked: %t, %w", locked, err)
	}
	fmt.Println("holding")
	_, err := io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, file.Unlock())
}

// roleWrite is a run that gets as far as sending its first request.
func roleWrite(store *Store) error {
	start := startAt(0)
	if _, err := store.Lock(Holder{RunID: start.ID, PID: os.Getpid(), Host: "there", Who: "grace", Since: noon}); err != nil {
		return err
	}
	journal, err := store.Begin(start, newPlan(2), time.Now)
	if err != nil {
		return err
	}
	if err := journal.Intent(patch(0)); err != nil {
		return err
	}
	fmt.Println(start.ID)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// other is this test binary as another process.
type other struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	said  string // its first line
}

// startOther starts another process in a role, and waits for its first line.
func startOther(t *testing.T, role, directory string) *other {
	t.Helper()
	executable, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), executable, directory)
	cmd.Env = roleEnv(role)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the process in role %s said %q and then %v", role, line, err)
	}
	return &other{t: t, cmd: cmd, stdin: stdin, said: strings.TrimSpace(line)}
}

// roleEnv is the environment of a process in a role. It ends at once, where the race detector would take a second.
func roleEnv(role string) []string {
	return append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
}

// kill ends the process by SIGKILL, which it cannot see coming.
func (o *other) kill() {
	o.t.Helper()
	must(o.t, o.cmd.Process.Kill())
	_ = o.cmd.Wait() // says that it was killed
}

// end lets the process end by itself.
func (o *other) end() {
	o.t.Helper()
	must(o.t, errors.Join(o.stdin.Close(), o.cmd.Wait()))
}

// filesIn returns the paths of all files below a directory, relative to it.
func filesIn(t testing.TB, directory string) []string {
	t.Helper()
	files := []string{}
	must(t, filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(directory, path)
		files = append(files, filepath.ToSlash(relative))
		return err
	}))
	return files
}
