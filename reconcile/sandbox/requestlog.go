package sandbox

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Request is one request as the sandbox remembers it. Headers, and with them credentials, are not part of it.
type Request struct {
	Time      time.Time // by Options.Now
	Method    string
	Path      string
	Query     string // raw, without the question mark
	Body      string
	Operation Operation // empty when no route leads anywhere

	// Known later than the request itself.
	Status int    // 0 while no response has begun
	Fault  string // the fault it met, as text; empty for none
}

// requestLog remembers the latest requests and counts all of them.
type requestLog struct {
	limit int

	mu      sync.Mutex
	entries []*logEntry
	counts  map[Operation]int
}

type logEntry struct{ Request }

func newRequestLog(limit int) *requestLog {
	return &requestLog{limit: limit, counts: make(map[Operation]int)}
}

// begin notes a request. Twice the limit is kept before the older half is dropped, which costs little a request.
func (l *requestLog) begin(now time.Time, r *http.Request, body []byte, operation Operation) *logEntry {
	entry := &logEntry{Request{
		Time: now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body), Operation: operation,
	}}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) >= 2*l.limit {
		l.entries = slices.Delete(l.entries, 0, len(l.entries)-l.limit)
	}
	l.entries = append(l.entries, entry)
	l.counts[operation]++
	return entry
}

// fault notes the fault that a request meets.
func (l *requestLog) fault(entry *logEntry, fault Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Fault = fault.String()
}

// status notes the status of a response, before the client can see it.
func (l *requestLog) status(entry *logEntry, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry.Status == 0 {
		entry.Status = status
	}
}

// Requests returns the latest requests, oldest first.
func (s *Sandbox) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	entries := s.log.entries[max(0, len(s.log.entries)-s.log.limit):]
	requests := make([]Request, len(entries))
	for i, entry := range entries {
		requests[i] = entry.Request
	}
	return requests
}

// Count returns how many requests there were for an operation, faults and refusals included; for "" those that no
// route matches.
func (s *Sandbox) Count(operation Operation) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.counts[operation]
}

// ForgetRequests empties the log and sets all counters to zero. Quotas stay as they are.
func (s *Sandbox) ForgetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.entries = nil
	clear(s.log.counts)
}

// statusRecorder tells the log the status of a response.
type statusRecorder struct {
	http.ResponseWriter
	log   *requestLog
	entry *logEntry
}

func (w *statusRecorder) WriteHeader(status int) {
	w.log.status(w.entry, status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
