package zerotrust

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newTransport returns the transport of a connection that was given none.
func newTransport(concurrency int) *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		MaxIdleConnsPerHost: concurrency,
		// A page of users is half a megabyte, which takes a hundred reads of the default of 4 KiB.
		ReadBufferSize: 64 << 10,
		// Without pings a dead HTTP/2 connection would be used for every retry.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// transportFunc is a function that is a transport.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// readOnly refuses whatever could write before it reaches the network. It is
// what a dry run rests on, and looks at the method alone so that no mistake
// elsewhere can get around it.
func readOnly(next http.RoundTripper, base *url.URL) http.RoundTripper {
	return transportFunc(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			closeBody(request)
			return nil, &WriteRefusedError{Method: request.Method, Path: pathBelow(base, request.URL)}
		}
		return next.RoundTrip(request)
	})
}

// closeBody keeps the promise of every transport to close the body.
func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close() // it was never read
	}
}

// authorize adds the credentials to requests for the API and refuses to carry
// any other. They are added here, below retries and logging, so that no request
// that others see holds them.
func authorize(next http.RoundTripper, base *url.URL, credentials Credentials, userAgent string) http.RoundTripper {
	return transportFunc(func(request *http.Request) (*http.Response, error) {
		if request.URL.Scheme != base.Scheme || request.URL.Host != base.Host {
			closeBody(request)
			return nil, &RedirectError{
				Method: request.Method, Path: pathBelow(base, request.URL),
				Status: http.StatusFound, Host: inert(request.URL.Host),
			}
		}
		request = request.Clone(request.Context())
		request.Header.Set("Accept", "application/json")
		request.Header.Set("User-Agent", userAgent)
		credentials.set(request.Header)
		return next.RoundTrip(request)
	})
}

// observe counts an attempt, hands what its response says about the quota to the
// limiter with what that returned when the attempt was sent, and tells the observer.
func (c *Connection) observe(request *http.Request, attempt, ended int, begin time.Time, response *http.Response, err error) {
	if _, ok := errors.AsType[*WriteRefusedError](err); ok {
		return // it was never sent
	}
	now := time.Now()
	seen := Observation{Method: request.Method, Duration: now.Sub(begin), Retry: attempt > 0, Remaining: -1}
	attributes := []slog.Attr{
		slog.String("method", seen.Method), slog.String("path", pathBelow(c.base, request.URL)),
		slog.Duration("took", seen.Duration), slog.Int("attempt", attempt+1),
	}
	if err != nil {
		attributes = append(attributes, slog.String("error", c.mask(err.Error())))
	} else {
		seen.Status = response.StatusCode
		seen.Throttled = response.StatusCode == http.StatusTooManyRequests
		quota := parseQuotaHeaders(response.Header)
		if quota.known {
			seen.Remaining = quota.remaining
		}
		c.limiter.learn(now, ended, quota)
		c.noteClock(response.Header, begin, now)
		attributes = append(attributes, slog.Int("status", seen.Status))
	}
	c.count(&seen)
	c.config.Logger.LogAttrs(request.Context(), slog.LevelDebug, "request", attributes...)
	if c.config.Observe != nil {
		c.config.Observe(seen)
	}
}

// count adds an attempt to the totals.
func (c *Connection) count(seen *Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if seen.Throttled {
		c.calls.Throttled++
	}
	switch {
	case seen.Retry:
		c.calls.Retries++
	case seen.Method == http.MethodPatch:
		c.calls.Patch++
	case seen.Method == http.MethodPut:
		c.calls.Put++
	default:
		c.calls.Get++
	}
}
