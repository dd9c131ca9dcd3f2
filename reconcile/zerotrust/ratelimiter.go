package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// The limit that Cloudflare documents for the requests of one token, all its
// uses together, and how much of it seatsync takes for itself.
const (
	documentedRequests = 1200
	documentedWindow   = 5 * time.Minute
	// DefaultQuotaShare is the percentage of the quota used unless set.
	DefaultQuotaShare = 80
)

// RateLimiter decides when the next request of a token may start. It keeps three
// promises: never more than the share of the documented quota in any five
// minutes, however the window of the API lies; slower before the API's own
// count of what is left runs out; and nobody starts while the API has asked one
// of us to wait.
//
// The first is kept by remembering when requests started rather than by a token
// bucket: a bucket that lets a small run through at once, and refills at the
// documented rate, allows nearly twice the quota within one window.
type RateLimiter struct {
	share int // percent

	mu     sync.Mutex
	starts ring
	// inFlight requests may or may not be in the count of the last response.
	inFlight int
	// reported is what the last response said about the quota.
	reported quotaHeaders
	// reportedAt is when that was.
	reportedAt time.Time
	// left is what reported.remaining has become by the requests started since.
	left int
	// pausedUntil is when the API takes requests again, and pause the response
	// that said so.
	pausedUntil time.Time
	pause       error
}

// NewRateLimiter returns a limiter of a percentage of the documented quota, with
// nothing used yet.
func NewRateLimiter(share int) (*RateLimiter, error) {
	if err := checkShare(share); err != nil {
		return nil, err
	}
	return &RateLimiter{share: share, starts: newRing(documentedRequests * share / 100)}, nil
}

func checkShare(share int) error {
	if share < 1 || share > 100 {
		return fmt.Errorf("quota share %d%%: use 1 to 100", share)
	}
	return nil
}

// Errors behind a wait that nobody has the time for.
var (
	errOwnShare = errors.New("seatsync has used its share of the request quota")
	errPaced    = errors.New("the request quota is nearly used up")
	errBackoff  = errors.New("an earlier attempt failed")
)

// acquire waits until a request may start, which is not before the backoff is over,
// and counts it. It returns a [reconcile.ThrottledError] at once when the wait
// would outlast the context, or when the API asks for a longer one than maxWait.
func (l *RateLimiter) acquire(ctx context.Context, maxWait, backoff time.Duration) error {
	notBefore := time.Now().Add(backoff)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		wait, reason := l.tryAcquire(time.Now(), notBefore)
		if wait <= 0 {
			return nil
		}
		deadline, bounded := ctx.Deadline()
		tooLong := wait > maxWait && !errors.Is(reason, errOwnShare)
		if tooLong || bounded && time.Until(deadline) < wait {
			return &reconcile.ThrottledError{RetryAfter: roundUp(wait), Err: reason}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// roundUp keeps nanoseconds out of messages.
func roundUp(wait time.Duration) time.Duration {
	if wait < time.Second {
		return wait
	}
	return (wait + time.Second - 1).Truncate(time.Second)
}

// tryAcquire counts a request that may start now, or returns how long to wait and why.
func (l *RateLimiter) tryAcquire(now, notBefore time.Time) (wait time.Duration, reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	earliest, reason := l.earliest(now)
	if notBefore.After(earliest) {
		earliest, reason = notBefore, errBackoff
	}
	if earliest.After(now) {
		return earliest.Sub(now), reason
	}
	l.starts.push(now)
	l.inFlight++
	l.left--
	return 0, nil
}

// earliest returns when the next request may start and what it waits for. The
// longest wait decides.
func (l *RateLimiter) earliest(now time.Time) (time.Time, error) {
	earliest, reason := now, error(nil)
	notBefore := func(t time.Time, why error) {
		if t.After(earliest) {
			earliest, reason = t, why
		}
	}
	notBefore(l.starts.freeAt(l.starts.size(), documentedWindow), errOwnShare)
	for _, policy := range l.reported.policies {
		allowed := max(1, policy.quota*l.share/100)
		notBefore(l.starts.freeAt(allowed, policy.window), errPaced)
	}
	notBefore(l.pacedUntil(now), errPaced)
	notBefore(l.pausedUntil, l.pause)
	return earliest, reason
}

// pacedUntil spreads what the API says is left over the rest of its window, once
// no more of it is left than the part that belongs to others: whoever shares the
// token has used the rest, and will go on. Until then nobody waits.
func (l *RateLimiter) pacedUntil(now time.Time) time.Time {
	reset := l.reportedAt.Add(l.reported.reset)
	if !l.reported.known || !reset.After(now) || l.left > l.reported.quota*(100-l.share)/100 {
		return time.Time{}
	}
	allowed := l.left * l.share / 100
	if allowed < 1 {
		return reset
	}
	last := l.starts.last()
	if last.IsZero() {
		return time.Time{}
	}
	return last.Add(reset.Sub(now) / time.Duration(allowed))
}

// release notes that a request has got its response, or given up.
func (l *RateLimiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
}

// learn takes in what the headers of a response say about the quota. The latest
// answer is believed, less the requests that it may not have counted yet.
func (l *RateLimiter) learn(now time.Time, reported quotaHeaders) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if reported.policies == nil {
		reported.policies = l.reported.policies
	}
	if !reported.known {
		l.reported.policies = reported.policies
		return
	}
	l.reported, l.reportedAt = reported, now
	l.left = reported.remaining - (l.inFlight - 1)
}

// pauseFor makes all requests wait, because the API asked one to.
func (l *RateLimiter) pauseFor(now time.Time, wait time.Duration, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := now.Add(wait); until.After(l.pausedUntil) {
		l.pausedUntil, l.pause = until, why
	}
}

// Estimate returns how long the given number of further requests will take at
// least, for an honest time left. The speed of the responses comes on top.
func (l *RateLimiter) Estimate(requests int) time.Duration {
	if requests < 1 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	earliest, _ := l.earliest(now)
	wait := earliest.Sub(now)
	size := l.starts.size()
	windows := (requests - 1) / size
	// The last of them starts when the one that is a share before it is a window old.
	last := l.starts.freeAt(size-(requests-1)%size, documentedWindow).Sub(now)
	return max(wait, last, 0) + time.Duration(windows)*documentedWindow
}

// ring remembers when the last requests started, as many as its size.
type ring struct {
	times []time.Time
	next  int
	count int
}

func newRing(size int) ring { return ring{times: make([]time.Time, size)} }

func (r *ring) size() int { return len(r.times) }

func (r *ring) push(t time.Time) {
	r.times[r.next] = t
	r.next = (r.next + 1) % len(r.times)
	r.count = min(r.count+1, len(r.times))
}

// last returns when the last request started; the zero time when none has.
func (r *ring) last() time.Time { return r.back(1) }

// back returns the start that is n starts ago, the last one being 1 ago; the
// zero time when there have not been so many.
func (r *ring) back(n int) time.Time {
	if n > r.count {
		return time.Time{}
	}
	return r.times[(r.next-n+len(r.times))%len(r.times)]
}

// freeAt returns when a request may start so that at most n of them start
// within any window; the zero time when it may at once.
func (r *ring) freeAt(n int, window time.Duration) time.Time {
	start := r.back(n)
	if start.IsZero() {
		return time.Time{}
	}
	return start.Add(window)
}
