package reconcile

import (
	"fmt"
	"time"
)

// returnDays is how soon someone must come back for the release to have been
// wrong, and how far back releases are looked at.
const returnDays = 30

// ReturnWindow is how far back JudgeOptions.PastReleases should reach.
const ReturnWindow = returnDays * Day

// PastRelease is a seat that an earlier run released.
type PastRelease struct {
	UserID string
	Email  string
	At     time.Time
}

// countReturns counts, of the people whose seat was released within the last
// 30 days, those who hold a seat again. It returns nil when there are none.
func countReturns(past []PastRelease, matched matching, now time.Time) *Returns {
	recent := recentReleases(past, now)
	if len(recent) == 0 {
		return nil
	}
	returned := len(returnedUsers(recent, matched))
	return &Returns{
		Days: returnDays, Released: len(recent), Returned: returned,
		Share: percentOf(returned, len(recent)),
	}
}

// recentReleases returns the latest release of each user within the window.
func recentReleases(past []PastRelease, now time.Time) map[string]PastRelease {
	recent := make(map[string]PastRelease)
	for _, release := range past {
		age := now.Sub(release.At)
		if age < 0 || age > returnDays*Day {
			continue
		}
		if known, ok := recent[release.UserID]; !ok || known.At.Before(release.At) {
			recent[release.UserID] = release
		}
	}
	return recent
}

// returnedUsers returns those of the released users who hold a seat again, in
// the order of the matching.
func returnedUsers(recent map[string]PastRelease, matched matching) []*pair {
	var returned []*pair
	for i := range matched.pairs {
		if _, ok := recent[matched.pairs[i].ID]; ok && matched.pairs[i].HoldsSeat() {
			returned = append(returned, &matched.pairs[i])
		}
	}
	return returned
}

// returnFindings names the people who came back, and says what their share means.
func returnFindings(returns *Returns, options JudgeOptions, matched matching) (findings []Finding) {
	if returns == nil || returns.Returned == 0 {
		return nil
	}
	recent := recentReleases(options.PastReleases, options.Now)
	findings = append(findings, Finding{
		Severity: SeverityWarning, Code: CodeReturned,
		Message: fmt.Sprintf("%d of %d people whose seat was released in the last %d days came back (%s): if that is many, the threshold is too tight",
			returns.Returned, returns.Released, returns.Days, returns.Share),
	})
	for _, p := range returnedUsers(recent, matched) {
		finding := Finding{
			Severity: SeverityInfo, Code: CodeReturned, Email: p.Email,
			Message: fmt.Sprintf("came back after the seat was released on %s", recent[p.ID].At.UTC().Format(time.DateOnly)),
		}
		if p.entry != nil {
			finding.Source = pointer(p.entry.Position())
		}
		findings = append(findings, finding)
	}
	return findings
}
