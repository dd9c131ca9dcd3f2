package judge

import "time"

// Failed tells of a run that did not succeed, and whether somebody was told of it.
func (j *Judge) Failed(runID string, isTold bool, why string, at time.Time) {
	if !isTold {
		j.broken(Told, at, "run %s failed (%s), and nobody was told", runID, why)
	}
}

// Final is the state in which the account must be once the faults have ended, the
// file has stood still, and two runs have been made.
type Final struct {
	Names map[string]string // by user id, what the account shows
	// Writes is how many requests the two runs have sent that write.
	Writes int
	// Third is the run after those two, which must not take anything away.
	Third string
}

// Settles holds the end of the story to what the file asks for.
func (j *Judge) Settles(final Final, at time.Time) {
	files := j.versions(at, at)
	if len(files) != 1 {
		return
	}
	file := files[0]
	for _, id := range sorted(j.people) {
		p := j.people[id]
		if p.gone {
			continue
		}
		j.checkSettled(p, file, final, at)
	}
	for _, w := range j.byID[final.Third].writes {
		for _, item := range w.items {
			if item.Name != nil || !item.Seat.IsHeld() {
				j.broken(Settled, at, "run %s, the third of a file that stands still, asks for %s of %s", final.Third, item, j.name(item.UserID))
			}
		}
	}
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
	no := func(flag *bool) bool { return flag != nil && !*flag }
	switch {
	case isListed && !entry.Ends.IsZero() && at.After(entry.Ends.Add(day)):
		j.broken(Settled, at, "%s has %s, and the entry ended on %s", p.email, has, entry.Ends.Format(time.DateOnly))
	case isListed && (no(entry.Access) && has.Access || no(entry.Gateway) && has.Gateway):
		j.broken(Settled, at, "%s has %s, and the file says otherwise", p.email, has)
	case !isListed && file.ReleasesUnlisted && !p.mayStay:
		j.broken(Settled, at, "%s has %s, and no file lists them", p.email, has)
	case entry.ExemptUntil.IsZero() && !p.mayStay && file.notIdle(p, at.Add(-day)) == "" && p.lastSign(at).Equal(p.lastSign(at.Add(-2*day))):
		j.broken(Settled, at, "%s has %s, and has been idle since %s", p.email, has, p.lastSign(at).Format("2006-01-02 15:04:05"))
	}
}
