package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// SavingsReport is what recorded runs prove to have been saved until a moment.
type SavingsReport struct {
	// AccountID is empty where it is about all recorded accounts.
	AccountID string `json:"account_id"`
	// Account is the one that all records are of, empty for several, and AccountName what
	// people call it.
	Account     string    `json:"-"`
	AccountName string    `json:"account_name"`
	AsOf        time.Time `json:"as_of"`
	// Since is when the first recorded run ended; null without any.
	Since *time.Time `json:"since"`
	// LastRead is when the last recorded run ended, of several accounts that of the one read
	// longest ago; null without any. Who came back later is not known.
	LastRead *time.Time `json:"last_read"`

	Rows   []reconcile.SavingsRow `json:"rows"`
	Total  reconcile.SavingsTotal `json:"total"`
	Gaps   []string               `json:"unreadable"`
	months []reconcile.SavedMonth
	zone   *time.Location
}

// NewSavingsReport says what a history comes to. Days and months are those of the timezone
// of now.
func NewSavingsReport(accountID string, history *reconcile.History, now time.Time) *SavingsReport {
	found := history.Savings(now)
	r := &SavingsReport{AccountID: accountID, AsOf: now.UTC().Truncate(time.Second), zone: now.Location(), Rows: found.Rows, Total: found.Total, Gaps: []string{}, months: found.Months}
	if !found.Since.IsZero() {
		since := found.Since.UTC().Truncate(time.Second)
		r.Since = &since
	}
	if !found.LastRead.IsZero() {
		lastRead := found.LastRead.UTC().Truncate(time.Second)
		r.LastRead = &lastRead
	}
	for _, run := range history.Unreadable {
		r.Gaps = append(r.Gaps, run.Why)
	}
	return r
}

// WriteSavings writes the report in one of [SheetFormats].
func WriteSavings(w io.Writer, format Format, r *SavingsReport, options Options) error {
	return r.sheet().write(w, "the savings", format, options)
}

// Headline says in one line what was saved.
func (r *SavingsReport) Headline() string {
	if r.Since == nil {
		return "no run is recorded, so nothing is known to be saved"
	}
	text := r.seats(" since " + r.date(*r.Since))
	if saved := r.saved(); saved != "" {
		text = saved + " saved by " + text
	}
	if r.LastRead != nil {
		text += ", as last read on " + r.date(*r.LastRead)
	}
	return text
}

// date is the day of a moment by the calendar of the report.
func (r *SavingsReport) date(at time.Time) string { return at.In(r.zone).Format(time.DateOnly) }

// Words say what was saved, or without a price how many seats were freed, and then how
// many of them are free.
func (r *SavingsReport) Words() (saved, detail string) {
	stillFree := reconcile.Number(r.Total.StillFree) + " still free"
	if saved = r.saved(); saved != "" && r.Total.Freed > 0 {
		return saved, "by " + r.seats("") + ", " + stillFree
	}
	return r.seats(""), stillFree
}

// seats counts the seats that were freed, and where only some of them have a price those:
// "the 1 of 2 seats freed whose price is known".
func (r *SavingsReport) seats(since string) string {
	all := reconcile.Count(r.Total.Freed, "seat") + " freed" + since
	if priced := r.Total.Priced; priced > 0 && priced < r.Total.Freed {
		return "the " + reconcile.Number(priced) + " of " + all + " whose price is known"
	}
	return all
}

// saved is what was saved, in each currency; "" where no price is known.
func (r *SavingsReport) saved() string {
	if len(r.Total.Currencies) == 0 {
		return money(r.Total.Saved, r.Total.Currency)
	}
	return r.sums(func(c reconcile.CurrencySavings) reconcile.Amount { return c.Saved })
}

// sums writes an amount of each currency: "14.00 USD + 0.41 EUR".
func (r *SavingsReport) sums(amount func(reconcile.CurrencySavings) reconcile.Amount) string {
	var sums []string
	for _, currency := range r.Total.Currencies {
		sum := money(amount(currency), currency.Currency)
		if currency.Currency == "" && len(r.Total.Currencies) > 1 {
			sum += " of no currency" // and not of the next one
		}
		sums = append(sums, sum)
	}
	return strings.Join(sums, " + ")
}

// longUnread is after how long without a recorded run the savings come with a warning.
const longUnread = 31 * reconcile.Day

// lead says what is still free and what that saves from now on.
func (r *SavingsReport) lead() []string {
	if r.Since == nil {
		return nil
	}
	text := reconcile.CountOf(r.Total.StillFree, "of them is", "of them are") + " still free, " +
		reconcile.CountOf(r.Total.Returned, "person", "people") + " came back"
	if len(r.Total.Currencies) > 0 {
		text += "; the run rate is " + r.sums(func(c reconcile.CurrencySavings) reconcile.Amount { return c.Monthly }) + " a month, " +
			r.sums(func(c reconcile.CurrencySavings) reconcile.Amount { return c.Monthly.Times(12) }) + " a year"
		if r.Total.Priced < r.Total.Freed {
			text += ", of those whose price is known"
		}
	}
	lead := []string{text + "."}
	if r.Account != "" {
		lead = []string{"Account " + account(r.Account, r.AccountName) + ".", lead[0]}
	}
	if r.LastRead != nil && r.Total.StillFree > 0 && r.AsOf.Sub(*r.LastRead) > longUnread {
		of := "the account"
		if r.Account == "" {
			of = "one of the accounts"
		}
		lead = append(lead, "No run has read "+of+" since "+r.date(*r.LastRead)+", "+
			reconcile.Count(int(r.AsOf.Sub(*r.LastRead)/reconcile.Day), "day")+" ago: whoever came back since then counts as still free.")
	}
	for _, gap := range r.Gaps {
		lead = append(lead, "Not counted, since the record cannot be read: "+sentence(gap)+".")
	}
	return lead
}

// sheet lays the report out.
func (r *SavingsReport) sheet() *sheet {
	s := &sheet{
		Sentence: r.Headline(), Lead: r.lead(), Bars: r.bars(),
		Columns: []sheetColumn{
			{Title: "Month"}, {Title: "Reason"}, {Title: "Group"}, {Title: "Freed", IsNumber: true}, {Title: "Returned", IsNumber: true},
			{Title: "Still free", IsNumber: true}, {Title: "Seat-months", IsNumber: true, IsSpare: true}, {Title: "Saved", IsNumber: true},
		},
		data:     [][]string{{"month", "reason", "group", "freed", "returned", "still_free", "saved", "currency", "seat_months"}},
		document: r,
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		s.Rows = append(s.Rows, []string{
			row.Month, value(string(row.Reason)), value(row.Group), reconcile.Number(row.Freed), reconcile.Number(row.Returned), reconcile.Number(row.StillFree),
			reconcile.Thousands(string(row.SeatMonths)), money(row.Saved, row.Currency),
		})
		s.Marked = append(s.Marked, false)
		s.data = append(s.data, []string{
			row.Month, cell(value(string(row.Reason))), cell(value(row.Group)), strconv.Itoa(row.Freed), strconv.Itoa(row.Returned), strconv.Itoa(row.StillFree),
			string(row.Saved), cell(value(row.Currency)), string(row.SeatMonths),
		})
	}
	if len(r.Rows) > 0 {
		s.Rows = append(s.Rows, []string{
			"Total", "", "", reconcile.Number(r.Total.Freed), reconcile.Number(r.Total.Returned), reconcile.Number(r.Total.StillFree),
			reconcile.Thousands(string(r.Total.SeatMonths)), r.saved(),
		})
		s.Marked = append(s.Marked, true)
		s.Notes = []string{"A row is the seats freed in that month, and what became of them until " + r.date(r.AsOf) + ", by the calendar of " + r.zone.String() +
			". Saved is the price that the run knew, for the days that each was free, by the length of each month. " +
			"Freed seats lower the bill once fewer are purchased."}
	}
	for _, title := range []string{"Group", "Saved"} {
		s.without(title)
	}
	return s
}

// mostBars is how many months the picture shows.
const mostBars = 24

// bars draws what was saved in each month, or how many seats were free where there is no
// price, or no one currency; nil where that is nothing.
func (r *SavingsReport) bars() *bars {
	months := r.months
	if len(months) == 0 {
		return nil
	}
	each := "each month"
	if len(months) > mostBars {
		each, months = fmt.Sprintf("each of the last %d months", mostBars), months[len(months)-mostBars:]
	}
	b := &bars{title: "Saved in " + each}
	if r.Total.Saved == "" {
		b.title = "Seats that runs freed, free at the end of " + each
	} else if currency := value(r.Total.Currency); currency != "" {
		b.title += ", in " + currency
	}
	for _, month := range months {
		item := barItem{label: month.Month}
		if r.Total.Saved == "" {
			item.value, item.text = float64(month.Free), reconcile.Number(month.Free)
		} else if month.Saved != "" {
			item.value, _ = strconv.ParseFloat(string(month.Saved), 64)
			item.text = reconcile.Thousands(string(month.Saved))
		}
		b.items = append(b.items, item)
	}
	if !slices.ContainsFunc(b.items, func(item barItem) bool { return item.value > 0 }) {
		return nil
	}
	return b
}

// Chart is the picture of the report; nil as long as it would show nothing but zeros.
func (r *SavingsReport) Chart() *Chart {
	if b := r.bars(); b != nil {
		return b.chart()
	}
	return nil
}
