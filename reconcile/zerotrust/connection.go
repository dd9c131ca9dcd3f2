package zerotrust

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Connection speaks to the API about one account. It is safe for use by many
// goroutines. Close it when it is no longer needed.
type Connection struct {
	config Config
	base   *url.URL
	// server is the base URL as the generated requests need it, with a slash at its end.
	server  string
	limiter *RateLimiter
	// responseLimit is maxResponse, and less in tests.
	responseLimit int64

	reading *caller // refuses to write
	writing *caller
	probing *caller // refuses to write and tries once

	// life ends with Close; inFlight are the calls that it waits for.
	life     context.Context
	endLife  context.CancelCauseFunc
	inFlight sync.WaitGroup

	// What earlier responses told, for choosing the fewest requests. Zero: not known.
	users, devices atomic.Int64
	userPageSize   atomic.Int64
	devicePageSize atomic.Int64
	registrations  registrations
	progress       sync.Mutex // calls of config.Progress do not overlap
	mu             sync.Mutex // guards what follows
	closed         bool
	calls          reconcile.RunCalls
	clock          reconcile.Clock // by the last response
	settings       map[reconcile.SettingsNeeded]reconcile.Settings
}

// probeWait is the longest wait that the API may ask of a probe, whose user
// wants to know that it asks at all.
const probeWait = 5 * time.Second

// Connect checks the configuration and returns a connection. Nothing is sent
// until it is asked for something.
func Connect(config Config) (*Connection, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Connection{
		config: config, limiter: config.RateLimiter, responseLimit: maxResponse,
		settings: make(map[reconcile.SettingsNeeded]reconcile.Settings),
	}
	if c.base, err = checkBaseURL(config.BaseURL); err != nil {
		return nil, err
	}
	c.server = c.base.String() + "/"
	if c.limiter == nil {
		if c.limiter, err = NewRateLimiter(config.QuotaShare); err != nil {
			return nil, err
		}
	}
	if c.config.Transport == nil {
		c.config.Transport = newTransport(config.Concurrency)
	}
	c.userPageSize.Store(int64(config.PageSize))
	c.devicePageSize.Store(int64(config.PageSize))
	c.life, c.endLife = context.WithCancelCause(context.Background())
	transport := authorize(c.config.Transport, c.base, config.Credentials, config.UserAgent)
	c.reading = c.newCaller(readOnly(transport, c.base), config.Retries, config.MaxWait)
	c.probing = c.newCaller(readOnly(transport, c.base), 0, min(config.MaxWait, probeWait))
	c.writing = c.newCaller(transport, config.Retries, config.MaxWait)
	return c, nil
}

// Source returns what reads the account. Its transport refuses anything but
// GET before it reaches the network.
func (c *Connection) Source() *Source { return &Source{connection: c, caller: c.reading} }

// Sink returns what writes to the account. A dry run never asks for it.
func (c *Connection) Sink() *Sink { return &Sink{connection: c, caller: c.writing} }

// Probe returns what finds out whether the connection works. It never writes
// and tries each request once.
func (c *Connection) Probe() *Probe { return &Probe{connection: c, caller: c.probing} }

// Counts returns how many requests have been sent. Get, Patch and Put count
// requests, however often each was sent; Retries counts the further attempts.
func (c *Connection) Counts() reconcile.RunCalls {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Estimate returns how long the quota will make the given number of further
// requests take at least.
func (c *Connection) Estimate(requests int) time.Duration { return c.limiter.Estimate(requests) }

// errClosed ends calls that are in flight when the connection is closed.
var errClosed = errors.New("the connection is closed")

// Close gives up calls in flight, waits until they have ended, and closes all
// connections. Later calls fail. It may be called more than once.
func (c *Connection) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.endLife(errClosed)
	c.inFlight.Wait()
	if transport, ok := c.config.Transport.(interface{ CloseIdleConnections() }); ok {
		transport.CloseIdleConnections()
	}
}

// begin starts a call: the context it returns also ends with the connection.
func (c *Connection) begin(ctx context.Context) (context.Context, func(), error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, errClosed
	}
	c.inFlight.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.life, func() { cancel(errClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		c.inFlight.Done()
	}, nil
}
