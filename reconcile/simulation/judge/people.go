package judge

import (
	"slices"
	"time"
)

// Seat is what somebody holds.
type Seat struct{ Access, Gateway bool }

// IsHeld reports whether it is a seat at all.
func (s Seat) IsHeld() bool { return s.Access || s.Gateway }

// Lacks reports whether a half is missing that another seat has.
func (s Seat) Lacks(other Seat) bool {
	return other.Access && !s.Access || other.Gateway && !s.Gateway
}

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
	signs     []sign      // of activity, in order
	uncounted bool        // the API does not say how many devices they have
	isUnclear bool        // the API does not say when they were active
	history   []held      // what they held since when
	names     []named     // what they were called since when
	foretold  []time.Time // by the plans of runs that began then, for being idle
	gone      bool        // the account does not have them any more
	mayStay   bool        // nobody could prove that they are idle
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

// lastSignOf is lastSign, of logins alone unless devices count. A release deletes what the
// API has of devices.
func (p *person) lastSignOf(before time.Time, devices bool) time.Time {
	var deleted time.Time
	for _, one := range slices.Backward(p.history) {
		if !one.seat.IsHeld() && one.at.Before(before) {
			deleted = one.at.Truncate(time.Second) // as signs are
			break
		}
	}
	for _, one := range slices.Backward(p.signs) {
		if one.at.Before(before) && (!one.isOnDevice || devices && !one.at.Before(deleted)) {
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
// people did. For a run sent is when the request left, and asked what it asked for.
func (j *Judge) Holds(id string, seat, asked Seat, at time.Time, by string, sent time.Time) {
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
		if asked.IsHeld() && !seat.IsHeld() {
			j.frees(freed{at, p, r, before.Lacks(asked)})
		}
		j.checkTaken(r, p, before, asked, at, sent)
		j.checkLoss(r, p, before, seat, at)
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

// name is how sentences call somebody.
func (j *Judge) name(id string) string {
	if p := j.people[id]; p != nil {
		return p.email
	}
	return id
}
