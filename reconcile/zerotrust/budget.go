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
	// DefaultQuotaShare is the percentage of the quota used unless told otherwise.
	DefaultQuotaShare = 80
)

// Budget decides when the next request of a token may start. It keeps three
// promises: never more than the share of the documented quota in any five
// minutes, however the window of the API lies; slower before the API's own
// count of what is left runs out; and nobody starts while the API has asked one
// of us to wait.
//
// The first is kept by remembering when requests started rather than by a token
// bucket: a bucket that lets a small run through at once, and refills at the
// documented rate, allows nearly twice the quota within one window.
type Budget struct {
	share int // percent

	mu     sync.Mutex
	starts ring
	// inFlight requests may or may not be in the count of the last answer.
	inFlight int
	// told is what the last answer said about the quota.
	told quotaHeaders
	// toldAt is when that was.
	toldAt time.Time
	// left is what told.remaining has become by the requests started since.
	left int
	// pausedUntil is when the API takes requests again, and pause the answer
	// that said so.
	pausedUntil time.Time
	pause       error
}

// NewBudget returns a budget of a percentage of the documented quota, with
// nothing used yet.
func NewBudget(share int) (*Budget, error) {
	if err := checkShare(share); err != nil {
		return nil, err
	}
	return &Budget{share: share, starts: newRing(documentedRequests * share / 100)}, nil
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

// start waits until a request may start, which is not before the backoff is over,
// and counts it. It returns a [reconcile.ThrottledError] at once when the wait
// would outlast the context, or when the API asks for a longer one than maxWait.
func (b *Budget) start(ctx context.Context, maxWait, backoff time.Duration) error {
	notBefore := time.Now().Add(backoff)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		wait, reason := b.tryStart(time.Now(), notBefore)
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

// tryStart counts a request that may start now, or returns how long to wait and why.
func (b *Budget) tryStart(now, notBefore time.Time) (wait time.Duration, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	earliest, reason := b.earliest(now)
	if notBefore.After(earliest) {
		earliest, reason = notBefore, errBackoff
	}
	if earliest.After(now) {
		return earliest.Sub(now), reason
	}
	b.starts.push(now)
	b.inFlight++
	b.left--
	return 0, nil
}

// earliest returns when the next request may start and what it waits for. The
// longest wait decides.
func (b *Budget) earliest(now time.Time) (time.Time, error) {
	earliest, reason := now, error(nil)
	notBefore := func(t time.Time, why error) {
		if t.After(earliest) {
			earliest, reason = t, why
		}
	}
	notBefore(b.starts.freeAt(b.starts.size(), documentedWindow), errOwnShare)
	for _, policy := range b.told.policies {
		allowed := max(1, policy.quota*b.share/100)
		notBefore(b.starts.freeAt(allowed, policy.window), errPaced)
	}
	notBefore(b.pacedUntil(now), errPaced)
	notBefore(b.pausedUntil, b.pause)
	return earliest, reason
}

// pacedUntil spreads what the API says is left over the rest of its window, once
// no more of it is left than the part that belongs to others: whoever shares the
// token has used the rest, and will go on. Until then nobody waits.
func (b *Budget) pacedUntil(now time.Time) time.Time {
	reset := b.toldAt.Add(b.told.reset)
	if !b.told.known || !reset.After(now) || b.left > b.told.quota*(100-b.share)/100 {
		return time.Time{}
	}
	allowed := b.left * b.share / 100
	if allowed < 1 {
		return reset
	}
	last := b.starts.last()
	if last.IsZero() {
		return time.Time{}
	}
	return last.Add(reset.Sub(now) / time.Duration(allowed))
}

// finish notes that a request has been answered, or given up.
func (b *Budget) finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
}

// learn takes in what the headers of an answer say about the quota. The latest
// answer is believed, less the requests that it may not have counted yet.
func (b *Budget) learn(now time.Time, told quotaHeaders) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if told.policies == nil {
		told.policies = b.told.policies
	}
	if !told.known {
		b.told.policies = told.policies
		return
	}
	b.told, b.toldAt = told, now
	b.left = told.remaining - (b.inFlight - 1)
}

// pauseFor makes all requests wait, because one was told to.
func (b *Budget) pauseFor(now time.Time, wait time.Duration, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if until := now.Add(wait); until.After(b.pausedUntil) {
		b.pausedUntil, b.pause = until, why
	}
}

// Estimate returns how long the given number of further requests will take at
// least, for an honest time left. The speed of the answers comes on top.
func (b *Budget) Estimate(requests int) time.Duration {
	if requests < 1 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	earliest, _ := b.earliest(now)
	wait := earliest.Sub(now)
	size := b.starts.size()
	windows := (requests - 1) / size
	// The last of them starts when the one that is a share before it is a window old.
	last := b.starts.freeAt(size-(requests-1)%size, documentedWindow).Sub(now)
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
