package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// readAge is how old the reading behind a request may be: who was active before
	// that keeps the seat.
	readAge = 60 * time.Second
	// slack is how far the clocks of machine and API may be apart, which is as good
	// as nothing against days.
	slack = 5*time.Minute + 2*time.Second
	// day is how days are counted.
	day = 24 * time.Hour
)

// loss is a seat that a run took.
type loss struct {
	at     time.Time
	person string
	run    *run
}

// checkWrite holds a request that writes to the promises about whole runs.
func (j *Judge) checkWrite(r *run, at time.Time) {
	if r.IsDry {
		j.broken(ReadOnly, at, "run %s is a dry run and sends a request that writes", r.ID)
	}
	if j.isFrozen(r.Begun) {
		j.broken(Frozen, at, "run %s began in a freeze and sends a request that writes", r.ID)
	}
	if early := at.Add(-readAge - j.ClockOff); early.After(r.Begun) && j.isFrozen(early, r.Begun, at) {
		j.broken(Frozen, at, "run %s sends a request that writes in a freeze that has begun since", r.ID)
	}
	for _, other := range j.runs {
		if other == r || len(other.writes) == 0 || !other.ended.IsZero() && other.ended.Before(r.writes[0].sent) {
			continue
		}
		j.broken(Alone, at, "run %s writes while run %s, which has written too, is not over", r.ID, other.ID)
	}
	for _, other := range j.runs {
		if other != r && r.Saved != "" && other.Saved == r.Saved && len(other.writes) > 0 {
			j.broken(Once, at, "run %s carries out the saved plan that run %s carried out", r.ID, other.ID)
		}
	}
}

// checkItem holds what a request asks for one user to what is known when it leaves.
func (j *Judge) checkItem(r *run, item Item, at time.Time) {
	p := j.people[item.UserID]
	switch {
	case p == nil:
	case item.Name != nil:
		last := p.names[len(p.names)-1]
		if last.by == "" && last.at.After(r.Decided) && last.at.Before(at.Add(-readAge)) && last.name != j.planned(r, item) {
			j.broken(Kept, at, "run %s asks for the name %q of %s, whom people have named %q since", r.ID, *item.Name, p.email, last.name)
		}
	case item.Seat.IsHeld() && item.Seat.Lacks(p.seat()) && r.Allowed == nil && !r.Restores:
		for _, one := range j.freed {
			if one.isKnownTo(j, r) {
				j.broken(Wrongly, at, "run %s takes half of the seat of %s, and the whole one of %s was gone when run %s did so",
					r.ID, p.email, one.person.email, one.run.ID)
			}
		}
	}
}

// planned returns the name that the plan of a run is about to change.
func (j *Judge) planned(r *run, item Item) string {
	found, err := readRecord(j.PathOf(r.ID))
	if err != nil {
		return ""
	}
	for i := range found.changes {
		if c := &found.changes[i]; c.Kind == "rename" && c.UserID == item.UserID {
			return c.Before.Name
		}
	}
	return ""
}

// isFrozen reports whether every version of the file that was in force froze a time: at that
// time, and at others.
func (j *Judge) isFrozen(at time.Time, others ...time.Time) bool {
	files := j.versions(at, at)
	for _, other := range others {
		files = append(files, j.versions(other, other)...)
	}
	for _, file := range files {
		frozen := false
		for _, span := range file.Frozen {
			frozen = frozen || span.has(at)
		}
		if !frozen {
			return false
		}
	}
	return len(files) > 0
}

// checkLoss holds a seat that a run took to the promises about all of them.
func (j *Judge) checkLoss(r *run, p *person, before, after Seat, at time.Time) {
	if before.IsHeld() && !after.IsHeld() {
		j.losses = append(j.losses, loss{at, p.id, r})
		j.checkLimits(r, at)
	}
	j.checkFlapping(r, p, at)
}

// checkTaken asks for a reason why a run wants somebody to have less than before.
func (j *Judge) checkTaken(r *run, p *person, before, after Seat, at, sent time.Time) {
	if !after.Lacks(before) {
		return
	}
	seen := j.versions(r.Begun, sent)
	isProtected := len(seen) > 0
	for _, file := range seen {
		isProtected = isProtected && file.Protected[p.email]
	}
	if isProtected {
		j.broken(Protected, at, "%s, who is protected, had %s and has %s by run %s", p.email, before, after, r.ID)
		return
	}
	if r.Restores {
		j.checkTakenBack(r, p, before, after, at, sent)
		return
	}
	why := []string{}
	for _, file := range j.versions(r.Decided, sent) {
		objection := file.objection(p, before, after, sent, r)
		for _, read := range p.mayBeReadAs(sent) {
			if objection == "" || file.objection(&read, read.seat(), after, sent, r) == "" {
				return
			}
		}
		why = append(why, objection)
	}
	if len(why) == 0 {
		why = append(why, "there was no file that could be read")
	}
	j.broken(Wrongly, at, "%s had %s and has %s by run %s, whose request left at %s: %s",
		p.email, before, after, r.ID, sent.Format("15:04:05.000"), strings.Join(why, "; or "))
}

// checkTakenBack asks whether somebody has used the seat since the run gave it that is taken back.
func (j *Judge) checkTakenBack(r *run, p *person, had, has Seat, at, sent time.Time) {
	given := time.Time{}
	for _, one := range p.history {
		if one.by != "" && one.seat.IsHeld() {
			given = one.at
		}
	}
	used := p.lastSignOf(sent.Add(-readAge), had.Gateway && !has.Gateway) // of which devices are a use
	if !given.IsZero() && used.After(given.Add(slack+j.ClockOff)) {
		j.broken(Wrongly, at, "%s had %s and was active at %s, and run %s takes back what was given at %s",
			p.email, had, used.Format("2006-01-02 15:04:05"), r.ID, given.Format("2006-01-02 15:04:05"))
	}
}

// mayBeReadAs returns somebody as a reading may have them that is not too old for a request:
// with what they have held since, and the addresses that they have had.
func (p *person) mayBeReadAs(sent time.Time) (all []person) {
	oldest := sent.Add(-readAge)
	for n := len(p.history); n > 0; n-- {
		read := *p
		read.history = p.history[:n]
		if !p.history[n-1].at.After(sent) {
			all = append(all, read)
			if p.moved.After(oldest) {
				read.email = p.earlier
				all = append(all, read)
			}
		}
		if !p.history[n-1].at.After(oldest) {
			break
		}
	}
	return all
}

// objection says why a file is no reason to take from somebody what they had, "" when
// it is one.
func (f *File) objection(p *person, before, after Seat, sent time.Time, r *run) string {
	entry, isListed := f.Listed[p.email]
	switch {
	case f.Protected[p.email]:
		return "the file protects them"
	case !isListed && f.listsEarlier(p, sent):
		return "the file lists their name under the address that they had before"
	case f.Roster.isWrong(sent, r.seats):
		return "the roster is old, or names too few"
	case f.Roster.saysGone(p.email) && !after.IsHeld():
		return ""
	case isListed && !entry.Ends.IsZero() && !sent.Before(entry.Ends):
		return ""
	case isListed && after == entry.of(before):
		return ""
	case !isListed && f.ReleasesUnlisted && !after.IsHeld():
		return ""
	case after.IsHeld():
		return "the file does not ask for half of it"
	case !entry.ExemptUntil.IsZero():
		return "the file exempts them"
	}
	if idle := f.notIdle(p, before, sent, r.tolerance); idle != "" {
		if !isListed {
			return "no line of the file asks for it, and " + idle
		}
		return "the file lists them, and " + idle
	}
	inTime := func(named time.Time) bool { return sent.Sub(named)+r.tolerance >= f.Notice }
	if f.Notice > 0 && !slices.ContainsFunc(p.foretold, inTime) {
		return fmt.Sprintf("no recorded run named them %s before", f.Notice)
	}
	return ""
}

// listsEarlier reports whether the file has somebody's name under the address before, and
// both could be read.
func (f *File) listsEarlier(p *person, sent time.Time) bool {
	entry, isListed := f.Listed[p.earlier]
	if !isListed || entry.Name == "" || len(p.names) == 0 {
		return false
	}
	last, oldest := p.names[len(p.names)-1], sent.Add(-readAge)
	return last.name == entry.Name && last.at.Before(oldest) && p.moved.Before(oldest)
}

// isWrong reports whether nothing may be done by a roster. Ages are counted in days, and
// people come and go while a run reads.
func (r *Roster) isWrong(at time.Time, inUse int) bool {
	return r != nil && (at.Sub(r.Exported) > r.MaxAge+day || 2*len(r.Works)+4 < inUse)
}

// notIdle says why the file does not call somebody idle, "" when it does, by clocks that
// may be off so much.
func (f *File) notIdle(p *person, has Seat, sent time.Time, tolerance time.Duration) string {
	// Who has no Gateway half, and no device that the API counts, is asked for logins alone.
	last := p.lastSignOf(sent.Add(-readAge), has.Gateway || !p.uncounted)
	allowed := f.idleAfter(p.email)
	switch {
	case allowed <= 0:
		return "it has no rule about being idle"
	case p.isUnclear:
		return "nobody can say when they were active"
	case last.IsZero() && f.NeverAfter == 0:
		return "it has no rule about people who were never active"
	case last.IsZero() && sent.Sub(p.created)+tolerance < f.NeverAfter:
		return fmt.Sprintf("they are there for no more than %s", sent.Sub(p.created).Round(time.Minute))
	case !last.IsZero() && sent.Sub(last)+tolerance < allowed:
		return fmt.Sprintf("they were active at %s, %s before", last.Format("2006-01-02 15:04:05"), sent.Sub(last).Round(time.Second))
	}
	return ""
}

// checkLimits counts what the run, and the runs of each window, have taken.
func (j *Judge) checkLimits(r *run, at time.Time) {
	if r.Restores {
		return
	}
	files := j.versions(r.Decided, at)
	taken := j.taken(func(l loss) bool { return l.run == r })
	most := -1
	for _, file := range files {
		most = max(most, file.perRun(r.seats))
	}
	if r.Allowed != nil {
		most = *r.Allowed
	}
	if most >= 0 && taken > most {
		j.broken(Limited, at, "run %s has taken %d seats, and at most %d are allowed of %d in use", r.ID, taken, most, r.seats)
	}
	if r.Allowed != nil || len(files) == 0 {
		return
	}
	for _, days := range sorted(files[0].Windows) {
		most := 0
		for _, file := range files {
			allowed, isLimited := file.Windows[days]
			if !isLimited {
				allowed = len(j.people)
			}
			most = max(most, allowed)
		}
		since := at.Add(j.ClockOff - time.Duration(days)*day)
		counts := func(l loss) bool { return l.at.After(since) && !l.run.Restores && !j.isUndone(l, at) }
		if taken := j.taken(counts); taken > most && j.counts(r) {
			j.broken(Limited, at, "runs have taken %d seats in %d days with run %s, and at most %d are allowed", taken, days, r.ID, most)
		}
	}
}

// isUndone reports whether a run gave a seat back that it had taken, by asking for half of it
// again; or took one from somebody who came back, and got no usable response: if nobody looked
// in between, its record cannot say that it did. It says that it may have where the login of
// who came back shows.
func (j *Judge) isUndone(l loss, at time.Time) bool {
	p := j.people[l.person]
	isGivenBack := func(one held) bool { return one.at.After(l.at) && one.by == l.run.ID && one.seat.IsHeld() }
	if slices.ContainsFunc(p.history, isGivenBack) {
		return true
	}
	if !p.lastSign(at).After(l.at) {
		return false
	}
	found, err := readRecord(j.PathOf(l.run.ID))
	if err != nil {
		return l.run.killed
	}
	return !found.mayHaveTaken(l.person)
}

// mayHaveTaken reports whether a change of somebody's seat took effect, or may have.
func (r *record) mayHaveTaken(userID string) bool {
	for index, o := range r.outcomes {
		if index < len(r.changes) && r.changes[index].UserID == userID && r.changes[index].Kind != "rename" && (o.Status == "applied" || o.Uncertain) {
			return true
		}
	}
	return false
}

// counts reports whether a run has taken seats itself, beyond those that it was
// allowed by hand.
func (j *Judge) counts(r *run) bool { return j.taken(func(l loss) bool { return l.run == r }) > 0 }

// taken counts the people who lost a seat.
func (j *Judge) taken(counts func(loss) bool) int {
	people := make(map[string]bool)
	for _, l := range j.losses {
		if counts(l) {
			people[l.person] = true
		}
	}
	return len(people)
}

// perRun is the most seats that a run takes; a share is rounded down, to at least one.
func (f *File) perRun(inUse int) int {
	most := -1
	if f.PerRun > 0 {
		most = f.PerRun
	}
	if f.PerRunPercent > 0 {
		share := max(1, inUse*f.PerRunPercent/100)
		if most < 0 || share < most {
			most = share
		}
	}
	if most < 0 {
		return max(1, inUse/4)
	}
	return most
}

// checkFlapping looks for somebody whose seat runs take, give and take again, while
// they do nothing and nobody changes a file.
func (j *Judge) checkFlapping(r *run, p *person, at time.Time) {
	n := len(p.history)
	if n < 4 {
		return
	}
	last := p.history[n-4:]
	taken, given, again := last[1], last[2], last[3]
	if taken.by == "" || given.by == "" || again.by == "" || taken.seat.IsHeld() || !given.seat.IsHeld() || again.seat.IsHeld() {
		return
	}
	for _, one := range last[1:] {
		if by := j.byID[one.by]; by == nil || by.Restores {
			return // somebody wanted it
		}
	}
	isFreed := slices.ContainsFunc(j.freed, func(f freed) bool { return f.person == p && f.at.Equal(taken.at) })
	if p.lastSign(at).After(taken.at) || len(j.versions(taken.at, at)) > 1 || isFreed {
		return
	}
	j.broken(Steady, at, "%s lost the seat by run %s, got it by run %s and lost it by run %s, and did nothing in between",
		p.email, taken.by, given.by, r.ID)
}
