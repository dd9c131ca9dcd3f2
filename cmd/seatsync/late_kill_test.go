package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// tardy carries out requests that write only some time after they came, also when whoever sent them is gone by then.
type tardy struct {
	serve http.Handler

	mu     sync.Mutex
	random *rand.Rand
	going  sync.WaitGroup
}

// latest is how long the slowest effect takes to land: longer than the next run takes to read.
const latest = 600 * time.Millisecond

func (l *tardy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet {
		l.serve.ServeHTTP(w, request)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // whoever sent it died before all of it was on its way
	}
	l.mu.Lock()
	delay := time.Duration(l.random.Int64N(int64(latest)))
	l.mu.Unlock()
	landed := make(chan *httptest.ResponseRecorder, 1)
	l.going.Go(func() {
		time.Sleep(delay)
		recorder := httptest.NewRecorder()
		copied := request.Clone(context.WithoutCancel(request.Context()))
		copied.Body = io.NopCloser(bytes.NewReader(body))
		l.serve.ServeHTTP(recorder, copied)
		landed <- recorder
	})
	select {
	case <-request.Context().Done():
	case answer := <-landed:
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// TestEffectsThatLandAfterAKillAreToldOfOnce kills runs while the API is slow to carry out what they sent, and starts the
// next ones before it has.
func TestEffectsThatLandAfterAKillAreToldOfOnce(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	r := newRig(t, company())
	slow := &tardy{serve: r.box.Handler(), random: rand.New(rand.NewPCG(seed, 1))}
	trap := &ambush{serve: slow}
	r.serve(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			slow.ServeHTTP(w, request)
			return
		}
		trap.ServeHTTP(w, request)
	})
	kills, late := 0, 0
	for round := 0; round < 6 && !t.Failed(); round++ {
		r.populate(company())
		check(t, os.RemoveAll(r.path("state")))
		for range 3 {
			p := r.start(t.Context(), "apply", "--yes", "--batch-size", "2", "--concurrency", "4")
			trap.set(1+random.IntN(6), killSoon(random, 5*time.Millisecond, p))
			if r.wait(p) == -1 {
				kills++
			}
			trap.set(0, nil)
		}
		before := r.snapshot()
		r.quiet() // nothing can begin any more while the wait is on
		slow.going.Wait()
		for id, now := range r.snapshot() {
			if was := before[id]; isTrue(was.AccessSeat) != isTrue(now.AccessSeat) || isTrue(was.GatewaySeat) != isTrue(now.GatewaySeat) || textOf(was.Name) != textOf(now.Name) {
				late++
			}
		}
		for range 2 { // the second reads what became of the first
			if done := r.run(t.Context(), "apply", "--yes"); done.code != codeOK {
				t.Fatalf("exit code %d\n%s", done.code, done.stderr)
			}
		}
		r.wantAllDone()
		r.wantEachEffectOnce(t)
	}
	t.Logf("%d runs were killed, and %d effects landed after the last of a round was gone", kills, late)
	if kills == 0 || late == 0 {
		t.Error("no effect has landed late: the test shows nothing")
	}
}

// wantEachEffectOnce fails the test unless exactly one record tells of each change that was made, and none that it had no effect.
func (r *rig) wantEachEffectOnce(t *testing.T) {
	t.Helper()
	records, err := r.store().List()
	if err != nil && !strings.Contains(err.Error(), "killed before it had recorded anything") {
		t.Fatal(err)
	}
	told := make(map[string]int)
	for _, found := range records {
		if found.Run == nil {
			continue
		}
		for _, outcome := range found.Run.Outcomes {
			change := &found.Plan.Changes[outcome.Change]
			what := "seat " + change.UserID
			if change.Kind == reconcile.Rename {
				what = "rename " + change.UserID
			}
			if outcome.Status == reconcile.Applied {
				told[what]++
			}
			if strings.Contains(outcome.Error, "took no effect") {
				t.Errorf("run %s: %s", found.ID, outcome.Error)
			}
		}
	}
	wanted := 0
	for id, m := range r.members {
		for what, isNew := range map[string]bool{"seat " + id: !m.hasSeat(m.before), "rename " + id: !m.hasName(m.before)} {
			if isNew {
				wanted++
			}
			if isNew && told[what] != 1 {
				t.Errorf("%s (%s): %d records tell of it", what, m.email(), told[what])
			}
		}
	}
	if len(told) != wanted {
		t.Errorf("%d changes are told of, want %d", len(told), wanted)
	}
}
