// Package judge says whether the people of an account were treated as seatsync
// promises. It is told what really happened, by the world that makes it happen: who
// worked when, what the files said, which requests were sent and what they changed.
// It looks at the records of runs with a reader of its own.
//
// It must never import a package of seatsync: it would share the mistakes that it is
// there to find. What it holds the program to are the sentences of docs/policy.md and
// docs/apply.md, not the code behind them.
//
// Read on in people.go and files.go for what it is told, rules.go for the promises,
// halves.go for what is known of half a seat, records.go for what the records must say,
// and end.go for what must be true once the faults have ended.
package judge

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Judge collects what happened to one account. It is not safe for concurrent use.
type Judge struct {
	people map[string]*person // by user id
	files  []version
	runs   []*run
	byID   map[string]*run
	losses []loss // seats that runs took, in the order of time
	freed  []freed
	quiet  map[string]bool
	told   map[delivery]bool // failures that reached a receiver
	// ClockOff is how far the clock of the machine is off at the most while a run goes on.
	ClockOff time.Duration
	// BothOff is how far it may be off while that of the API is as well: nobody knows better.
	BothOff time.Duration
	// PathOf returns where the record of a run is.
	PathOf func(runID string) string
	// Retention is how long records are kept.
	Retention time.Duration

	// Broken are the promises that were not kept, in the order of time.
	Broken []Violation
}

// Violation is a promise that was not kept.
type Violation struct {
	// Promise is the name of the promise, one of [Promises].
	Promise string
	At      time.Time
	// About is in a sentence what happened.
	About string
}

// String is the violation in a line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s: %s", v.At.Format("2006-01-02 15:04:05.000"), v.Promise, v.About)
}

// The promises, by the names that violations have.
const (
	// Wrongly: nobody loses a seat, or half of one, without a reason that the file
	// gives and the facts bear out.
	Wrongly = "nobody loses a seat wrongly"
	// Protected: nobody loses one whom every version of the file protects.
	Protected = "protected people keep their seat"
	// ReadOnly: a dry run writes nothing.
	ReadOnly = "a dry run writes nothing"
	// Frozen: a run that begins in a freeze writes nothing, and one that goes on into it no more.
	Frozen = "a freeze holds"
	// Limited: no run, and no window of days, takes more seats than the limits allow.
	Limited = "limits hold"
	// Once: no two runs carry out the same saved plan.
	Once = "a saved plan is carried out once"
	// Kept: no run puts a name in place of one that people gave after it was planned.
	Kept = "a name that people give stays"
	// Alone: one run at a time writes.
	Alone = "one writer for an account"
	// Intended: each write has an intent in the record of its run.
	Intended = "each write has an intent"
	// Truthful: the outcome in a record is what happened.
	Truthful = "the record tells the truth"
	// Steady: nobody is released, granted and released again without a new reason.
	Steady = "nobody flaps"
	// Told: every failure reaches somebody.
	Told = "every failure is told"
	// Settled: once the faults have ended the account is what the file asks for.
	Settled = "the account becomes what the file asks for"
	// Frugal: it does so with the fewest requests.
	Frugal = "no request too many"
)

// Promises returns the names of all promises.
func Promises() []string {
	return []string{
		Wrongly, Protected, ReadOnly, Frozen, Limited, Once, Kept, Alone, Intended, Truthful, Steady, Told, Settled, Frugal,
	}
}

// New returns a judge who knows nothing yet.
func New() *Judge {
	return &Judge{people: make(map[string]*person), byID: make(map[string]*run), quiet: make(map[string]bool), told: make(map[delivery]bool)}
}

// broken notes a violation, once for the same sentence.
func (j *Judge) broken(promise string, at time.Time, format string, arguments ...any) {
	about := fmt.Sprintf(format, arguments...)
	if key := promise + about; !j.quiet[key] {
		j.quiet[key] = true
		j.Broken = append(j.Broken, Violation{Promise: promise, At: at, About: about})
	}
}

// Run is one run of the program.
type Run struct {
	ID    string
	Begun time.Time
	// Decided is when the plan was made: that of a saved one, else Begun.
	Decided time.Time
	// Saved names the saved plan that it carries out; empty for none.
	Saved string
	// IsDry is true for one that must not write.
	IsDry bool
	// Allowed is how many releases somebody allowed by hand; nil for nobody did.
	Allowed *int
	// Restores is true for one that takes another run back.
	Restores bool
}

// run is a run with what it did.
type run struct {
	Run
	tolerance time.Duration // by which the clocks may be off
	seats     int           // in use when it began, or wrote first
	writes    []write
	changed   map[string][]Seat   // by user id
	renamed   map[string][]string // by user id
	ended     time.Time
	killed    bool
	result    string // empty for a run that was killed
	failed    bool
	// isToBeTold is true for a run of which receivers are to be told if it failed.
	isToBeTold bool
}

// write is a request that writes.
type write struct {
	sent  time.Time
	items []Item
}

// Item is what a request asks for one user: a seat, or a name.
type Item struct {
	UserID string
	Seat   Seat
	Name   *string
}

// Begins tells of a run.
func (j *Judge) Begins(r Run) {
	started := &run{Run: r, tolerance: slack + j.BothOff, changed: make(map[string][]Seat), renamed: make(map[string][]string), seats: j.inUse()}
	j.runs = append(j.runs, started)
	j.byID[r.ID] = started
}

// inUse counts the seats in use.
func (j *Judge) inUse() (count int) {
	for _, p := range j.people {
		if !p.gone && p.seat().IsHeld() {
			count++
		}
	}
	return count
}

// Sent tells of a request that writes, when it leaves.
func (j *Judge) Sent(runID string, items []Item, at time.Time) {
	r := j.byID[runID]
	if r == nil {
		j.broken(ReadOnly, at, "a request that writes belongs to no run: %q", runID)
		return
	}
	if len(r.writes) == 0 {
		r.seats = max(r.seats, j.inUse()) // as it may have read them
	}
	r.writes = append(r.writes, write{at, items})
	j.checkWrite(r, at)
	for _, item := range items {
		j.checkItem(r, item, at)
	}
}

// Ends tells of a run that is over.
func (j *Judge) Ends(runID string, at time.Time) { j.byID[runID].ended = at }

// IsKilled tells of a run whose machine stopped.
func (j *Judge) IsKilled(runID string, at time.Time) {
	if r := j.byID[runID]; r != nil && r.ended.IsZero() {
		r.ended, r.killed = at, true
	}
}

// sorted returns the keys of a map in their order.
func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
