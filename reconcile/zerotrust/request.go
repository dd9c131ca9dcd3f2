package zerotrust

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// caller makes requests. There is one for each kind of transport: reading only,
// or writing too.
type caller struct {
	connection *Connection
	client     *http.Client
	// retries is how often a request is sent again at most.
	retries int
	// maxWait is the longest wait that the API may ask for.
	maxWait time.Duration
}

// newCaller returns a caller whose requests go through transport.
func (c *Connection) newCaller(transport http.RoundTripper, retries int, maxWait time.Duration) *caller {
	return &caller{connection: c, retries: retries, maxWait: maxWait, client: &http.Client{
		Transport:     transport,
		Timeout:       c.config.RequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// call sends a request that reads until there is a response that says what became
// of it, and decodes that. It may decode several responses, one after the other,
// and decode must start anew each time.
func (c *caller) call(ctx context.Context, request *http.Request, decode func(io.Reader) error) error {
	var err error
	for attempt := 0; ; attempt++ {
		release, waiting := c.acquire(ctx, attempt)
		switch {
		case waiting == nil:
		case errors.Is(waiting, errBackoff) && err != nil:
			return err // there is no time to send it again
		case isA[*reconcile.ThrottledError](waiting), errors.Is(waiting, errClosed):
			return waiting
		default:
			return fmt.Errorf("%s: %w", c.name(request), waiting)
		}
		err = c.send(ctx, request, attempt, decode)
		release()
		if !reconcile.IsWorthRetrying(err) || attempt == c.retries {
			return err
		}
	}
}

// fetch calls with a request, unless it could not be built, and returns what read makes
// of the response. The permission is what a refusal for lack of rights names.
func fetch[T any](ctx context.Context, c *caller, request *http.Request, err error, permission string, read func(io.Reader) (T, error)) (T, error) {
	var found, none T
	if err == nil {
		err = c.call(ctx, request, func(body io.Reader) (err error) {
			found, err = read(body)
			return err
		})
	}
	if err != nil {
		return none, withPermission(err, permission)
	}
	return found, nil
}

// acquire waits until a request may be sent, for the attempt-th time counted from
// 0. Release ends what it began; it may be called more than once.
func (c *caller) acquire(ctx context.Context, attempt int) (release func(), err error) {
	ctx, end, err := c.connection.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := c.connection.limiter.acquire(ctx, c.maxWait, c.backoff(attempt)); err != nil {
		return nil, err
	}
	return sync.OnceFunc(c.connection.limiter.release), nil
}

// send sends a request once, for the attempt-th time counted from 0, and decodes
// the response.
func (c *caller) send(ctx context.Context, request *http.Request, attempt int, decode func(io.Reader) error) error {
	ctx, end, err := c.connection.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	request = request.WithContext(ctx)
	begin, ended := time.Now(), c.connection.limiter.sent()
	response, err := c.client.Do(request)
	c.connection.observe(request, attempt, ended, begin, response, err)
	if err == nil {
		defer response.Body.Close()
		err = c.decodeResponse(request, attempt, response, decode)
	}
	return c.describe(ctx, request, attempt, err)
}

// pause makes every request of the limiter wait for as long as a response asks.
// A 429 without a Retry-After means the window of the quota, and where that is
// not known either, a wait that grows with each attempt.
func (c *caller) pause(request *http.Request, attempt int, response *http.Response, reason error) (wait time.Duration) {
	wait, asked := retryAfter(response.Header, time.Now())
	if !asked && response.StatusCode == http.StatusTooManyRequests {
		if quota := parseQuotaHeaders(response.Header); quota.known && quota.reset > 0 {
			wait = quota.reset
		} else {
			wait = c.backoff(attempt + 1)
		}
	}
	if wait > 0 {
		c.connection.limiter.pauseFor(time.Now(), wait, reason)
		c.connection.config.Logger.LogAttrs(request.Context(), slog.LevelInfo, "the API asks to wait",
			slog.Duration("wait", wait), slog.Int("status", response.StatusCode), slog.Int("attempt", attempt+1))
	}
	return wait
}

// backoff is the wait before an attempt, counted from 0: it doubles with each
// one, up to the longest. Half of it is chosen at random, so that requests that
// failed together do not come back together.
func (c *caller) backoff(attempt int) time.Duration {
	if attempt == 0 {
		return 0
	}
	wait := c.connection.config.RetryWait
	for ; attempt > 1 && wait < c.connection.config.RetryWaitMax; attempt-- {
		wait *= 2
	}
	wait = min(wait, c.connection.config.RetryWaitMax)
	return wait/2 + c.connection.config.Random(wait/2)
}

// describe says in our words why there is no response, if that is what the error
// is about. It is that of a context only when the caller has given up.
func (c *caller) describe(ctx context.Context, request *http.Request, attempt int, err error) error {
	var failed *url.Error
	var lost *lostError
	if !errors.As(err, &failed) && !errors.As(err, &lost) {
		return err
	}
	var refused *WriteRefusedError
	var elsewhere *RedirectError
	var timed net.Error
	var dial *net.OpError
	var unresolved *net.DNSError
	tries := "in 1 attempt"
	if attempt > 0 {
		tries = fmt.Sprintf("in %d attempts", attempt+1)
	}
	failure := &reconcile.NoResponseError{Request: c.name(request), Sent: true}
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &elsewhere):
		return elsewhere
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", c.name(request), context.Cause(ctx))
	case errors.As(err, &dial) && dial.Op == "dial":
		failure.Sent = false
		failure.Permanent = errors.As(err, &unresolved) && unresolved.IsNotFound
	case isA[*tls.CertificateVerificationError](err):
		failure.Sent, failure.Permanent = false, true
	case errors.As(err, &timed) && timed.Timeout():
		failure.Reason = fmt.Sprintf("within %s %s", c.connection.config.RequestTimeout, tries)
		return failure
	}
	if failed != nil {
		err = failed.Err // without the URL: a query can carry what nobody should read
	}
	failure.Reason, failure.Err = tries+": "+c.connection.mask(err.Error()), err
	return failure
}

// isA reports whether an error is of a type.
func isA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

// name is how messages name a request.
func (c *caller) name(request *http.Request) string {
	return request.Method + " " + pathBelow(c.connection.base, request.URL)
}

// pathBelow returns the path of a request as Cloudflare documents it, without
// that of the base URL.
func pathBelow(base, request *url.URL) string {
	return strings.TrimPrefix(request.Path, base.Path)
}
