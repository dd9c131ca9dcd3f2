package report

import (
	"bufio"
	"encoding/csv"
	"iter"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// csvColumns are the columns of the CSV report. Sheets and scripts address
// them by name: add to the end, and never rename or remove one.
func csvColumns() []string {
	return []string{
		"kind", "status", "email", "name_before", "name_after",
		"access_seat_before", "access_seat_after", "gateway_seat_before", "gateway_seat_after",
		"reason", "because", "held", "held_because", "error",
		"last_successful_login", "device_last_seen", "created_at",
		"monthly_cost_before", "monthly_cost_after", "currency",
		"file", "line", "user_id", "seat_uid", "group", "new",
	}
}

// writeCSV writes one row a change as RFC 4180 has it.
func writeCSV(out *bufio.Writer, view *View) {
	rows := csv.NewWriter(out)
	rows.UseCRLF = true
	_ = rows.Write(csvColumns())
	for row := range view.csvRows() {
		_ = rows.Write(row)
	}
	rows.Flush() // an error is kept by out, which the caller flushes
}

// csvRows returns the row of every change, and then of those that only the base has.
func (v *View) csvRows() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for i := range v.plan.Changes {
			if !yield(v.csvRow(i)) {
				return
			}
		}
		if v.Review == nil || v.Review.Gone == nil {
			return
		}
		for i := range v.Review.Gone.plan.Changes {
			if !yield(v.Review.Gone.csvGoneRow(i)) {
				return
			}
		}
	}
}

// csvRow returns the cells of a change in the order of csvColumns.
func (v *View) csvRow(i int) []string {
	change := &v.plan.Changes[i]
	status, failure := "planned", ""
	switch {
	case v.outcomes != nil && v.outcomes[i] != nil:
		status, failure = string(v.outcomes[i].Status), v.outcomes[i].Error
	case !change.WillBeDone():
		status = "held"
	}
	before, after := v.seatCost(change)
	currency := ""
	if before != "" {
		currency = v.plan.Summary.Currency
	}
	line := ""
	if change.Source.Line > 0 {
		line = strconv.Itoa(change.Source.Line)
	}
	return []string{
		cell(value(string(change.Kind))), cell(value(status)), cell(value(change.Email)),
		cell(value(change.Before.Name)), cell(value(change.After.Name)),
		csvFlag(change.Before.AccessSeat), csvFlag(change.After.AccessSeat),
		csvFlag(change.Before.GatewaySeat), csvFlag(change.After.GatewaySeat),
		cell(value(string(change.Reason))), cell(sentence(change.Because)),
		cell(value(string(change.Held))), cell(sentence(change.HeldBecause)), cell(sentence(failure)),
		csvMoment(change.Evidence.LastSuccessfulLogin), csvMoment(change.Evidence.DeviceLastSeen),
		csvMoment(change.Evidence.CreatedAt),
		string(before), string(after), cell(value(currency)),
		cell(value(change.Source.File)), line, cell(value(change.UserID)), cell(value(change.SeatUID)),
		cell(value(change.Group)), csvFlag(change.New),
	}
}

// csvGoneRow returns the row of a change that only the base asks for. It has no
// amounts, which would count in the sums.
func (v *View) csvGoneRow(i int) []string {
	row := v.csvRow(i)
	for at, column := range csvColumns() {
		switch column {
		case "status":
			row[at] = "gone"
		case "new":
			row[at] = csvFlag(reconcile.False)
		case "monthly_cost_before", "monthly_cost_after", "currency":
			row[at] = ""
		}
	}
	return row
}

// seatCost is what the user's seat costs a month before the change and, as
// planned, after it, so that the sums of the two columns differ by what the
// plan saves. A rename costs nothing and has no amounts: its user's seat may
// have a row of its own.
func (v *View) seatCost(change *reconcile.Change) (before, after reconcile.Amount) {
	if !change.IsSeatChange() {
		return "", ""
	}
	price := v.plan.Money.PriceOf(change.Group)
	before = price.Times(change.Before.Seats())
	if !change.WillBeDone() {
		return before, before
	}
	return before, price.Times(change.After.Seats())
}

// csvFlag leaves the cell of an unknown flag empty: it is not "false".
func csvFlag(flag reconcile.Flag) string {
	if flag == reconcile.Unknown {
		return ""
	}
	return flag.String()
}

// csvMoment leaves the cell of an unknown moment empty.
func csvMoment(moment reconcile.Moment) string {
	if !moment.IsKnown() {
		return ""
	}
	return moment.String()
}

// formulaStarts are the characters with which spreadsheets take a cell for a
// formula, their wide forms included.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// Cell returns text as a cell of a CSV file that no spreadsheet takes for a formula.
func Cell(text string) string { return cell(text) }

// cell defuses formulas: a spreadsheet shows a cell that begins with an
// apostrophe as text. Where the system's list separator is a semicolon,
// spreadsheets also split cells at semicolons, so what follows one is defused
// as well.
func cell(text string) string {
	if !strings.ContainsAny(text, formulaStarts) {
		return text
	}
	parts := strings.Split(text, ";")
	for i, part := range parts {
		bare := strings.TrimLeft(part, " \"'")
		if startsFormula(bare) {
			parts[i] = "'" + part
		}
	}
	return strings.Join(parts, ";")
}

// startsFormula reports whether the first character begins a formula.
func startsFormula(text string) bool {
	for _, r := range text {
		return strings.ContainsRune(formulaStarts, r)
	}
	return false
}
