package zerotrust

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// DefaultBaseURL is where Cloudflare serves its API.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4"

// maxConcurrency is far beyond what the quota has any use for. The documented
// limit of 200 requests a second per address is above it.
const maxConcurrency = 100

// Config says which account to speak to and how. AccountID and Credentials are
// required; every zero value of the others means the default that is named.
type Config struct {
	// BaseURL is the API, DefaultBaseURL unless set. Plain http is accepted for
	// loopback hosts only, because the credentials travel with every request.
	BaseURL     string
	AccountID   string
	Credentials Credentials
	// UserAgent is "seatsync" unless set.
	UserAgent string

	// Concurrency is the number of reading requests in flight for one listing; 32
	// unless set, so that an account of 30,000 takes two round trips. How many
	// writes are in flight is for whoever sends them.
	Concurrency int
	// PageSize is the number of items asked for in one page; 1000 unless set.
	// The API may return fewer, and is believed.
	PageSize int

	// RequestTimeout bounds one attempt, from connecting to the last byte of the
	// answer; 30 seconds unless set.
	RequestTimeout time.Duration
	// Retries is how often a request is sent again at most; 4 unless set, and
	// none when negative.
	Retries int
	// RetryWait is the wait before the first retry, which doubles up to
	// RetryWaitMax; half a second and 8 seconds unless set, as in Cloudflare's
	// own SDKs. Half of each wait is chosen at random.
	RetryWait, RetryWaitMax time.Duration
	// Random returns a duration from 0 up to most, for that half; one of package
	// math/rand/v2 when nil.
	Random func(most time.Duration) time.Duration
	// MaxWait is the longest wait that the API may ask for; 5 minutes unless
	// set. Beyond it, calls end with a [reconcile.ThrottledError].
	MaxWait time.Duration

	// QuotaShare is the percentage of the request quota that may be used, so
	// that people in the dashboard keep the rest; 80 unless set.
	QuotaShare int
	// RateLimiter is shared by connections that use the same credentials. Nil makes
	// one for this connection; QuotaShare then belongs to it.
	RateLimiter *RateLimiter

	// Observe, when not nil, is called for each attempt. It is called from many
	// goroutines at once.
	Observe func(Observation)
	// Progress, when not nil, is called with how many pages of a listing have been read
	// out of how many, starting again with each listing. Calls do not overlap.
	Progress func(done, total int)
	// Logger gets what an operator may want to know; nothing is logged when nil.
	Logger *slog.Logger
	// Transport carries the requests; nil means one that belongs to the
	// connection. Close closes its idle connections either way.
	Transport http.RoundTripper
	// Now is the clock of Live.ReadAt and of the clock skew; time.Now when nil.
	Now func() time.Time
}

// Observation is one attempt at a request.
type Observation struct {
	Method string
	// Status is the HTTP status; 0 when there was no response.
	Status int
	// Duration is the time until the response began.
	Duration time.Duration
	// Throttled reports whether the API refused the attempt for the quota (429).
	Throttled bool
	// Retry reports whether the request had been sent before.
	Retry bool
	// Remaining is the number of requests that the quota has left as the response
	// tells it; -1 when it does not.
	Remaining int
}

// withDefaults returns the configuration with every default filled in, or all
// that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	c.BaseURL = cmp.Or(c.BaseURL, DefaultBaseURL)
	c.UserAgent = cmp.Or(c.UserAgent, "seatsync")
	c.Concurrency = cmp.Or(c.Concurrency, 32)
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 30*time.Second)
	c.Retries = max(0, cmp.Or(c.Retries, 4))
	c.RetryWait = cmp.Or(c.RetryWait, 500*time.Millisecond)
	c.RetryWaitMax = max(c.RetryWait, cmp.Or(c.RetryWaitMax, 8*time.Second))
	c.MaxWait = cmp.Or(c.MaxWait, 5*time.Minute)
	c.QuotaShare = cmp.Or(c.QuotaShare, DefaultQuotaShare)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = func(most time.Duration) time.Duration { return rand.N(most + 1) }
	}
	return c, c.check()
}

// check returns all that is wrong with the configuration.
func (c *Config) check() error {
	var problems []error
	problem := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	_, err := checkBaseURL(c.BaseURL)
	problem(err)
	if c.AccountID == "" {
		problem(errors.New("no account: set CLOUDFLARE_ACCOUNT_ID, or account: in the file"))
	} else {
		problem(reconcile.CheckAccountID(c.AccountID))
	}
	problem(c.Credentials.check())
	problem(checkHeaderText(userAgentName, c.UserAgent))
	if c.Concurrency < 1 || c.Concurrency > maxConcurrency {
		problem(fmt.Errorf("concurrency %d: use 1 to %d", c.Concurrency, maxConcurrency))
	}
	if c.PageSize < 1 {
		problem(fmt.Errorf("page size %d: use 1 or more", c.PageSize))
	}
	for _, wait := range []struct {
		name  string
		value time.Duration
	}{{"request timeout", c.RequestTimeout}, {"wait before a retry", c.RetryWait}, {"longest wait", c.MaxWait}} {
		if wait.value < 0 {
			problem(fmt.Errorf("%s %v: use a positive duration", wait.name, wait.value))
		}
	}
	problem(checkShare(c.QuotaShare))
	return errors.Join(problems...)
}

// checkBaseURL returns the URL below which requests go, or what is wrong with
// it. No message repeats the text, which may hold a password.
func checkBaseURL(text string) (*url.URL, error) {
	const hint = "use one like " + DefaultBaseURL
	base, err := url.Parse(text)
	if err != nil || base.Hostname() == "" || base.Opaque != "" {
		return nil, errors.New("base URL: not a URL with a host: " + hint)
	}
	switch {
	case base.User != nil:
		return nil, errors.New("base URL: has a user or a password in it: credentials go into CLOUDFLARE_API_TOKEN")
	case base.RawQuery != "" || base.ForceQuery:
		return nil, errors.New("base URL: has a query: " + hint)
	case base.Fragment != "":
		return nil, errors.New("base URL: has a fragment: " + hint)
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		return nil, fmt.Errorf("base URL: plain http would show the credentials to everyone between here and %s: use https (http is for loopback hosts only)",
			base.Hostname())
	case base.Scheme != "http" && base.Scheme != "https":
		return nil, fmt.Errorf("base URL: scheme %q: use https", base.Scheme)
	}
	base.Path = strings.TrimRight(base.Path, "/")
	base.RawPath = ""
	return base, nil
}

// isLoopback reports whether the host is this machine for certain. Names other
// than localhost are not resolved: what they mean may change.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}
