package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// Several are the plans of several accounts, in the order of their files.
type Several struct {
	Plans []*reconcile.Plan
	// Failed names the files without a plan. Why is on standard error.
	Failed []string
}

// WriteSeveral writes a section an account and then the sums; JSON is an array of the
// plans, CSV one table. A page of HTML is of one account.
func WriteSeveral(w io.Writer, format Format, several Several, options Options) error {
	if err := CheckSeveral(format); err != nil {
		return err
	}
	return buffered(w, fmt.Sprintf("the %s report", format), func(out *bufio.Writer) error {
		if format == JSON {
			return several.writeJSON(out)
		}
		several.views().writeTo(out, format, options)
		return nil
	})
}

// severalFormats lists the formats that can show several accounts.
func severalFormats() []Format { return []Format{Text, JSON, Markdown, CSV, GitHub} }

// CheckSeveral returns an error for a format that cannot show several accounts.
func CheckSeveral(format Format) error {
	if slices.Contains(severalFormats(), format) {
		return nil
	}
	what := "a page"
	if format == FindingsCSV {
		what = "a file of findings"
	}
	return fmt.Errorf("%s is of one account: name one file, or use one of %s", what, listFormats(severalFormats()))
}

// severalViews are the views of several plans, each worked out once.
type severalViews struct {
	views  []*View
	failed []string
}

func (s *Several) views() *severalViews {
	all := &severalViews{failed: s.Failed}
	for _, plan := range s.Plans {
		all.views = append(all.views, NewView(plan))
	}
	return all
}

func (s *severalViews) writeTo(out *bufio.Writer, format Format, options Options) {
	switch format {
	case CSV:
		s.writeCSV(out)
	case Markdown:
		s.writeMarkdown(out, commentLimit)
	case Text:
		for _, view := range s.views {
			writeText(out, view, options)
			_, _ = out.WriteString("\n")
		}
		t := textWriter{out, options}
		t.wrap("", t.paint(bold, s.sentence()))
		for _, fact := range s.facts() {
			t.block(padded(fact.Label, 9)+" ", strings.Repeat(" ", 10), fact.Text)
		}
	case GitHub:
		for _, view := range s.views {
			writeGitHub(out, view)
		}
		writeAnnotation(out, &annotation{Level: levelNotice, Title: "seatsync", Text: s.sentence()})
	}
}

// writeJSON writes the array of the plans.
func (s *Several) writeJSON(out *bufio.Writer) error {
	separator := "["
	for _, plan := range s.Plans {
		_, _ = out.WriteString(separator + "\n")
		if err := writeJSON(out, plan); err != nil {
			return err
		}
		separator = ","
	}
	if len(s.Plans) == 0 {
		_, _ = out.WriteString("[")
	}
	_, err := out.WriteString("]\n")
	return err
}

// writeCSV writes the changes of all accounts, the account in the last column.
func (s *severalViews) writeCSV(out *bufio.Writer) {
	rows := csv.NewWriter(out)
	rows.UseCRLF = true
	_ = rows.Write(append(csvColumns(), "account"))
	for _, view := range s.views {
		for row := range view.csvRows() {
			_ = rows.Write(append(row, cell(value(view.plan.AccountID))))
		}
	}
	rows.Flush()
}

// severalMarker is the hidden first line of the Markdown report of several accounts.
const severalMarker = "<!-- seatsync plans -->"

// writeMarkdown writes a report an account, each with its part of the room.
func (s *severalViews) writeMarkdown(out *bufio.Writer, limit int) {
	_, _ = out.WriteString(severalMarker + "\n")
	limit = (limit - 2000) / max(1, len(s.views))
	for _, view := range s.views {
		writeMarkdown(out, view, limit)
		_, _ = out.WriteString("\n")
	}
	_, _ = fmt.Fprintf(out, "### %s\n\n", capitalized(prose(s.sentence())))
	for _, fact := range s.facts() {
		_, _ = fmt.Fprintf(out, "- **%s:** %s\n", fact.Label, prose(fact.Text))
	}
}

// WriteStepSummary writes the Markdown report into the summary of a step.
func (s *Several) WriteStepSummary(w io.Writer) error {
	return buffered(w, "the step summary", func(out *bufio.Writer) error {
		s.views().writeMarkdown(out, summaryLimit)
		return nil
	})
}

// sentence sums all accounts up.
func (s *severalViews) sentence() string {
	counts, pending, held := make(map[reconcile.Kind]int), 0, 0
	for _, view := range s.views {
		for kind, n := range view.kindCounts() {
			counts[kind] += n
		}
		pending, held = pending+view.pending(), held+view.heldCount()
	}
	text := reconcile.Count(len(s.views), "account") + " in all: nothing to change"
	switch {
	case len(s.views) == 0:
		text = "nothing was planned"
	case pending > 0:
		text = reconcile.Count(len(s.views), "account") + " in all: " + listKinds(counts, reconcile.Kind.Doing)
	}
	if held > 0 {
		text += "; " + reconcile.CountOf(held, "change is held", "changes are held")
	}
	if len(s.failed) > 0 {
		text += "; no plan for " + value(strings.Join(s.failed, ", "))
	}
	return text
}

// facts sums seats and, by currency, the figures of the bills. A figure that is not
// known of every account says of how many it is.
func (s *severalViews) facts() []Fact {
	if len(s.views) == 0 {
		return nil
	}
	seats, withPurchased := Seats{Purchased: new(int)}, 0
	sums, known := make(map[string][]Cost), make(map[[2]string]int)
	for _, view := range s.views {
		one := &view.Seats
		seats.Before, seats.After = seats.Before+one.Before, seats.After+one.After
		seats.idle, seats.missing = seats.idle+one.idle, seats.missing+one.missing
		if one.Purchased != nil {
			*seats.Purchased += *one.Purchased
			withPurchased++
		}
		for _, cost := range view.Costs {
			sums[cost.Currency] = addCost(sums[cost.Currency], cost)
			known[[2]string{cost.Currency, cost.Label}]++
		}
	}
	if withPurchased < len(s.views) || withPurchased == 0 {
		seats.Purchased = nil
	}
	facts := []Fact{{"Seats", seats.text()}}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		for _, cost := range sums[currency] {
			fact := cost.fact()
			if n := known[[2]string{currency, cost.Label}]; n < len(s.views) {
				fact.Text += ", in " + reconcile.Number(n) + " of " + reconcile.Count(len(s.views), "account")
			}
			facts = append(facts, fact)
		}
	}
	return facts
}

// addCost adds a figure to the sum of that name.
func addCost(sums []Cost, cost Cost) []Cost {
	for i := range sums {
		if sums[i].Label == cost.Label {
			sums[i].Before, sums[i].After = sums[i].Before.Plus(cost.Before), sums[i].After.Plus(cost.After)
			return sums
		}
	}
	return append(sums, cost)
}
