package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// namesOf lists what names the people of an account. A name of one word is left out: it may be any word.
func namesOf(users []sandbox.Record) []string {
	var names []string
	for _, user := range users {
		for _, text := range []string{textOf(user.ID), textOf(user.Email), textOf(user.SeatUID), textOf(user.Name)} {
			if len(text) > 7 {
				names = append(names, text)
			}
		}
	}
	return names
}

// wantNobody fails the test when a text names somebody.
func wantNobody(t *testing.T, names []string, where, text string) {
	t.Helper()
	folded := strings.ToLower(text)
	for _, name := range names {
		if at := strings.Index(folded, strings.ToLower(name)); at >= 0 {
			t.Errorf("%s names %s: …%s…", where, name, text[max(0, at-80):min(len(text), at+len(name)+40)])
			return
		}
	}
}

func TestRedactNamesNobodyWhateverACommandSays(t *testing.T) {
	t.Parallel()
	r := newRig(t, company())
	people := namesOf(r.box.Users(sandbox.MainAccount))
	shown := filepath.Join(r.directory, "shown")
	check(t, os.Mkdir(shown, 0o700))
	doubled := r.path("doubled.yaml")
	check(t, os.WriteFile(doubled, []byte("version: 1\nusers:\n  - email: leaver-1@example.com\n  - email: leaver-1@example.com\n"), 0o600))
	commands := [][]string{
		{"plan", "-f", doubled},
		{"run", "--once", "--metrics-file", filepath.Join(shown, "metrics"), "--report", "html=" + filepath.Join(shown, "once.html")},
		{"run", "--once", "-f", doubled},
		{"apply", "--yes", "--report", "json=" + filepath.Join(shown, "applied.json")},
		{"history", "last"}, {"history", "last", "--format", "html"}, {"apply", "--yes", "--revert", "last"},
	}
	for _, format := range report.Formats() {
		commands = append(commands, []string{"plan", "--format", string(format), "--report", string(format) + "=" + filepath.Join(shown, string(format))})
	}
	// An API that refuses with everything it was asked, in its own words.
	r.serve(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			r.box.Handler().ServeHTTP(w, request)
			return
		}
		body, _ := io.ReadAll(request.Body)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"success":false,"errors":[{"code":1003,"message":%q}],"result":null}`, "no such seat: "+request.URL.Path+" "+string(body))
	})
	failed := 0
	for _, command := range commands {
		done := r.run(t.Context(), append(command, "--redact", "--log-level", "debug")...)
		wantNobody(t, people, "standard output of "+strings.Join(command, " "), done.stdout)
		wantNobody(t, people, "standard error of "+strings.Join(command, " "), done.stderr)
		failed += strings.Count(done.stdout, "no such seat")
	}
	if failed == 0 {
		t.Error("nothing repeated the API's message, so this test sees nothing")
	}
	check(t, filepath.WalkDir(shown, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		wantNobody(t, people, path, string(data))
		return err
	}))
}

func TestRedactNamesNobodyOnThePagesAndInTheNewsOfADaemon(t *testing.T) {
	t.Parallel()
	box, env := accountForRuns(t, sandbox.Options{Users: 20})
	box.Put(sandbox.MainAccount, sandbox.Record{
		ID: sandbox.Value("user-of-ada"), SeatUID: sandbox.Value("seat-of-ada"), Email: sandbox.Value("countess@example.com"),
		Name: sandbox.Value("Augusta Ada Byron"), AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false),
	})
	people := append(namesOf(box.Users(sandbox.MainAccount)), "Ada Lovelace")
	inbox := newMailbox(t)
	directory := t.TempDir()
	file := filepath.Join(directory, "desired-state.yaml")
	listed := fmt.Sprintf(fileForRuns, "*/1 * * * * *", "dry-run", "Ada Lovelace")
	writeFile(t, file, listed)
	writeFile(t, filepath.Join(directory, "urls"), "generic://"+strings.TrimPrefix(inbox.URL, "http://")+"/people?disabletls=yes\n")
	p := startDaemon(t, directory, append(env, webhookVariable+"="+inbox.URL+"/programs"),
		"run", "--listen", "127.0.0.1:0", "--redact", "--notify-file", "urls", "--log-level", "debug")
	base := "http://" + p.until(`msg=serving address=(\S+)`)[1]
	run := p.until(`msg="run ended" run=(\S+) .*result=done`)[1]
	look := func() {
		for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/api/v1/runs", "/runs/" + run} {
			_, page := fetch(t, base+path)
			wantNobody(t, people, path, page)
		}
	}
	look()
	if _, page := fetch(t, base+"/runs/"+run); !strings.Contains(page, "@masked.invalid") {
		t.Errorf("the report shows no mask, so this test sees nothing:\n%s", page)
	}
	writeFile(t, file, listed+"  - {email: countess@example.com, name: Ada Lovelace}\n")
	p.until(`msg="run ended" .*result=failed`)
	p.until(`msg=notified .*event=failure service=webhook`)
	look()
	p.end(syscall.SIGTERM)
	wantNobody(t, people, "the log", strings.Join(p.read, "\n"))
	notification := append(inbox.at("/people"), inbox.at("/programs")...)
	if len(notification) < 4 {
		t.Errorf("only %d notifications", len(notification))
	}
	wantNobody(t, people, "a notification", strings.Join(notification, "\n"))
}
