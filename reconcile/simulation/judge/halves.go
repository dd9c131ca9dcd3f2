package judge

import (
	"slices"
	"time"
)

// freed is a whole seat that was gone when a run took half of it, or gave one for the other.
type freed struct {
	at     time.Time
	person *person
	run    *run
	isSwap bool
}

// frees holds such a seat to it that a run tries this with one person.
func (j *Judge) frees(now freed) {
	for _, one := range j.freed {
		if one.run == now.run && one.person != now.person && one.isSwap == now.isSwap && !one.person.seat().IsHeld() {
			j.broken(Wrongly, now.at, "run %s took half of the seats of %s and %s, and both were gone", now.run.ID, one.person.email, now.person.email)
		}
	}
	j.freed = append(j.freed, now)
}

// isKnownTo reports whether a run knows of it: its owner still has none, and it is its own or
// the account shows it, and the record says what it was about.
func (f freed) isKnownTo(j *Judge, r *run) bool {
	p := f.person
	switch {
	case p.gone || p.seat().IsHeld(): // it was given back
		return false
	case f.run == r:
		return true
	case !f.run.ended.Before(r.Begun) || p.lastSign(r.Begun).After(f.at):
		return false
	}
	found, err := readRecord(j.PathOf(f.run.ID))
	if err != nil {
		return false
	}
	for index, o := range found.outcomes {
		if index < len(found.changes) && found.changes[index].UserID == p.id && found.changes[index].Kind != "rename" {
			return !o.Open
		}
	}
	return false
}

// looksFreed reports whether people took the seat of somebody of whom a run had asked for half
// of it before, or was about to when it was killed: it looks as if the API had freed the whole one.
func (j *Judge) looksFreed() bool {
	for _, r := range j.runs {
		for _, p := range j.people {
			if r.killed && p.lostToPeople(r.ended) {
				return true
			}
		}
		for _, w := range r.writes {
			for _, item := range w.items {
				if p := j.people[item.UserID]; p != nil && item.Seat.IsHeld() && p.lostToPeople(w.sent) {
					return true
				}
			}
		}
	}
	return false
}

// lostToPeople reports whether people took the seat of somebody after a time.
func (p *person) lostToPeople(after time.Time) bool {
	return slices.ContainsFunc(p.history, func(one held) bool { return one.by == "" && !one.seat.IsHeld() && one.at.After(after) })
}
