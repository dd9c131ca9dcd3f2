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

// writeMarkdown writes the report for a pull-request comment.
func writeMarkdown(out *bufio.Writer, plan *reconcile.Plan) {
	_, _ = out.WriteString(composeMarkdown(plan, commentLimit))
}

// WriteStepSummary writes the Markdown report with as many rows as GitHub takes
// in the summary of a step. It is meant to be appended to the file that
// $GITHUB_STEP_SUMMARY names.
func WriteStepSummary(w io.Writer, plan *reconcile.Plan) error {
	if _, err := io.WriteString(w, composeMarkdown(plan, summaryLimit)); err != nil {
		return fmt.Errorf("write the step summary: %w", err)
	}
	return nil
}

// composeMarkdown returns the report in at most limit bytes. The verdict and
// the totals always fit; rows are left out, and counted, where they do not.
func composeMarkdown(plan *reconcile.Plan, limit int) string {
	head, foot := markdownHead(plan), markdownFoot(plan)
	sections := markdownSections(plan, limit)
	fit(sections, limit-len(head)-len(foot))
	var b strings.Builder
	b.WriteString(head)
	for _, section := range sections {
		section.writeTo(&b)
	}
	b.WriteString(foot)
	return b.String()
}

// Marker is the hidden first line of every Markdown report of an account, by
// which a workflow finds the comment that it is to update.
func Marker(accountID string) string {
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
func markdownHead(plan *reconcile.Plan) string {
	v := judge(plan)
	icon := map[tone]string{calm: "✅", busy: "📋", held: "⚠️", broken: "❌"}[v.Tone]
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n### %s %s\n\n", Marker(plan.AccountID), icon, prose(v.Sentence))
	if plan.Run != nil && plan.Run.Stopped != "" {
		fmt.Fprintf(&b, "**Stopped:** %s\n\n", prose(sentence(plan.Run.Stopped)))
	}
	before, after := plan.Live.SeatsUsed, seatsAfter(plan)
	b.WriteString("| | Before | After | Difference |\n| --- | ---: | ---: | ---: |\n")
	fmt.Fprintf(&b, "| Seats in use | %s | %s | %s |\n", number(before), number(after), signed(number(after-before)))
	if purchased := plan.Money.Purchased; purchased != nil {
		fmt.Fprintf(&b, "| Seats free of %s purchased | %s | %s | %s |\n", number(*purchased),
			number(*purchased-before), number(*purchased-after), signed(number(before-after)))
	}
	if c := costOf(plan); c.MonthBefore != "" {
		currency := inCell(prose(value(c.Currency)))
		row := func(label string, before, after reconcile.Amount) {
			fmt.Fprintf(&b, "| %s, %s | %s | %s | %s |\n", label, currency, grouped(string(before)), grouped(string(after)),
				signed(grouped(string(after.Minus(before)))))
		}
		row("Cost a month", c.MonthBefore, c.MonthAfter)
		row("Cost a year", c.YearBefore, c.YearAfter)
	}
	b.WriteString("\n")
	return b.String()
}

// signed writes a difference with its sign, with the typographic minus so that
// nothing takes it for a list.
func signed(difference string) string {
	switch {
	case strings.Trim(difference, "0.,") == "":
		return "0"
	case strings.HasPrefix(difference, "-"):
		return "−" + difference[1:]
	}
	return "+" + difference
}

// markdownFoot writes the facts that a reviewer looks up when in doubt.
func markdownFoot(plan *reconcile.Plan) string {
	var b strings.Builder
	for _, fact := range totals(plan) {
		if fact.Label == "Seats" || fact.Label == "Cost" {
			continue // in the table at the top
		}
		fmt.Fprintf(&b, "- **%s:** %s\n", fact.Label, prose(fact.Text))
	}
	if plan.Digest != "" {
		fmt.Fprintf(&b, "- **Digest:** %s\n", code(value(plan.Digest)))
	}
	return b.String()
}

// markdownSections returns the tables of the report in the order in which they
// stand, each with no more rows than could ever fit into limit bytes.
func markdownSections(plan *reconcile.Plan, limit int) []*section {
	var sections []*section
	results := outcomes(plan)
	for _, group := range pendingByKind(plan) {
		s := &section{
			Open:  "#### " + capitalized(prose(doing(group.Key, len(group.Members)))) + "\n\n" + changeHeader(results != nil),
			Close: "\n", Total: len(group.Members),
		}
		s.fill(limit, func(i int) string { return pendingRow(plan, results, group.Members[i]) })
		sections = append(sections, s)
	}
	if findings := findingSection(plan, "finding", limit); findings != nil {
		sections = append(sections, findings)
	}
	return append(sections, heldSections(plan, limit)...)
}

// changeHeader opens a table of changes.
func changeHeader(withOutcome bool) string {
	if withOutcome {
		return "| Result | User | Change | Because | Line |\n| --- | --- | --- | --- | --- |\n"
	}
	return "| User | Change | Because | Line |\n| --- | --- | --- | --- |\n"
}

// pendingRow writes a change that will be carried out, or was to be.
func pendingRow(plan *reconcile.Plan, results []*reconcile.Outcome, i int) string {
	change := &plan.Changes[i]
	row := changeCells(change, sentence(change.Because))
	if results == nil {
		return row
	}
	result := "❔ no outcome recorded"
	if outcome := results[i]; outcome != nil {
		mark := map[reconcile.Status]string{reconcile.Applied: "✅", reconcile.Failed: "❌", reconcile.NotTaken: "❌"}[outcome.Status]
		if mark == "" {
			mark = "⏸️"
		}
		result = mark + " " + prose(statusWords(outcome.Status))
		if why := failure(plan, outcome); why != "" {
			result += ": " + prose(why)
		}
	}
	return "| " + inCell(result) + " " + row
}

// changeCells writes the cells of a change that all tables have. The reason is
// inert already.
func changeCells(change *reconcile.Change, because string) string {
	where := ""
	if text := place(change.Source); text != "" {
		where = codeCell(text)
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n",
		codeCell(person(change)), markdownEffect(change), inCell(prose(because)), where)
}

// markdownEffect says what a change does to the user.
func markdownEffect(change *reconcile.Change) string {
	if change.Kind == reconcile.Rename {
		return codeCell(value(change.Before.Name)) + " to " + codeCell(value(change.After.Name))
	}
	return effect(change)
}

// findingSection returns the findings, folded away unless one is an error.
func findingSection(plan *reconcile.Plan, noun string, limit int) *section {
	if len(plan.Findings) == 0 {
		return nil
	}
	fold := "<details>"
	var order []int
	for _, group := range findingsByCode(plan) {
		order = append(order, group.Members...)
	}
	if plan.Findings[order[0]].Severity == reconcile.SeverityError {
		fold = "<details open>"
	}
	s := &section{
		Open:  fold + "<summary>" + count(len(order), noun, noun+"s") + "</summary>\n\n| | Finding | What | Line |\n| --- | --- | --- | --- |\n",
		Close: "\n</details>\n\n", Total: len(order),
	}
	s.fill(limit, func(i int) string {
		finding := &plan.Findings[order[i]]
		icon := map[reconcile.Severity]string{reconcile.SeverityError: "❌", reconcile.SeverityInfo: "ℹ️"}[finding.Severity]
		if icon == "" {
			icon = "⚠️"
		}
		where := ""
		if finding.Source != nil && !finding.Source.IsZero() {
			where = codeCell(place(*finding.Source))
		}
		return fmt.Sprintf("| %s | %s | %s | %s |\n", icon,
			inCell(prose(value(string(finding.Code)))), inCell(prose(findingText(finding))), where)
	})
	return s
}

// heldSections returns the held changes, folded away, a table for each hold.
func heldSections(plan *reconcile.Plan, limit int) []*section {
	groups := heldByHold(plan)
	var sections []*section
	for _, group := range groups {
		shared := sharedHold(plan, group)
		s := &section{
			Open: fmt.Sprintf("<details><summary>%s held back: %s</summary>\n\n%s\n\n%s",
				count(len(group.Members), "change", "changes"), holdName(group.Key), capitalized(prose(shared)), changeHeader(false)),
			Close: "\n</details>\n\n", Total: len(group.Members),
		}
		s.fill(limit, func(i int) string {
			change := &plan.Changes[group.Members[i]]
			return changeCells(change, heldReason(change, shared))
		})
		sections = append(sections, s)
	}
	return sections
}

// holdName names a hold where Markdown does not reach, so that no code span
// could guard a name that this version does not know.
func holdName(hold reconcile.Hold) string {
	if slices.Contains(knownHolds(), hold) {
		return string(hold)
	}
	return "for another reason"
}
