package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// killsWanted is how often the test below kills an apply that was going on.
const killsWanted = 50

// noHolder is whoever only tries whether the lock is free.
var noHolder = record.Holder{}

func TestApplyIsKilledAtRandomMomentsAndConverges(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s := &siege{
		rig: newRig(t, company(), func(o *sandbox.Options) { o.Latency = time.Millisecond }), t: t,
		random: rand.New(rand.NewPCG(seed, seed)),
		told:   make(map[string]bool), effects: make(map[string]bool),
	}
	s.ambush = &ambush{serve: s.box.Handler()}
	s.serve(s.ambush.ServeHTTP)
	for s.kills < killsWanted && !t.Failed() {
		if s.isDone() {
			s.wantEveryEffectTold()
			s.populate(company()) // everybody is back as before, so that there is something to do
			s.effects = make(map[string]bool)
		}
		s.killOnce()
	}
	t.Logf("%d runs were killed, %d of them while they wrote, and %d ended before that", s.kills, s.midWrite, s.ended)
	if s.midWrite == 0 {
		t.Error("no run was killed while it wrote: the moments are no random ones")
	}
	s.let(0)
	s.wantEveryEffectTold()
	s.wantAllDone()
	after := s.run(t.Context(), "plan", "--detailed-exitcode", "--format", "json")
	if after.code != codeOK || after.plan(t).Summary.Pending() > 0 {
		t.Errorf("planning after it all: exit code %d\n%s", after.code, after.stderr)
	}
}

// siege kills one apply after the other.
type siege struct {
	*rig
	t      *testing.T
	random *rand.Rand
	ambush *ambush

	kills, midWrite, ended int
	killed                 []*record.Record // to be told of by the next run
	told                   map[string]bool
	effects                map[string]bool // that runs say they had, since everybody was last put back
}

func (s *siege) isDone() bool {
	for id, now := range s.snapshot() {
		if m := s.members[id]; !m.hasSeat(now) || !m.hasName(now) {
			return false
		}
	}
	return true
}

// records returns all records. A run that was killed before its first line is none, and that is said.
func (s *siege) records() []*record.Record {
	s.t.Helper()
	records, err := s.store().List()
	if err != nil && !strings.Contains(err.Error(), "killed before it had recorded anything") {
		s.t.Fatalf("a journal cannot be read: %v", err)
	}
	return records
}

// killOnce starts an apply and kills it at some moment: mostly one at which it speaks to the API, else an early one.
func (s *siege) killOnce() {
	s.t.Helper()
	if s.random.IntN(8) == 0 {
		s.let(early)
		return
	}
	s.let(1 + s.random.IntN(40))
}

// early is the number of events for a kill that waits for none.
const early = -1

// let starts an apply, kills it after so many events (0: lets it end), and checks what is told.
func (s *siege) let(events int) {
	s.t.Helper()
	before := s.snapshot()
	s.box.ForgetRequests()
	p := s.start(s.t.Context(), "apply", "--yes", "--batch-size", "2", "--concurrency", "3", "--history-runs", "20",
		"--allow-releases", "1000") // everybody comes back again and again, which would hold the idle
	switch {
	case events > 0:
		s.ambush.set(events, killSoon(s.random, 3*time.Millisecond, p))
	case events == early:
		killSoon(s.random, 200*time.Millisecond, p)()
	}
	code := s.wait(p)
	s.ambush.set(0, nil)
	s.quiet()
	wasKilled := code == -1
	if !wasKilled && code != codeOK {
		s.t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	s.wantLockFree(s.t)
	sent := s.box.Requests()
	s.wantNoWrongWrite(sent)
	s.wantTold(p.stderr.String(), before, wasKilled)
	s.wantRecorded(p, wasKilled, result{sent: sent}.writes())
}

// wantTold fails the test unless a run has told of those that were killed before it, once.
func (s *siege) wantTold(stderr string, before map[string]sandbox.Record, wasKilled bool) {
	s.t.Helper()
	for id := range s.told {
		if strings.Contains(stderr, id) {
			s.t.Errorf("run %s is told of again\n%s", id, stderr)
		}
	}
	open, err := s.store().Killed()
	if err != nil && !strings.Contains(err.Error(), "killed before it had recorded anything") {
		s.t.Error(err)
	}
	var left []*record.Record
	for _, earlier := range s.killed {
		isOpen := slices.ContainsFunc(open, func(r *record.Record) bool { return r.ID == earlier.ID })
		isTold := strings.Contains(stderr, "run "+earlier.ID+" was killed")
		switch {
		case isOpen && wasKilled:
			left = append(left, earlier) // it did not get that far
		case isOpen || !isTold && !wasKilled:
			s.t.Errorf("run %s was killed, and the next run that ends does not tell (recovered: %t)\n%s", earlier.ID, !isOpen, stderr)
		default:
			s.told[earlier.ID] = true
			s.wantRecovered(earlier, before)
		}
	}
	s.killed = left
}

// wantRecovered fails the test unless what was not known of a run is now as the account was before the run that looked.
func (s *siege) wantRecovered(earlier *record.Record, before map[string]sandbox.Record) {
	s.t.Helper()
	recovered, err := s.store().Read(earlier.ID)
	check(s.t, err)
	if !recovered.IsKilled() {
		s.t.Errorf("run %s: %s", recovered.ID, recovered.Result)
	}
	if recovered.Plan == nil {
		return
	}
	for i, outcome := range recovered.Plan.Run.Outcomes {
		change := &recovered.Plan.Changes[outcome.Change]
		was := earlier.Plan.Run.Outcomes[i]
		if !slices.Contains(earlier.Unknown(), outcome.Change) {
			if outcome != was {
				s.t.Errorf("run %s: %s %s was %v and is now %v", recovered.ID, change.Kind, change.Email, was, outcome)
			}
			continue
		}
		m := s.members[change.UserID]
		isDone := m.hasSeat(before[change.UserID])
		if change.Kind == reconcile.Rename {
			isDone = m.hasName(before[change.UserID])
		}
		s.noteEffect(change, outcome)
		if !isDone && !outcome.Open { // nobody can know so soon that it will not land
			s.t.Errorf("run %s: %s %s is told to have no effect: %+v", recovered.ID, change.Kind, change.Email, outcome)
		}
		if (outcome.Status == reconcile.Applied) != isDone {
			s.t.Errorf("run %s: %s %s is told to be %s, and done is %t", recovered.ID, change.Kind, change.Email, outcome.Status, isDone)
		}
	}
}

// wantRecorded fails the test unless the record of a run tells of everything that it has sent.
func (s *siege) wantRecorded(p *process, wasKilled bool, writes []sandbox.Request) {
	s.t.Helper()
	records := s.records()
	i := slices.IndexFunc(records, func(r *record.Record) bool { return r.PID == p.cmd.Process.Pid })
	if !wasKilled {
		s.ended++
	} else {
		s.kills++
	}
	if i < 0 || records[i].Plan == nil {
		if !wasKilled || len(writes) > 0 {
			s.t.Errorf("%d requests that write, and no record of them (killed: %t)", len(writes), wasKilled)
		}
		if i >= 0 {
			s.killed = append(s.killed, records[i])
		}
		return
	}
	kept := records[i]
	s.wantHonestRun(s.t, kept.Plan)
	if wasKilled && kept.Result == reconcile.ResultKilled {
		s.killed = append(s.killed, kept)
	} else if kept.Result != reconcile.ResultDone { // or it was killed after its end was on the disk
		s.t.Errorf("run %s: %s", kept.ID, kept.Result)
	}
	if wasKilled && len(writes) > 0 {
		s.midWrite++
	}
	s.wantWritesTold(kept, writes)
}

// wantWritesTold fails the test when a request was sent for a change that the record does not say was tried.
func (s *siege) wantWritesTold(kept *record.Record, writes []sandbox.Request) {
	s.t.Helper()
	for _, outcome := range kept.Plan.Run.Outcomes {
		change := &kept.Plan.Changes[outcome.Change]
		s.noteEffect(change, outcome)
		wasSent := slices.ContainsFunc(writes, func(request sandbox.Request) bool {
			if change.Kind == reconcile.Rename {
				return strings.HasSuffix(request.Path, "/"+change.UserID)
			}
			return strings.Contains(request.Body, change.SeatUID)
		})
		wasTried := outcome.Status == reconcile.Applied || slices.Contains(kept.Unknown(), outcome.Change)
		if wasSent && !wasTried || !wasSent && outcome.Status == reconcile.Applied {
			s.t.Errorf("run %s: %s %s was sent: %t, and the record says %s", kept.ID, change.Kind, change.Email, wasSent, outcome.Status)
		}
	}
}

// wantEveryEffectTold fails the test unless, of every change since everybody was put back, a run tells that it did it.
func (s *siege) wantEveryEffectTold() {
	s.t.Helper()
	if !s.isDone() || len(s.killed) > 0 {
		s.let(0)
	}
	wanted := 0
	for id, m := range s.members {
		if !m.hasName(m.before) {
			wanted++
			if !s.effects["rename "+id] {
				s.t.Errorf("%s was renamed, and no run tells", m.email())
			}
		}
		if !m.hasSeat(m.before) {
			wanted++
			if !s.effects["seat "+id] {
				s.t.Errorf("the seat of %s has changed, and no run tells", m.email())
			}
		}
	}
	if len(s.effects) != wanted {
		s.t.Errorf("%d changes are told of, want %d", len(s.effects), wanted)
	}
}

// noteEffect remembers what a run says that it did.
func (s *siege) noteEffect(change *reconcile.Change, outcome reconcile.Outcome) {
	switch {
	case outcome.Status != reconcile.Applied:
	case change.Kind == reconcile.Rename:
		s.effects["rename "+change.UserID] = true
	default:
		s.effects["seat "+change.UserID] = true
	}
}
