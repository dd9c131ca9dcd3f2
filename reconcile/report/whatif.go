package report

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// WhatIfTable is what other thresholds of inactivity would free in an account.
type WhatIfTable struct {
	AccountID string `json:"account_id"`
	// AccountName is what people call it; it may be empty.
	AccountName string `json:"account_name"`
	// AfterDays is the threshold of the file, 0 where it has none of whole days.
	AfterDays int    `json:"after_days"`
	Currency  string `json:"currency"`
	// Rows are those of the whole account, and then those of each group.
	Rows []reconcile.WhatIf `json:"rows"`
}

// WriteWhatIf writes the table in one of [SheetFormats].
func WriteWhatIf(w io.Writer, format Format, table *WhatIfTable, options Options) error {
	return table.sheet().write(w, "the table", format, options)
}

// sheet lays the table out.
func (t *WhatIfTable) sheet() *sheet {
	s := &sheet{
		Sentence: "What other thresholds of inactivity would free in account " + account(t.AccountID, t.AccountName),
		Lead:     []string{t.lead()},
		Columns: []sheetColumn{
			{Title: "Group"}, {Title: "Days idle", IsNumber: true}, {Title: "Seats freed", IsNumber: true},
			{Title: "Saves a month", IsNumber: true}, {Title: "Saves a year", IsNumber: true, IsSpare: true}, {Title: "Held", IsNumber: true},
			{Title: "Freed earlier", IsNumber: true}, {Title: "Came back", IsNumber: true}, {Title: "Held by", IsSpare: true},
		},
		Notes: []string{
			"Held seats are kept by a hold; limits, announcements and returns do not count as one here.",
			"Freed earlier: those whom recorded runs released for inactivity after so many days or more. Came back: those of them who held a seat again within 30 days.",
		},
		data:     [][]string{{"after_days", "releases", "held", "monthly_saving", "currency", "group", "released_earlier", "came_back", "holds"}},
		document: t,
	}
	for i := range t.Rows {
		row := &t.Rows[i]
		s.Rows = append(s.Rows, []string{
			t.groupName(row), reconcile.Number(row.AfterDays), reconcile.Number(row.Releases),
			money(row.MonthlySaving, t.Currency), money(row.MonthlySaving.Times(12), t.Currency), reconcile.Number(row.Held),
			reconcile.Number(row.ReleasedEarlier), cameBack(row), holdCounts(row.Holds, ", ", " "),
		})
		s.Marked = append(s.Marked, row.AfterDays == t.AfterDays)
		group := ""
		if row.Group != nil {
			group = *row.Group
		}
		s.data = append(s.data, []string{
			strconv.Itoa(row.AfterDays), strconv.Itoa(row.Releases), strconv.Itoa(row.Held), string(row.MonthlySaving), cell(value(t.Currency)),
			cell(value(group)), strconv.Itoa(row.ReleasedEarlier), strconv.Itoa(row.CameBack), holdCounts(row.Holds, " ", "="),
		})
	}
	for _, title := range []string{"Group", "Saves a month", "Saves a year", "Held by"} {
		s.without(title)
	}
	return s
}

// newWhatIfCard is the table of a plan; nil where no threshold would release anybody.
func newWhatIfCard(plan *reconcile.Plan) *sheet {
	if !slices.ContainsFunc(plan.WhatIf, func(row reconcile.WhatIf) bool { return row.Releases+row.Held > 0 }) {
		return nil
	}
	table := WhatIfTable{Currency: plan.Summary.Currency, Rows: plan.WhatIf}
	if plan.Activity != nil {
		table.AfterDays = plan.Activity.AfterDays
	}
	card := table.sheet()
	card.Sentence = "What other thresholds of inactivity would free"
	if plan.Run != nil {
		card.Sentence = "What other thresholds of inactivity would have freed before this run"
	}
	return card
}

// lead says what the file's own threshold frees.
func (t *WhatIfTable) lead() string {
	at := slices.IndexFunc(t.Rows, func(row reconcile.WhatIf) bool { return row.Group == nil && row.AfterDays == t.AfterDays })
	if at < 0 {
		return "The policy has no threshold of its own among them."
	}
	row := &t.Rows[at]
	text := "At " + reconcile.Count(row.AfterDays, "day") + ", the policy's own threshold, " +
		reconcile.CountOf(row.Releases, "seat would be freed", "seats would be freed")
	if row.MonthlySaving != "" {
		text += ", worth " + money(row.MonthlySaving, t.Currency) + " a month, " + money(row.MonthlySaving.Times(12), t.Currency) + " a year"
	}
	return text + "."
}

// groupName names the people of a row where there are groups.
func (t *WhatIfTable) groupName(row *reconcile.WhatIf) string {
	switch hasGroups := t.Rows[len(t.Rows)-1].Group != nil; {
	case !hasGroups:
		return ""
	case row.Group == nil:
		return "everybody"
	case *row.Group == "":
		return "in no group"
	}
	return value(*row.Group)
}

// cameBack writes how many came back, and nothing where nobody was released.
func cameBack(row *reconcile.WhatIf) string {
	if row.ReleasedEarlier == 0 {
		return "-"
	}
	return reconcile.Number(row.CameBack)
}

// holdCounts writes counts by hold in the order of the holds.
func holdCounts(holds map[reconcile.Hold]int, separator, between string) string {
	var parts []string
	for _, hold := range reconcile.Holds() {
		if n := holds[hold]; n > 0 {
			parts = append(parts, string(hold)+between+reconcile.Number(n))
		}
	}
	return strings.Join(parts, separator)
}

// account names an account: what people call it, and its id.
func account(id, name string) string {
	if name == "" {
		return value(id)
	}
	return value(name) + " (" + value(id) + ")"
}
