package zerotrust

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// secret is the API token of every test. No log line, error or observation may
// ever contain it: see checkSilence.
const secret = "Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY"

const account = sandbox.MainAccount

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is a wire between the real HTTP client and the real HTTP server that
// exists in memory only. In a bubble of testing/synctest, where time passes only
// when nobody can do anything else, it makes waits exact and free.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: errors.New("connection refused")}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve serves a handler in memory until the test is over, and returns the
// configuration with which to reach it.
func serve(t *testing.T, handler http.Handler) Config {
	t.Helper()
	wire := newNetwork()
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(wire) // always an error, which says that it was closed
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
	})
	return Config{
		BaseURL: "http://localhost/client/v4", AccountID: account, Credentials: TokenCredentials(secret),
		Transport: &http.Transport{DialContext: wire.dial, MaxIdleConnsPerHost: 8},
	}
}

// connect connects and closes at the end of the test. Everything that is logged
// must keep the secret.
func connect(t *testing.T, config Config) *Connection {
	t.Helper()
	log := &lockedBuffer{}
	config.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	connection, err := Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		connection.Close()
		checkSilence(t, log.String())
	})
	return connection
}

// startSandbox serves a sandbox and returns it with the way to reach it. Its
// quota is off unless the options say otherwise.
func startSandbox(t *testing.T, options sandbox.Options) (*sandbox.Sandbox, Config) {
	t.Helper()
	if options.Quota == nil {
		options.Quota = &sandbox.Quota{}
	}
	options.Tokens = []string{secret}
	if options.Now == nil {
		// Bubbles live in the year 2000, whose dates nobody would believe.
		ahead := time.Until(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
		options.Now = func() time.Time { return time.Now().Add(ahead) }
	}
	box, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	config := serve(t, box.Handler())
	t.Cleanup(box.Close)
	return box, config
}

// fault adds a fault to a sandbox.
func fault(t *testing.T, box *sandbox.Sandbox, text string) {
	t.Helper()
	parsed, err := sandbox.ParseFault(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Inject(parsed); err != nil {
		t.Fatal(err)
	}
}

// checkSilence fails the test when a text shows the secret.
func checkSilence(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, secret) {
		t.Errorf("the secret is shown in: %s", text)
	}
}

// checkError fails the test unless the error says all of the words, and keeps
// the secret.
func checkError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", words)
	}
	checkSilence(t, err.Error())
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// lockedBuffer is a buffer for many writers.
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

// answering is a handler that gives one response to everything.
func answering(status int, body string, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// inOrder is a handler that gives each request the next answer, and the last
// one to all that follow. It counts requests.
type inOrder struct {
	handlers []http.Handler
	mu       sync.Mutex
	count    int
}

func (h *inOrder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	next := h.handlers[min(h.count, len(h.handlers)-1)]
	h.count++
	h.mu.Unlock()
	next.ServeHTTP(w, r)
}

func (h *inOrder) requests() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// comparingMoments lets cmp compare dates, whose only field is not exported.
var comparingMoments = cmpopts.EquateComparable(reconcile.Moment{})

// ids returns the ids of users, in their order.
func ids(users []reconcile.User) []string {
	var result []string
	for i := range users {
		result = append(result, users[i].ID)
	}
	return result
}
