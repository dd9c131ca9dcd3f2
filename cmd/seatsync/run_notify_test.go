package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// mailbox is a server that keeps what it is sent.
type mailbox struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][]string // by path
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{bodies: make(map[string][]string)}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m.mu.Lock()
		m.bodies[r.URL.Path] = append(m.bodies[r.URL.Path], string(body))
		m.mu.Unlock()
		if strings.Contains(r.URL.Path, "broken") {
			http.Error(w, "no", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *mailbox) at(path string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bodies[path]
}

func TestNewsReachesPeopleAndPrograms(t *testing.T) {
	t.Parallel()
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	ada(t, box)
	inbox := newMailbox(t)
	host := strings.TrimPrefix(inbox.URL, "http://")
	directory := t.TempDir()
	file := filepath.Join(directory, "desired-state.yaml")
	writeFile(t, file, fmt.Sprintf(fileForRuns, "*/1 * * * * *", "dry-run", "Ada Lovelace"))
	writeFile(t, filepath.Join(directory, "urls"), "generic://"+host+"/people?disabletls=yes\ngeneric://"+host+"/broken-s3cret-hook?disabletls=yes\n")
	p := startDaemon(t, directory, append(env, webhookVariable+"="+inbox.URL+"/programs-s3cret-hook"),
		"run", "--listen", "off", "--redact", "--notify-file", "urls")
	p.until(`level=ERROR msg="a notification was not sent" .*event=change service=generic`)
	p.until(`msg=notified .*event=change service=webhook`)
	p.until(`msg="run ended" .*result=done`) // the same again is no news
	writeFile(t, file, "version: 1\nusers: [")
	p.until(`msg=notified .*event=failure service=webhook`)
	p.until(`msg="run ended" .*result=failed`)
	writeFile(t, file, fmt.Sprintf(fileForRuns, "*/1 * * * * *", "dry-run", "Ada Lovelace"))
	p.until(`msg=notified .*event=recovery service=webhook`)
	p.end(syscall.SIGTERM)

	people, programs := inbox.at("/people"), inbox.at("/programs-s3cret-hook")
	if len(people) != 3 || len(programs) != 3 {
		t.Fatalf("people were told %d times and programs %d times: %q", len(people), len(programs), people)
	}
	if !strings.Contains(people[0], "the next apply will rename 1 user") || !strings.Contains(people[1], "the run failed") || !strings.Contains(people[2], "runs succeed again") {
		t.Errorf("people were told %q", people)
	}
	var first, second struct {
		Event string
		Plan  *reconcile.Plan
	}
	if err := json.Unmarshal([]byte(programs[0]), &first); err != nil || first.Event != "change" || first.Plan == nil || first.Plan.Summary.Rename != 1 {
		t.Errorf("%v: programs were told %s", err, programs[0])
	}
	if err := json.Unmarshal([]byte(programs[1]), &second); err != nil || second.Event != "failure" || second.Plan != nil {
		t.Errorf("%v: programs were told %s", err, programs[1])
	}
	everything := strings.Join(append(append(people, programs...), p.read...), "\n")
	for _, secret := range []string{"countess@example.com", "Ada Lovelace", "token-of-the-daemon", "s3cret"} {
		if strings.Contains(everything, secret) {
			t.Errorf("%s is told:\n%s", secret, everything)
		}
	}
}

func TestAnAddressThatIsNoneIsNotRepeated(t *testing.T) {
	for _, address := range []string{"slack://s3cret", "nowhere://s3cret@host", "s3cret"} {
		a := &app{getenv: func(name string) string {
			if name == notifyVariable {
				return address
			}
			return ""
		}}
		_, err := a.newMessenger(runFlags{}, nil)
		if err == nil || strings.Contains(strings.TrimPrefix(err.Error(), "x"), "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
