package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
)

// postbox is a receiver that may be out of reach.
type postbox struct {
	name   string
	refuse func(*record.Notification) error

	mu    sync.Mutex
	taken []string
	tries []time.Time
}

func (p *postbox) Name() string { return p.name }

func (p *postbox) Body(notification *Notification, _ *Ended) (json.RawMessage, error) {
	return json.Marshal(map[string]string{"run": notification.RunID})
}

func (p *postbox) Send(_ context.Context, message *record.Notification) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries = append(p.tries, time.Now())
	if p.refuse != nil {
		if err := p.refuse(message); err != nil {
			return err
		}
	}
	p.taken = append(p.taken, message.Event+" "+message.RunID)
	return nil
}

// set decides what is refused from now on; nil takes everything.
func (p *postbox) set(refuse func(*record.Notification) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

func down(*record.Notification) error { return errors.New("503 from the service") }

// newsroom is an account whose runs end as the test says.
type newsroom struct {
	*account
	state string
	log   bytes.Buffer
	last  *RunSummary
}

func newNewsroom(t *testing.T, state string, receivers ...Receiver) *newsroom {
	t.Helper()
	room := &newsroom{state: state}
	d := &Daemon{metrics: NewMetrics(), log: slog.New(slog.NewTextHandler(&room.log, nil))}
	d.options.Notifier = &Notifier{Receivers: receivers, ExternalURL: "https://seats.example.com/x/", Clock: time.Now, Patience: 20 * time.Second}
	room.account = &account{daemon: d, id: testAccountID, outbox: func() []*record.Outbox {
		return []*record.Outbox{record.Open(state, testAccountID).Outbox()}
	}}
	return room
}

const testAccountID = "023e105f4ecef8ad9ca31a8372d0c353"

// ends notes that a run has ended, and tells of it.
func (r *newsroom) ends(t *testing.T, id string, result reconcile.Result) {
	t.Helper()
	run := &RunSummary{ID: id, Mode: reconcile.ModeDryRun, Result: result}
	r.notify(t.Context(), &Ended{Account: testAccountID, Before: r.last, Outcome: RunResult{Run: *run}})
	r.last = run
}

func (r *newsroom) pending(t *testing.T) (events []string) {
	t.Helper()
	pending, err := r.outboxes()[0].Pending()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range pending {
		events = append(events, n.Receiver+" "+n.Event+" "+n.RunID)
	}
	return events
}

func want(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAMessageWaitsForItsReceiver(t *testing.T) {
	near, far := &postbox{name: "near"}, &postbox{name: "far", refuse: down}
	room := newNewsroom(t, t.TempDir(), near, far)
	room.ends(t, "r1", reconcile.ResultFailed)
	room.ends(t, "r2", reconcile.ResultDone)
	want(t, "one receiver does not wait for another", []string{"failure r1", "recovery r2"}, near.taken)
	want(t, "pending", []string{"far failure r1", "far recovery r2"}, room.pending(t))
	if n := len(far.tries); n != 2 { // the failure, with each run: its recovery is not tried before it
		t.Errorf("%d tries", n)
	}
	far.set(nil)
	room.ends(t, "r3", reconcile.ResultDone) // nothing new, and yet what is pending is tried
	want(t, "the failure is told before its recovery", []string{"failure r1", "recovery r2"}, far.taken)
	want(t, "pending", nil, room.pending(t))
}

func TestTheFirstFailureIsToldThoughARunByHandHasFailedBefore(t *testing.T) {
	near := &postbox{name: "near"}
	room := newNewsroom(t, t.TempDir(), near)
	room.last = &RunSummary{ID: "by-hand", Result: reconcile.ResultFailed} // recorded, and nobody was told of it
	room.ends(t, "r1", reconcile.ResultFailed)
	room.ends(t, "r2", reconcile.ResultFailed)
	want(t, "taken", []string{"failure r1"}, near.taken)
}

func TestAFailureIsToldEvenIfTheDiskTakesNothing(t *testing.T) {
	near, far := &postbox{name: "near"}, &postbox{name: "far", refuse: down}
	state := t.TempDir()
	room := newNewsroom(t, state, near, far)
	if err := os.WriteFile(filepath.Join(state, "accounts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	room.ends(t, "r1", reconcile.ResultFailed)
	want(t, "taken", []string{"failure r1"}, near.taken)
	if text := room.log.String(); !strings.Contains(text, "503 from the service") {
		t.Errorf("the log does not say who was not told:\n%s", text)
	}
}

func TestAFailureIsToldOnceAndItsRecoveryThoughTheDiskTakesNothing(t *testing.T) {
	near := &postbox{name: "near"}
	state := t.TempDir()
	room := newNewsroom(t, state, near)
	if err := os.WriteFile(filepath.Join(state, "accounts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	room.ends(t, "r1", reconcile.ResultFailed)
	room.last = nil // none of these runs is recorded
	room.ends(t, "r2", reconcile.ResultFailed)
	room.last = nil
	room.ends(t, "r3", reconcile.ResultDone)
	want(t, "taken", []string{"failure r1", "recovery r3"}, near.taken)
	if err := os.Remove(filepath.Join(state, "accounts")); err != nil {
		t.Fatal(err)
	}
	room.ends(t, "r4", reconcile.ResultDone)
	want(t, "taken", []string{"failure r1", "recovery r3"}, near.taken)
	if told, isKnown := room.outboxes()[0].Told(testAccountID); !isKnown || told.RunID != "r4" {
		t.Errorf("the disk takes it again, and has %+v", told)
	}
}

// A recovery that the disk did not take was told all the same, by a process that is over: the
// next failure is another one.
func TestAFailureAfterARecoveryThatTheDiskDidNotTakeIsTold(t *testing.T) {
	near := &postbox{name: "near"}
	state := t.TempDir()
	room := newNewsroom(t, state, near)
	room.ends(t, "r1", reconcile.ResultFailed)
	runs, away := filepath.Join(state, "accounts"), filepath.Join(state, "away")
	if err := errors.Join(os.Rename(runs, away), os.WriteFile(runs, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	room.ends(t, "r2", reconcile.ResultDone)
	if err := errors.Join(os.Remove(runs), os.Rename(away, runs)); err != nil {
		t.Fatal(err)
	}
	last := room.last
	room = newNewsroom(t, state, near) // another process
	room.last = last
	room.ends(t, "r3", reconcile.ResultFailed)
	room.ends(t, "r4", reconcile.ResultFailed)
	room.ends(t, "r5", reconcile.ResultDone)
	want(t, "taken", []string{"failure r1", "recovery r2", "failure r3", "recovery r5"}, near.taken)
}

// A run that was killed and the next one, which fails as well, are two messages, and the
// disk takes neither of them.
func TestAMessageThatCannotBeKeptKeepsNoOtherBack(t *testing.T) {
	near, far := &postbox{name: "near"}, &postbox{name: "far"}
	state := t.TempDir()
	room := newNewsroom(t, state, far, near)
	room.ends(t, "r1", reconcile.ResultDone)
	runs := filepath.Join(state, "accounts", testAccountID, "runs")
	if err := errors.Join(os.Remove(runs), os.WriteFile(runs, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	far.set(down)
	room.last = &RunSummary{ID: "r2", Mode: reconcile.ModeApply, Result: reconcile.ResultKilled}
	room.ends(t, "r3", reconcile.ResultFailed)
	want(t, "taken", []string{"failure r2", "failure r3"}, near.taken)
}

func TestOneMessageThatIsNeverTakenKeepsNoOtherThingBack(t *testing.T) {
	picky := &postbox{name: "picky", refuse: func(n *record.Notification) error {
		if n.RunID == "r1" {
			return errors.New("413")
		}
		return nil
	}}
	room := newNewsroom(t, t.TempDir(), picky)
	box := room.outboxes()[0]
	for i, event := range []Event{EventChange, EventChange, EventFailure, EventLimit, EventRecovery} {
		id := "r" + string(rune('1'+i))
		if err := box.Add(&record.Notification{Receiver: "picky", Event: string(event), RunID: id, QueuedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	room.flush(t.Context())
	want(t, "taken", []string{"failure r3", "limit r4", "recovery r5"}, picky.taken)
	want(t, "in order for a kind", []string{"picky change r1", "picky change r2"}, room.pending(t))
}

func TestNothingIsLostWithTheProcess(t *testing.T) {
	state := t.TempDir()
	deaf := &postbox{name: "chat-1", refuse: down}
	room := newNewsroom(t, state, deaf)
	room.ends(t, "r1", reconcile.ResultDone)
	room.ends(t, "r2", reconcile.ResultFailed)
	// Another process, to which the receiver listens.
	chat := &postbox{name: "chat-1"}
	later := newNewsroom(t, state, chat)
	later.last = room.last
	later.ends(t, "r3", reconcile.ResultDone)
	want(t, "told", []string{"failure r2", "recovery r3"}, chat.taken)
}

func TestARunThatWasKilledBeforeItCouldTellIsToldFirst(t *testing.T) {
	state := t.TempDir()
	chat := &postbox{name: "chat-1"}
	room := newNewsroom(t, state, chat)
	room.ends(t, "r1", reconcile.ResultDone)
	// r2 was killed, so that nobody was told; the next process finds its record.
	killed := &RunSummary{ID: "r2", Mode: reconcile.ModeApply, Result: reconcile.ResultKilled}
	t.Run("with the next run", func(t *testing.T) {
		next := newNewsroom(t, state, chat)
		next.account.last, next.last = killed, killed
		next.ends(t, "r3", reconcile.ResultDone)
		want(t, "told", []string{"failure r2", "recovery r3"}, chat.taken)
		next.ends(t, "r4", reconcile.ResultDone)
		want(t, "told once", []string{"failure r2", "recovery r3"}, chat.taken)
	})
	t.Run("when the daemon starts", func(t *testing.T) {
		killed.ID, chat.taken = "r5", nil
		next := newNewsroom(t, state, chat)
		next.account.last = killed
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		next.deliver(ctx) // as far as it comes
		next.deliver(ctx)
		if got := next.pending(t); len(got)+len(chat.taken) != 1 {
			t.Errorf("pending %q, told %q", got, chat.taken)
		}
	})
}

func TestTheQueueIsTriedWithGrowingPausesForAWeek(t *testing.T) {
	state := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		far := &postbox{name: "far", refuse: down}
		room := newNewsroom(t, state, far)
		room.ends(t, "r1", reconcile.ResultFailed)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); room.deliver(ctx) }()
		time.Sleep(8 * reconcile.Day)
		stop()
		<-ended
		want(t, "pending", nil, room.pending(t))
		var pauses []string
		for i := range far.tries[1:9] {
			pauses = append(pauses, far.tries[i+1].Sub(far.tries[i]).Round(time.Second).String())
		}
		want(t, "pauses", []string{"0s", "1m0s", "2m0s", "4m0s", "8m0s", "16m0s", "32m0s", "1h0m0s"}, pauses)
		if last := far.tries[len(far.tries)-1].Sub(far.tries[0]); last > 7*reconcile.Day || last < 7*reconcile.Day-2*time.Hour {
			t.Errorf("tried for %s", last)
		}
		if !strings.Contains(room.log.String(), "a notification is dropped: nobody took it for a week") {
			t.Error("nothing says that it was dropped")
		}
	})
}

func TestMessagesLinkToTheReport(t *testing.T) {
	var text string
	chat := &postbox{name: "chat-1", refuse: func(n *record.Notification) error { text = n.Text; return nil }}
	room := newNewsroom(t, t.TempDir(), chat)
	room.ends(t, "r1", reconcile.ResultFailed)
	if !strings.HasSuffix(text, "\nreport: https://seats.example.com/x/runs/r1") {
		t.Error(text)
	}
}

// Each run is a process of its own, and learns the account from its file.
func TestAFailureWithoutAnAccountIsToldBeforeItsRecovery(t *testing.T) {
	state := t.TempDir()
	chat := &postbox{name: "chat-1", refuse: down}
	account, unread := record.Open(state, testAccountID).Outbox(), record.Open(state, "").Outbox()
	run := func(id, label string, result reconcile.Result, before *RunSummary, boxes ...*record.Outbox) {
		room := newNewsroom(t, state, chat)
		room.name, room.id, room.outbox = "n.yaml", label, func() []*record.Outbox { return boxes }
		room.notify(t.Context(), &Ended{Account: label, Before: before, Outcome: RunResult{Run: RunSummary{ID: id, Result: result}}})
	}
	run("r1", testAccountID, reconcile.ResultDone, nil, account, unread)
	run("r2", "n.yaml", reconcile.ResultFailed, nil, unread)
	run("r3", "n.yaml", reconcile.ResultFailed, nil, unread)
	run("r4", testAccountID, reconcile.ResultDone, &RunSummary{ID: "r3", Result: reconcile.ResultFailed}, account, unread)
	run("r5", "n.yaml", reconcile.ResultFailed, nil, unread)
	chat.set(nil)
	run("r6", testAccountID, reconcile.ResultDone, &RunSummary{ID: "r5", Result: reconcile.ResultFailed}, account, unread)
	want(t, "told", []string{"failure r2", "recovery r4", "failure r5", "recovery r6"}, chat.taken)
}

func TestTheBudgetIsToldOnceWhateverProcessRuns(t *testing.T) {
	state := t.TempDir()
	chat := &postbox{name: "chat-1"}
	run := func(id string, run RunSummary) {
		run.ID = id
		newNewsroom(t, state, chat).notify(t.Context(), &Ended{Account: testAccountID, Outcome: RunResult{Run: run}})
	}
	run("r1", overBudget(planned(reconcile.ModeApply, reconcile.ResultDone, 9)))
	run("r2", overBudget(planned(reconcile.ModeDryRun, reconcile.ResultDone, 0)))
	run("r3", RunSummary{Result: reconcile.ResultFailed}) // knows nothing of the budget
	run("r4", overBudget(planned(reconcile.ModeDryRun, reconcile.ResultDone, 0)))
	run("r5", planned(reconcile.ModeDryRun, reconcile.ResultDone, 0)) // seats were freed, or a new budget set
	run("r6", overBudget(planned(reconcile.ModeDryRun, reconcile.ResultDone, 0)))
	run("r7", planned(reconcile.ModeDryRun, reconcile.ResultDone, 0))
	run("r8", overBudget(planned(reconcile.ModeApply, reconcile.ResultPartial, 3))) // whose message says nothing of the budget
	run("r9", overBudget(planned(reconcile.ModeDryRun, reconcile.ResultDone, 0)))
	want(t, "told", []string{"budget r1", "change r1", "failure r3", "recovery r4", "budget r6", "failure r8", "recovery r9", "budget r9"}, chat.taken)
}
