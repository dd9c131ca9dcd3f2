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
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch format {
	case Text:
		writeDifferenceText(out, d, options)
	case JSON:
		err = writeDifferenceJSON(out, d)
	case Markdown:
		writeDifferenceMarkdown(out, d)
	case HTML, CSV, GitHub:
		return fmt.Errorf("a difference has no format %q: use one of %s, %s, %s", format, Text, JSON, Markdown)
	default:
		_, err = ParseFormat(string(format))
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the difference as %s: %w", format, err)
	}
	return nil
}

// sentence sums the difference up.
func (d *Difference) sentence() string {
	since := " since the plan of " + d.Old.CreatedAt.UTC().Format(minutes)
	text := "nothing new" + since
	switch added, gone := len(d.Changes.New), len(d.Changes.Gone); {
	case added > 0 && gone > 0:
		text = number(added) + " new and " + count(gone, "gone change", "gone changes") + since
	case added > 0:
		text = count(added, "new change", "new changes") + since
	case gone > 0:
		text = count(gone, "change is gone", "changes are gone") + since
	}
	if d.Changes.Unchanged > 0 {
		text += "; " + count(d.Changes.Unchanged, "change is", "changes are") + " as before"
	}
	if d.Old.AccountID != d.New.AccountID {
		text += fmt.Sprintf("; careful: the old plan is for account %s, the new one for %s", value(d.Old.AccountID), value(d.New.AccountID))
	}
	return text
}

// newChanges lists the new changes without what they were.
func (d *Difference) newChanges() []reconcile.Change {
	changes := make([]reconcile.Change, len(d.Changes.New))
	for i := range d.Changes.New {
		changes[i] = d.Changes.New[i].Change
	}
	return changes
}

// was says what the old plan had in the place of a new change, or "".
func (n *NewChange) was() string {
	switch {
	case n.Was == nil:
		return ""
	case n.Was.Held != n.Change.Held && n.Was.Held != "":
		return "was held: " + value(string(n.Was.Held))
	case n.Was.Held != n.Change.Held:
		return "was not held"
	}
	return "was " + effect(n.Was)
}

// standing is how a change stands in its plan, for a list that has held ones
// among others.
func standing(change *reconcile.Change) string {
	if change.WillBeDone() {
		return sentence(change.Because)
	}
	return "held: " + value(string(change.Held)) + "; " + heldReason(change, "")
}

func writeDifferenceText(out *bufio.Writer, d *Difference, options Options) {
	t := &textReport{out: out, options: options}
	for _, line := range wrapped(d.sentence(), options.Width) {
		t.line(t.paint(bold, line))
	}
	list := func(title string, changes []reconcile.Change, note func(i int) string) {
		if len(changes) == 0 {
			return
		}
		t.plan = &reconcile.Plan{Changes: changes}
		t.line("")
		t.line(t.paint(bold, title))
		members := indices(len(changes))
		layout := t.layOut("  ", standing, members)
		for _, i := range members {
			t.row(&layout, i)
			if text := note(i); text != "" {
				t.wrap("      ", t.paint(dim, text))
			}
		}
	}
	list("New", d.newChanges(), func(i int) string { return d.Changes.New[i].was() })
	list("Gone", d.Changes.Gone, func(int) string { return "" })
	t.plan = &reconcile.Plan{Findings: d.Findings.New}
	t.findings("New findings")
	t.plan = &reconcile.Plan{Findings: d.Findings.Gone}
	t.findings("Findings that are gone")
	t.line("")
	t.line("Seats     " + arrow(number(d.Old.SeatsUsed), number(d.New.SeatsUsed)) + " in use")
	t.line("Pending   " + arrow(number(d.Old.Pending), number(d.New.Pending)))
	t.line("Findings  " + number(len(d.Findings.New)) + " new, " + number(len(d.Findings.Gone)) + " gone, " +
		number(d.Findings.Unchanged) + " as before")
}

// indices lists the numbers below n.
func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func writeDifferenceJSON(out *bufio.Writer, d *Difference) error {
	data, err := newElementEncoder().encode(d, "")
	if err != nil {
		return err
	}
	_, _ = out.Write(data)
	return out.WriteByte('\n')
}

func writeDifferenceMarkdown(out *bufio.Writer, d *Difference) {
	head := strings.Replace(Marker(d.New.AccountID), "plan", "difference", 1) + "\n### " + capitalized(prose(d.sentence())) + "\n\n"
	foot := fmt.Sprintf("- **Seats:** %s in use\n- **Pending:** %s\n- **Findings:** %s new, %s gone, %s as before\n",
		arrow(number(d.Old.SeatsUsed), number(d.New.SeatsUsed)), arrow(number(d.Old.Pending), number(d.New.Pending)),
		number(len(d.Findings.New)), number(len(d.Findings.Gone)), number(d.Findings.Unchanged))
	var sections []*section
	changes := func(title string, changes []reconcile.Change, note func(i int) string) {
		if len(changes) == 0 {
			return
		}
		s := &section{Open: "#### " + title + "\n\n" + changeHeader(false), Close: "\n", Total: len(changes)}
		s.fill(commentLimit, func(i int) string {
			because := standing(&changes[i])
			if text := note(i); text != "" {
				because += " (" + text + ")"
			}
			return changeCells(&changes[i], because)
		})
		sections = append(sections, s)
	}
	changes("New", d.newChanges(), func(i int) string { return d.Changes.New[i].was() })
	changes("Gone", d.Changes.Gone, func(int) string { return "" })
	for _, findings := range [...]struct {
		title string
		list  []reconcile.Finding
	}{{"new finding", d.Findings.New}, {"gone finding", d.Findings.Gone}} {
		plan := &reconcile.Plan{Findings: findings.list}
		if s := findingSection(plan, findings.title, commentLimit); s != nil {
			sections = append(sections, s)
		}
	}
	fit(sections, commentLimit-len(head)-len(foot))
	var b strings.Builder
	b.WriteString(head)
	for _, s := range sections {
		s.writeTo(&b)
	}
	b.WriteString(foot)
	_, _ = out.WriteString(b.String())
}
