package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

const (
	// commentLimit is the most bytes of a Markdown report. GitHub takes 65,536
	// characters for a comment; counted in bytes the limit also holds wherever
	// bytes or UTF-16 units are counted. The rest is for what a workflow adds.
	commentLimit = 65_000
	// summaryLimit is the most bytes of a step summary, of which GitHub takes
	// 1 MiB for each step.
	summaryLimit = 1_000_000
)

// writeMarkdown writes the report within a number of bytes.
func writeMarkdown(out *bufio.Writer, view *View, limit int) {
	writeSections(out, limit, markdownHead(view), view.markdownSections(limit), markdownFoot(view))
}

// WriteStepSummary writes the Markdown report with as many rows as GitHub takes
// in the summary of a step. It is meant to be appended to the file that
// $GITHUB_STEP_SUMMARY names.
func WriteStepSummary(w io.Writer, plan *reconcile.Plan) error {
	return buffered(w, "the step summary", func(out *bufio.Writer) error {
		writeMarkdown(out, NewView(plan), summaryLimit)
		return nil
	})
}

// marker is the hidden first line of every Markdown report of an account, by
// which a workflow finds the comment that it is to update.
func marker(accountID string) string {
	var b strings.Builder
	for _, r := range accountID {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		}
	}
	id := b.String()
	return "<!-- seatsync plan " + id[:min(len(id), longestValue)] + " -->"
}

// markdownHead writes the marker, the verdict and what it comes to.
func markdownHead(view *View) string {
	icon := map[Tone]string{Calm: "✅", Busy: "📋", Held: "⚠️", Broken: "❌"}[view.Verdict.Tone]
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n### %s %s\n\n", marker(view.plan.AccountID), icon, prose(view.Verdict.Sentence))
	if view.Stopped != "" {
		fmt.Fprintf(&b, "**Stopped:** %s\n\n", prose(view.Stopped))
	}
	b.WriteString(view.compared.markdown())
	if view.Review != nil {
		return b.String()
	}
	if view.Advice != "" {
		fmt.Fprintf(&b, "**%s**\n\n", capitalized(prose(view.Advice)))
	}
	return b.String()
}

// markdownFoot writes the facts that a reviewer looks up when in doubt.
func markdownFoot(view *View) string {
	var b strings.Builder
	if view.Review != nil && view.Review.Anyway != "" {
		fmt.Fprintf(&b, "%s\n\n", capitalized(prose(view.Review.Anyway)))
	}
	for _, fact := range view.Facts {
		fmt.Fprintf(&b, "- **%s:** %s\n", fact.Label, prose(fact.Text))
	}
	if view.plan.Digest != "" {
		fmt.Fprintf(&b, "- **Digest:** %s\n", code(value(view.plan.Digest)))
	}
	return b.String()
}

// markdownSections returns the tables of the report in the order in which they
// stand, each with no more rows than could ever fit into limit bytes.
func (v *View) markdownSections(limit int) []*section {
	sections := v.shareSection(limit)
	for _, group := range v.Pending {
		sections = append(sections, v.changeSection("#### "+capitalized(prose(group.Title))+"\n\n", "\n", "", group.Members, limit))
	}
	if v.Review != nil && v.Review.Gone != nil {
		gone := v.Review.Gone
		sections = append(sections, gone.changeSection("#### "+capitalized(goneTitle)+"\n\n", "\n", "", gone.members(), limit))
	}
	sections = append(sections, v.findingSection(v.findingNoun(), limit)...)
	for _, group := range v.Held {
		open := fmt.Sprintf("<details><summary>%s held back: %s</summary>\n\n%s\n\n",
			reconcile.Count(len(group.Members), "change"), holdName(group.Key), capitalized(prose(group.Title)))
		sections = append(sections, v.changeSection(open, "\n</details>\n\n", group.Title, group.Members, limit))
	}
	return sections
}

// changeSection returns a table of changes, with what became of them unless they
// are held.
func (v *View) changeSection(open, end, shared string, members []int, limit int) *section {
	header, rule := "| User | Change | Because | Line |\n", "| --- | --- | --- | --- |\n"
	if v.outcomes != nil && v.plan.Changes[members[0]].WillBeDone() {
		header, rule = "| Result "+header, "| --- "+rule
	}
	s := &section{Open: open + header + rule, Close: end, Total: len(members)}
	s.fill(limit, func(i int) string {
		row := v.Row(members[i])
		because := row.Because(shared)
		if row.Note != "" {
			because += " (" + row.Note + ")"
		}
		line := fmt.Sprintf("| %s | %s | %s | %s |\n", codeCell(row.Person), markdownEffect(&row), inCell(prose(because)), placeCell(row.Place))
		if row.Mark == "" {
			return line
		}
		result := map[string]string{markDone: "✅", markBroken: "❌", markMissing: "❔", markWaiting: "⏸️"}[row.Mark] + " " + prose(row.State)
		if row.Failure != "" {
			result += ": " + prose(row.Failure)
		}
		return "| " + inCell(result) + " " + line
	})
	return s
}

// placeCell writes a line of a file, or nothing.
func placeCell(place string) string {
	if place == "" {
		return ""
	}
	return codeCell(place)
}

// markdownEffect says what a change does to the user.
func markdownEffect(row *Row) string {
	if row.Kind == reconcile.Rename {
		return codeCell(value(row.Before.Name)) + " to " + codeCell(value(row.After.Name))
	}
	return row.Effect
}

// findingSection returns the findings, folded away unless one is an error.
func (v *View) findingSection(noun string, limit int) []*section {
	if len(v.Findings) == 0 {
		return nil
	}
	fold := "<details>"
	if v.Findings[0].Severity == reconcile.SeverityError {
		fold = "<details open>"
	}
	order := allMembers(v.Findings)
	s := &section{
		Open:  fold + "<summary>" + reconcile.Count(len(order), noun) + "</summary>\n\n| | Finding | What | Line |\n| --- | --- | --- | --- |\n",
		Close: "\n</details>\n\n", Total: len(order),
	}
	s.fill(limit, func(i int) string {
		row := v.Finding(order[i])
		icon := map[string]string{markBroken: "❌", markInfo: "ℹ️", markWarning: "⚠️"}[row.Mark]
		return fmt.Sprintf("| %s | %s | %s | %s |\n", icon,
			inCell(prose(value(string(v.plan.Findings[order[i]].Code)))), inCell(prose(row.Text)), placeCell(row.Place))
	})
	return []*section{s}
}

// holdName names a hold where Markdown does not reach, so that no code span
// could guard a name that this version does not know.
func holdName(hold string) string {
	if slices.Contains(reconcile.Holds(), reconcile.Hold(hold)) {
		return hold
	}
	return "for another reason"
}
