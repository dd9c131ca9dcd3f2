// Package judge says whether the people of an account were treated as seatsync
// promises. It is told what really happened, by the world that makes it happen: who
// worked when, what the files said, which requests were sent and what they changed.
// It looks at the records of runs with a reader of its own.
//
// It must never import a package of seatsync: it would share the mistakes that it is
// there to find. What it holds the program to are the sentences of docs/policy.md and
// docs/apply.md, not the code behind them.
//
// Read on in rules.go for the promises, records.go for what the records must say, and
// end.go for what must be true once the faults have ended.
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
	// Frozen: a run that begins in a freeze writes nothing.
	Frozen = "a freeze holds"
	// Limited: no run, and no window of days, takes more seats than the limits allow.
	Limited = "limits hold"
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
		Wrongly, Protected, ReadOnly, Frozen, Limited, Alone, Intended, Truthful, Steady, Told, Settled, Frugal,
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

// Seat is what somebody holds.
type Seat struct{ Access, Gateway bool }

// IsHeld reports whether it is a seat at all.
func (s Seat) IsHeld() bool { return s.Access || s.Gateway }

// String is the seat in a word.
func (s Seat) String() string {
	switch {
	case s.Access && s.Gateway:
		return "both halves of a seat"
	case s.Access:
		return "an Access seat"
	case s.Gateway:
		return "a Gateway seat"
	}
	return "no seat"
}

// person is what is true of somebody.
type person struct {
	id, email string
	earlier   string    // the address before email
	moved     time.Time // when email came to be
	created   time.Time
	signs     []sign  // of activity, in order
	uncounted bool    // the API does not say how many devices they have
	isUnclear bool    // the API does not say when they were active
	history   []held  // what they held since when
	names     []named // what they were called since when
	gone      bool    // the account does not have them any more
	mayStay   bool    // nobody could prove that they are idle
}

// held is what somebody held from a moment on.
type held struct {
	at   time.Time
	seat Seat
	by   string // the run that did it; empty for people
}

func (p *person) seat() Seat {
	if len(p.history) == 0 {
		return Seat{}
	}
	return p.history[len(p.history)-1].seat
}

// heldAt reports whether somebody had exactly this seat at some time in a span.
func (p *person) heldAt(want Seat, from, to time.Time) bool {
	for i := len(p.history) - 1; i >= 0; i-- {
		since := p.history[i].at
		if p.history[i].seat == want && !since.After(to) {
			return true
		}
		if !since.After(from) {
			return false
		}
	}
	return false
}

// named is what somebody was called from a moment on.
type named struct {
	at   time.Time
	name string
	by   string // the run that did it; empty for people
}

// lastSign returns the newest sign of activity before a time, the zero time for none.
func (p *person) lastSign(before time.Time) time.Time { return p.lastSignOf(before, true) }

// lastSignOf is lastSign, of logins alone unless devices count.
func (p *person) lastSignOf(before time.Time, devices bool) time.Time {
	for _, one := range slices.Backward(p.signs) {
		if one.at.Before(before) && (devices || !one.isOnDevice) {
			return one.at
		}
	}
	return time.Time{}
}

// sign is a sign of activity: a login, or a device that was seen.
type sign struct {
	at         time.Time
	isOnDevice bool
}

// Joined tells of somebody who is in the account from now on.
func (j *Judge) Joined(id, email string, at time.Time) {
	j.people[id] = &person{id: id, email: email, created: at}
}

// Left tells of somebody whom the dashboard has removed.
func (j *Judge) Left(id string) { j.people[id].gone = true }

// Moved tells of a new address.
func (j *Judge) Moved(id, email string, at time.Time) {
	p := j.people[id]
	p.earlier, p.moved = p.email, at
	p.email, p.mayStay = email, true // who has the name of an entry is held
}

// Uncounted tells that the API does not say how many devices somebody has.
func (j *Judge) Uncounted(id string) { j.people[id].uncounted = true }

// Unclear tells that the API does not say when somebody was active.
func (j *Judge) Unclear(id string) { j.people[id].isUnclear = true }

// MayStay tells that the API does not show enough of somebody to call them idle.
func (j *Judge) MayStay(id string) { j.people[id].mayStay = true }

// Active tells of a sign of activity, which the API shows from then on.
func (j *Judge) Active(id string, at time.Time, isOnDevice bool) {
	p := j.people[id]
	p.signs = append(p.signs, sign{at, isOnDevice})
	if n := len(p.signs); n > 1 && at.Before(p.signs[n-2].at) {
		slices.SortFunc(p.signs, func(a, b sign) int { return a.at.Compare(b.at) })
	}
}

// Holds tells what somebody holds from now on: by the run that did it, "" for what
// people did. For a run sent is when the request left.
func (j *Judge) Holds(id string, seat Seat, at time.Time, by string, sent time.Time) {
	p := j.people[id]
	before := p.seat()
	if len(p.history) > 0 && before == seat {
		return
	}
	p.history = append(p.history, held{at, seat, by})
	if by == "" {
		return
	}
	if r := j.byID[by]; r != nil {
		r.changed[id] = append(r.changed[id], seat)
		j.checkChange(r, p, before, seat, at, sent)
	}
}

// Named tells what somebody is called from now on: by the run that did it, "" for people.
func (j *Judge) Named(id, name string, at time.Time, by string) {
	p := j.people[id]
	p.names = append(p.names, named{at, name, by})
	if r := j.byID[by]; r != nil {
		r.renamed[id] = append(r.renamed[id], name)
	}
}

// wasNamed reports whether somebody had a name at some time in a span.
func (p *person) wasNamed(name string, from, to time.Time) bool {
	for _, one := range slices.Backward(p.names) {
		if one.name == name && !one.at.After(to) {
			return true
		}
		if !one.at.After(from) {
			return false
		}
	}
	return false
}

// File is what the files of the desired state say, as those who wrote them mean it.
type File struct {
	// Listed are the entries, by address.
	Listed map[string]Entry
	// ReleasesUnlisted is true where people who hold a seat and are in no entry lose it.
	ReleasesUnlisted bool
	// After is how long somebody may be idle, NeverAfter for how long they may never
	// have been active; 0 for ever.
	After, NeverAfter time.Duration
	// Roster is what HR says, nil for nothing.
	Roster *Roster
	// Protected are addresses that keep their seat.
	Protected map[string]bool
	// Frozen are the days on which nothing is applied.
	Frozen []Span
	// PerRun is the most seats that a run takes, as a number and as a percentage of
	// the seats in use; 0 for no such limit.
	PerRun, PerRunPercent int
	// Windows are the most seats that all runs of some days take, by days.
	Windows map[int]int
}

// Roster is an export of HR. Whoever it says is gone loses the seat.
type Roster struct {
	// Works says of addresses whether the person works there.
	Works map[string]bool
	// IsComplete is true where whoever is not named does not work there.
	IsComplete bool
	Exported   time.Time
	// MaxAge is how old it may be: nothing is done by an older one, nor by one that names
	// fewer than half of those who hold a seat.
	MaxAge time.Duration
}

// saysGone reports whether somebody does not work there any more.
func (r *Roster) saysGone(email string) bool {
	if r == nil {
		return false
	}
	works, isNamed := r.Works[email]
	return isNamed && !works || !isNamed && r.IsComplete
}

// Entry is what a file says of somebody.
type Entry struct {
	Name string
	// Access and Gateway are nil where the file leaves them alone.
	Access, Gateway *bool
	// Ends is when the last day of the entry is over; zero for never.
	Ends time.Time
	// IdleAfter is After for people of a group of their own: 0 for no such group, below 0
	// where nobody of it is ever idle.
	IdleAfter time.Duration
	// ExemptUntil is when an exemption from being idle is over; zero for none. One
	// that is over still holds.
	ExemptUntil time.Time
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

func (s Span) has(at time.Time) bool { return !at.Before(s.From) && at.Before(s.To) }

// version is a file and when it was in force. The file is nil where there was
// nothing that can be read.
type version struct {
	from time.Time
	file *File
}

// FileIs tells what the files say from now on; nil for nothing that makes sense. A
// tree between two versions is none, and is not told of.
func (j *Judge) FileIs(file *File, at time.Time) { j.files = append(j.files, version{at, file}) }

// versions returns what was in force at some time in a span.
func (j *Judge) versions(from, to time.Time) (files []*File) {
	for i := len(j.files) - 1; i >= 0; i-- {
		if j.files[i].from.After(to) {
			continue
		}
		if j.files[i].file != nil {
			files = append(files, j.files[i].file)
		}
		if !j.files[i].from.After(from) {
			break
		}
	}
	return files
}

// Run is one run of the program.
type Run struct {
	ID    string
	Begun time.Time
	// Decided is when the plan was made: that of a saved one, else Begun.
	Decided time.Time
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
}

// Ends tells of a run that is over.
func (j *Judge) Ends(runID string, at time.Time) { j.byID[runID].ended = at }

// IsKilled tells of a run whose machine stopped.
func (j *Judge) IsKilled(runID string, at time.Time) {
	if r := j.byID[runID]; r != nil && r.ended.IsZero() {
		r.ended, r.killed = at, true
	}
}

// name is how sentences call somebody.
func (j *Judge) name(id string) string {
	if p := j.people[id]; p != nil {
		return p.email
	}
	return id
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
