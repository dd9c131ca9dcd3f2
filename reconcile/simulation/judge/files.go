package judge

import "time"

// File is what the files of the desired state say, as those who wrote them mean it.
type File struct {
	// Listed are the entries, by address.
	Listed map[string]Entry
	// ReleasesUnlisted is true where people who hold a seat and are in no entry lose it.
	ReleasesUnlisted bool
	// After is how long somebody may be idle, NeverAfter for how long they may never
	// have been active; 0 for ever.
	After, NeverAfter time.Duration
	// Notice is how long before a recorded run must have named who is released for being
	// idle, 0 for never.
	Notice time.Duration
	// Roster is what HR says, nil for nothing.
	Roster *Roster
	// SalesAfter is After for those of whom the roster says that they are in sales: 0 for no
	// such group, below 0 where nobody of it is ever idle. It comes before that of the entry.
	SalesAfter time.Duration
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
	// Departments has, by address, where people work; empty for not known.
	Departments map[string]string
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

// sales says whether somebody is in sales, and whether that is known.
func (r *Roster) sales(email string) (isSo, isKnown bool) {
	if r == nil {
		return false, true
	}
	department := r.Departments[email]
	return department == "Sales", department != "" || r.saysGone(email)
}

// idleAfter is after how long somebody is idle; below 0 for never, 0 for no rule. Who may be
// in sales is as late as those of sales, or later.
func (f *File) idleAfter(email string) time.Duration {
	allowed := f.After
	if entry, isListed := f.Listed[email]; isListed && entry.IdleAfter != 0 {
		allowed = entry.IdleAfter
	}
	isSales, isKnown := f.Roster.sales(email)
	switch {
	case f.SalesAfter == 0 || isKnown && !isSales:
		return allowed
	case isSales || f.SalesAfter < 0:
		return f.SalesAfter
	case allowed <= 0:
		return allowed
	}
	return max(allowed, f.SalesAfter)
}

// leavesOpen reports whether somebody may be in sales: a release that is held for that comes
// before what the entry asks for.
func (f *File) leavesOpen(email string) bool {
	_, isKnown := f.Roster.sales(email)
	return f.SalesAfter != 0 && !isKnown
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

// of returns the seat that the entry asks for in place of another.
func (e Entry) of(has Seat) Seat {
	if e.Access != nil {
		has.Access = *e.Access
	}
	if e.Gateway != nil {
		has.Gateway = *e.Gateway
	}
	return has
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
