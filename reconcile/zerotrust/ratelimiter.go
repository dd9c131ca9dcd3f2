package zerotrust

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// The limits that Cloudflare documents, and how much of them seatsync takes for itself.
const (
	// The requests of one token, all its uses together.
	documentedRequests = 1200
	documentedWindow   = 5 * time.Minute
	// Of the 200 requests that one address may send in a second, whatever their tokens.
	maxRate = 160
	// DefaultQuotaShare is the percentage of the quota used unless set.
	DefaultQuotaShare = 80
)

// maxUncounted is how many requests are in flight while nobody knows what the API's
// count of them stands at: before the first response, and when the window that the
// last one spoke of is over. It lets a listing begin beside the account's settings.
const maxUncounted = 4

// RateLimiter decides when the next request of a token may start. It keeps four
// promises: never more than the share of the documented quota in any five
// minutes, however the window of the API lies; never more than the documented
// rate in any second, all tokens together; slower before the API's own count of what is left
// runs out, as it may when the process was started anew or others use the token; and
// nobody starts while the API has asked one of us to wait.
//
// The first is kept by remembering when requests started rather than by a token
// bucket: a bucket that lets a small run through at once, and refills at the
// documented rate, allows nearly twice the quota within one window.
type RateLimiter struct {
	share int // percent
	// address limits all tokens together.
	address *addressLimiter

	mu     sync.Mutex
	starts startTimes
	// started and ended count requests; those between are in flight.
	started, ended int
	// slotFreed is closed when a request that waits for the count may look again.
	slotFreed chan struct{}
	// answered is whether there was a response.
	answered bool
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
	return newRateLimiter(share, new(addressLimiter)), nil
}

func newRateLimiter(share int, address *addressLimiter) *RateLimiter {
	return &RateLimiter{share: share, address: address, slotFreed: make(chan struct{})}
}

// RateLimiters has one limiter for each token, whichever accounts and runs use it. It
// is safe for use by many goroutines.
type RateLimiters struct {
	share   int
	address addressLimiter

	mu      sync.Mutex
	byToken map[Credentials]*RateLimiter
}

// NewRateLimiters returns limiters that each take a percentage of the quota of a token.
func NewRateLimiters(share int) (*RateLimiters, error) {
	if err := checkShare(share); err != nil {
		return nil, err
	}
	return &RateLimiters{share: share, byToken: make(map[Credentials]*RateLimiter)}, nil
}

// Of returns the limiter of the token, or email and key, wherever they were found.
func (l *RateLimiters) Of(credentials Credentials) *RateLimiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := Credentials{token: credentials.token, email: credentials.email, key: credentials.key}
	limiter := l.byToken[key]
	if limiter == nil {
		limiter = newRateLimiter(l.share, &l.address)
		l.byToken[key] = limiter
	}
	return limiter
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
	errRate     = errors.New("too many requests in a second")
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
		wait, uncounted, reason := l.tryAcquire(time.Now(), notBefore)
		if wait <= 0 && uncounted == nil {
			return nil
		}
		deadline, bounded := ctx.Deadline()
		tooLong := wait > maxWait && !errors.Is(reason, errOwnShare)
		if tooLong || bounded && time.Until(deadline) < wait {
			return &reconcile.ThrottledError{RetryAfter: roundUp(wait), Err: reason}
		}
		var waited <-chan time.Time // nil where it is a response that is waited for
		if uncounted == nil {
			waited = time.After(wait)
		}
		select {
		case <-waited:
		case <-uncounted:
		case <-ctx.Done():
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
// The channel is nil unless a response has to be waited for, and closed with the next.
func (l *RateLimiter) tryAcquire(now, notBefore time.Time) (wait time.Duration, uncounted <-chan struct{}, reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	earliest, reason := l.earliest(now)
	if notBefore.After(earliest) {
		earliest, reason = notBefore, errBackoff
	}
	if earliest.After(now) {
		return earliest.Sub(now), nil, reason
	}
	if l.started-l.ended >= l.maxUncounted() && !l.isCounted(now) {
		return 0, l.slotFreed, nil
	}
	if wait := l.address.tryAcquire(now); wait > 0 {
		return wait, nil, errRate
	}
	l.starts.push(now, l.longestWindow())
	l.started++
	l.left--
	return 0, nil, nil
}

// maxUncounted is how many requests may be in flight while their count is not known:
// one where there was little left, since not every API means with the end of its
// window that all is there again.
func (l *RateLimiter) maxUncounted() int {
	if l.reported.known && l.left <= l.ofOthers() {
		return 1
	}
	return maxUncounted
}

// ofOthers is the part of the API's quota that others may use.
func (l *RateLimiter) ofOthers() int { return l.reported.quota * (100 - l.share) / 100 }

// isCounted reports whether the last response still says what is left, or the API
// does not say it at all.
func (l *RateLimiter) isCounted(now time.Time) bool {
	return l.answered && (!l.reported.known || l.windowEnd().After(now))
}

// windowEnd is when the window of the last response is over.
func (l *RateLimiter) windowEnd() time.Time { return l.reportedAt.Add(l.reported.reset) }

// longestWindow is how long the start of a request matters.
func (l *RateLimiter) longestWindow() time.Duration {
	longest := documentedWindow
	for _, policy := range l.reported.policies {
		longest = max(longest, policy.window)
	}
	return longest
}

// size is how many requests may start within the documented window.
func (l *RateLimiter) size() int { return documentedRequests * l.share / 100 }

// earliest returns when the next request may start and what it waits for. The
// longest wait decides.
func (l *RateLimiter) earliest(now time.Time) (time.Time, error) {
	earliest, reason := now, error(nil)
	notBefore := func(t time.Time, why error) {
		if t.After(earliest) {
			earliest, reason = t, why
		}
	}
	notBefore(l.starts.freeAt(l.size(), documentedWindow), errOwnShare)
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
// token, or a process before this one, has used the rest, and may go on. A quarter of
// that part is left alone, for those who do not know the count yet. Until then
// nobody waits.
func (l *RateLimiter) pacedUntil(now time.Time) time.Time {
	ofOthers := l.ofOthers()
	if !l.reported.known || !l.windowEnd().After(now) || l.left > ofOthers {
		return time.Time{}
	}
	allowed := (l.left - ofOthers/4) * l.share / 100
	if allowed < 1 {
		return l.windowEnd()
	}
	last := l.starts.back(1)
	if last.IsZero() {
		return time.Time{}
	}
	return last.Add(l.windowEnd().Sub(now) / time.Duration(allowed))
}

// release notes that a request has got its response, or given up.
func (l *RateLimiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended++
	l.wake()
}

// wake lets those who wait for a response look again.
func (l *RateLimiter) wake() {
	close(l.slotFreed)
	l.slotFreed = make(chan struct{})
}

// sent returns how many requests have ended when one is sent: its response counts
// these, whatever it counts of the others.
func (l *RateLimiter) sent() (ended int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// learn takes in what the headers of a response say about the quota. The latest
// response is believed, less the requests that it may not have counted yet: all but
// itself that started and had not ended when it was sent.
func (l *RateLimiter) learn(now time.Time, ended int, reported quotaHeaders) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = true
	l.wake()
	if reported.policies == nil {
		reported.policies = l.reported.policies
	}
	if !reported.known {
		l.reported.policies = reported.policies
		return
	}
	l.reported, l.reportedAt = reported, now
	l.left = reported.remaining - max(0, l.started-ended-1)
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
// least, for an honest time left. The speed of the responses, and a second for each
// 160 of them, come on top.
func (l *RateLimiter) Estimate(requests int) time.Duration {
	if requests < 1 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	earliest, _ := l.earliest(now)
	wait := earliest.Sub(now)
	size := l.size()
	windows := (requests - 1) / size
	// The last of them starts when the one that is a share before it is a window old.
	last := l.starts.freeAt(size-(requests-1)%size, documentedWindow).Sub(now)
	return max(wait, last, 0) + time.Duration(windows)*documentedWindow
}

// startTimes remembers when requests started, in their order.
type startTimes struct{ times []time.Time }

// push notes a start, and forgets those that are older than so long.
func (s *startTimes) push(now time.Time, keep time.Duration) {
	old := 0
	for old < len(s.times) && now.Sub(s.times[old]) > keep {
		old++
	}
	s.times = append(s.times[old:], now)
}

// back returns the start that is n starts ago, the last one being 1 ago; the
// zero time when there have not been so many.
func (s *startTimes) back(n int) time.Time {
	if n > len(s.times) {
		return time.Time{}
	}
	return s.times[len(s.times)-n]
}

// freeAt returns when a request may start so that at most n of them start
// within any window; the zero time when it may at once.
func (s *startTimes) freeAt(n int, window time.Duration) time.Time {
	start := s.back(n)
	if start.IsZero() {
		return time.Time{}
	}
	return start.Add(window)
}

// addressLimiter keeps the requests of all tokens below the documented rate of an address.
type addressLimiter struct {
	mu     sync.Mutex
	starts startTimes
}

// tryAcquire counts a request that may start now, or returns how long to wait.
func (l *addressLimiter) tryAcquire(now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait = l.starts.freeAt(maxRate, time.Second).Sub(now); wait > 0 {
		return wait
	}
	l.starts.push(now, time.Second)
	return 0
}
