package reconcile

import "fmt"

// A roster puts people into groups. Where it does not say in which ones someone is, they
// may be in any of them: absence from a roster that is not complete says nothing, nor does
// a blank cell. What such a group would keep is kept.

// openGroup says that someone may be in a group that would keep what a change takes away,
// as far as the roster says.
func (p *planner) openGroup(c candidate) string {
	if c.subject == nil || !c.change.TakesAway() {
		return ""
	}
	for _, group := range p.openGroups(c.subject) {
		if !p.standsIn(group, c) {
			return fmt.Sprintf("%s, so they may be in the group %s (%s:%d), which keeps the seat: name them in the roster with their group",
				p.rosterGap(c.subject), group.Name, group.At.File, group.At.Line)
		}
	}
	return ""
}

// openGroups returns the groups that someone may be in before the one that they are known
// to be in.
func (p *planner) openGroups(s *subject) (groups []*Group) {
	for i := range p.desired.Groups {
		group := &p.desired.Groups[i]
		switch {
		case group == s.group:
			return groups
		case len(group.Roster) == 0:
			continue
		case groups == nil && p.rosterGap(s) == "":
			return nil
		}
		groups = append(groups, group)
	}
	return groups
}

// rosterGap says why the roster does not tell which groups someone is in; "" where it
// does. Who is gone is in none.
func (p *planner) rosterGap(s *subject) string {
	roster := p.desired.Roster
	person, isNamed := roster.person(s.key)
	switch {
	case roster == nil || len(person.Groups) > 0:
		return ""
	case !isNamed && p.rosterLineAlike(s.key) > 0:
		return fmt.Sprintf("the email at %s:%d looks like theirs", roster.File, p.rosterLineAlike(s.key))
	case p.isGone(s):
		return ""
	case isNamed:
		return fmt.Sprintf("the roster names no group for them (%s:%d)", roster.File, person.Line)
	}
	return roster.standingOf(s.key).because()
}

// standsIn reports whether a change would be made as well if its user were in a group.
// That it would have to be announced first is for the rule about that.
func (p *planner) standsIn(group *Group, c candidate) bool {
	member := *c.subject
	member.group, member.activity = group, p.assess(member.User, group.Inactive)
	verdict := member.activity.verdict
	if c.change.Reason == Inactive && verdict != inactive && verdict != c.subject.activity.verdict {
		return false
	}
	c.subject = &member
	return p.protected(c) == ""
}
