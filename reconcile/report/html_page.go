package report

import (
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// page is what the template shows: the view, laid out.
type page struct {
	*View
	Policy  string
	Style   template.CSS
	Run     bool
	Meter   meter
	Chart   *Chart
	Filters []filter
	Rows    []tableRow
	// ChangesTitle, Shown and RowsLeftOut say how many changes there are, how many
	// of them the table shows at first, and how many this page leaves out.
	ChangesTitle, Shown, RowsLeftOut string
	// NoChanges stands in place of the table, GoneRows are what only the base has.
	NoChanges              string
	GoneRows               []tableRow
	GoneTitle, GoneLeftOut string
	FindingCard            *findingCard

	// WhatIf is the table of thresholds, nil where nobody would be released.
	WhatIf *sheet

	// order has the changes of the table, by their indices in the plan.
	order []int
}

// meter is the bar of seats. Before, After and Purchased are percentages of its
// width; Big and Text say it in words. InUse, Change and Idle name the parts of it:
// what is used, what lies between before and after, and what nobody uses.
type meter struct {
	Big, Text, InUse, Change, Idle string
	Before, After, Purchased       float64
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

// findingGroup is the findings of one code. Folded groups show their items when
// they are opened.
type findingGroup struct {
	Group
	Count, More string
	Class       string
	Folded      bool
	Items       []findingRow
}

// newPage lays the page out.
func newPage(view *View) *page {
	p := &page{
		View: view, Policy: ContentSecurityPolicy(), Style: template.CSS(pageFile("page/page.css")), Run: view.plan.Run != nil,
		Meter: newMeter(&view.Seats, view.plan.Run != nil), Chart: newHistogram(view.plan.Activity), FindingCard: newFindingCard(view), WhatIf: newWhatIfCard(view.plan),
	}
	p.addRows()
	if p.Review != nil && p.Review.Gone != nil {
		p.addGone()
	}
	return p
}

// PageFacts are the facts at the end of the page, where it says what was compared.
func (p *page) PageFacts() []Fact {
	facts := append([]Fact{{"Account", p.Account}}, p.Facts...)
	if p.plan.Digest != "" {
		facts = append(facts, Fact{"Digest", value(p.plan.Digest)})
	}
	return facts
}

// Currency is that of the bill.
func (p *page) Currency() string { return value(p.plan.Summary.Currency) }

// addRows adds the first rows of the table, its filters, and what is left out.
func (p *page) addRows() {
	p.order = append(allMembers(p.Pending), allMembers(p.Held)...)
	p.order = p.order[:min(len(p.order), mostHTMLRows)]
	kinds, states, reasons, groups := make(map[string]int), make(map[string]int), make(map[string]int), make(map[string]int)
	held := 0
	for at, i := range p.order {
		row := p.tableRow(i)
		kinds[row.KindText]++
		states[row.State]++
		reasons[row.ReasonText]++
		groups[row.Group]++
		if row.Class == "held" {
			held++
		}
		if at < staticHTMLRows {
			p.Rows = append(p.Rows, row)
		}
	}
	if held > 0 && len(states) > 1 {
		states["held"] = held
	}
	p.Filters = []filter{
		{"kind", "Change", options(kinds)}, {"state", "State", options(states)}, {"reason", "Reason", options(reasons)},
	}
	if p.Shares != nil {
		p.Filters = append(p.Filters, filter{"group", "Group", groupOptions(groups)})
	}
	all := len(p.plan.Changes)
	p.ChangesTitle, p.NoChanges = reconcile.Count(all, "change"), "There is nothing to change: the account is as the file has it."
	if p.Review != nil {
		all = len(allMembers(p.Pending)) + len(allMembers(p.Held))
		p.ChangesTitle, p.NoChanges = reconcile.Count(all, "new change"), "This change of the file asks for nothing new."
	}
	p.Shown = "Showing all of them."
	if len(p.order) > staticHTMLRows {
		p.Shown = "Showing the first " + reconcile.Number(staticHTMLRows) + ". The rest can be searched where scripts may run."
	}
	if left := all - len(p.order); left > 0 {
		p.RowsLeftOut = reconcile.CountOf(left, "change is", "changes are") + " left out of this page, which holds " +
			reconcile.Number(mostHTMLRows) + ": --format csv lists all."
	}
}

// addGone adds what is gone.
func (p *page) addGone() {
	gone := p.Review.Gone
	all := gone.members()
	p.GoneTitle = reconcile.Count(len(all), "change") + " " + goneTitle
	for _, i := range all[:min(len(all), staticHTMLRows)] {
		p.GoneRows = append(p.GoneRows, newTableRow(gone.Row(i)))
	}
	if left := len(all) - len(p.GoneRows); left > 0 {
		p.GoneLeftOut = "… and " + reconcile.Number(left) + " more: --format csv lists all"
	}
}

// options lists the values of a filter in alphabetical order.
func options(counts map[string]int) []option {
	var list []option
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if value != "" {
			list = append(list, option{value, value + " (" + reconcile.Number(counts[value]) + ")"})
		}
	}
	return list
}

// groupOptions lists the groups. A value of a space, which no name is, stands for the
// people in none, since an empty one stands for all.
func groupOptions(counts map[string]int) []option {
	list := options(counts)
	if n := counts[""]; n > 0 {
		list = append(list, option{" ", noGroup + " (" + reconcile.Number(n) + ")"})
	}
	return list
}

// newMeter draws the seats in use against those that are paid for.
func newMeter(seats *Seats, isApplied bool) meter {
	before, after := seats.Before, seats.After
	_, text, _ := strings.Cut(seats.Text, " in use")
	m := meter{Big: arrow(reconcile.Number(before), reconcile.Number(after)), Text: strings.TrimSpace(text), InUse: "in use " + reconcile.Number(min(before, after))}
	idle := "idle "
	switch {
	case after < before:
		m.Change, idle = "to be freed "+reconcile.Number(before-after), "idle before "
		if isApplied {
			m.Change = "freed " + reconcile.Number(before-after)
		}
	case after > before:
		m.Change = "newly taken " + reconcile.Number(after-before)
	}
	whole := max(before, after, 1)
	if purchased := seats.Purchased; purchased != nil {
		if *purchased < whole {
			m.Purchased = percent(*purchased, whole)
		}
		m.Idle = idle + reconcile.Number(max(0, *purchased-whole))
		whole = max(whole, *purchased)
	}
	// What is freed, or newly taken, shows between the two.
	m.Before, m.After = percent(max(before, after), whole), percent(min(before, after), whole)
	return m
}

const (
	// mostHTMLFindings is how many findings of one code the page lists.
	mostHTMLFindings = 100
	// mostOpenFindings is how many of one code are shown without being asked for.
	mostOpenFindings = 5
)

// newFindingCard lists the findings, the most severe first.
func newFindingCard(view *View) *findingCard {
	if len(view.Findings) == 0 {
		return nil
	}
	card := &findingCard{Title: reconcile.Count(len(allMembers(view.Findings)), view.findingNoun())}
	for _, group := range view.Findings {
		n := len(group.Members)
		listed := findingGroup{Group: group, Count: reconcile.Number(n), Class: className(string(group.Severity)), Folded: n > mostOpenFindings}
		for _, i := range group.Members[:min(n, mostHTMLFindings)] {
			listed.Items = append(listed.Items, view.Finding(i))
		}
		if left := n - len(listed.Items); left > 0 {
			listed.More = "… and " + reconcile.Number(left) + " more: --format json lists all"
		}
		card.Groups = append(card.Groups, listed)
	}
	return card
}

// tableRow is a change as the table of the page shows it.
type tableRow struct {
	Row
	KindText, KindClass, ReasonText string
	// Group is empty for someone in none.
	Group            string
	Name, From, To   string
	Detail, Activity string
}

// tableRow returns the row of a change.
func (p *page) tableRow(i int) tableRow { return newTableRow(p.Row(i)) }

func newTableRow(row Row) tableRow {
	r := tableRow{
		Row: row, KindText: value(string(row.Kind)), KindClass: className(string(row.Kind)), ReasonText: value(string(row.Reason)),
		Name: value(row.After.Name), From: seats(row.Before), To: seats(row.After), Detail: row.Failure, Activity: row.lastActivity(),
		Group: value(row.Change.Group),
	}
	if row.Kind == reconcile.Rename {
		r.From, r.To, r.Name = quoted(row.Before.Name), quoted(row.After.Name), ""
	}
	if row.Hold != "" {
		r.Detail = "held back: " + row.Hold
	}
	if row.Note != "" {
		r.Detail = strings.TrimPrefix(r.Detail+"; "+row.Note, "; ")
	}
	return r
}

// fields lists what the script needs of a row. The order is that of FIELDS in
// page.js.
func (r tableRow) fields() []string {
	return []string{
		r.KindText, r.Class, r.State, r.Person, r.Name, r.From, r.To, r.ReasonText, r.Why, r.Detail, r.Activity, r.Row.Place, r.Group,
	}
}
