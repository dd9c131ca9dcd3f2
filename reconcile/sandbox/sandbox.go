package sandbox

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/seatsync/seatsync/generated"
)

// Sandbox is one stand-in for the API, with its own people. It is safe for use by many goroutines.
type Sandbox struct {
	options Options
	mux     *http.ServeMux
	quota   *quota
	faults  *faults
	log     *requestLog
	late    late

	mu       sync.RWMutex // guards what follows
	accounts map[string]*account
	random   random

	closeOnce sync.Once
	closed    chan struct{}
}

// New makes a sandbox with people in it. It starts nothing: serve Handler, and call Close before the server is closed.
func New(options Options) (*Sandbox, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	now := options.Now().UTC().Truncate(time.Second)
	s := &Sandbox{
		options: options,
		mux:     http.NewServeMux(),
		quota:   newQuota(*options.Quota),
		faults:  &faults{},
		log:     newRequestLog(options.RequestLog),
		accounts: map[string]*account{
			MainAccount:  populate(options.Users, now, random(options.Seed), cast()),
			SmallAccount: populate(smallAccountUsers, now, ^random(options.Seed), cast()[:1]),
		},
		random: random(options.Seed) ^ 0x5ea75,
		closed: make(chan struct{}),
	}
	s.faults.add(options.Faults)
	refuse := func(w http.ResponseWriter, _ *http.Request, err error) {
		_ = badRequest(err.Error()).write(w) // the client is gone if this fails
	}
	strict := generated.NewStrictHandlerWithOptions(server{s}, nil, generated.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  refuse,
		ResponseErrorHandlerFunc: func(http.ResponseWriter, *http.Request, error) {}, // likewise
	})
	generated.HandlerWithOptions(strict, generated.StdHTTPServerOptions{
		BaseURL: BasePath, BaseRouter: s.mux, ErrorHandlerFunc: refuse,
	})
	return s, nil
}

// smallAccountUsers is the size of SmallAccount.
const smallAccountUsers = 12

// Handler serves the API below BasePath. Faults that break a connection need a server that lets them, as HTTP/1 does;
// elsewhere they panic with http.ErrAbortHandler, which has a similar effect.
func (s *Sandbox) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Close ends all responses that would never come, and all that wait. Requests after it are served without waiting.
func (s *Sandbox) Close() { s.closeOnce.Do(func() { close(s.closed) }) }

// Inject adds faults to those of Options.
func (s *Sandbox) Inject(faults ...Fault) error {
	for _, fault := range faults {
		if err := fault.check(); err != nil {
			return err
		}
	}
	s.faults.add(faults)
	return nil
}

// ClearFaults removes all faults.
func (s *Sandbox) ClearFaults() { s.faults.clear() }

// serve is the way of a request: it is noted, waits, is counted against the quota, meets a fault or not, is authorized,
// and reaches its operation.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	s.land()
	body, problem := readBody(w, r)
	operation := s.operation(r)
	entry := s.log.begin(s.options.Now(), r, body, operation)
	if s.options.OnRequest != nil {
		s.options.OnRequest(entry.Request)
	}
	w = &statusRecorder{ResponseWriter: w, log: s.log, entry: entry}
	if !s.wait(r.Context(), s.options.Latency) {
		abort(w)
		return
	}
	// Not the server's own: a client that compares clocks has to meet the one of the data.
	w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat))
	if throttled := s.quota.take(w.Header(), r); throttled != nil {
		_ = throttled.write(w) // the client is gone if this fails, here and below
		return
	}
	if problem != nil {
		_ = problem.write(w)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, body))
	if fault, ok := s.faults.next(r, operation); ok {
		s.log.fault(entry, fault)
		s.serveFault(w, r, operation, fault)
		return
	}
	s.serveOperation(w, r, operation)
}

// serveOperation answers as the API does when nothing goes wrong.
func (s *Sandbox) serveOperation(w http.ResponseWriter, r *http.Request, operation Operation) {
	var refused *response
	if operation == "" {
		refused = noRoute(r.URL.Path)
	} else {
		refused = s.authorize(r, operation)
	}
	if refused != nil {
		_ = refused.write(w)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// wait waits for a time, and reports whether the request is still worth answering after it.
func (s *Sandbox) wait(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closed:
		return true
	case <-ctx.Done():
		return false
	}
}
