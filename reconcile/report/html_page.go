package report

import (
	"cmp"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// page is what the template shows.
type page struct {
	Policy       string
	Style        template.CSS
	Verdict      verdict
	Run          bool
	Stopped      string
	Seats        seatCard
	Cost         *costCard
	Kinds        []bar
	Outcomes     []bar
	Chart        *chart
	Findings     *findingCard
	ChangesTitle string
	Filters      []filter
	Rows         []row
	Shown        string
	RowsLeftOut  string
	Facts        []total
}

// seatCard is the bar of seats. Before, After and Purchased are percentages of
// its width.
type seatCard struct {
	Big, Text, Label         string
	Before, After, Purchased float64
}

// costCard is the cost before and after.
type costCard struct{ Big, Difference, Year, Idle string }

// bar is a count with its share of the largest, as a percentage.
type bar struct {
	Label, Class, Count string
	Share               float64
}

// filter is a choice among the values that occur in a column.
type filter struct {
	ID, Label string
	Options   []option
}

// option is one value and how many rows have it.
type option struct{ Value, Label string }

// findingCard lists the findings by code.
type findingCard struct {
	Title  string
	Groups []findingGroup
}

type findingGroup struct {
	Code, Severity, Count string
	// Folded groups show their items when they are opened.
	Folded bool
	Items  []findingItem
	More   string
}

type findingItem struct{ Text, Place string }

// newPage lays the page out.
func newPage(plan *reconcile.Plan) *page {
	p := &page{
		Policy:  ContentSecurityPolicy(),
		Style:   template.CSS(pageFile("page/page.css")),
		Verdict: judge(plan),
		Run:     plan.Run != nil,
		Seats:   newSeatCard(plan),
		Cost:    newCostCard(plan),
		Kinds:   kindBars(plan),
		Chart:   newChart(plan.Activity),
		Facts:   pageFacts(plan),
	}
	if plan.Run != nil {
		p.Stopped = sentence(plan.Run.Stopped)
		p.Outcomes = outcomeBars(plan.Run)
	}
	p.Findings = newFindingCard(plan)
	p.addRows(plan)
	return p
}

// addRows adds the first rows of the table, its filters, and what is left out.
func (p *page) addRows(plan *reconcile.Plan) {
	order, results := tableOrder(plan), outcomes(plan)
	kinds, states, reasons := make(map[string]int), make(map[string]int), make(map[string]int)
	heldTotal := 0
	for at, i := range order {
		r := newRow(plan, results, i)
		kinds[r.Kind]++
		states[r.State]++
		reasons[r.Reason]++
		if r.StateClass == "held" {
			heldTotal++
		}
		if at < staticHTMLRows {
			p.Rows = append(p.Rows, r)
		}
	}
	p.ChangesTitle = count(len(plan.Changes), "change", "changes")
	p.Shown = "Showing all of them."
	if len(order) > staticHTMLRows {
		p.Shown = "Showing the first " + number(staticHTMLRows) + ". The rest can be searched where scripts may run."
	}
	if left := len(plan.Changes) - len(order); left > 0 {
		p.RowsLeftOut = count(left, "change is", "changes are") + " left out of this page, which holds " +
			number(mostHTMLRows) + ": --format csv lists all."
	}
	states["held"] = heldTotal
	if heldTotal == 0 || len(states) == 2 {
		delete(states, "held")
	}
	p.Filters = []filter{
		{"kind", "Change", options(kinds)}, {"state", "State", options(states)}, {"reason", "Reason", options(reasons)},
	}
}

// options lists the values of a filter in alphabetical order.
func options(counts map[string]int) []option {
	var list []option
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if value != "" {
			list = append(list, option{value, value + " (" + number(counts[value]) + ")"})
		}
	}
	return list
}

// newSeatCard draws the seats in use against those that are paid for.
func newSeatCard(plan *reconcile.Plan) seatCard {
	before, after := plan.Live.SeatsUsed, seatsAfter(plan)
	label := seatTotal(plan)
	_, text, _ := strings.Cut(label, " in use")
	card := seatCard{Big: arrow(number(before), number(after)), Text: strings.TrimSpace(text), Label: label}
	whole := max(before, after, 1)
	if purchased := plan.Money.Purchased; purchased != nil {
		whole = max(whole, *purchased)
		if *purchased < whole {
			card.Purchased = percent(*purchased, whole)
		}
	}
	// What is freed, or newly taken, shows between the two.
	card.Before, card.After = percent(max(before, after), whole), percent(min(before, after), whole)
	return card
}

// percent returns part of whole in hundredths, with one decimal.
func percent(part, whole int) float64 {
	return float64(max(0, part)*1000/max(1, whole)) / 10
}

// newCostCard returns nil when there is no price.
func newCostCard(plan *reconcile.Plan) *costCard {
	c := costOf(plan)
	if c.MonthBefore == "" {
		return nil
	}
	year := c.YearAfter.Minus(c.YearBefore)
	return &costCard{
		Big: arrow(grouped(string(c.MonthBefore)), money(c.MonthAfter, c.Currency)),
		Difference: signed(grouped(string(c.MonthAfter.Minus(c.MonthBefore)))) + " a month, " +
			signed(grouped(string(year))) + " a year",
		Year: arrow(grouped(string(c.YearBefore)), money(c.YearAfter, c.Currency)) + " a year",
		Idle: idleTotal(plan),
	}
}

// kindBars counts the changes by kind, and the held ones.
func kindBars(plan *reconcile.Plan) []bar {
	counts := kindCounts(plan)
	most := max(plan.Summary.Held, 1)
	for _, n := range counts {
		most = max(most, n)
	}
	var bars []bar
	for _, kind := range reconcile.Kinds() {
		bars = append(bars, bar{string(kind), className(string(kind)), number(counts[kind]), percent(counts[kind], most)})
	}
	return append(bars, bar{"held back", "held", number(plan.Summary.Held), percent(plan.Summary.Held, most)})
}

// outcomeBars counts the outcomes by status.
func outcomeBars(run *reconcile.Run) []bar {
	var bars []bar
	for _, status := range statuses() {
		n := run.Count(status)
		if n > 0 || status == reconcile.Applied {
			mark, _ := statusMark(status)
			bars = append(bars, bar{mark + " " + statusWords(status), className(string(status)), number(n), percent(n, len(run.Outcomes))})
		}
	}
	return bars
}

const (
	// mostHTMLFindings is how many findings of one code the page lists.
	mostHTMLFindings = 100
	// mostOpenFindings is how many of one code are shown without being asked for.
	mostOpenFindings = 5
)

// newFindingCard lists the findings, the most severe first.
func newFindingCard(plan *reconcile.Plan) *findingCard {
	if len(plan.Findings) == 0 {
		return nil
	}
	card := &findingCard{Title: count(len(plan.Findings), "finding", "findings")}
	for _, group := range findingsByCode(plan) {
		listed := findingGroup{Code: value(string(group.Key)), Count: number(len(group.Members))}
		severest := plan.Findings[group.Members[0]].Severity
		for _, i := range group.Members {
			finding := &plan.Findings[i]
			if weight(finding.Severity) > weight(severest) {
				severest = finding.Severity
			}
			if len(listed.Items) == mostHTMLFindings {
				continue
			}
			item := findingItem{Text: findingText(finding)}
			if finding.Source != nil {
				item.Place = place(*finding.Source)
			}
			listed.Items = append(listed.Items, item)
		}
		if left := len(group.Members) - len(listed.Items); left > 0 {
			listed.More = "… and " + number(left) + " more: --format json lists all"
		}
		listed.Severity = className(string(severest))
		listed.Folded = len(group.Members) > mostOpenFindings
		card.Groups = append(card.Groups, listed)
	}
	return card
}

// pageFacts are the facts at the end of the page.
func pageFacts(plan *reconcile.Plan) []total {
	facts := []total{{"Account", cmp.Or(value(plan.AccountID), "unknown")}}
	for _, fact := range totals(plan) {
		if fact.Label != "Seats" && fact.Label != "Cost" && fact.Label != "Idle" {
			facts = append(facts, fact)
		}
	}
	if plan.Digest != "" {
		facts = append(facts, total{"Digest", value(plan.Digest)})
	}
	return facts
}
