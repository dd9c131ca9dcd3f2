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

// The widest that a column gets. A cell beyond it pushes the rest of its own
// row to the right and leaves the other rows aligned.
const (
	widestPerson  = 40
	widestEffect  = 44
	widestBecause = 72
	widestCode    = 24
)

// textReport writes the parts of a text report one after another.
type textReport struct {
	textWriter
	*View
}

// writeText writes the report that an administrator reads in ten seconds: the
// verdict, what will be done, what will not and why, and what it comes to.
func writeText(out *bufio.Writer, view *View, options Options) {
	t := &textReport{textWriter{out, options}, view}
	color := map[Tone]string{Calm: green, Busy: bold, Held: yellow, Broken: red}[view.Verdict.Tone]
	for _, line := range wrapped(view.Verdict.Sentence, options.Width) {
		t.line(t.paint(color, line))
	}
	if view.Stopped != "" {
		t.wrap("", t.paint(red, "stopped:")+" "+view.Stopped)
	}
	t.pending()
	t.gone()
	if options.Brief {
		t.leftOut()
	} else {
		t.held()
		t.anyway()
		t.findings(t.findingsTitle())
		if view.Shares != nil {
			t.table(view.Shares, "", bold)
		}
	}
	t.line("")
	for _, fact := range append(view.Head, view.Facts...) {
		t.block(padded(fact.Label, 9)+" ", strings.Repeat(" ", 10), fact.Text)
	}
}

// pending writes the changes that will be carried out, by kind, and with a run
// what became of each. A brief report shows those that were not applied.
func (t *textReport) pending() {
	groups := t.Pending
	if t.options.Brief && t.outcomes != nil {
		groups = t.notApplied()
	}
	layout := rowLayout{indent: "  "}
	for _, group := range groups {
		t.measure(&layout, group, group.Members)
	}
	for _, group := range groups {
		t.line("")
		t.wrap("", t.paint(bold, capitalized(group.Title))+t.from(group))
		layout.group = group
		for _, i := range group.Members {
			t.row(&layout, i)
		}
	}
}

// gone writes what the base asks for and the plan does not.
func (t *textReport) gone() {
	if t.Review == nil || t.Review.Gone == nil {
		return
	}
	gone := &textReport{t.textWriter, t.Review.Gone}
	gone.heading(capitalized(goneTitle))
	gone.rows(gone.members())
}

// rows writes changes that are set by themselves.
func (t *textReport) rows(members []int) {
	layout := rowLayout{indent: "  "}
	t.measure(&layout, Group{}, members)
	for _, i := range members {
		t.row(&layout, i)
	}
}

// anyway writes what the change of the file comes to, and counts what was asked for
// without it.
func (t *textReport) anyway() {
	if t.Review == nil {
		return
	}
	for _, text := range []string{t.Review.Effect, t.Review.Anyway} {
		if text != "" {
			t.line("")
			t.wrap("", capitalized(text))
		}
	}
}

// notApplied returns the groups without the changes that were applied.
func (t *textReport) notApplied() []Group {
	var rest []Group
	for _, group := range t.Pending {
		left := Group{Place: group.Place, From: group.From}
		for _, i := range group.Members {
			if t.outcomes[i] == nil || t.outcomes[i].Status != reconcile.Applied {
				left.Members = append(left.Members, i)
			}
		}
		if len(left.Members) > 0 {
			left.Title = value(t.plan.Changes[left.Members[0]].Kind.Doing(len(left.Members)))
			rest = append(rest, left)
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
	t.wrap("", t.paint(dim, "as planned: "+reconcile.CountOf(held, "change is held", "changes are held")+
		", "+reconcile.Count(findings, "finding")))
}

// held writes the changes that are held back, by what holds them.
func (t *textReport) held() {
	if len(t.Held) == 0 {
		return
	}
	t.heading("Held back, will not be carried out")
	layout := rowLayout{indent: "    "}
	for _, group := range t.Held {
		t.measure(&layout, group, t.cut(group.Members))
	}
	for _, group := range t.Held {
		t.wrap("  ", t.paint(yellow, group.Key)+" ("+reconcile.Number(len(group.Members))+"): "+group.Title+t.from(group))
		layout.group = group
		shown := t.cut(group.Members)
		for _, i := range shown {
			t.row(&layout, i)
		}
		t.more(len(group.Members)-len(shown), "--format csv")
	}
}

// findings writes what people should know.
func (t *textReport) findings(title string) {
	if len(t.Findings) == 0 {
		return
	}
	t.heading(title)
	widest := 0
	for _, group := range t.Findings {
		widest = max(widest, min(columns(group.Key), widestCode))
	}
	for _, group := range t.Findings {
		shown := t.cut(group.Members)
		for _, i := range shown {
			finding := t.Finding(i)
			text := t.sign(finding.Mark) + " " + padded(group.Key, widest) + "  " + finding.Text
			if finding.Place != "" && finding.Place != group.Place {
				text += "  " + t.paint(dim, finding.Place)
			}
			t.wrap("  ", text)
		}
		if group.Place != "" {
			t.line("    " + t.paint(dim, group.From))
		}
		t.more(len(group.Members)-len(shown), "--format json")
	}
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
		t.line(t.paint(dim, "    … and "+reconcile.Number(left)+" more: "+where+" shows all"))
	}
}

// rowLayout is how the rows of a table are set: in columns, or, where those do
// not fit, with the reason on a line of its own.
type rowLayout struct {
	indent string
	// group has the sentence and the line over the rows, which they need not repeat.
	group                                   Group
	person, effect, because, longest, place int
	stacked                                 bool
}

// measure makes room for the rows of a group.
func (t *textReport) measure(layout *rowLayout, group Group, members []int) {
	for _, i := range members {
		row := t.Row(i)
		because := columns(row.Because(group.Title))
		layout.person = max(layout.person, min(columns(row.Person), widestPerson))
		layout.effect = max(layout.effect, min(columns(row.Effect), widestEffect))
		layout.because = max(layout.because, min(because, widestBecause))
		layout.longest = max(layout.longest, because)
		if row.Place != group.Place {
			layout.place = max(layout.place, columns(row.Place))
		}
	}
	total := len(layout.indent) + 2 + layout.person + 2 + layout.effect + 2 + layout.longest + 2 + layout.place
	if t.outcomes != nil {
		total += 2
	}
	layout.stacked = t.options.Width > 0 && total > t.options.Width
}

// from names the line that the rows of a group come from.
func (t *textReport) from(group Group) string {
	if group.From == "" {
		return ""
	}
	return t.paint(dim, " ("+group.From+")")
}

// row writes one change, and under it why it was not made, or what more there is
// to say of it.
func (t *textReport) row(layout *rowLayout, i int) {
	row := t.Row(i)
	start := layout.indent
	if row.Mark != "" {
		start += t.sign(row.Mark) + " "
	}
	start += t.sign(symbol(row.Kind)) + " " + padded(row.Person, layout.person) + "  "
	because := row.Because(layout.group.Title)
	if row.Place == layout.group.Place {
		row.Place = ""
	}
	switch {
	case layout.stacked:
		t.line(start + row.Effect)
		if text := strings.TrimSpace(because + "  " + t.paint(dim, row.Place)); text != "" {
			t.wrap(layout.indent+"  ", text)
		}
	case row.Place == "":
		t.line(strings.TrimRight(start+padded(row.Effect, layout.effect)+"  "+because, " "))
	default:
		t.line(start + padded(row.Effect, layout.effect) + "  " + padded(because, layout.because) + "  " + t.paint(dim, row.Place))
	}
	if row.Mark != "" && row.Mark != markDone {
		text := t.paint(map[bool]string{true: red, false: yellow}[row.Mark == markBroken], row.State)
		if row.Failure != "" {
			text += ": " + row.Failure
		}
		t.wrap("      ", text)
	}
	if row.Note != "" {
		t.wrap("      ", t.paint(dim, row.Note))
	}
}
