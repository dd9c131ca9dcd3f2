package reconcile

import (
	"fmt"
	"slices"
	"strings"
)

// patternFindings say which patterns of the policy match nobody in the account: one
// that is misspelled looks as if it protected someone.
func (p *planner) patternFindings() (findings []Finding) {
	add := func(pattern *Glob, where string) {
		if p.isMatched(pattern) {
			return
		}
		findings = append(findings, Finding{
			Severity: SeverityWarning, Code: CodePatternUnused, Source: pointer(pattern.At),
			Message: fmt.Sprintf("%s: nobody in the account has an email that matches %s: correct or remove it", where, pattern.Text),
		})
	}
	for i := range p.desired.Policy.Protected {
		add(&p.desired.Policy.Protected[i], "policy.protected")
	}
	for i := range p.desired.Groups {
		group := &p.desired.Groups[i]
		for j := range group.Match {
			add(&group.Match[j], "the group "+group.Name)
		}
		for j := range group.Roster {
			findings = append(findings, p.rosterValueFinding(group, &group.Roster[j])...)
		}
	}
	return findings
}

// rosterValueFinding says that nobody in the roster has a value that a group names.
func (p *planner) rosterValueFinding(group *Group, value *Located) []Finding {
	if p.desired.Roster == nil {
		return nil // what the file names is refused when it is read
	}
	for _, person := range p.desired.Roster.People {
		if slices.ContainsFunc(person.Groups, value.isValue) {
			return nil
		}
	}
	return []Finding{{
		Severity: SeverityWarning, Code: CodePatternUnused, Source: pointer(value.At),
		Message: fmt.Sprintf("the group %s: nobody in the roster has the value %s: correct or remove it", group.Name, value.Text),
	}}
}

// isMatched reports whether somebody in the account has an email that a pattern
// matches.
func (p *planner) isMatched(pattern *Glob) bool {
	if !strings.ContainsAny(pattern.Text, `*?[\`) {
		_, found := slices.BinarySearchFunc(p.subjects, EmailKey(pattern.Text), func(s subject, key string) int {
			return strings.Compare(s.key, key)
		})
		if found {
			return true
		}
	}
	return slices.ContainsFunc(p.subjects, func(s subject) bool { return pattern.matches(s.key) })
}
