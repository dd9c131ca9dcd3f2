package reconcile

import (
	"fmt"
	"strings"
	"time"
)

// unreadableShown is how many records that cannot be read are named.
const unreadableShown = 3

// historyFinding says that a rule looks back and there is nothing to look at, or
// not all of it.
func (p *planner) historyFinding() []Finding {
	if unreadable := p.unreadableInReach(); len(unreadable) > 0 {
		severity, what := SeverityError, "rules that look back to them release nobody"
		if p.options.AllowReleases != nil {
			severity, what = SeverityWarning, "--allow-releases replaces the limits that look back to them"
		}
		return []Finding{{
			Severity: severity, Code: CodeNoHistory,
			Message: fmt.Sprintf("what earlier runs did is not known, so %s: %s", what, strings.Join(unreadable, "; ")),
		}}
	}
	announced := p.announcedRule()
	if p.options.History.Runs > 0 || announced == nil && len(p.desired.Policy.Windows) == 0 {
		return nil
	}
	at, what := p.desired.Policy.Releases.At, "limits.releases_per counts this run alone"
	if len(p.desired.Policy.Windows) > 0 {
		at = p.desired.Policy.Windows[0].Limit.At
	}
	if announced != nil {
		at, what = announced.AfterAt, "inactive.announced releases nobody yet"
	}
	return []Finding{{
		Severity: SeverityWarning, Code: CodeNoHistory, Source: pointer(at),
		Message: "there are no run records of this account in the state directory, so " + what,
	}}
}

// announcedRule returns the first rule that releases only people who were named
// before; nil when none does.
func (p *planner) announcedRule() *InactivePolicy {
	for _, rule := range p.desired.Rules() {
		if rule.Announced {
			return rule
		}
	}
	return nil
}

// unreadableInReach says what is wrong with the records that a limit of this plan
// looks back to and that cannot be read.
func (p *planner) unreadableInReach() (whys []string) {
	days := 0
	if len(p.desired.Rules()) > 0 {
		days = returnDays
	}
	for _, window := range p.desired.Policy.Windows {
		days = max(days, window.Days)
	}
	if days == 0 {
		return nil
	}
	since := p.now.Add(-time.Duration(days) * Day)
	more := 0
	for _, run := range p.options.History.Unreadable {
		switch {
		case !run.isSince(since):
		case len(whys) == unreadableShown:
			more++
		default:
			whys = append(whys, run.Why)
		}
	}
	if more > 0 {
		whys = append(whys, fmt.Sprintf("and %d more, which 'seatsync history --verify' names", more))
	}
	return whys
}
