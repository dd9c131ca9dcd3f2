package sandbox

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// late are effects that land after the connection has died. They land when somebody looks, which nobody can tell from
// landing on time and which leaves no goroutine behind.
type late struct {
	mu      sync.Mutex
	effects []lateEffect
}

type lateEffect struct {
	due  time.Time
	land func()
}

func (l *late) add(due time.Time, land func()) {
	if land == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.effects = append(l.effects, lateEffect{due, land})
	slices.SortStableFunc(l.effects, func(a, b lateEffect) int { return a.due.Compare(b.due) })
}

// land makes the effects that are due.
func (l *late) land(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.effects) > 0 && !l.effects[0].due.After(now) {
		l.effects[0].land()
		l.effects = l.effects[1:]
	}
}

// land makes the late effects that are due.
func (s *Sandbox) land() { s.late.land(s.quota.Now()) }

// withoutAnswer returns what a request does, for later; nil when it may not. It keeps no credentials.
func (s *Sandbox) withoutAnswer(r *http.Request, operation Operation) func() {
	if operation == "" || s.authorize(r, operation) != nil {
		return nil
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Header = http.Header{"Content-Type": r.Header["Content-Type"]}
	return func() { s.mux.ServeHTTP(newRecording(), r) }
}
