package reconcile

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"
)

// ledger adds seats up in whole days, so that nothing is rounded before the end.
type ledger struct {
	rows   map[savingsKey]*savingsEntry
	months map[calendarMonth]*savedEntry
	prices map[Amount]*big.Rat // that have been read
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

// savingsEntry is one row while it is added up, run by run.
type savingsEntry struct {
	savingsKey
	runs []*runEntry
}

// runEntry is the part of one run in a row.
type runEntry struct {
	id              string
	freed, returned int
	free            []freeDays
	// all is the price of the seats that were freed, and still of those that are free.
	all, still big.Rat
}

// freeDays are the days for which seats of one price were free.
type freeDays struct {
	price Amount
	parts monthParts
}

// savedEntry is what was saved within one month.
type savedEntry struct {
	days map[Amount]int
	free int
}

// monthParts counts days by the length of their month, less 28.
type monthParts [4]int

func (p monthParts) plus(other monthParts) monthParts {
	for i := range p {
		p[i] += other[i]
	}
	return p
}

// calendarMonth counts months from the year 0.
type calendarMonth int

func monthOf(at time.Time) calendarMonth {
	return calendarMonth(at.Year()*monthsPerYear + int(at.Month()) - 1)
}

// begin is the first moment of the month in a timezone.
func (m calendarMonth) begin(zone *time.Location) time.Time {
	return time.Date(int(m)/monthsPerYear, time.Month(int(m)%monthsPerYear+1), 1, 0, 0, 0, 0, zone)
}

func (m calendarMonth) days() int { return wholeDays(m.begin(time.UTC), (m + 1).begin(time.UTC)) }

func (m calendarMonth) String() string { return m.begin(time.UTC).Format("2006-01") }

// wholeDays counts the days from the one to the other, each by the calendar of its
// timezone, the last one left out.
func wholeDays(from, to time.Time) int { return dayOf(to) - dayOf(from) }

// dayOf numbers the days of the calendar.
func dayOf(at time.Time) int {
	year, month, day := at.Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / int64(Day/time.Second))
}

// ledger adds up what the recorded runs have freed until now.
func (h *History) ledger(now time.Time) *ledger {
	l := &ledger{
		rows: make(map[savingsKey]*savingsEntry), months: make(map[calendarMonth]*savedEntry), prices: make(map[Amount]*big.Rat), now: now,
	}
	for _, seat := range h.Freed() {
		if !seat.At.After(now) {
			l.add(&seat)
		}
	}
	return l
}

// add takes in one seat. A day counts as free when the seat was free at its end: that
// of the release does, and that of the return does not.
func (l *ledger) add(seat *FreedSeat) {
	zone := l.now.Location()
	taken := seat.At.In(zone)
	key := savingsKey{month: monthOf(taken), reason: seat.Reason, group: seat.Group, isPriced: seat.Price != ""}
	if key.isPriced {
		key.currency = seat.Currency
	}
	entry := l.rows[key]
	if entry == nil {
		entry = &savingsEntry{savingsKey: key}
		l.rows[key] = entry
	}
	run := entry.run(seat.RunID)
	price := l.price(seat.Price)
	run.freed++
	run.all.Add(&run.all, price)
	end, isBack := l.now, !seat.Back.IsZero() && !seat.Back.After(l.now)
	if isBack {
		end = seat.Back.In(zone)
		run.returned++
	} else {
		run.still.Add(&run.still, price)
	}
	var parts monthParts
	for month := key.month; month <= monthOf(end); month++ {
		from, to := later(taken, month.begin(zone)), (month + 1).begin(zone)
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
	run.free = withDays(run.free, seat.Price, parts)
}

// withDays adds days at a price: of mostly one there is.
func withDays(free []freeDays, price Amount, parts monthParts) []freeDays {
	for i := range free {
		if free[i].price == price {
			free[i].parts = free[i].parts.plus(parts)
			return free
		}
	}
	return append(free, freeDays{price, parts})
}

// price returns an amount as a number, 0 where it is none.
func (l *ledger) price(amount Amount) *big.Rat {
	price := l.prices[amount]
	if price == nil {
		price = new(big.Rat)
		if value, ok := new(big.Rat).SetString(string(amount)); ok {
			price = value
		}
		l.prices[amount] = price
	}
	return price
}

// run returns the part of a run. Seats come in the order of their release.
func (e *savingsEntry) run(id string) *runEntry {
	for _, run := range slices.Backward(e.runs) {
		if run.id == id {
			return run
		}
	}
	run := &runEntry{id: id}
	e.runs = append(e.runs, run)
	return run
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

// valueOf returns for how many months seats were free, and what that saved.
func valueOf(free []freeDays) (seatMonths, saved *big.Rat) {
	seatMonths, saved = new(big.Rat), new(big.Rat)
	for _, of := range free {
		months := new(big.Rat)
		for i, days := range of.parts {
			months.Add(months, big.NewRat(int64(days), int64(28+i)))
		}
		seatMonths.Add(seatMonths, months)
		if value, ok := new(big.Rat).SetString(string(of.price)); ok {
			saved.Add(saved, months.Mul(months, value))
		}
	}
	return seatMonths, saved
}

// row adds the runs up and rounds.
func (e *savingsEntry) row() SavingsRow {
	row := SavingsRow{Month: e.month.String(), Reason: e.reason, Group: e.group, Currency: e.currency}
	var free []freeDays
	for _, run := range e.runs {
		row.Freed, row.Returned = row.Freed+run.freed, row.Returned+run.returned
		for _, of := range run.free {
			free = withDays(free, of.price, of.parts)
		}
	}
	seatMonths, saved := valueOf(free)
	row.StillFree, row.SeatMonths = row.Freed-row.Returned, Amount(seatMonths.FloatString(2))
	if e.isPriced {
		row.Saved = Amount(saved.FloatString(2))
	}
	return row
}

// addRuns adds what the row has of each run, so that they add up to its rounded sum.
func (e *savingsEntry) addRuns(runs map[string]SavedRun, saved Amount) {
	parts := make([]*big.Rat, len(e.runs))
	for i, run := range e.runs {
		_, parts[i] = valueOf(run.free)
	}
	shares := spread(parts, saved)
	for i, part := range e.runs {
		run := runs[part.id]
		run.Freed, run.StillFree = run.Freed+part.freed, run.StillFree+part.freed-part.returned
		if e.isPriced {
			run.Currency = e.currency
			run.Monthly, run.Saved = cmp.Or(run.Monthly, "0.00").Plus(amountOf(&part.all)), cmp.Or(run.Saved, "0.00").Plus(shares[i])
		}
		runs[part.id] = run
	}
}

// spread rounds the parts of a sum to cents so that they add up to the rounded sum: the
// cents that are missing go to the parts that lost most by rounding.
func spread(parts []*big.Rat, total Amount) []Amount {
	rounded, order := make([]Amount, len(parts)), make([]int, len(parts))
	lost := make([]*big.Rat, len(parts))
	for i, part := range parts {
		rounded[i], order[i] = Amount(part.FloatString(2)), i
		value, _ := new(big.Rat).SetString(string(rounded[i]))
		lost[i], total = value.Sub(part, value), total.Minus(rounded[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return lost[b].Cmp(lost[a]) })
	for i := 0; ; i++ {
		most, least := order[i%len(order)], order[len(order)-1-i%len(order)]
		switch {
		case total.isMoreThan("0.00"):
			rounded[most], total = rounded[most].Plus("0.01"), total.Minus("0.01")
		case Amount("0.00").isMoreThan(total):
			rounded[least], total = rounded[least].Minus("0.01"), total.Plus("0.01")
		default:
			return rounded
		}
	}
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
		total.Priced += row.Freed
		sum := byCurrency[row.Currency]
		if sum == nil {
			sum = &CurrencySavings{Currency: row.Currency, Saved: "0.00", Monthly: "0.00"}
			byCurrency[row.Currency] = sum
		}
		sum.Saved = sum.Saved.Plus(row.Saved)
		for _, run := range entry.runs {
			sum.Monthly = sum.Monthly.Plus(amountOf(&run.still))
		}
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

// savedMonths lists the months from the first release to now, with money that adds up
// to the total where there is one.
func (l *ledger) savedMonths(total Amount) (months []SavedMonth) {
	if len(l.months) == 0 {
		return nil
	}
	var parts []*big.Rat
	var known []int // of the months
	for month := slices.Min(slices.Collect(maps.Keys(l.months))); month <= monthOf(l.now); month++ {
		saved := l.saved(month)
		if sum, isKnown := l.valueOfMonth(month, saved); isKnown {
			parts, known = append(parts, sum), append(known, len(months))
		}
		months = append(months, SavedMonth{Month: month.String(), Free: saved.free})
	}
	if total != "" {
		for i, amount := range spread(parts, total) {
			months[known[i]].Saved = amount
		}
	}
	return months
}

// valueOfMonth returns what was saved within a month, and whether any price is known that
// says so; that of no seat needs none.
func (l *ledger) valueOfMonth(month calendarMonth, saved *savedEntry) (sum *big.Rat, isKnown bool) {
	sum, isKnown = new(big.Rat), len(saved.days) == 0
	for price, days := range saved.days {
		sum.Add(sum, new(big.Rat).Mul(l.price(price), big.NewRat(int64(days), int64(month.days()))))
		isKnown = isKnown || price != ""
	}
	return sum, isKnown
}
