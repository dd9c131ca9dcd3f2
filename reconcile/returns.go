package reconcile

import (
	"fmt"
	"math/big"
	"time"
)

// returnDays is how soon someone must come back for the release to have been
// wrong, and how far back releases are looked at.
const returnDays = 30

// defaultReturnedPercent is the share of releases that may come back in a file that
// sets none, and fewestReturned how many people it takes at least.
const (
	defaultReturnedPercent = 20
	fewestReturned         = 3
)

// countReturned finds who of those released lately holds a seat again, and whether
// they are too many for releasing more people for inactivity.
func (p *planner) countReturned() {
	history := &p.options.History
	p.recent = recentReleases(history, p.now)
	if why := history.unreadableSince(p.now.Add(-returnDays * Day)); why != "" && p.options.AllowReleases == nil {
		p.tooManyReturned = unreadableBecause(returnDays, why)
		return
	}
	if len(p.recent) == 0 {
		return
	}
	p.returned = p.returners(p.recent)
	percent := p.desired.Policy.Returned
	if percent == nil {
		percent = big.NewRat(defaultReturnedPercent, 1)
	}
	share := big.NewRat(int64(len(p.returned))*100, int64(len(p.recent)))
	if len(p.returned) >= fewestReturned && share.Cmp(percent) > 0 && p.options.AllowReleases == nil {
		p.tooManyReturned = fmt.Sprintf("%s of %s people released in the last %d days came back, more than %s: the threshold may be too tight",
			Number(len(p.returned)), Number(len(p.recent)), returnDays, formatPercent(percent))
	}
}

// returns says how many people came back; nil when none was released lately.
func (p *planner) returns() *Returns {
	if len(p.recent) == 0 {
		return nil
	}
	return &Returns{
		Days: returnDays, Released: len(p.recent), Returned: len(p.returned),
		Share: percentOf(len(p.returned), len(p.recent)),
	}
}

// recentReleases returns the latest release of each user within the window. Whom a
// revert restored since has not come back.
func recentReleases(history *History, now time.Time) map[string]PastRelease {
	recent := make(map[string]PastRelease)
	for _, release := range history.Taken {
		age := now.Sub(release.At)
		isRestored := !history.Restored[release.UserID].Before(release.At) && !history.Restored[release.UserID].IsZero()
		if release.Kind == Narrow || !release.isCertain() || isRestored || age < 0 || age > returnDays*Day {
			continue
		}
		if known, ok := recent[release.UserID]; !ok || known.At.Before(release.At) {
			recent[release.UserID] = release
		}
	}
	return recent
}

// returnFindings names the people who came back, and says what their share means.
func (p *planner) returnFindings(returns *Returns) (findings []Finding) {
	if len(p.returned) == 0 {
		return nil
	}
	findings = append(findings, Finding{
		Severity: SeverityWarning, Code: CodeReturned,
		Message: fmt.Sprintf("%s of %s people whose seat was released in the last %d days came back (%s): if that is many, the threshold is too tight",
			Number(returns.Returned), Number(returns.Released), returns.Days, returns.Share),
	})
	for _, r := range p.returned {
		findings = append(findings, Finding{
			Severity: SeverityInfo, Code: CodeReturned, Email: r.Email, Source: r.position(),
			Message: fmt.Sprintf("came back after the seat was released on %s", p.dateOf(r.release.At)),
		})
	}
	return findings
}
