package record

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func message(receiver, title string) *Notification {
	return &Notification{
		Receiver: receiver, Event: "failure", Account: "a", RunID: "r", QueuedAt: noon, Title: title, Text: "text", Body: json.RawMessage(`{"plan":null}`),
	}
}

func titles(t *testing.T, box *Outbox) (titles []string, err error) {
	t.Helper()
	pending, err := box.Pending()
	for _, n := range pending {
		titles = append(titles, n.Receiver+" "+n.Title)
	}
	return titles, err
}

func (o *Outbox) path(name string) string {
	return filepath.Join(o.store.Directory(), outboxDirectory, name)
}

func TestMessagesStayInTheirOrderUntilTheyAreRemoved(t *testing.T) {
	state := t.TempDir()
	box := newStore(t, state).Outbox()
	if n, err := box.Count(); n != 0 || err != nil {
		t.Errorf("%d, %v before there is any", n, err)
	}
	for _, title := range []string{"first", "second", "third"} {
		must(t, box.Add(message("slack-1", title)))
		must(t, box.Add(message("webhook", title)))
	}
	pending, err := newStore(t, state).Outbox().Pending() // by another process
	must(t, err)
	if diff := cmp.Diff(message("slack-1", "first"), pending[0], cmp.Comparer(func(a, b string) bool { return a == b || strings.HasSuffix(b, ".json") }), cmp.AllowUnexported(Notification{})); diff != "" {
		t.Errorf("the first (-want +got):\n%s", diff)
	}
	must(t, box.Remove(pending[0]))
	must(t, box.Remove(pending[0])) // another process was quicker
	must(t, box.Add(message("slack-1", "fourth")))
	got, err := titles(t, box)
	must(t, err)
	want := []string{"webhook first", "slack-1 second", "webhook second", "slack-1 third", "webhook third", "slack-1 fourth"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, receiver := range []string{"", "../x", "https://hooks.example.com/secret", "A"} {
		if err := box.Add(message(receiver, "x")); err == nil {
			t.Errorf("%q is taken for the name of a receiver", receiver)
		}
	}
}

func TestATornMessageIsReportedAndTheOthersAreNot(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"empty":               func([]byte) []byte { return nil },
		"half":                func(data []byte) []byte { return data[:len(data)/2] },
		"without its end":     func(data []byte) []byte { return data[:len(data)-3] },
		"one byte is another": func(data []byte) []byte { data[20] ^= 1; return data },
		"prose":               func([]byte) []byte { return []byte("hello\n") },
	} {
		t.Run(name, func(t *testing.T) {
			box := newStore(t, t.TempDir()).Outbox()
			torn := message("webhook", "torn")
			must(t, box.Add(torn))
			must(t, box.Add(message("webhook", "sound")))
			data, err := os.ReadFile(box.path(torn.name))
			must(t, err)
			must(t, os.WriteFile(box.path(torn.name), damage(data), fileMode))
			must(t, os.WriteFile(box.path(beingWritten+"0123"), []byte("{"), fileMode)) // of a process that was killed
			got, err := titles(t, box)
			if diff := cmp.Diff([]string{"webhook sound"}, got); diff != "" || err == nil || !strings.Contains(err.Error(), torn.name) {
				t.Errorf("%v; (-want +got):\n%s", err, diff)
			}
			must(t, box.RemoveUnreadable(time.Now().Add(-time.Hour)))
			if n, err := box.Count(); n != 2 || err != nil {
				t.Errorf("%d, %v: removed before its time", n, err)
			}
			must(t, box.RemoveUnreadable(time.Now().Add(time.Hour)))
			if got, err := titles(t, box); len(got) != 1 || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := os.Stat(box.path(beingWritten + "0123")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("what a killed process has left: %v", err)
			}
		})
	}
}

func TestWhatPeopleWereToldIsRemembered(t *testing.T) {
	state := t.TempDir()
	box := newStore(t, state).Outbox()
	if _, known := box.Told("a"); known {
		t.Error("known before anybody was told")
	}
	told := Told{RunID: "r1", Result: reconcile.ResultFailed, Wants: "w", Foreseen: map[reconcile.Code]string{reconcile.CodeBudgetExceededSoon: "above it"}}
	must(t, box.SetTold("a", told))
	must(t, box.SetTold("b", Told{RunID: "r2"}))
	if got, known := newStore(t, state).Outbox().Told("a"); !known || !cmp.Equal(got, told) {
		t.Errorf("%+v, %t", got, known)
	}
	must(t, os.WriteFile(box.path(toldName), []byte(`{"accounts":{"a":{"run_id":"r9"}}}`), fileMode))
	if got, known := box.Told("a"); known {
		t.Errorf("a file that was changed says %+v", got)
	}
	must(t, box.SetTold("a", told))
	if _, known := box.Told("a"); !known {
		t.Error("it cannot be written again")
	}
}

func TestOnlyOneProcessSendsAtATime(t *testing.T) {
	state := t.TempDir()
	unlock, err := newStore(t, state).Outbox().Lock(t.Context())
	must(t, err)
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := newStore(t, state).Outbox().Lock(soon); err == nil {
		t.Fatal("two hold the lock")
	}
	unlock()
	again, err := newStore(t, state).Outbox().Lock(t.Context())
	must(t, err)
	again()
}

func TestTheOutboxIsForItsOwnerAndFollowsNoLinks(t *testing.T) {
	state := t.TempDir()
	box := newStore(t, state).Outbox()
	must(t, box.Add(message("webhook", "x")))
	entries, err := os.ReadDir(box.path(""))
	must(t, err)
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("%s: %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	elsewhere := t.TempDir()
	must(t, os.RemoveAll(box.path("")))
	must(t, os.Symlink(elsewhere, box.path("")))
	if err := box.Add(message("webhook", "x")); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("through a link: %v", err)
	}
}
