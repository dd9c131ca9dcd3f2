package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
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
	p.until(`msg="run ended" .*result=done`)
	p.until(`msg="run ended" .*result=done`) // the same again is nothing new
	if said := strings.Join(p.read, "\n"); !regexp.MustCompile(`level=ERROR msg="a notification was not sent, and is tried again" .*event=change service=generic-2`).MatchString(said) {
		t.Errorf("nothing says that one was not sent:\n%s", said)
	}
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
	if !strings.Contains(people[0], "an apply would rename 1 user") || !strings.Contains(people[1], "the run failed") || !strings.Contains(people[2], "runs succeed again") {
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
		_, err := a.newNotifier(runFlags{})
		if err == nil || strings.Contains(strings.TrimPrefix(err.Error(), "x"), "s3cret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// once runs one command in a folder and returns its exit code and what it says.
func (m *mailbox) once(t *testing.T, directory string, env []string, args ...string) (code int, said string) {
	t.Helper()
	values := make(map[string]string)
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	var stdout, stderr strings.Builder
	t.Chdir(directory)
	code = run(t.Context(), append([]string{"run", "--once", "--listen", "off"}, args...), strings.NewReader(""), &stdout, &stderr, func(name string) string { return values[name] })
	return code, stderr.String()
}

func TestWhatIsNotDeliveredWaitsForTheNextRun(t *testing.T) {
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	ada(t, box)
	inbox := newMailbox(t)
	directory := t.TempDir()
	file := filepath.Join(directory, "desired-state.yaml")
	writeFile(t, file, fmt.Sprintf(fileForRuns, "0 0 1 1 *", "dry-run", "Ada Lovelace"))
	args := []string{"--external-url", "https://seats.example.com/zt", "--metrics-file", "metrics.prom"}

	code, said := inbox.once(t, directory, append(env, webhookVariable+"="+inbox.URL+"/broken-s3cret"), args...)
	if code != codeOK || !strings.Contains(said, "is tried again") {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	metrics, err := os.ReadFile(filepath.Join(directory, "metrics.prom"))
	if err != nil || !strings.Contains(string(metrics), `} 1`) || !strings.Contains(string(metrics), "seatsync_notifications_pending") {
		t.Errorf("%v\n%s", err, metrics)
	}
	var queued string
	_ = filepath.WalkDir(filepath.Join(directory, ".seatsync"), func(path string, entry fs.DirEntry, _ error) error {
		if strings.Contains(path, "notifications") && entry.Type().IsRegular() {
			data, _ := os.ReadFile(path)
			queued += path + string(data)
		}
		return nil
	})
	if !strings.Contains(queued, `"receiver":"webhook"`) || strings.Contains(queued, "s3cret") || strings.Contains(queued, inbox.URL) {
		t.Errorf("the queue has %s", queued)
	}

	// The address is corrected, and the next run has nothing new of its own.
	code, said = inbox.once(t, directory, append(env, webhookVariable+"="+inbox.URL+"/sound"), args...)
	told := inbox.at("/sound")
	if code != codeOK || len(told) != 1 || !strings.Contains(told[0], `"report":"https://seats.example.com/zt/runs/`) || !strings.Contains(told[0], `"rename":1`) {
		t.Errorf("exit code %d, told %q\n%s", code, told, said)
	}
	if _, said := inbox.once(t, directory, append(env, webhookVariable+"="+inbox.URL+"/sound"), args...); len(inbox.at("/sound")) != 1 {
		t.Errorf("told again\n%s", said)
	}
}

func TestNotificationsFollowNoRedirect(t *testing.T) {
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	ada(t, box)
	inbox := newMailbox(t)
	bend := httptest.NewServer(http.RedirectHandler(inbox.URL+"/elsewhere", http.StatusTemporaryRedirect))
	defer bend.Close()
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "0 0 1 1 *", "dry-run", "Ada Lovelace"))
	_, said := inbox.once(t, directory, append(env, webhookVariable+"="+bend.URL+"/s3cret"))
	if told := inbox.at("/elsewhere"); len(told) > 0 || !strings.Contains(said, "redirects are not followed") || strings.Contains(said, "s3cret") {
		t.Errorf("told %d times elsewhere\n%s", len(told), said)
	}
}

func TestNoReceiverGetsTheWordsOfTheAPI(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"success": false, "result": null, "errors": [{"code": 10000, "message": "no seat for Grace Hopper: <!channel> <@U012AB3CD> @here, ask <https://evil.example|your bank> or [it](https://evil.example), ada@example.com"}]}`)
	}))
	defer api.Close()
	inbox := newMailbox(t)
	directory := t.TempDir()
	writeFile(t, filepath.Join(directory, "desired-state.yaml"), fmt.Sprintf(fileForRuns, "0 0 1 1 *", "dry-run", "Ada Lovelace"))
	env := []string{
		"CLOUDFLARE_BASE_URL=" + api.URL, "CLOUDFLARE_API_TOKEN=token", webhookVariable + "=" + inbox.URL + "/programs",
		notifyVariable + "=generic://" + strings.TrimPrefix(inbox.URL, "http://") + "/people?disabletls=yes",
	}
	code, said := inbox.once(t, directory, env)
	people, programs := inbox.at("/people"), inbox.at("/programs")
	if code != codeError || len(people) != 1 || len(programs) != 1 {
		t.Fatalf("exit code %d, people were told %q and programs %q\n%s", code, people, programs, said)
	}
	var hook struct {
		Title string
		Run   struct{ Error string }
	}
	check(t, json.Unmarshal([]byte(programs[0]), &hook))
	if !strings.Contains(people[0], "the run failed") || !strings.Contains(hook.Title, "the run failed") {
		t.Errorf("told %s and %s", people[0], hook.Title)
	}
	for _, told := range []string{people[0], hook.Title, hook.Run.Error} {
		if regexp.MustCompile(`[<>@]|\]\(|Grace|Hopper|channel|bank`).MatchString(told) {
			t.Errorf("told %s", told)
		}
	}
	for _, told := range []string{people[0], hook.Run.Error} {
		if !strings.Contains(told, "403 10000 …: check that the token is valid for this account and has the permission") {
			t.Errorf("nobody learns what to do from %s", told)
		}
	}
	if _, said := inbox.once(t, directory, env); !strings.Contains(said, "Grace Hopper") {
		t.Errorf("the log does not have what the API said: %s", said)
	}
}

// Each run is a process of its own, as a timer starts them.
func TestABrokenFileIsToldOnceUntilRunsSucceedAgain(t *testing.T) {
	for name, more := range map[string][]string{
		"the file names the account":        nil,
		"the environment names the account": {"CLOUDFLARE_ACCOUNT_ID=" + sandbox.MainAccount},
	} {
		t.Run(name, func(t *testing.T) {
			_, env := accountForRuns(t, sandbox.Options{Users: 20})
			inbox := newMailbox(t)
			env = append(env, append(more, webhookVariable+"="+inbox.URL+"/programs")...)
			directory := t.TempDir()
			file := filepath.Join(directory, "desired-state.yaml")
			for _, isSound := range []bool{true, false, true, false, false, true, true} {
				writeFile(t, file, "version: 1\nusers: [")
				if isSound {
					writeFile(t, file, "version: 1\naccount: "+sandbox.MainAccount+"\nusers: []\n")
				}
				inbox.once(t, directory, env)
			}
			var events []string
			for _, body := range inbox.at("/programs") {
				var told struct{ Event string }
				check(t, json.Unmarshal([]byte(body), &told))
				events = append(events, told.Event)
			}
			if got, want := strings.Join(events, " "), "failure recovery failure recovery"; got != want {
				t.Errorf("told %s, not %s", got, want)
			}
		})
	}
}
