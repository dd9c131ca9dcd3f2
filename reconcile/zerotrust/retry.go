package zerotrust

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// newCaller returns a caller whose requests go through transport, are sent again
// up to retries times, and wait for the API no longer than maxWait at a time.
//
// Every request may be sent again: GET changes nothing, and PATCH and PUT set
// absolute values.
func (c *Connection) newCaller(transport http.RoundTripper, retries int, maxWait time.Duration) (*caller, error) {
	client := &http.Client{
		Transport: transport,
		Timeout:   c.config.RequestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	result := &caller{connection: c, maxWait: maxWait}
	result.retry = &retryablehttp.Client{
		HTTPClient:   client,
		RetryWaitMin: c.config.RetryWait,
		RetryWaitMax: c.config.RetryWaitMax,
		RetryMax:     retries,
		CheckRetry:   result.checkRetry,
		Backoff:      backoff,
		PrepareRetry: func(request *http.Request) error {
			return result.startAttempt(request.Context(), exchangeOf(request.Context()))
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	var err error
	result.api, err = generated.NewClient(c.base.String(), generated.WithHTTPClient(result))
	return result, err
}

// startAttempt waits for the budget before the first attempt and before each further one.
func (c *caller) startAttempt(ctx context.Context, x *exchange) error {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if x.method != http.MethodGet && !x.uncertain {
		// A write that has not happened yet need not happen after a stop.
		stop := reconcile.StopContext(ctx)
		defer context.AfterFunc(stop, func() { cancel(context.Cause(stop)) })()
	}
	err := c.connection.budget.start(waiting, c.maxWait)
	if err == nil {
		x.inFlight = true
		return nil
	}
	var throttled *reconcile.ThrottledError
	if x.method != http.MethodGet && !errors.As(err, &throttled) {
		// The caller ran out of time before the request was sent, or sent again:
		// to a writer that is the same as an API that takes none.
		return &reconcile.ThrottledError{Err: err}
	}
	return err
}

// finishAttempt ends what startAttempt began; it may be called more than once.
func (c *caller) finishAttempt(x *exchange) {
	if x.inFlight {
		x.inFlight = false
		c.connection.budget.finish()
	}
}

// checkRetry decides after each attempt whether there is another. It is the
// policy of the library, which asks it, takes the answer in when it says no,
// and asks again.
func (c *caller) checkRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	x := exchangeOf(ctx)
	c.finishAttempt(x)
	if x.settled {
		return false, nil // whatever has happened since, there is an answer
	}
	if ctx.Err() != nil {
		x.uncertain = true
		return false, context.Cause(ctx)
	}
	if err != nil {
		return c.checkBroken(ctx, x, err), nil
	}
	var throttled *reconcile.ThrottledError
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		x.refused = c.connection.refusal(x, response)
		throttled = c.throttle(x, response)
	case response.StatusCode == http.StatusRequestTimeout, response.StatusCode >= 500:
		x.uncertain = true
		x.refused = c.connection.refusal(x, response)
		if wait, ok := retryAfter(response.Header, time.Now()); ok {
			throttled = c.pause(x, response, wait)
			if x.method != http.MethodGet && wait > c.connection.config.RetryWaitMax {
				// It may have taken effect, and so much can happen meanwhile that
				// sending it again could undo it, a login say. Reading will tell.
				return false, nil
			}
		}
	default:
		return false, nil
	}
	if throttled != nil {
		x.settle(throttled)
	}
	return throttled == nil, nil
}

// checkBroken decides about an attempt that got no whole answer.
func (c *caller) checkBroken(ctx context.Context, x *exchange, err error) bool {
	var refused *WriteRefusedError
	var elsewhere *RedirectError
	var unresolved *net.DNSError
	var dial *net.OpError
	switch {
	case errors.As(err, &refused), errors.As(err, &elsewhere):
		return false
	case errors.As(err, &unresolved) && unresolved.IsNotFound:
		return false // there is no such host, and soon there still will not be
	case errors.As(err, &dial) && dial.Op == "dial":
		// It never left: whatever it asks for has not happened.
	default:
		x.uncertain = true
	}
	var lost *lostError
	if errors.As(err, &lost) {
		return true
	}
	// The library knows which errors last, such as a certificate that does not fit.
	again, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err)
	return again
}

// throttle makes every request of the budget wait for as long as a 429 asks.
// Without a Retry-After the window of the quota says it, and without that the
// wait grows with each attempt.
func (c *caller) throttle(x *exchange, response *http.Response) *reconcile.ThrottledError {
	wait, ok := retryAfter(response.Header, time.Now())
	if told := parseQuotaHeaders(response.Header); !ok && told.known && told.reset > 0 {
		wait, ok = told.reset, true
	}
	if !ok {
		wait = jittered(c.retry.RetryWaitMin, c.retry.RetryWaitMax, x.attempts-1)
	}
	return c.pause(x, response, wait)
}

// pause makes every request of the budget wait, and ends the call when that is
// longer than the API may ask of it.
func (c *caller) pause(x *exchange, response *http.Response, wait time.Duration) *reconcile.ThrottledError {
	c.connection.budget.pauseFor(time.Now(), wait, x.refused)
	c.connection.config.Logger.LogAttrs(response.Request.Context(), slog.LevelInfo, "the API asks to wait",
		slog.Duration("wait", wait), slog.Int("status", response.StatusCode), slog.Int("attempt", x.attempts))
	if wait <= c.maxWait {
		return nil
	}
	return &reconcile.ThrottledError{RetryAfter: roundUp(wait), Err: x.refused}
}

// backoff is the wait before the next attempt. Where the API has asked for a
// wait, all requests are waiting already, this one among them.
func backoff(shortest, longest time.Duration, attempt int, response *http.Response) time.Duration {
	if response != nil {
		_, asked := retryAfter(response.Header, time.Now())
		if asked || response.StatusCode == http.StatusTooManyRequests {
			return 0
		}
	}
	return jittered(shortest, longest, attempt)
}

// jittered doubles a wait with each attempt, counted from 0, up to the longest.
// Half of it is chosen at random, so that requests that failed together do not
// come back together.
func jittered(shortest, longest time.Duration, attempt int) time.Duration {
	wait := longest
	if doubled := shortest << min(attempt, 30); doubled > 0 && doubled>>min(attempt, 30) == shortest {
		wait = min(doubled, longest)
	}
	return wait/2 + rand.N(wait/2+1)
}
