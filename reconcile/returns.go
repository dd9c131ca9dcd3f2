package reconcile

import (
	"fmt"
	"time"
)

// returnDays is how soon someone must come back for the release to have been
// wrong, and how far back releases are looked at.
const returnDays = 30

// countReturns counts, of the people whose seat was released within the last
// 30 days, those who hold a seat again. It returns nil when there are none.
func countReturns(recent map[string]PastRelease, returned []*subject) *Returns {
	if len(recent) == 0 {
		return nil
	}
	return &Returns{
		Days: returnDays, Released: len(recent), Returned: len(returned),
		Share: percentOf(len(returned), len(recent)),
	}
}

// recentReleases returns the latest release of each user within the window.
func recentReleases(past []PastRelease, now time.Time) map[string]PastRelease {
	recent := make(map[string]PastRelease)
	for _, release := range past {
		age := now.Sub(release.At)
		if release.Kind == Narrow || age < 0 || age > returnDays*Day {
			continue
		}
		if known, ok := recent[release.UserID]; !ok || known.At.Before(release.At) {
			recent[release.UserID] = release
		}
	}
	return recent
}

// returned returns those of the released users who hold a seat again.
func (p *planner) returned(recent map[string]PastRelease) []*subject {
	var returned []*subject
	for i := range p.subjects {
		if _, ok := recent[p.subjects[i].ID]; ok && p.subjects[i].HoldsSeat() {
			returned = append(returned, &p.subjects[i])
		}
	}
	return returned
}

// returnFindings names the people who came back, and says what their share means.
func returnFindings(returns *Returns, recent map[string]PastRelease, returned []*subject) (findings []Finding) {
	if len(returned) == 0 {
		return nil
	}
	findings = append(findings, Finding{
		Severity: SeverityWarning, Code: CodeReturned,
		Message: fmt.Sprintf("%d of %d people whose seat was released in the last %d days came back (%s): if that is many, the threshold is too tight",
			returns.Returned, returns.Released, returns.Days, returns.Share),
	})
	for _, s := range returned {
		findings = append(findings, Finding{
			Severity: SeverityInfo, Code: CodeReturned, Email: s.Email, Source: s.position(),
			Message: fmt.Sprintf("came back after the seat was released on %s", recent[s.ID].At.UTC().Format(time.DateOnly)),
		})
	}
	return findings
}
