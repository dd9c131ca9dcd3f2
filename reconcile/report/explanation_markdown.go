package report

import (
	"bufio"
	"fmt"

	"github.com/seatsync/seatsync/reconcile"
)

// writeMarkdown writes the report for a ticket or a comment.
func (r *ExplanationReport) writeMarkdown(out *bufio.Writer) {
	for i := range r.People {
		r.personInMarkdown(out, &r.People[i])
	}
	if len(r.Past) > 0 {
		fmt.Fprintf(out, "#### Earlier runs\n\n")
		for i := range r.Past {
			fmt.Fprintf(out, "- %s\n", prose(r.Past[i].sentence(r.Now.Location())))
		}
		fmt.Fprintln(out)
	}
	if r.Recorded != nil {
		fmt.Fprintf(out, "<sub>%s</sub>\n", capitalized(prose(r.origin())))
	}
}

func (r *ExplanationReport) personInMarkdown(out *bufio.Writer, e *reconcile.Explanation) {
	fmt.Fprintf(out, "### %s\n\n", code(r.title(e)))
	for _, fact := range r.facts(e) {
		fmt.Fprintf(out, "- **%s:** %s\n", capitalized(fact.Label), prose(fact.Text))
	}
	fmt.Fprintf(out, "\n#### Decision\n\n")
	if len(e.Changes) == 0 {
		fmt.Fprintf(out, "- Nothing changes\n")
	}
	for i := range e.Changes {
		change := &e.Changes[i]
		fmt.Fprintf(out, "- **%s**, %s: %s%s\n", value(string(change.Kind)), prose(effect(change)), prose(sentence(change.Because)), inBrackets(change.Source))
		if !change.WillBeDone() {
			fmt.Fprintf(out, "  - Held, so nothing happens: **%s**, %s\n", value(string(change.Held)), prose(heldBecause(change)))
		}
	}
	for i := range e.Findings {
		fmt.Fprintf(out, "- Note: %s\n", prose(sentence(e.Findings[i].Message)))
	}
	fmt.Fprintln(out)
	if len(e.Rules) == 0 {
		return
	}
	fmt.Fprintf(out, "#### Rules, in their order\n\n| | rule | verdict | from |\n| --- | --- | --- | --- |\n")
	for _, rule := range e.Rules {
		mark, from := "", ""
		if rule.Applies {
			mark = markDone
		}
		if rule.Source != nil {
			from = codeCell(place(*rule.Source))
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", mark, value(rule.Rule), inCell(prose(sentence(rule.Because))), from)
	}
	fmt.Fprintln(out)
}

// inBrackets writes a place of the file behind a sentence, or nothing.
func inBrackets(source reconcile.Position) string {
	if source.IsZero() {
		return ""
	}
	return " (" + code(place(source)) + ")"
}
