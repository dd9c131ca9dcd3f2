package zerotrust

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

const oneUser = `{"success":true,"errors":[],"messages":[],"result":[{"id":"a"}],"result_info":{"total_count":1}}`

// hang is a handler that never answers.
var hang = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

func TestRetriesWaitAsLongAsTheyShould(t *testing.T) {
	const throttled = `{"success":false,"errors":[{"code":971,"message":"Please wait"}],"result":null}`
	tests := []struct {
		name    string
		answers []http.Handler
		// The wait is between the two; an exact one when they are equal.
		least, most time.Duration
	}{
		{"500: half a second, half of it by chance", []http.Handler{answering(500, "")}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"408", []http.Handler{answering(408, "")}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"502 in HTML", []http.Handler{answering(502, "<html>")}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"527", []http.Handler{answering(527, "")}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"twice: then twice as long", []http.Handler{answering(503, ""), answering(503, "")}, 750 * time.Millisecond, 1500 * time.Millisecond},
		{"503 with Retry-After", []http.Handler{answering(503, "", "Retry-After", "7")}, 7 * time.Second, 7 * time.Second},
		{"429 with Retry-After", []http.Handler{answering(429, throttled, "Retry-After", "120")}, 2 * time.Minute, 2 * time.Minute},
		{
			"429 with Retry-After as a date, by the clock of the API",
			[]http.Handler{answering(429, throttled, "Retry-After", "Sun, 22 Nov 2026 06:00:20 GMT", "Date", "Sun, 22 Nov 2026 06:00:00 GMT")},
			20 * time.Second, 20 * time.Second,
		},
		{"429 with the window's end", []http.Handler{answering(429, throttled, "Ratelimit", `"default";r=0;t=40`)}, 40 * time.Second, 40 * time.Second},
		{"429 with neither", []http.Handler{answering(429, throttled)}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"429 with nonsense", []http.Handler{answering(429, throttled, "Retry-After", "later")}, 250 * time.Millisecond, 500 * time.Millisecond},
		{"no response within the time for a request", []http.Handler{hang}, 30*time.Second + 250*time.Millisecond, 30*time.Second + 500*time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				connection := connect(t, serve(t, &inOrder{handlers: append(test.answers, answering(200, oneUser))}))
				begin := time.Now()
				if _, err := connection.Source().Snapshot(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took < test.least || took > test.most {
					t.Errorf("it took %v, want %v to %v", took, test.least, test.most)
				}
				calls := connection.Counts()
				if calls.Get != 1 || calls.Retries != len(test.answers) {
					t.Errorf("counted %+v", calls)
				}
			})
		})
	}
}

func TestRetriesHaveABound(t *testing.T) {
	tests := []struct {
		name    string
		answer  http.Handler
		retries int
		check   func(*testing.T, error)
		words   []string
		longest time.Duration
	}{
		{
			name: "an empty 503", answer: answering(503, ""), words: []string{"503 without an explanation"},
			longest: 7500 * time.Millisecond, check: func(t *testing.T, err error) { wantStatus(t, err, 503) },
		},
		{
			name: "500 with a message", answer: answering(500, `{"success":false,"errors":[{"code":10001,"message":"Internal"}]}`),
			words: []string{"500 10001 Internal"}, longest: 7500 * time.Millisecond, check: func(t *testing.T, err error) { wantStatus(t, err, 500) },
		},
		{
			name: "more retries: the waits stop growing", answer: answering(500, ""), retries: 10,
			longest: 7500*time.Millisecond + 6*8*time.Second, check: func(t *testing.T, err error) { wantStatus(t, err, 500) },
		},
		{
			name: "no retries", answer: answering(500, ""), retries: -1, check: func(t *testing.T, err error) { wantStatus(t, err, 500) },
		},
		{
			name: "429", answer: answering(429, `{"errors":[{"code":971,"message":"Please wait"}]}`, "Retry-After", "3"),
			words: []string{"rate limited by the API; retry after 3s", "429 971 Please wait"}, longest: 13 * time.Second, // the last wait is longer than the API asks for
			check: func(t *testing.T, err error) {
				if !isA[*reconcile.ThrottledError](err) {
					t.Errorf("got %T", err)
				}
			},
		},
		{
			name: "no answer", answer: hang, words: []string{"no response within 30s in 5 attempts"}, longest: 157500 * time.Millisecond,
			check: func(t *testing.T, err error) {
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("the error looks as if the caller had run out of time")
				}
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := &inOrder{handlers: []http.Handler{test.answer}}
				config := serve(t, handler)
				config.Retries = test.retries
				begin := time.Now()
				_, err := connect(t, config).Source().Snapshot(t.Context())
				checkError(t, err, append(test.words, "list users")...)
				test.check(t, err)
				want := 1 + max(0, test.retries)
				if test.retries == 0 {
					want = 5
				}
				if handler.requests() != want {
					t.Errorf("%d attempts, want %d", handler.requests(), want)
				}
				if took := time.Since(begin); took > test.longest {
					t.Errorf("it took %v, want no more than %v", took, test.longest)
				}
			})
		})
	}
}

// wantStatus fails the test unless the error is a response with the status.
func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	var refused *reconcile.APIError
	if !errors.As(err, &refused) || refused.Status != status {
		t.Errorf("got %v, want an answer with status %d", err, status)
	}
}

func TestAfterA429EveryRequestWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Users: 40, MaxPerPage: 1, Latency: 10 * time.Millisecond})
		fault(t, box, "users:429(retry-after=60):after=9+times=1")
		begin := time.Now()
		live, err := connect(t, config).Source().Snapshot(t.Context())
		if err != nil || len(live.Users) != 40 {
			t.Fatalf("%d users, %v", len(live.Users), err)
		}
		var refusedAt time.Time
		for _, request := range box.Requests() {
			at := request.Time.Sub(begin)
			switch {
			case request.Fault != "":
				refusedAt = request.Time.Add(10 * time.Millisecond) // when its response came
			case !refusedAt.IsZero() && request.Time.After(refusedAt) && request.Time.Before(refusedAt.Add(time.Minute)):
				t.Errorf("a request started at %v, within the minute of the 429", at)
			}
		}
		if refusedAt.IsZero() || time.Since(begin) < time.Minute {
			t.Error("nobody was throttled")
		}
	})
}

func TestAWaitThatIsTooLongEndsTheCallAtOnce(t *testing.T) {
	answer := answering(429, `{"errors":[{"code":971,"message":"Please wait"}]}`, "Retry-After", "200")
	for name, limit := range map[string]struct {
		maxWait, timeout time.Duration
	}{
		"longer than the longest wait": {maxWait: time.Minute, timeout: time.Hour},
		"longer than the deadline":     {maxWait: time.Hour, timeout: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler := &inOrder{handlers: []http.Handler{answer}}
				config := serve(t, handler)
				config.MaxWait = limit.maxWait
				connection := connect(t, config)
				ctx, cancel := context.WithTimeout(t.Context(), limit.timeout)
				defer cancel()
				begin := time.Now()
				for attempt := range 3 { // the others are not even sent
					_, err := connection.Sink().Acquire(ctx, attempt)
					if attempt == 0 {
						_, err = connection.Sink().UpdateSeats(ctx, 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
					}
					var throttled *reconcile.ThrottledError
					if !errors.As(err, &throttled) || throttled.RetryAfter != 200*time.Second {
						t.Errorf("got %v", err)
					}
					checkError(t, err, "429 971 Please wait", "retry after 3m20s")
				}
				if took := time.Since(begin); took != 0 || handler.requests() != 1 {
					t.Errorf("%d requests in %v, want 1 at once", handler.requests(), took)
				}
			})
		})
	}
}

func TestAWriteIsSentOnce(t *testing.T) {
	for _, kind := range []string{"429", "500", "reset-before", "hang"} {
		synctest.Test(t, func(t *testing.T) {
			box, config := startSandbox(t, sandbox.Options{})
			fault(t, box, "PATCH:"+kind+":always")
			connection := connect(t, config)
			_, err := connection.Sink().UpdateSeats(t.Context(), 2, []reconcile.SeatUpdate{{SeatUID: "a"}})
			checkError(t, err)
			if got := box.Count(sandbox.OperationSeats); got != 1 {
				t.Errorf("%s: %d requests, want 1", kind, got)
			}
			if got := connection.Counts(); got.Retries != 1 || got.Patch != 0 {
				t.Errorf("%s: counted %+v, want the repeat that it was called", kind, got)
			}
		})
	}
}

func TestAWaitForASlotEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{})
		fault(t, box, "PUT:429(retry-after=60):always")
		sink := connect(t, config).Sink()
		_, err := sink.RenameUser(t.Context(), 0, reconcile.User{ID: "a", Email: "b", Name: "c"})
		if !isA[*reconcile.ThrottledError](err) {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		if _, err := sink.Acquire(ctx, 1); !errors.Is(err, context.Canceled) || time.Since(begin) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
	})
}

func TestAnAnswerCountsEvenIfTheCallerIsOutOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		config := Config{
			AccountID: account, Credentials: TokenCredentials(secret),
			Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
				body := &closing{Reader: strings.NewReader(`{"success":true,"result":[{"seat_uid":"a","access_seat":false,"gateway_seat":false}]}`), then: cancel}
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
			}),
		}
		answers, err := connect(t, config).Sink().UpdateSeats(ctx, 0, []reconcile.SeatUpdate{{SeatUID: "a"}})
		want := []reconcile.User{{SeatUID: "a", AccessSeat: reconcile.False, GatewaySeat: reconcile.False}}
		if diff := cmp.Diff(want, answers, comparingMoments); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

// closing is a body that does something when it is closed.
type closing struct {
	*strings.Reader
	then func()
}

func (c *closing) Close() error {
	c.then()
	return nil
}

func TestEveryAttemptIsObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := serve(t, &inOrder{handlers: []http.Handler{
			// First, because the transport repeats a GET by itself on a connection that it has used before.
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			answering(429, "", "Retry-After", "1", "Ratelimit", `"default";r=0;t=1`),
			answering(200, oneUser, "Ratelimit", `"default";r=700;t=30`),
		}})
		var mu sync.Mutex
		var seen []Observation
		config.Observe = func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, o)
		}
		connection := connect(t, config)
		if _, err := connection.Source().Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []Observation{
			{Method: "GET", Remaining: -1},
			{Method: "GET", Status: 429, Retry: true, Throttled: true, Remaining: 0},
			{Method: "GET", Status: 200, Retry: true, Remaining: 700},
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("observations (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(reconcile.RunCalls{Get: 1, Retries: 2, Throttled: 1}, connection.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}
