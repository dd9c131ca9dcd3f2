package report

import (
	"bufio"
	"cmp"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// defaultRows is how many rows of one group of held changes or findings text
// shows when the options do not say.
const defaultRows = 10

// writeText writes the report that an administrator reads in ten seconds: the
// verdict, what will be done, what will not and why, and what it comes to.
func writeText(out *bufio.Writer, plan *reconcile.Plan, options Options) {
	t := &textReport{out: out, plan: plan, options: options, results: outcomes(plan)}
	t.verdict()
	t.pending()
	if options.Brief {
		t.leftOut()
	} else {
		t.held()
		t.findings("Findings")
	}
	t.totals()
}

// textReport writes the parts of a text report one after another.
type textReport struct {
	out     *bufio.Writer
	plan    *reconcile.Plan
	options Options
	results []*reconcile.Outcome
}

// verdict writes the first line.
func (t *textReport) verdict() {
	v := judge(t.plan)
	color := map[tone]string{calm: green, busy: bold, held: yellow, broken: red}[v.Tone]
	for _, line := range wrapped(v.Sentence, t.options.Width) {
		t.line(t.paint(color, line))
	}
	if t.plan.Run != nil && t.plan.Run.Stopped != "" {
		t.wrap("", t.paint(red, "stopped:")+" "+sentence(t.plan.Run.Stopped))
	}
}

// pending writes the changes that will be carried out, by kind, and with a run
// what became of each.
func (t *textReport) pending() {
	groups := pendingByKind(t.plan)
	if t.options.Brief && t.plan.Run != nil {
		groups = t.notApplied(groups)
	}
	because := func(change *reconcile.Change) string { return sentence(change.Because) }
	layout := t.layOut("  ", because, allMembers(groups))
	for _, group := range groups {
		t.line("")
		t.line(t.paint(bold, capitalized(doing(group.Key, len(group.Members)))))
		for _, i := range group.Members {
			t.row(&layout, i)
			t.outcome(i)
		}
	}
}

// notApplied returns the groups without the changes that were applied.
func (t *textReport) notApplied(groups []group[reconcile.Kind]) []group[reconcile.Kind] {
	var rest []group[reconcile.Kind]
	for _, g := range groups {
		var members []int
		for _, i := range g.Members {
			if t.results[i] == nil || t.results[i].Status != reconcile.Applied {
				members = append(members, i)
			}
		}
		if len(members) > 0 {
			rest = append(rest, group[reconcile.Kind]{Key: g.Key, Members: members})
		}
	}
	return rest
}

// leftOut says how much a brief report does not show.
func (t *textReport) leftOut() {
	held, findings := t.plan.Summary.Held, len(t.plan.Findings)
	if held+findings == 0 {
		return
	}
	t.line("")
	t.wrap("", t.paint(dim, "as planned: "+count(held, "change is held", "changes are held")+
		", "+count(findings, "finding", "findings")))
}

// held writes the changes that are held back, by what holds them.
func (t *textReport) held() {
	groups := heldByHold(t.plan)
	if len(groups) == 0 {
		return
	}
	t.line("")
	t.line(t.paint(bold, "Held back, will not be carried out"))
	shared := make(map[reconcile.Hold]string)
	shown := make([]group[reconcile.Hold], len(groups))
	for i, group := range groups {
		shared[group.Key] = sharedHold(t.plan, group)
		shown[i].Members = t.cut(group.Members)
	}
	why := func(change *reconcile.Change) string { return heldReason(change, shared[change.Held]) }
	layout := t.layOut("    ", why, allMembers(shown))
	for i, group := range groups {
		t.wrap("  ", t.paint(yellow, value(string(group.Key)))+" ("+number(len(group.Members))+"): "+shared[group.Key])
		for _, member := range shown[i].Members {
			t.row(&layout, member)
		}
		t.more(len(group.Members)-len(shown[i].Members), "--format csv")
	}
}

// allMembers lists the members of all groups.
func allMembers[Key ~string](groups []group[Key]) []int {
	var members []int
	for _, group := range groups {
		members = append(members, group.Members...)
	}
	return members
}

// findings writes what people should know.
func (t *textReport) findings(title string) {
	if len(t.plan.Findings) == 0 {
		return
	}
	t.line("")
	t.line(t.paint(bold, title))
	groups := findingsByCode(t.plan)
	widest := 0
	for _, group := range groups {
		widest = max(widest, min(columns(value(string(group.Key))), widestCode))
	}
	for _, group := range groups {
		shown := t.cut(group.Members)
		for _, i := range shown {
			finding := &t.plan.Findings[i]
			mark, color := severityMark(finding.Severity)
			text := t.paint(color, mark) + " " + padded(value(string(finding.Code)), widest) + "  " + findingText(finding)
			if finding.Source != nil && !finding.Source.IsZero() {
				text += "  " + t.paint(dim, place(*finding.Source))
			}
			t.wrap("  ", text)
		}
		t.more(len(group.Members)-len(shown), "--format json")
	}
}

// severityMark returns the sign of a severity and its colour.
func severityMark(severity reconcile.Severity) (mark, color string) {
	switch severity {
	case reconcile.SeverityError:
		return "✗", red
	case reconcile.SeverityInfo:
		return "i", cyan
	case reconcile.SeverityWarning:
	}
	return "!", yellow
}

// cut returns as many members of a group as the options let text show. One row
// is never hidden behind a line that says so.
func (t *textReport) cut(members []int) []int {
	limit := cmp.Or(t.options.Rows, defaultRows)
	if limit < 0 || len(members) <= limit+1 {
		return members
	}
	return members[:limit]
}

// more says how many rows were left out and where they are.
func (t *textReport) more(left int, where string) {
	if left > 0 {
		t.line(t.paint(dim, "    … and "+number(left)+" more: "+where+" shows all"))
	}
}

// capitalized returns text with a capital first letter.
func capitalized(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
