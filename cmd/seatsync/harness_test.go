package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// leakChecked runs the tests, and fails when they leave a goroutine behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// Secrets that every test of a rig looks for in everything that is written.
const (
	rigToken = "tok.5ecretOfTheRig_8c1f0a77"
	rigKey   = "key5ecretOfTheRig9b2e4d33"
	rigEmail = "admin@example.com"
)

// rig is an account in a sandbox behind a real server, and a directory with everything that commands read and write.
type rig struct {
	t         *testing.T
	box       *sandbox.Sandbox
	server    *httptest.Server
	handler   atomic.Value // what the server serves, an http.HandlerFunc
	guests    guests
	directory string
	env       map[string]string
	adjust    func(*zerotrust.Config)
	clock     func() time.Time   // of commands in this process
	members   map[string]*member // by user id
}

// rigOption changes a rig before it is set up.
type rigOption func(*sandbox.Options)

// newRig sets up an account with the members and a file that asks for what they say.
func newRig(t *testing.T, members []*member, options ...rigOption) *rig {
	t.Helper()
	settings := sandbox.Options{
		Users: 1, MaxPerPage: 20, Quota: &sandbox.Quota{},
		Tokens: []string{rigToken}, Keys: map[string]string{rigEmail: rigKey},
		Seats: sandbox.SeatBehaviour{Grant: sandbox.ChangeTaken},
	}
	for _, option := range options {
		option(&settings)
	}
	box, err := sandbox.New(settings)
	check(t, err)
	r := &rig{t: t, box: box, directory: t.TempDir(), clock: time.Now, members: make(map[string]*member, len(members))}
	r.serve(box.Handler().ServeHTTP)
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.handler.Load().(http.HandlerFunc)(w, request)
	}))
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.Config.ConnState = r.guests.note
	r.server.Start()
	t.Cleanup(func() {
		box.Close()
		r.server.Close()
		r.wantNoSecretInFiles()
	})
	r.env = map[string]string{
		"CLOUDFLARE_API_TOKEN": rigToken, "CLOUDFLARE_ACCOUNT_ID": sandbox.MainAccount,
		"CLOUDFLARE_BASE_URL": r.server.URL + sandbox.BasePath,
		"SEATSYNC_FILE":       r.path("desired-state.yaml"), "SEATSYNC_STATE_DIR": r.path("state"),
	}
	r.adjust = func(config *zerotrust.Config) {
		config.RetryWait, config.RetryWaitMax, config.Retries = time.Millisecond, 4*time.Millisecond, 3
		config.RequestTimeout = time.Minute
	}
	r.populate(members)
	check(t, os.WriteFile(r.path("desired-state.yaml"), []byte(fileOf(members)), 0o600))
	return r
}

// serve changes what the server serves.
func (r *rig) serve(handler http.HandlerFunc) { r.handler.Store(handler) }

// guests counts the connections of a server.
type guests struct {
	mu   sync.Mutex
	open map[net.Conn]bool
	gone chan struct{} // closed when the last one goes, where somebody waits for that
}

func (g *guests) note(conn net.Conn, state http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch state {
	case http.StateNew:
		if g.open == nil {
			g.open = make(map[net.Conn]bool)
		}
		g.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(g.open, conn)
		if len(g.open) == 0 && g.gone != nil {
			close(g.gone)
			g.gone = nil
		}
	}
}

// allGone returns a channel that is closed when there are no connections.
func (g *guests) allGone() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone == nil {
		g.gone = make(chan struct{})
	}
	gone := g.gone
	if len(g.open) == 0 {
		close(g.gone)
		g.gone = nil
	}
	return gone
}

// quiet returns when nothing of a process that has ended is under way any more: what it sent has had its effect, or
// never will. Connections are accepted in their order, so that after one of ours none of its can still come.
func (r *rig) quiet() {
	r.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.server.URL, nil)
	check(r.t, err)
	response, err := transport.RoundTrip(request)
	check(r.t, err)
	check(r.t, response.Body.Close())
	<-r.guests.allGone()
}

// populate makes the account hold exactly the members, as they are before anything is applied.
func (r *rig) populate(members []*member) {
	records := make([]sandbox.Record, len(members))
	for i, m := range members {
		r.members[m.id()] = m
		records[i] = m.before
	}
	r.box.Replace(sandbox.MainAccount, records...)
	for _, m := range members {
		if m.device != nil {
			r.box.PutDevice(sandbox.MainAccount, *m.device)
		}
	}
}

// check fails the test for an error of something that should just work.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) path(name string) string { return filepath.Join(r.directory, name) }

func (r *rig) store() *record.Store {
	r.t.Helper()
	return record.Open(r.env["SEATSYNC_STATE_DIR"], sandbox.MainAccount)
}

// runsPath is the directory of the journals of the main account.
func (r *rig) runsPath() string { return r.path("state/accounts/" + sandbox.MainAccount + "/runs") }

// result is what a command came to.
type result struct {
	code           int
	stdout, stderr string
	sent           []sandbox.Request // by the command
}

// run runs a command in this process and looks for secrets in what it says.
func (r *rig) run(ctx context.Context, args ...string) result {
	r.t.Helper()
	var stdout, stderr lockedBuffer
	app := &app{
		stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, clock: r.clock, adjust: r.adjust,
		getenv: func(name string) string { return r.env[name] },
	}
	r.box.ForgetRequests()
	code := app.execute(ctx, args)
	done := result{code: code, stdout: stdout.String(), stderr: stderr.String(), sent: r.box.Requests()}
	r.wantNoSecret("standard output of "+strings.Join(args, " "), done.stdout)
	r.wantNoSecret("standard error of "+strings.Join(args, " "), done.stderr)
	return done
}

// lockedBuffer is a buffer that goroutines of a command may write to side by side.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// inject arms faults, written as for the sandbox command.
func (r *rig) inject(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		fault, err := sandbox.ParseFault(text)
		check(r.t, err)
		check(r.t, r.box.Inject(fault))
	}
}

// writes returns the requests that are not GET.
func (d result) writes() []sandbox.Request {
	var writes []sandbox.Request
	for _, request := range d.sent {
		if request.Method != http.MethodGet {
			writes = append(writes, request)
		}
	}
	return writes
}

// plan reads the JSON that a command wrote to standard output.
func (d result) plan(t testing.TB) *reconcile.Plan {
	t.Helper()
	plan := new(reconcile.Plan)
	if err := json.Unmarshal([]byte(d.stdout), plan); err != nil {
		t.Fatalf("standard output is no plan: %v\n%s\n%s", err, d.stdout, d.stderr)
	}
	return plan
}

// wantNoSecret fails the test when a text holds a secret.
func (r *rig) wantNoSecret(where, text string) {
	r.t.Helper()
	for _, secret := range []string{rigToken, rigKey} {
		if at := strings.Index(text, secret); at >= 0 {
			r.t.Errorf("%s shows a secret: …%q…", where, text[max(0, at-60):min(len(text), at+len(secret)+20)])
		}
	}
}

// wantNoSecretInFiles looks for secrets in every file of the rig, but those that are there to hold one.
func (r *rig) wantNoSecretInFiles() {
	err := filepath.WalkDir(r.directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), "secret") {
			return err
		}
		data, err := os.ReadFile(path)
		r.wantNoSecret(path, string(data))
		r.wantNoSecret("a name of a file", path)
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}
