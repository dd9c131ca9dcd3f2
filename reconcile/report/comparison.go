package report

import (
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// comparison is seats and money in two states, side by side: before and after, or without
// and with a change of the file.
type comparison struct {
	heads [4]string
	rows  [][4]string // a label, the two states and their difference
}

func (c *comparison) addSeats(label string, before, after int) {
	c.rows = append(c.rows, [4]string{label, reconcile.Number(before), reconcile.Number(after), signed(reconcile.Number(after - before))})
}

func (c *comparison) addCost(label, currency string, before, after reconcile.Amount) {
	amount := func(a reconcile.Amount) string { return reconcile.Thousands(string(a)) }
	c.rows = append(c.rows, [4]string{label + ", " + value(currency), amount(before), amount(after), signed(amount(after.Minus(before)))})
}

// newComparison compares the account before and after the plan.
func newComparison(seats *Seats, costs []Cost) comparison {
	c := comparison{heads: [4]string{"", "Before", "After", "Difference"}}
	c.addSeats("Seats in use", seats.Before, seats.After)
	if purchased := seats.Purchased; purchased != nil {
		c.addSeats("Seats idle of "+reconcile.Number(*purchased)+" purchased", *purchased-seats.Before, *purchased-seats.After)
	}
	for i := range costs {
		cost := &costs[i]
		c.addCost(cost.Label+" a month", cost.Currency, cost.Before, cost.After)
		c.addCost(cost.Label+" a year", cost.Currency, cost.Before.Times(12), cost.After.Times(12))
	}
	return c
}

// newReviewComparison compares the plan with its base.
func newReviewComparison(plan *reconcile.Plan) comparison {
	base, summary := plan.Base, &plan.Summary
	c := comparison{heads: [4]string{"Once all of it is applied", "Without this change", "With it", "Difference"}}
	c.addSeats("Seats in use", base.SeatsAfter, summary.SeatsAfter)
	if before, after, ok := reviewCosts(plan); ok {
		label := "Cost a month"
		if base.Repriced {
			label += " at other prices"
		}
		c.addCost(label, summary.Currency, before, after)
	}
	return c
}

// markdown writes the comparison as a table.
func (c *comparison) markdown() string {
	var b strings.Builder
	row := func(cells [4]string) {
		if cells[0] != "" {
			cells[0] = inCell(prose(cells[0])) + " "
		}
		b.WriteString("| " + cells[0] + "| " + strings.Join(cells[1:], " | ") + " |\n")
	}
	row(c.heads)
	b.WriteString("| --- | ---: | ---: | ---: |\n")
	for _, cells := range c.rows {
		row(cells)
	}
	return b.String() + "\n"
}
