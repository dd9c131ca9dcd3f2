package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Group is an entry of policy.groups: people to whom a policy of their own applies.
// What it does not say, the policy says; that is resolved when the file is read.
type Group struct {
	// Name tells the group apart from all others.
	Name string
	At   Position
	// Match, Files and Roster say who is in it: those whose email a pattern covers,
	// those whom one of these files lists, and those who have one of these values in
	// the group column of the roster. One of them is enough.
	Match  []Glob
	Files  []Located
	Roster []Located
	// Inactive is the rule for its people; nil when none of them is released for
	// inactivity. InactiveAt is zero where the group does not speak of it.
	Inactive   *InactivePolicy
	InactiveAt Position
	// Protected keeps everybody in it, as [Policy].Protected does.
	Protected   bool
	ProtectedAt Position
	// Price is per seat and month; none when it is that of the license.
	Price Amount
}

// Located is a text and its place in a file.
type Located struct {
	Text string
	At   Position
}

// membership is what puts someone into a group. Its zero value is none.
type membership struct {
	// key is that of the file: "match", "files" or "roster".
	key string
	Located
}

// membership returns what puts someone into the group: the email key, the entry,
// nil for none, and the values in the roster are theirs. Matches decides whether a
// pattern covers the key.
func (g *Group) membership(key string, entry *DesiredUser, values []string, matches func(Glob, string) bool) membership {
	for i := range g.Match {
		if matches(g.Match[i], key) {
			return membership{"match", Located(g.Match[i])}
		}
	}
	for i := range g.Files {
		if entry != nil && entry.File == g.Files[i].Text {
			return membership{"files", g.Files[i]}
		}
	}
	for i := range g.Roster {
		if slices.ContainsFunc(values, g.Roster[i].isValue) {
			return membership{"roster", g.Roster[i]}
		}
	}
	return membership{}
}

// isValue reports whether a value of the roster is meant: case, outer spaces and how
// accents are encoded do not matter.
func (l Located) isValue(value string) bool {
	text, value := strings.TrimSpace(l.Text), strings.TrimSpace(value)
	if isPlainASCII(text) && isPlainASCII(value) {
		return strings.EqualFold(text, value)
	}
	return fold(norm.NFC, text) == fold(norm.NFC, value)
}

// because says what puts someone into the group in a sentence.
func (m *membership) because() string {
	switch m.key {
	case "match":
		return "the email matches " + m.Text
	case "files":
		return "their entry is in " + m.Text
	}
	return "the roster has them in " + m.Text
}

// grouping finds the groups of people, one after another.
type grouping struct {
	*Desired
	// byValue has the index of the first group that is of a value in the roster, for
	// each value so far.
	byValue map[string]int
}

func (d *Desired) grouping() grouping { return grouping{d, make(map[string]int)} }

// of returns the first group that someone is in, nil for none; the values in the roster
// are theirs.
func (g grouping) of(key string, entry *DesiredUser, values []string) *Group {
	if len(g.Groups) == 0 {
		return nil
	}
	first := len(g.Groups)
	for _, value := range values {
		first = min(first, g.ofValue(value))
	}
	for i := range g.Groups[:first] {
		if g.Groups[i].membership(key, entry, nil, Glob.matches).key != "" {
			return &g.Groups[i]
		}
	}
	if first == len(g.Groups) {
		return nil
	}
	return &g.Groups[first]
}

// ofValue returns the index of the first group that is of a value in the roster, or
// that behind the last.
func (g grouping) ofValue(value string) int {
	first, isKnown := g.byValue[value]
	if !isKnown {
		for first < len(g.Groups) && !slices.ContainsFunc(g.Groups[first].Roster, func(l Located) bool { return l.isValue(value) }) {
			first++
		}
		g.byValue[value] = first
	}
	return first
}

// groupOf returns the first group that someone is in, nil for none.
func (d *Desired) groupOf(key string, entry *DesiredUser) *Group {
	return d.grouping().of(key, entry, d.Roster.Groups(key))
}

// groupLookalike says that someone is in their group only because their email looks like
// one that a pattern covers: which policy is theirs is not certain then.
func (p *planner) groupLookalike(c candidate) string {
	s := c.subject
	if s == nil || s.group == nil || len(s.group.Match) == 0 || !c.change.TakesAway() {
		return ""
	}
	values := p.desired.Roster.Groups(s.key)
	if s.group.membership(s.key, s.entry, values, Glob.isExact).key != "" {
		return ""
	}
	member := s.group.membership(s.key, s.entry, values, Glob.matches)
	return fmt.Sprintf("the email only looks like one that the pattern %s of the group %s covers (%s:%d): correct one of them",
		member.Text, s.group.Name, member.At.File, member.At.Line)
}

// UnlistedGroup returns the name of the group of someone whom no file lists, by the
// email; "" for none.
func (d *Desired) UnlistedGroup(email string) string {
	return d.groupOf(EmailKey(email), nil).name()
}

// ruleOf returns the rule about inactivity for the people of a group, those of none
// where it is nil; nil when there is none.
func (d *Desired) ruleOf(group *Group) *InactivePolicy {
	if group != nil {
		return group.Inactive
	}
	return d.Policy.Inactive
}

// Rules returns the rules about inactivity that apply to somebody: that of the
// policy, if it has one, and then those of groups.
func (d *Desired) Rules() (rules []*InactivePolicy) {
	if d.Policy.Inactive != nil {
		rules = append(rules, d.Policy.Inactive)
	}
	for i := range d.Groups {
		if d.Groups[i].Inactive != nil {
			rules = append(rules, d.Groups[i].Inactive)
		}
	}
	return rules
}

// name returns the name of the group, "" for none.
func (g *Group) name() string {
	if g == nil {
		return ""
	}
	return g.Name
}

// protection says what of the file keeps someone from losing anything, and where;
// "" when nothing does.
func (d *Desired) protection(key string, group *Group) (because string, at Position) {
	if glob := d.Policy.protectedBy(key); glob != nil {
		return fmt.Sprintf("protected by %s:%d", glob.At.File, glob.At.Line), glob.At
	}
	if group != nil && group.Protected {
		return fmt.Sprintf("protected by the group %s, %s:%d", group.Name, group.ProtectedAt.File, group.ProtectedAt.Line), group.ProtectedAt
	}
	return "", Position{}
}
