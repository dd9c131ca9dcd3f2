package reconcile

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"
)

// Savings are what the recorded runs of an account prove to have been saved: seats
// that they released, for as long as no run has seen their people in a seat again. A
// seat released before the first record is not among them.
type Savings struct {
	// Since is when the first recorded run with a plan ended; zero without any.
	Since time.Time
	Rows  []SavingsRow
	Total SavingsTotal
	// Months is what was saved in each month, whenever the seats were freed, without a
	// gap from the first release to now.
	Months []SavedMonth
}

// SavingsRow is the people freed in one month for one reason and of one group. What
// became of them is to date.
type SavingsRow struct {
	// Month is that of the release in UTC: "2026-11".
	Month     string `json:"month"`
	Reason    Reason `json:"reason"`
	Group     string `json:"group"`
	Freed     int    `json:"freed"`
	Returned  int    `json:"returned"`
	StillFree int    `json:"still_free"`
	// Saved is the price that the run knew, for the days that the seats were free,
	// each day being that part of its month; rounded to cents. None without a price.
	Saved    Amount `json:"saved"`
	Currency string `json:"currency"`
	// SeatMonths is the same without the price, rounded to hundredths.
	SeatMonths Amount `json:"seat_months"`
}

// SavingsTotal is the sum of all rows.
type SavingsTotal struct {
	Freed     int `json:"freed"`
	Returned  int `json:"returned"`
	StillFree int `json:"still_free"`
	// Saved is the sum of the rows, and 0.00 without any, and Monthly the price of the seats that are still
	// free. Both are none without a price, and where the rows have several currencies:
	// Currencies has the sums of each.
	Saved      Amount            `json:"saved"`
	Monthly    Amount            `json:"monthly"`
	Currency   string            `json:"currency"`
	SeatMonths Amount            `json:"seat_months"`
	Currencies []CurrencySavings `json:"currencies"`
}

// CurrencySavings is what was saved in one currency.
type CurrencySavings struct {
	Currency string `json:"currency"`
	Saved    Amount `json:"saved"`
	Monthly  Amount `json:"monthly"`
}

// SavedMonth is what was saved within one month.
type SavedMonth struct {
	// Month is written 2026-11.
	Month string
	// Saved is in the currency of Total; none where it has none.
	Saved Amount
	// Free is how many seats were free at the end of the month, or are now.
	Free int
}

// Savings works out what the recorded runs have saved until now.
func (h *History) Savings(now time.Time) Savings {
	l := ledger{rows: make(map[savingsKey]*savingsEntry), months: make(map[calendarMonth]*savedEntry), now: now.UTC()}
	for _, seat := range h.Freed() {
		if !seat.At.After(now) {
			l.add(&seat)
		}
	}
	savings := Savings{Rows: []SavingsRow{}, Total: SavingsTotal{Currencies: []CurrencySavings{}}}
	for _, reading := range h.Readings {
		if savings.Since.IsZero() || reading.At.Before(savings.Since) {
			savings.Since = reading.At
		}
	}
	for _, entry := range l.entries() {
		savings.Rows = append(savings.Rows, entry.row())
	}
	savings.Total = l.total(savings.Rows)
	savings.Months = l.savedMonths(savings.Total.Saved != "" && len(savings.Rows) > 0)
	return savings
}

// ledger adds seats up in whole days, so that nothing is rounded before the end.
type ledger struct {
	rows   map[savingsKey]*savingsEntry
	months map[calendarMonth]*savedEntry
	now    time.Time
}

// savingsKey is what the seats of one row share.
type savingsKey struct {
	month    calendarMonth
	reason   Reason
	group    string
	currency string
	isPriced bool
}

// savingsEntry is one row while it is added up.
type savingsEntry struct {
	savingsKey
	freed, returned int
	free            map[Amount]monthParts
	monthly         *big.Rat
}

// savedEntry is what was saved within one month.
type savedEntry struct {
	days map[Amount]int
	free int
}

// monthParts counts days by the length of their month, less 28.
type monthParts [4]int

// calendarMonth counts months from the year 0.
type calendarMonth int

func monthOf(at time.Time) calendarMonth {
	return calendarMonth(at.UTC().Year()*monthsPerYear + int(at.UTC().Month()) - 1)
}

// begin is the first moment of the month.
func (m calendarMonth) begin() time.Time {
	return time.Date(int(m)/monthsPerYear, time.Month(int(m)%monthsPerYear+1), 1, 0, 0, 0, 0, time.UTC)
}

func (m calendarMonth) days() int { return wholeDays(m.begin(), (m + 1).begin()) }

func (m calendarMonth) String() string { return m.begin().Format("2006-01") }

// wholeDays counts the days in UTC from the one to the other, the last one left out.
func wholeDays(from, to time.Time) int {
	return int(to.UTC().Truncate(Day).Sub(from.UTC().Truncate(Day)) / Day)
}

// add takes in one seat. A day counts as free when the seat was free at its end: that
// of the release does, and that of the return does not.
func (l *ledger) add(seat *FreedSeat) {
	key := savingsKey{month: monthOf(seat.At), reason: seat.Reason, group: seat.Group, isPriced: seat.Price != ""}
	if key.isPriced {
		key.currency = seat.Currency
	}
	entry := l.rows[key]
	if entry == nil {
		entry = &savingsEntry{savingsKey: key, free: make(map[Amount]monthParts), monthly: new(big.Rat)}
		l.rows[key] = entry
	}
	entry.freed++
	end, isBack := l.now, !seat.Back.IsZero() && !seat.Back.After(l.now)
	if isBack {
		end = seat.Back
		entry.returned++
	} else if key.isPriced {
		price, _ := new(big.Rat).SetString(string(seat.Price))
		entry.monthly.Add(entry.monthly, price)
	}
	parts := entry.free[seat.Price]
	for month := key.month; month <= monthOf(end); month++ {
		from, to := later(seat.At, month.begin()), (month + 1).begin()
		saved := l.saved(month)
		if to.After(end) {
			to = end
		}
		if !isBack || to.Before(end) {
			saved.free++
		}
		days := wholeDays(from, to)
		parts[month.days()-28] += days
		saved.days[seat.Price] += days
	}
	entry.free[seat.Price] = parts
}

// saved returns the entry of a month.
func (l *ledger) saved(month calendarMonth) *savedEntry {
	if l.months[month] == nil {
		l.months[month] = &savedEntry{days: make(map[Amount]int)}
	}
	return l.months[month]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// entries returns the rows in their order.
func (l *ledger) entries() []*savingsEntry {
	return slices.SortedFunc(maps.Values(l.rows), func(a, b *savingsEntry) int {
		return cmp.Or(cmp.Compare(a.month, b.month),
			cmp.Compare(slices.Index(Reasons(), a.reason), slices.Index(Reasons(), b.reason)), cmp.Compare(a.reason, b.reason),
			cmp.Compare(a.group, b.group), cmp.Compare(a.currency, b.currency))
	})
}

// row rounds the entry.
func (e *savingsEntry) row() SavingsRow {
	saved, seatMonths := new(big.Rat), new(big.Rat)
	for price, parts := range e.free {
		months := new(big.Rat)
		for i, days := range parts {
			months.Add(months, big.NewRat(int64(days), int64(28+i)))
		}
		seatMonths.Add(seatMonths, months)
		if value, ok := new(big.Rat).SetString(string(price)); ok {
			saved.Add(saved, months.Mul(months, value))
		}
	}
	row := SavingsRow{
		Month: e.month.String(), Reason: e.reason, Group: e.group, Freed: e.freed, Returned: e.returned, StillFree: e.freed - e.returned,
		Currency: e.currency, SeatMonths: Amount(seatMonths.FloatString(2)),
	}
	if e.isPriced {
		row.Saved = Amount(saved.FloatString(2))
	}
	return row
}

// total adds the rows up, as they are rounded, so that who adds them gets the same.
func (l *ledger) total(rows []SavingsRow) SavingsTotal {
	total := SavingsTotal{Currencies: []CurrencySavings{}}
	seatMonths := Amount("0.00")
	byCurrency := make(map[string]*CurrencySavings)
	for i, entry := range l.entries() {
		row := &rows[i]
		total.Freed, total.Returned, total.StillFree = total.Freed+row.Freed, total.Returned+row.Returned, total.StillFree+row.StillFree
		seatMonths = seatMonths.Plus(row.SeatMonths)
		if !entry.isPriced {
			continue
		}
		sum := byCurrency[row.Currency]
		if sum == nil {
			sum = &CurrencySavings{Currency: row.Currency, Saved: "0.00", Monthly: "0.00"}
			byCurrency[row.Currency] = sum
		}
		sum.Saved, sum.Monthly = sum.Saved.Plus(row.Saved), sum.Monthly.Plus(amountOf(entry.monthly))
	}
	total.SeatMonths = seatMonths
	for _, currency := range slices.Sorted(maps.Keys(byCurrency)) {
		total.Currencies = append(total.Currencies, *byCurrency[currency])
	}
	if len(rows) == 0 {
		total.Saved = "0.00"
	}
	if len(total.Currencies) == 1 {
		only := total.Currencies[0]
		total.Saved, total.Monthly, total.Currency = only.Saved, only.Monthly, only.Currency
	}
	return total
}

// savedMonths lists the months from the first release to now, with money where all of
// it is in one currency.
func (l *ledger) savedMonths(hasMoney bool) (months []SavedMonth) {
	if len(l.months) == 0 {
		return nil
	}
	for month := slices.Min(slices.Collect(maps.Keys(l.months))); month <= monthOf(l.now); month++ {
		saved := l.saved(month)
		row := SavedMonth{Month: month.String(), Free: saved.free}
		if hasMoney {
			sum := new(big.Rat)
			for price, days := range saved.days {
				if value, ok := new(big.Rat).SetString(string(price)); ok {
					sum.Add(sum, value.Mul(value, big.NewRat(int64(days), int64(month.days()))))
				}
			}
			row.Saved = Amount(sum.FloatString(2))
		}
		months = append(months, row)
	}
	return months
}
