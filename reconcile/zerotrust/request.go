package zerotrust

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
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

// call sends a request until there is a response that says what became of it,
// and decodes that. It may decode several responses, one after the other, and
// decode must start anew each time.
func (c *caller) call(ctx context.Context, request *http.Request, decode func(io.Reader) error) error {
	ctx, end, err := c.connection.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	uncertain := false
	for attempt := 0; ; attempt++ {
		if waiting := c.acquire(ctx, request, attempt, uncertain); waiting != nil {
			err = c.notSent(ctx, request, waiting, err)
			break
		}
		err = c.send(ctx, request, attempt, decode)
		c.connection.budget.finish()
		if !isWorthRetrying(err) || attempt == c.retries {
			break
		}
		uncertain = uncertain || mayHaveTakenEffect(err)
	}
	if uncertain && request.Method != http.MethodGet && saysNoEffect(err) {
		return fmt.Errorf("%s: an earlier attempt may have taken effect, and then: %s", c.name(request), err)
	}
	return err
}

// acquire waits until an attempt, counted from 0, may be sent.
func (c *caller) acquire(ctx context.Context, request *http.Request, attempt int, uncertain bool) error {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if request.Method != http.MethodGet && !uncertain {
		// A write that has not happened yet need not happen after a stop.
		stop := reconcile.StopContext(ctx)
		defer context.AfterFunc(stop, func() { cancel(context.Cause(stop)) })()
	}
	return c.connection.budget.start(waiting, c.maxWait, c.backoff(attempt))
}

// notSent is what a call comes to that ended while it waited to be sent, after
// an earlier attempt came to err.
func (c *caller) notSent(ctx context.Context, request *http.Request, waiting, err error) error {
	var throttled *reconcile.ThrottledError
	switch {
	case errors.Is(waiting, errBackoff) && err != nil:
		return err
	case errors.As(waiting, &throttled):
		return waiting
	case request.Method != http.MethodGet:
		// To a writer that is the same as an API that takes no requests.
		return &reconcile.ThrottledError{Err: waiting}
	}
	return fmt.Errorf("%s: %w", c.name(request), waiting)
}

// send sends a request once, for the attempt-th time counted from 0, and decodes
// the response.
func (c *caller) send(ctx context.Context, request *http.Request, attempt int, decode func(io.Reader) error) error {
	request = request.Clone(ctx)
	if request.GetBody != nil {
		var err error
		if request.Body, err = request.GetBody(); err != nil {
			return fmt.Errorf("%s: %w", c.name(request), err)
		}
	}
	begin := time.Now()
	response, err := c.client.Do(request)
	c.connection.observe(request, attempt, begin, response, err)
	if err == nil {
		defer response.Body.Close()
		err = c.decodeResponse(request, attempt, response, decode)
	}
	return c.describe(ctx, request, attempt, err)
}

// isWorthRetrying reports whether sending a request again may help. A GET changes
// nothing, and PATCH and PUT set absolute values.
func isWorthRetrying(err error) bool {
	var refused *reconcile.APIError
	var noResponse *noResponseError
	switch {
	case isThrottled(err):
		return true
	case errors.As(err, &refused):
		return !refused.IsRefusal() && refused.Status != http.StatusNotImplemented
	case errors.As(err, &noResponse):
		var certificate *tls.CertificateVerificationError
		var unresolved *net.DNSError
		return !errors.As(err, &certificate) && !(errors.As(err, &unresolved) && unresolved.IsNotFound)
	}
	return false
}

// mayHaveTakenEffect reports whether a write may have had an effect that no
// response has shown. One that never left has had none.
func mayHaveTakenEffect(err error) bool {
	var dial *net.OpError
	return !isThrottled(err) && !(errors.As(err, &dial) && dial.Op == "dial")
}

// saysNoEffect reports whether an error says that the request did nothing.
func saysNoEffect(err error) bool {
	var refused *reconcile.APIError
	return isThrottled(err) || errors.As(err, &refused) && refused.IsRefusal()
}

func isThrottled(err error) bool {
	var throttled *reconcile.ThrottledError
	return errors.As(err, &throttled)
}

// pause makes every request of the budget wait for as long as a response asks.
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
		c.connection.budget.pauseFor(time.Now(), wait, reason)
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
	return wait/2 + rand.N(wait/2+1)
}

// noResponseError says that a request got no response, or not all of one.
type noResponseError struct {
	text string
	err  error
}

func (e *noResponseError) Error() string { return e.text }

func (e *noResponseError) Unwrap() error { return e.err }

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
	tries := "1 attempt"
	if attempt > 0 {
		tries = fmt.Sprintf("%d attempts", attempt+1)
	}
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &elsewhere):
		return elsewhere
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", c.name(request), context.Cause(ctx))
	case errors.As(err, &timed) && timed.Timeout():
		text := fmt.Sprintf("%s: no response within %s in %s", c.name(request), c.connection.config.RequestTimeout, tries)
		return &noResponseError{text: text}
	case failed != nil:
		err = failed.Err // without the URL: a query can carry what nobody should read
	}
	return &noResponseError{fmt.Sprintf("%s: no response in %s: %s", c.name(request), tries, c.connection.mask(err.Error())), err}
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
