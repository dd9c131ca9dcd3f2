package report

import (
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// Share is a group's part of a plan as reports show it: a row of a table with the
// heads of [View.ShareHeads].
type Share struct {
	Name, Seats, Releases, Held string
	// Cost is that of a month; empty where no price is known.
	Cost string
}

// noGroup names the people who are in no group.
const noGroup = "in no group"

// newShares returns a row for each group; nothing for a file without groups.
func newShares(plan *reconcile.Plan) []Share {
	var shares []Share
	for _, total := range plan.GroupTotals() {
		share := Share{
			Name: groupName(total.Name), Seats: arrow(reconcile.Number(total.Before), reconcile.Number(total.After)),
			Releases: reconcile.Number(total.Releases), Held: reconcile.Number(total.Held),
		}
		if total.CostAfter != "" {
			share.Cost = arrow(reconcile.Thousands(string(total.CostBefore)), reconcile.Thousands(string(total.CostAfter)))
		}
		shares = append(shares, share)
	}
	return shares
}

// groupName writes the name of a group, "" for none.
func groupName(name string) string {
	if name == "" {
		return noGroup
	}
	return value(name)
}

// ShareHeads are the heads of the columns of shares.
func (v *View) ShareHeads() []string {
	heads := []string{"Group", "Seats", "Releases", "Held"}
	if slices.ContainsFunc(v.Shares, func(s Share) bool { return s.Cost != "" }) {
		heads = append(heads, strings.TrimSpace(value(v.plan.Summary.Currency)+" a month"))
	}
	return heads
}

// Cells are the cells of a row, as many as there are heads.
func (s Share) Cells(heads int) []string {
	return []string{s.Name, s.Seats, s.Releases, s.Held, s.Cost}[:heads]
}

// shares writes a row a group, set in columns.
func (t *textReport) shares() {
	if len(t.Shares) == 0 {
		return
	}
	table := new(sheet)
	for i, head := range t.ShareHeads() {
		table.Columns = append(table.Columns, sheetColumn{Title: head, IsNumber: i > 0})
	}
	for i := range t.Shares {
		table.Rows = append(table.Rows, t.Shares[i].Cells(len(table.Columns)))
	}
	layout, _ := table.fit(t.options.Width)
	t.line("")
	for _, line := range layout.lines(layout.titles) {
		t.line(t.paint(bold, line))
	}
	for _, row := range table.Rows {
		for _, line := range layout.lines(layout.folded(row)) {
			t.line(line)
		}
	}
}

// shareSection returns the table of groups.
func (v *View) shareSection(limit int) []*section {
	if len(v.Shares) == 0 {
		return nil
	}
	heads := v.ShareHeads()
	for i := range heads {
		heads[i] = inCell(prose(heads[i]))
	}
	s := &section{
		Open:  "| " + strings.Join(heads, " | ") + " |\n| --- |" + strings.Repeat(" ---: |", len(heads)-1) + "\n",
		Close: "\n", Total: len(v.Shares),
	}
	s.fill(limit, func(i int) string {
		cells := v.Shares[i].Cells(len(heads))
		for column := range cells {
			cells[column] = inCell(prose(cells[column]))
		}
		return "| " + strings.Join(cells, " | ") + " |\n"
	})
	return []*section{s}
}
