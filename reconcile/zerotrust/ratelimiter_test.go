package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile"
)

// TestNeverMoreThanTheShareInAnyFiveMinutes runs the limiter with any share, any
// number of workers and any pauses, and looks at every window there is.
func TestNeverMoreThanTheShareInAnyFiveMinutes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		share := rapid.IntRange(1, 100).Draw(r, "share")
		workers := rapid.IntRange(1, 12).Draw(r, "workers")
		requests := rapid.IntRange(1, 3000).Draw(r, "requests")
		pauses := rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 20).Draw(r, "milliseconds")
		var starts []time.Time
		synctest.Test(t, func(t *testing.T) { starts = drain(t, share, workers, requests, pauses) })
		if len(starts) != requests {
			r.Fatalf("%d requests started, want %d", len(starts), requests)
		}
		allowed := documentedRequests * share / 100
		for i := allowed; i < len(starts); i++ {
			if window := starts[i].Sub(starts[i-allowed]); window < documentedWindow {
				r.Fatalf("%d requests within %v, from request %d on", allowed+1, window, i-allowed)
			}
		}
	})
}

// drain starts requests from several workers and returns when, in order.
func drain(t *testing.T, share, workers, requests int, pauses []int) []time.Time {
	limiter, err := NewRateLimiter(share)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var starts []time.Time
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < requests; i += workers {
				if err := limiter.acquire(t.Context(), time.Minute, 0); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				starts = append(starts, time.Now())
				mu.Unlock()
				time.Sleep(time.Duration(pauses[i%len(pauses)]) * time.Millisecond)
				limiter.release()
			}
		})
	}
	group.Wait()
	slices.SortFunc(starts, time.Time.Compare)
	return starts
}

// newTestLimiter returns a limiter, with the function that makes so many requests
// and returns how long they waited.
func newTestLimiter(t *testing.T, share int) (*RateLimiter, func(requests int) time.Duration) {
	limiter, err := NewRateLimiter(share)
	if err != nil {
		t.Fatal(err)
	}
	return limiter, func(requests int) time.Duration { return spend(t, limiter, requests) }
}

// spend makes so many requests, and returns how long they waited.
func spend(t *testing.T, limiter *RateLimiter, requests int) time.Duration {
	begin := time.Now()
	for range requests {
		if err := limiter.acquire(t.Context(), 5*time.Minute, 0); err != nil {
			t.Fatal(err)
		}
		limiter.release()
	}
	return time.Since(begin)
}

func TestALimiterIsOfATokenWhereverItWasFound(t *testing.T) {
	limiters, err := NewRateLimiters(80)
	if err != nil {
		t.Fatal(err)
	}
	found := func(name string) Credentials {
		credentials, err := ReadCredentials(func(asked string) string {
			return map[string]string{EnvToken: name, EnvEmail: "ada@example.com", EnvKey: "key"}[asked]
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		return credentials
	}
	if limiters.Of(found("token-one")) != limiters.Of(TokenCredentials("token-one")) {
		t.Error("one token has two limiters")
	}
	if limiters.Of(found("token-one")) == limiters.Of(found("token-two")) {
		t.Error("two tokens share a limiter")
	}
}

func TestASmallRunNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, spend := newTestLimiter(t, 80)
		for range 6 {
			if waited := spend(160); waited != 0 {
				t.Errorf("160 of 960 requests waited %v", waited)
			}
			time.Sleep(time.Second)
		}
		if waited := spend(1); waited != 5*time.Minute-6*time.Second {
			t.Errorf("the next request waited %v, want until the first is five minutes old", waited)
		}
	})
}

// told makes the headers that Cloudflare documents.
func told(remaining, reset, quota, window int) quotaHeaders {
	header := http.Header{"Ratelimit": {fmt.Sprintf(`"default";r=%d;t=%d`, remaining, reset)}}
	if quota > 0 {
		header.Set("Ratelimit-Policy", fmt.Sprintf(`"burst";q=%d;w=%d`, quota, window))
	}
	return parseQuotaHeaders(header)
}

func TestTheRateLimiterObeysTheAnswers(t *testing.T) {
	tests := []struct {
		name     string
		told     quotaHeaders
		requests int
		want     time.Duration
	}{
		{"plenty left: at once", told(1000, 200, 0, 0), 100, 0},
		{"half of the window left: at once until then", told(650, 240, 1200, 300), 50, 0},
		{"a third of the window left, more than others' part: at once", told(400, 240, 1200, 300), 150, 0},
		{"no more left than others' part: its share, but for a quarter of that part, is spread over the rest", told(110, 30, 0, 0), 2, 2 * 30 * time.Second / 40},
		{"a quarter of others' part left: when the window starts anew", told(60, 30, 0, 0), 1, 30 * time.Second},
		{"nothing left: when the window starts anew", told(0, 30, 100, 60), 1, 30 * time.Second},
		{"the last one is left to people", told(1, 30, 100, 60), 1, 30 * time.Second},
		{"after the window has started anew: at once", told(0, 30, 100, 60), 3, 30 * time.Second},
		{"nonsense is not obeyed", told(0, 1_000_000, 0, 0), 10, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limiter, spend := newTestLimiter(t, 80)
				spend(1)
				limiter.learn(time.Now(), 0, test.told)
				got := spend(test.requests)
				// Each start changes what is spread over how long, by a little.
				if difference := got - test.want; difference.Abs() > test.want/20 {
					t.Errorf("%d requests waited %v, want about %v", test.requests, got, test.want)
				}
			})
		})
	}
}

func TestAPolicyLimitsTheWindowThatItSpeaksOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, spend := newTestLimiter(t, 80)
		limiter.learn(time.Now(), 0, parseQuotaHeaders(http.Header{"Ratelimit-Policy": {`"burst";q=100;w=60`}}))
		if waited := spend(80); waited != 0 {
			t.Errorf("80 of 100 requests waited %v", waited)
		}
		if waited := spend(1); waited != time.Minute {
			t.Errorf("the next one waited %v, want a minute", waited)
		}
	})
}

func TestRequestsInFlightCountAsSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, _ := newTestLimiter(t, 100)
		limiter.learn(time.Now(), 0, told(100, 30, 100, 60))
		for range 8 {
			if err := limiter.acquire(t.Context(), time.Minute, 0); err != nil {
				t.Fatal(err)
			}
		}
		limiter.learn(time.Now(), 0, told(7, 30, 100, 60)) // seven others may not be in it
		if wait, _, _ := limiter.tryAcquire(time.Now(), time.Time{}); wait != 30*time.Second {
			t.Errorf("the next request waits %v, want until the window starts anew", wait)
		}
	})
}

func TestNoMoreThanTheShareOfTheRateComesFromOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiters, err := NewRateLimiters(80)
		if err != nil {
			t.Fatal(err)
		}
		if waited := spend(t, limiters.Of(TokenCredentials("one")), 100); waited != 0 {
			t.Errorf("100 requests waited %v", waited)
		}
		if waited := spend(t, limiters.Of(TokenCredentials("another")), 61); waited != time.Second {
			t.Errorf("60 requests of another token and one more waited %v, want a second", waited)
		}
	})
}

func TestFewRequestsStartWhileTheCountIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, _ := newTestLimiter(t, 80)
		started := make(chan struct{}, 20)
		start := func() {
			for range 10 {
				go func() {
					if err := limiter.acquire(t.Context(), time.Minute, 0); err != nil {
						t.Error(err)
					}
					started <- struct{}{}
				}()
			}
			synctest.Wait()
		}
		start()
		if got := len(started); got != maxUncounted {
			t.Errorf("%d requests started before the first response, want %d", got, maxUncounted)
		}
		limiter.learn(time.Now(), 0, told(1000, 200, 0, 0))
		synctest.Wait()
		if got := len(started); got != 10 {
			t.Errorf("%d requests started after it, want all 10", got)
		}
		time.Sleep(200 * time.Second)
		for range 10 {
			limiter.release()
		}
		start()
		if got := len(started); got != 10+maxUncounted {
			t.Errorf("%d more started when the window was over, want %d", got-10, maxUncounted)
		}
		limiter.learn(time.Now(), limiter.sent(), told(1000, 200, 0, 0))
		synctest.Wait()
		if got := len(started); got != 20 {
			t.Errorf("%d requests started in the end, want all 20", got)
		}
	})
}

func TestAWaitThatOutlastsTheCallerIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, _ := newTestLimiter(t, 80)
		why := &reconcile.APIError{Status: 429}
		limiter.pauseFor(time.Now(), 2*time.Minute, why)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var throttled *reconcile.ThrottledError
		err := limiter.acquire(ctx, time.Hour, 0)
		if !errors.As(err, &throttled) || throttled.RetryAfter != 2*time.Minute || !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		if err := limiter.acquire(t.Context(), time.Minute, 0); !errors.As(err, &throttled) {
			t.Errorf("a wait longer than the longest gave %v", err)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("it took %v to say so", waited)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter, _ := newTestLimiter(t, 80)
		limiter.pauseFor(time.Now(), time.Minute, errors.New("busy"))
		ctx, cancel := context.WithCancelCause(t.Context())
		stopped := errors.New("stopped by hand")
		time.AfterFunc(time.Second, func() { cancel(stopped) })
		if err := limiter.acquire(ctx, time.Hour, 0); !errors.Is(err, stopped) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheEstimateIsWhatItTakes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		share := rapid.IntRange(1, 100).Draw(r, "share")
		before := rapid.IntRange(0, 1500).Draw(r, "before")
		idle := rapid.IntRange(0, 400).Draw(r, "seconds idle")
		requests := rapid.IntRange(1, 3000).Draw(r, "requests")
		var estimated, took time.Duration
		synctest.Test(t, func(t *testing.T) {
			limiter, spend := newTestLimiter(t, share)
			spend(before)
			time.Sleep(time.Duration(idle) * time.Second)
			estimated = limiter.Estimate(requests)
			took = spend(requests)
		})
		atOneRate := time.Duration(1+(before+requests)/maxRate) * time.Second
		if took < estimated || took > estimated+atOneRate {
			r.Fatalf("estimated %v, took %v", estimated, took)
		}
	})
}
