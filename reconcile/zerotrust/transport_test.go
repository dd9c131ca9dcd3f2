package zerotrust

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestASourceCannotWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{})
		connection := connect(t, config)
		patch, err := generated.NewUpdateSeatsRequest(connection.server, account, generated.UpdateSeatsJSONRequestBody{{SeatUID: "a"}})
		if err != nil {
			t.Fatal(err)
		}
		put, err := generated.NewUpdateUserRequest(connection.server, account, "a", generated.UpdateUserJSONRequestBody{})
		if err != nil {
			t.Fatal(err)
		}
		for name, caller := range map[string]*caller{"a source": connection.Source().caller, "a probe": connection.Probe().caller} {
			for _, write := range []*http.Request{patch, put} {
				err := caller.call(t.Context(), write, func(io.Reader) error { return nil })
				var refused *WriteRefusedError
				if !errors.As(err, &refused) || refused.Method != write.Method {
					t.Errorf("%s through %s gave %v", write.Method, name, err)
				}
			}
			// Whatever a request says, nothing but GET goes through.
			for _, method := range []string{"POST", "DELETE", "HEAD", "OPTIONS", "get", ""} {
				request, err := http.NewRequestWithContext(t.Context(), "GET", "http://localhost/client/v4/x", strings.NewReader("x"))
				if err != nil {
					t.Fatal(err)
				}
				request.Method = method
				if _, err := caller.client.Transport.RoundTrip(request); !isA[*WriteRefusedError](err) {
					t.Errorf("%q through %s gave %v", method, name, err)
				}
			}
		}
		if got := box.Requests(); len(got) != 0 {
			t.Errorf("requests reached the API: %v", got)
		}
		if got := connection.Counts(); got != (reconcile.RunCalls{}) {
			t.Errorf("counted %+v", got)
		}
	})
}

// TestARedirectIsNotFollowed runs over the loopback network, with a second host
// that would see the credentials if they came.
func TestARedirectIsNotFollowed(t *testing.T) {
	var visits atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{elsewhere.URL + "/client/v4", "//" + elsewhere.Listener.Addr().String() + "/x", "/client/v4/elsewhere"} {
			t.Run(fmt.Sprint(status, " to ", target), func(t *testing.T) {
				var requests atomic.Int32
				api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					requests.Add(1)
					w.Header().Set("Location", target)
					w.WriteHeader(status)
				}))
				defer api.Close()
				connection := connect(t, Config{BaseURL: api.URL + "/client/v4", AccountID: account, Credentials: TokenCredentials(secret)})
				host := elsewhere.Listener.Addr().String()
				if target[0] == '/' && target[1] != '/' {
					host = api.Listener.Addr().String()
				}
				_, err := connection.Source().Snapshot(t.Context())
				checkError(t, err, fmt.Sprint(status), "redirects to "+host, "not followed", "base URL")
				_, err = connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
				if !isA[*RedirectError](err) || isA[*reconcile.APIError](err) {
					t.Errorf("PATCH gave %v", err)
				}
				if requests.Load() != 2 {
					t.Errorf("%d requests, want 2", requests.Load())
				}
			})
		}
	}
	if visits.Load() != 0 {
		t.Errorf("the other host was visited %d times", visits.Load())
	}
}

func TestCredentialsGoToNoOtherHost(t *testing.T) {
	base, err := checkBaseURL("https://api.example.com/client/v4")
	if err != nil {
		t.Fatal(err)
	}
	var sent []*http.Request
	next := transportFunc(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r)
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
	})
	transport := authorize(next, base, TokenCredentials(secret), "seatsync")
	for _, url := range []string{"https://evil.example.com/client/v4", "http://api.example.com/client/v4", "https://api.example.com:444/client/v4"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transport.RoundTrip(request); !isA[*RedirectError](err) {
			t.Errorf("%s gave %v", url, err)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com/client/v4/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transport.RoundTrip(request); err != nil {
		t.Fatal(err)
	}
	if len(sent) != 1 || sent[0].Header.Get("Authorization") != "Bearer "+secret {
		t.Errorf("%d requests were sent", len(sent))
	}
	if len(request.Header) != 0 {
		t.Errorf("the caller's request was changed: %v", request.Header)
	}
}

func TestACertificateThatDoesNotFitIsNotTriedAgain(t *testing.T) {
	server := httptest.NewUnstartedServer(answering(200, emptyList))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	connection := connect(t, Config{BaseURL: server.URL, AccountID: account, Credentials: TokenCredentials(secret)})
	_, err := connection.Source().Snapshot(t.Context())
	checkError(t, err, "1 attempt", "certificate")
	if !isA[*tls.CertificateVerificationError](err) {
		t.Errorf("got %#v", err)
	}
}

func TestARefusedConnectionIsTriedAgain(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	base := server.URL
	server.Close()
	connection := connect(t, Config{BaseURL: base, AccountID: account, Credentials: TokenCredentials(secret), Retries: 2, RetryWait: time.Microsecond})
	_, err := connection.Source().Snapshot(t.Context())
	checkError(t, err, "3 attempts", "connection refused")
	if got := connection.Counts(); got != (reconcile.RunCalls{Get: 1, Retries: 2}) {
		t.Errorf("counted %+v", got)
	}
	_, err = connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
	if !reconcile.HadNoEffect(err) || !reconcile.IsWorthRetrying(err) {
		t.Errorf("a write that never left gave %v", err)
	}
}

func TestAHostThatDoesNotExistIsNotTriedAgain(t *testing.T) {
	connection := connect(t, Config{
		BaseURL: "https://api.example.com", AccountID: account, Credentials: TokenCredentials(secret),
		Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			unknown := &net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: unknown}
		}),
	})
	_, err := connection.Source().Snapshot(t.Context())
	checkError(t, err, "1 attempt", "no such host", "api.example.com")
}

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	endless := func(start, more string) http.Handler {
		chunk := []byte(strings.Repeat(more, 64<<10/len(more)))
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, err := io.WriteString(w, start)
			for err == nil {
				_, err = w.Write(chunk)
			}
		})
	}
	tests := map[string]http.Handler{
		"of space":                 endless("", " "),
		"of one long name":         endless(`{"success":true,"result":[{"id":"a","name":"`, "x"),
		"of a result nobody knows": endless(`{"success":true,"other":[`, "[[],[]],"),
		"that says how long it is": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10000000000")
			w.WriteHeader(200)
		}),
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			connection := connect(t, Config{BaseURL: server.URL, AccountID: account, Credentials: TokenCredentials(secret)})
			if connection.responseLimit != 64<<20 {
				t.Errorf("answers are cut off at %d bytes", connection.responseLimit)
			}
			connection.responseLimit = 1 << 20 // the race detector is slow
			_, err := connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
			checkError(t, err, "cannot be read", "larger than 1 MiB")
			if got := connection.Counts(); got != (reconcile.RunCalls{Patch: 1}) {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

func TestARefusalWithoutEndIsStillARefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		var err error
		for err == nil {
			_, err = w.Write(make([]byte, 64<<10))
		}
	}))
	defer server.Close()
	_, err := connect(t, Config{BaseURL: server.URL, AccountID: account, Credentials: TokenCredentials(secret)}).
		Sink().RenameUser(t.Context(), 0, reconcile.User{ID: "a", Email: "b"})
	wantStatus(t, err, 400)
}

func TestCloseEndsWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connection := connect(t, serve(t, hang))
		time.AfterFunc(time.Second, connection.Close)
		begin := time.Now()
		_, err := connection.Source().Snapshot(t.Context())
		if !errors.Is(err, errClosed) || time.Since(begin) != time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		_, err = connection.Sink().UpdateSeats(t.Context(), 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
		if !errors.Is(err, errClosed) {
			t.Errorf("after closing: %v", err)
		}
	})
}

func TestTwoConnectionsCanShareARateLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, err := NewRateLimiter(1) // twelve requests in five minutes
		if err != nil {
			t.Fatal(err)
		}
		config := serve(t, answering(200, emptyList))
		config.RateLimiter = limiter
		first, second := connect(t, config), connect(t, config)
		begin := time.Now()
		for range 6 {
			for _, connection := range []*Connection{first, second} {
				if _, err := connection.Source().Snapshot(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("twelve requests took %v", took)
		}
		if wait := first.Estimate(1); wait != 5*time.Minute {
			t.Errorf("the next request is estimated to wait %v", wait)
		}
	})
}
