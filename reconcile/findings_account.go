package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// nearestShown is how many people are named who are nearest to losing their seat
// by the account's own rule.
const nearestShown = 5

// accountFindings are about the account's own settings.
func (p *planner) accountFindings() []Finding {
	findings := p.expirationFindings()
	if providers := p.live.Settings.Deprovisioning; len(providers) > 0 {
		findings = append(findings, Finding{
			Severity: SeverityWarning, Code: CodeSCIMDeprovision,
			Message: fmt.Sprintf("%s takes the seats of people away by SCIM, whatever the file says of them: protected and exempt people too",
				strings.Join(providers, ", ")),
		})
	}
	return append(findings, p.licenseDiffers()...)
}

// expirationFindings say that Cloudflare itself takes seats away, and whose it
// takes first of those whom the file keeps.
func (p *planner) expirationFindings() []Finding {
	limit := p.live.Settings.SeatExpiration
	if limit <= 0 {
		return nil
	}
	findings := []Finding{{
		Severity: SeverityWarning, Code: CodeSeatExpiration,
		Message: fmt.Sprintf("the account's own seat expiration takes the seat of whoever shows no activity for %s, whatever the file says: "+
			"protected and exempt people too", Count(int(limit/Day), "day")),
	}}
	kept := p.kept(limit)
	for _, person := range kept[:min(len(kept), nearestShown)] {
		findings = append(findings, Finding{
			Severity: SeverityWarning, Code: CodeSeatExpiration, Email: person.Email, Source: pointer(person.at),
			Message: fmt.Sprintf("%s, and yet the account's own seat expiration takes the seat %s: %s",
				person.because, p.expirySentence(person.expires), person.last),
		})
	}
	return findings
}

// keptPerson is a seat holder whom the file keeps.
type keptPerson struct {
	*subject
	because string
	at      Position
	last    string // what is known of their activity
	expires time.Time
}

// kept returns the seat holders whom the file protects or exempts, the ones whose
// seat expires first at the front. Nobody is among them whose activity is not known.
func (p *planner) kept(limit time.Duration) []keptPerson {
	var people []keptPerson
	for i := range p.subjects {
		s := &p.subjects[i]
		person := keptPerson{subject: s}
		if because, at := p.desired.protection(s.key, s.group); because != "" {
			person.because, person.at = "protected by the file", at
		} else if exemption := s.entry.exemptFrom(string(Inactive)); exemption != nil {
			person.because, person.at = "exempt until "+exemption.Until.String(), s.entry.Position()
		}
		sign, isSeen := p.lastSign(s)
		if person.because == "" || !s.HoldsSeat() || !sign.IsKnown() {
			continue
		}
		person.expires = sign.Time().Add(limit)
		if person.last = "the last sign of activity is of " + p.dateOf(sign.Time()); !isSeen {
			person.last = "they were never seen, and the record is of " + p.dateOf(sign.Time())
		}
		people = append(people, person)
	}
	slices.SortStableFunc(people, func(a, b keptPerson) int {
		return cmp.Or(a.expires.Compare(b.expires), cmp.Compare(a.key, b.key), cmp.Compare(a.ID, b.ID))
	})
	return people
}

// lastSign returns the newest sign of activity of a user or, where there is none, when
// the record was made. It is none where a newer sign may exist that was not read.
func (p *planner) lastSign(s *subject) (sign Moment, isSeen bool) {
	login, onDevices := p.readable(s.LastLogin), p.devices.signs(s.ID)
	mayBeMissing := s.mayUseDevices() && (!p.devices.Read || !p.devices.askedAbout(s.User) || p.devices.isMissing(s.User, onDevices.Listed))
	if onDevices.IsUnreadable || mayBeMissing || !s.LastLogin.IsNone() && !login.IsKnown() {
		return Moment{}, false
	}
	if sign = login.Newest(p.readable(onDevices.LastSeen)); sign.IsNone() {
		return p.readable(s.CreatedAt), false
	}
	return sign, true
}

// expirySentence says when a seat expires.
func (p *planner) expirySentence(expires time.Time) string {
	if !expires.After(p.now) {
		return "any day"
	}
	return "on " + p.dateOf(expires) + ", " + p.daysUntil(expires)
}

// licenseDiffers says where the file and the subscription disagree.
func (p *planner) licenseDiffers() []Finding {
	file, paid := p.desired.License, p.live.Settings.Subscription
	if !file.FromSubscription {
		return nil
	}
	var differences []string
	differ := func(what, inFile, inSubscription string) {
		if inFile != "" && inSubscription != "" && inFile != inSubscription {
			differences = append(differences, fmt.Sprintf("%s is %s in the file and %s in the subscription", what, inFile, inSubscription))
		}
	}
	count := func(n *int) string {
		if n == nil {
			return ""
		}
		return Number(*n)
	}
	differ("purchased", count(file.Purchased), count(paid.Purchased))
	differ("price", Thousands(string(file.Price)), Thousands(string(paid.Price)))
	differ("currency", file.Currency, paid.Currency)
	differ("renews", file.Renews.String(), paid.Renews.String())
	if len(differences) == 0 {
		return nil
	}
	return []Finding{{
		Severity: SeverityWarning, Code: CodeLicenseDiffers,
		Message: strings.Join(differences, "; ") + ": the file counts, correct it or remove it there",
	}}
}
