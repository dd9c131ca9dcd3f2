package reconcile

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// standing is what the roster says of one user.
type standing struct {
	roster  *Roster // nil where the file names none
	person  RosterPerson
	isNamed bool
	// hasNoEmail: they cannot be looked for.
	hasNoEmail bool
}

// standingOf returns what the roster says of someone with an email key.
func (r *Roster) standingOf(key string) standing {
	if r == nil {
		return standing{}
	}
	person, isNamed := r.person(key)
	return standing{roster: r, person: person, isNamed: isNamed, hasNoEmail: key == ""}
}

// isGone reports whether the roster says that a user no longer works here.
func (p *planner) isGone(s *subject) bool {
	return standing{p.desired.Roster, RosterPerson{Works: s.works}, s.isInRoster, s.key == ""}.isGone()
}

// isGone reports whether the roster says that they no longer work here. That they
// are not in it says so only where it is complete.
func (s standing) isGone() bool {
	switch {
	case s.roster == nil || s.hasNoEmail:
		return false
	case s.isNamed:
		return s.person.Works == False
	}
	return s.roster.Complete
}

// because says in a sentence what the roster says.
func (s standing) because() string {
	switch {
	case s.roster == nil:
		return "the file names no roster"
	case s.hasNoEmail:
		return "without an email they cannot be found in the roster " + s.roster.File
	case !s.isNamed && s.roster.Complete:
		return fmt.Sprintf("the roster %s, which is complete, does not list them", s.roster.File)
	case !s.isNamed:
		return fmt.Sprintf("the roster %s does not list them, and is not complete", s.roster.File)
	case s.person.Says != "":
		return "the roster lists them as " + strconv.Quote(s.person.Says)
	case s.person.Works == Unknown:
		return "the roster lists them without a status"
	}
	return "the roster lists them"
}

// at is the line behind it.
func (s standing) at() Position {
	switch {
	case s.roster == nil:
		return Position{}
	case s.isNamed:
		return Position{File: s.roster.File, Line: s.person.Line}
	}
	return s.roster.At
}

// rosterFindings say who has left and still holds a seat, and of how many seat
// holders an incomplete roster says nothing.
func (p *planner) rosterFindings() (account, people []Finding) {
	roster := p.desired.Roster
	if roster == nil {
		return nil, nil
	}
	unmatched := 0
	for i := range p.subjects {
		s := &p.subjects[i]
		if !s.HoldsSeat() {
			continue
		}
		if !s.isInRoster && !roster.Complete {
			unmatched++
		}
		if p.isGone(s) && p.departedPolicy() == HolderReport {
			found := roster.standingOf(s.key)
			people = append(people, Finding{
				Severity: SeverityWarning, Code: CodeDepartedUser, Email: s.Email, Source: pointer(found.at()),
				Message: "holds a seat, and " + found.because(),
			})
		}
	}
	if unmatched > 0 {
		account = []Finding{{
			Severity: SeverityInfo, Code: CodeRosterUnmatched, Source: pointer(roster.At),
			Message: fmt.Sprintf("the roster %s does not list %s, and says nothing of them", roster.File, Count(unmatched, "seat holder")),
		}}
	}
	return account, people
}

// departedPolicy is policy.departed, or its default.
func (p *planner) departedPolicy() HolderPolicy {
	return cmp.Or(p.desired.Policy.Departed, HolderReport)
}

// departs reports whether the roster asks for the release of a seat holder.
func (p *planner) departs(s *subject) bool {
	return p.departedPolicy() == HolderRelease && p.isGone(s)
}

// rosterLookalike says that the roster has an email that looks like that of someone
// who would be released as gone, and is not the same.
func (p *planner) rosterLookalike(c candidate) string {
	if c.change.Reason != Departed || c.subject == nil {
		return ""
	}
	if line := p.rosterLineAlike(c.subject.key); line > 0 {
		return fmt.Sprintf("the email at %s:%d looks like theirs and is not the same: correct one of them", p.desired.Roster.File, line)
	}
	return ""
}

// rosterLineAlike returns the line of the roster with an email that looks like one and
// is not the same, 0 for none.
func (p *planner) rosterLineAlike(key string) int {
	alike := LookalikeKey(key)
	for _, other := range append(p.rosterAlike[alike], alike) {
		if person, isNamed := p.desired.Roster.person(other); isNamed && other != key {
			return person.Line
		}
	}
	return 0
}

// lookalikes returns, by [LookalikeKey], the emails in the roster that look like
// another one, in their order.
func (r *Roster) lookalikes() map[string][]string {
	if r == nil {
		return nil
	}
	found := make(map[string][]string)
	for key := range r.People {
		if alike := LookalikeKey(key); alike != key {
			found[alike] = append(found[alike], key)
		}
	}
	for _, keys := range found {
		slices.Sort(keys)
	}
	return found
}

// explainDeparted says what the roster makes of the user, and the policy of that.
func (p *planner) explainDeparted(s *subject) Verdict {
	found := p.desired.Roster.standingOf(s.key)
	verdict := Verdict{Rule: string(Departed), Because: found.because(), Source: pointer(found.at())}
	if found.isGone() {
		verdict.Because += ", and policy.departed is " + string(p.departedPolicy())
		verdict.Applies = p.departs(s) && s.HoldsSeat()
	}
	return verdict
}

// rosterInfo says which roster the plan was made from; nil where there is none.
func (p *planner) rosterInfo() *RosterInfo {
	roster := p.desired.Roster
	if roster == nil {
		return nil
	}
	info := &RosterInfo{File: roster.File, Commit: roster.Commit, People: len(roster.People)}
	if !roster.AsOf.IsZero() {
		asOf := roster.AsOf.UTC()
		info.AsOf = &asOf
	}
	for _, person := range roster.People {
		if person.Works == False {
			info.Gone++
		}
	}
	return info
}

// checkAtLeast returns what is wrong with a roster that names too few of the seat
// holders: it is a part of one, or that of other people.
func (r *Roster) checkAtLeast(subjects []subject) Problems {
	holders, named := 0, 0
	for i := range subjects {
		if !subjects[i].HoldsSeat() {
			continue
		}
		holders++
		if subjects[i].isInRoster {
			named++
		}
	}
	least, isEnough := r.leastOf(holders, named)
	if isEnough {
		return nil
	}
	return Problems{{At: cmp.Or(r.AtLeastAt, r.At), Message: fmt.Sprintf(
		"the roster %s names %s of %s, and at_least is %s: check that it is whole and of this account, or lower at_least",
		r.File, Number(named), Count(holders, "seat holder"), least)}}
}

// leastOf returns how many of the seat holders the roster has to name, for people,
// and whether it does.
func (r *Roster) leastOf(holders, named int) (least string, isEnough bool) {
	if r.AtLeast.Count != nil {
		return strconv.Itoa(*r.AtLeast.Count), named >= *r.AtLeast.Count
	}
	percent := r.AtLeast.Percent
	if percent == nil {
		percent = big.NewRat(defaultAtLeast, 1)
	}
	wanted := new(big.Rat).Mul(percent, big.NewRat(int64(holders), 100))
	return formatPercent(percent), big.NewRat(int64(named), 1).Cmp(wanted) >= 0
}

// defaultAtLeast is the share of seat holders in percent that a roster has to name
// unless the file says otherwise.
const defaultAtLeast = 50

// refusal returns why nothing is planned with the roster: it is too old, or names
// too few. A roster that is wrong in itself was never read.
func (r *Roster) refusal(subjects []subject, now time.Time) error {
	if r == nil {
		return nil
	}
	if problems := append(r.CheckAge(now), r.checkAtLeast(subjects)...); len(problems) > 0 {
		return problems
	}
	return nil
}
