package report

import (
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// noGroup names the people who are in no group.
const noGroup = "in no group"

// newShares returns the table of what each group has of a plan; nil for a file without groups.
func newShares(plan *reconcile.Plan) *sheet {
	totals := plan.GroupTotals()
	if len(totals) == 0 {
		return nil
	}
	cost := strings.TrimSpace(value(plan.Summary.Currency) + " a month")
	s := &sheet{Marked: make([]bool, len(totals)), Columns: []sheetColumn{
		{Title: "Group"}, {Title: "Seats", IsNumber: true}, {Title: "Releases", IsNumber: true}, {Title: "Held", IsNumber: true}, {Title: cost, IsNumber: true},
	}}
	for _, total := range totals {
		row := []string{
			groupName(total.Name), arrow(reconcile.Number(total.Seats), reconcile.Number(total.SeatsAfter)),
			reconcile.Number(total.Release), reconcile.Number(total.Held), "",
		}
		if total.MonthlyCostAfter != "" {
			row[4] = arrow(reconcile.Thousands(string(total.MonthlyCostBefore)), reconcile.Thousands(string(total.MonthlyCostAfter)))
		}
		s.Rows = append(s.Rows, row)
	}
	s.without(cost)
	return s
}

// groupName writes the name of a group, "" for none.
func groupName(name string) string {
	if name == "" {
		return noGroup
	}
	return value(name)
}

// shareSection returns the table of groups.
func (v *View) shareSection(limit int) []*section {
	if v.Shares == nil {
		return nil
	}
	s := &section{Open: v.Shares.markdownHead(), Close: "\n", Total: len(v.Shares.Rows)}
	s.fill(limit, v.Shares.markdownRow)
	return []*section{s}
}
