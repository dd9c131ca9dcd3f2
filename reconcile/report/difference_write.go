package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// WriteDifference writes a difference as text, JSON or Markdown.
func WriteDifference(w io.Writer, format Format, d *Difference, options Options) error {
	if err := checkFormat("a difference", format, ProseFormats()...); err != nil {
		return err
	}
	return buffered(w, "the difference as "+string(format), func(out *bufio.Writer) error {
		switch format {
		case JSON:
			return writeDocument(out, d)
		case Markdown:
			writeDifferenceMarkdown(out, d)
		default:
			writeDifferenceText(out, d, options)
		}
		return nil
	})
}

// sentence sums the difference up.
func (d *Difference) sentence() string {
	since := " since the plan of " + d.Old.CreatedAt.In(d.Old.zone).Format(minutes)
	text := "nothing new" + since
	switch added, gone := len(d.Changes.New), len(d.Changes.Gone); {
	case added > 0 && gone > 0:
		text = reconcile.Number(added) + " new and " + reconcile.CountOf(gone, "gone change", "gone changes") + since
	case added > 0:
		text = reconcile.CountOf(added, "new change", "new changes") + since
	case gone > 0:
		text = reconcile.CountOf(gone, "change is gone", "changes are gone") + since
	}
	if d.Changes.Unchanged > 0 {
		text += "; " + reconcile.CountOf(d.Changes.Unchanged, "change is", "changes are") + " as before"
	}
	if d.Old.AccountID != d.New.AccountID {
		text += fmt.Sprintf("; careful: the old plan is for account %s, the new one for %s", value(d.Old.AccountID), value(d.New.AccountID))
	}
	return text
}

// was says what the old plan had in the place of a new change, or "".
func (n *newChange) was() string { return was(&n.Change, n.Was) }

// differencePart is changes and findings that only one of the plans has.
type differencePart struct {
	title, findingsTitle, findingNoun string
	*View
}

// parts lists what is new and what is gone, each as a view of its own.
func (d *Difference) parts() []differencePart {
	added := &reconcile.Plan{Findings: d.Findings.New}
	for i := range d.Changes.New {
		added.Changes = append(added.Changes, d.Changes.New[i].Change)
	}
	parts := []differencePart{
		{title: "New", findingsTitle: "New findings", findingNoun: "new finding", View: NewView(added)},
		{title: "Gone", findingsTitle: "Findings that are gone", findingNoun: "gone finding",
			View: NewView(&reconcile.Plan{Changes: d.Changes.Gone, Findings: d.Findings.Gone})},
	}
	parts[0].note = func(i int) string { return d.Changes.New[i].was() }
	return parts
}

// facts lists the numbers of both plans.
func (d *Difference) facts() []Fact {
	return []Fact{
		{"Seats", arrow(reconcile.Number(d.Old.SeatsUsed), reconcile.Number(d.New.SeatsUsed)) + " in use"},
		{"Pending", arrow(reconcile.Number(d.Old.Pending), reconcile.Number(d.New.Pending))},
		{"Findings", reconcile.Number(len(d.Findings.New)) + " new, " + reconcile.Number(len(d.Findings.Gone)) + " gone, " +
			reconcile.Number(d.Findings.Unchanged) + " as before"},
	}
}

func writeDifferenceText(out *bufio.Writer, d *Difference, options Options) {
	t := &textReport{textWriter: textWriter{out, options}}
	for _, line := range wrapped(d.sentence(), options.Width) {
		t.line(t.paint(bold, line))
	}
	parts := d.parts()
	for _, part := range parts {
		if t.View = part.View; len(part.plan.Changes) > 0 {
			t.heading(part.title)
			t.rows(part.members())
		}
	}
	for _, part := range parts {
		t.View = part.View
		t.findings(part.findingsTitle)
	}
	t.line("")
	for _, fact := range d.facts() {
		t.line(padded(fact.Label, 9) + " " + fact.Text)
	}
}

func writeDifferenceMarkdown(out *bufio.Writer, d *Difference) {
	head := strings.Replace(marker(d.New.AccountID), "plan", "difference", 1) + "\n### " + capitalized(prose(d.sentence())) + "\n\n"
	foot := ""
	for _, fact := range d.facts() {
		foot += "- **" + fact.Label + ":** " + fact.Text + "\n"
	}
	var changes, findings []*section
	for _, part := range d.parts() {
		if members := part.members(); len(members) > 0 {
			changes = append(changes, part.changeSection("#### "+part.title+"\n\n", "\n", "", members, commentLimit))
		}
		findings = append(findings, part.findingSection(part.findingNoun, commentLimit)...)
	}
	writeSections(out, commentLimit, head, append(changes, findings...), foot)
}
