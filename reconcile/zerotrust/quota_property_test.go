package zerotrust

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// quotaAPI counts the requests of one token as the API may: in windows that begin with
// a request, or over the last five minutes.
type quotaAPI struct {
	isSliding bool

	mu      sync.Mutex
	counted []time.Time // of this window
	refused int
	total   int
}

// take counts a request that has just arrived, and returns what its response says.
func (a *quotaAPI) take() quotaHeaders {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.total++
	switch {
	case a.isSliding:
		for len(a.counted) > 0 && now.Sub(a.counted[0]) >= documentedWindow {
			a.counted = a.counted[1:]
		}
	case len(a.counted) > 0 && now.Sub(a.counted[0]) >= documentedWindow:
		a.counted = nil
	}
	if len(a.counted) == documentedRequests {
		a.refused++
	} else {
		a.counted = append(a.counted, now)
	}
	reset := a.counted[0].Add(documentedWindow).Sub(now)
	return parseQuotaHeaders(http.Header{
		"Ratelimit": {fmt.Sprintf(`"default";r=%d;t=%d`, documentedRequests-len(a.counted), (reset+time.Second-1)/time.Second)},
	})
}

// quotaStory is some processes, one after the other, that use one token.
type quotaStory struct {
	share, workers, processes, requests int
	latencies                           []int // milliseconds
	api                                 quotaAPI
}

// run lets each process send its requests, from as many accounts side by side as
// there are workers. The next one knows nothing of what it sent.
func (s *quotaStory) run(t *testing.T) {
	for range s.processes {
		limiter, err := NewRateLimiter(s.share)
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for worker := range s.workers {
			group.Go(func() {
				for i := worker; i < s.requests; i += s.workers {
					if err := limiter.acquire(t.Context(), documentedWindow, 0); err != nil {
						t.Error(err)
						return
					}
					latency := time.Duration(s.latencies[i%len(s.latencies)]) * time.Millisecond
					ended := limiter.sent()
					time.Sleep(latency / 2)
					said := s.api.take()
					time.Sleep(latency / 2)
					limiter.learn(time.Now(), ended, said)
					limiter.release()
				}
			})
		}
		group.Wait()
	}
}

// TestNoResponseIs429ByOurOwnDoing lets processes begin anew within a window, with many
// accounts on one token, whichever way the API counts.
func TestNoResponseIs429ByOurOwnDoing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		story := quotaStory{
			share:     rapid.IntRange(1, 90).Draw(r, "share"),
			workers:   rapid.IntRange(1, 40).Draw(r, "workers"),
			processes: rapid.IntRange(1, 5).Draw(r, "processes"),
			requests:  rapid.IntRange(1, 1500).Draw(r, "requests"),
			latencies: rapid.SliceOfN(rapid.IntRange(0, 2000), 1, 20).Draw(r, "latencies"),
			api:       quotaAPI{isSliding: rapid.Bool().Draw(r, "sliding")},
		}
		synctest.Test(t, story.run)
		if story.api.refused > 0 {
			r.Fatalf("%d of %d requests were refused", story.api.refused, story.api.total)
		}
		if want := story.processes * story.requests; story.api.total != want {
			r.Fatalf("%d requests arrived, want %d", story.api.total, want)
		}
	})
}
