package judge

import (
	"slices"
	"time"
)

// Failed tells of a run that did not succeed, and whether somebody was told of it.
func (j *Judge) Failed(runID string, isTold bool, why string, at time.Time) {
	if !isTold {
		j.broken(Told, at, "run %s failed (%s), and nobody was told", runID, why)
	}
}

// delivery is a message about the failure of a run that a receiver took.
type delivery struct {
	receiver int
	runID    string
}

// Delivered tells of a message about a run that a receiver took.
func (j *Judge) Delivered(receiver int, runID string, isFailure bool) {
	if isFailure {
		j.told[delivery{receiver, runID}] = true
	}
}

// CannotBeTold tells of a message that no receiver and no disk took.
func (j *Judge) CannotBeTold(receiver int, runID string) { j.told[delivery{receiver, runID}] = true }

// Came tells what came of a run, and whether the receivers of notifications are to be
// told of it if it failed: nobody watched it.
func (j *Judge) Came(runID, result string, failed, isToBeTold bool) {
	r := j.byID[runID]
	r.result, r.failed, r.isToBeTold = result, failed, r.isToBeTold || isToBeTold
}

// checkTold asks whether each receiver was told of each failure: of it, or of one before
// with the same result since which no unattended run has ended otherwise. Nobody is told
// of runs by hand, but for one that may have been killed before it could tell.
func (j *Judge) checkTold(receivers int, at time.Time) {
	var since []*run // that have failed
	last := 0        // where those begin that are later than the last unattended run
	for _, r := range j.runs {
		switch {
		case r.result == "" || !r.isToBeTold && !r.failed:
			continue
		case !r.failed:
			since, last = nil, 0
			continue
		case r.isToBeTold && last > 0 && since[last-1].result != r.result:
			since = since[last:]
		}
		since = append(since, r)
		if !r.isToBeTold {
			continue
		}
		last = len(since)
		for receiver := range receivers {
			if !slices.ContainsFunc(since, func(one *run) bool { return one.result == r.result && j.told[delivery{receiver, one.ID}] }) {
				j.broken(Told, at, "run %s ended with %s, and receiver %d was never told", r.ID, r.result, receiver)
			}
		}
	}
}

// checkFrugal counts the requests of a run that met no fault: as many as it takes, and
// each for something that is not so yet.
func (j *Judge) checkFrugal(r *run, batchSize int, at time.Time) {
	seats, names, patches, puts, narrows := make(map[string]bool), make(map[string]bool), 0, 0, 0
	for _, w := range r.writes {
		isPut := w.items[0].Name != nil
		if isPut {
			puts++
		} else {
			patches++
		}
		for _, item := range w.items {
			if isPut {
				names[item.UserID] = true
			} else {
				seats[item.UserID] = true
				if item.Seat.IsHeld() {
					narrows = min(2, narrows+1) // the first narrow goes alone, and the first swap
				}
			}
		}
	}
	if fewest := (len(seats)+batchSize-1)/batchSize + narrows; patches > fewest {
		j.broken(Frugal, at, "run %s sends %d requests about the seats of %d people, at most %d in one", r.ID, patches, len(seats), batchSize)
	}
	if puts > len(names) {
		j.broken(Frugal, at, "run %s sends %d requests about the names of %d people", r.ID, puts, len(names))
	}
}

// Final is the state in which the account must be once the faults have ended, the
// file has stood still, and two runs have been made.
type Final struct {
	Names map[string]string // by user id, what the account shows
	// Runs are the two runs, and Third is the one after those, which must not take
	// anything away.
	Runs  []string
	Third string
	// BatchSize is the most people in one request.
	BatchSize int
	// FreesSeats is true where the API frees the whole seat of whom half is taken, so that
	// the file does not get what it asks for.
	FreesSeats bool
	// Receivers is how many receivers of notifications there are.
	Receivers int
}

// Settles holds the end of the story to what the file asks for.
func (j *Judge) Settles(final Final, at time.Time) {
	files := j.versions(at, at)
	if len(files) != 1 {
		return
	}
	file := files[0]
	isRefused := j.isRefused(file.Roster)
	for _, id := range sorted(j.people) {
		if p := j.people[id]; !p.gone && !isRefused {
			j.checkSettled(p, file, final, at)
		}
	}
	for _, id := range final.Runs {
		j.checkFrugal(j.byID[id], final.BatchSize, at)
	}
	j.checkTold(final.Receivers, at)
	for _, w := range j.byID[final.Third].writes {
		for _, item := range w.items {
			if item.Name != nil || !item.Seat.IsHeld() {
				j.broken(Settled, at, "run %s, the third of a file that stands still, asks for %s of %s", final.Third, item, j.name(item.UserID))
			}
		}
	}
}

// isRefused reports whether nothing is done by a roster: it names fewer than half of those who
// hold a seat, or says that nobody works here.
func (j *Judge) isRefused(roster *Roster) bool {
	if roster == nil {
		return false
	}
	named, isAnybodyThere := 0, false
	for _, works := range roster.Works {
		isAnybodyThere = isAnybodyThere || works
	}
	for _, p := range j.people {
		if _, isNamed := roster.Works[p.email]; isNamed && !p.gone && p.seat().IsHeld() {
			named++
		}
	}
	return !isAnybodyThere || 2*named < j.inUse()
}

// checkSettled asks whether somebody has what the file asks for.
func (j *Judge) checkSettled(p *person, file *File, final Final, at time.Time) {
	entry, isListed := file.Listed[p.email]
	if isListed && entry.Name != "" && final.Names[p.id] != entry.Name {
		j.broken(Settled, at, "%s is called %q, and the file asks for %q", p.email, final.Names[p.id], entry.Name)
	}
	has := p.seat()
	if !has.IsHeld() || file.Protected[p.email] {
		return
	}
	asked := entry.of(has)
	isGiven := has.Lacks(asked) // and may never be, which leaves the rest alone
	switch {
	case isListed && !entry.Ends.IsZero() && at.After(entry.Ends.Add(day)):
		j.broken(Settled, at, "%s has %s, and the entry ended on %s", p.email, has, entry.Ends.Format(time.DateOnly))
	case file.Roster.saysGone(p.email) && !p.mayStay:
		j.broken(Settled, at, "%s has %s, and the roster says that they are gone", p.email, has)
	case asked != has && !isGiven && !file.leavesOpen(p.email) && !(asked.IsHeld() && (final.FreesSeats || j.looksFreed())):
		j.broken(Settled, at, "%s has %s, and the file says otherwise", p.email, has)
	case !isListed && file.ReleasesUnlisted && !p.mayStay:
		j.broken(Settled, at, "%s has %s, and no file lists them", p.email, has)
	case entry.ExemptUntil.IsZero() && !p.mayStay && file.notIdle(p, has, at.Add(-day), slack) == "" && p.lastSign(at).Equal(p.lastSign(at.Add(-2*day))):
		j.broken(Settled, at, "%s has %s, and has been idle since %s", p.email, has, p.lastSign(at).Format("2006-01-02 15:04:05"))
	}
}
