package reconcile

import (
	"maps"
	"slices"
	"time"
)

// Savings are what the recorded runs of an account prove to have been saved: seats
// that they released, for as long as no run has seen their people in a seat again. A
// seat released before the first record is not among them.
type Savings struct {
	// Since is when the first recorded run with a plan ended; zero without any.
	Since time.Time
	// LastRead is when the last one ended until now, of several accounts that of the one read
	// longest ago: who came back later is not known. It is zero without any.
	LastRead time.Time
	Rows     []SavingsRow
	Total    SavingsTotal
	// Months is what was saved in each month, whenever the seats were freed, without a
	// gap from the first release to now. They add up to Total.
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
	// Priced is how many of the seats that were freed had a price that the run knew.
	Priced int `json:"priced"`
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

// SavedRun is what the seats that one run released have saved.
type SavedRun struct {
	Freed, StillFree int
	// Monthly is the price of the seats that the run released, whoever came back since;
	// none without a price.
	Monthly Amount
	// Saved is to date, in Currency; none without a price.
	Saved    Amount
	Currency string
}

// SavedMonth is what was saved within one month.
type SavedMonth struct {
	// Month is written 2026-11.
	Month string
	// Saved is in the currency of Total; none where it has none, and where the price of
	// no seat that was free is known.
	Saved Amount
	// Free is how many seats were free at the end of the month, or are now.
	Free int
}

// Savings works out what the recorded runs have saved until now. Days and months are
// those of the timezone of now.
func (h *History) Savings(now time.Time) Savings {
	l := h.ledger(now)
	savings := Savings{Rows: []SavingsRow{}, Total: SavingsTotal{Currencies: []CurrencySavings{}}, LastRead: h.lastRead(now)}
	for _, reading := range h.Readings {
		if savings.Since.IsZero() || reading.At.Before(savings.Since) {
			savings.Since = reading.At
		}
	}
	for _, entry := range l.entries() {
		savings.Rows = append(savings.Rows, entry.row())
	}
	savings.Total = l.total(savings.Rows)
	savings.Months = l.savedMonths(savings.Total.Saved)
	return savings
}

// lastRead returns until when it is known of every account who came back.
func (h *History) lastRead(now time.Time) (oldest time.Time) {
	last := make(map[string]time.Time) // by account
	for _, reading := range h.Readings {
		if !reading.At.After(now) {
			last[reading.Account] = later(last[reading.Account], reading.At)
		}
	}
	for _, at := range last {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
}

// SavedRuns works out what some runs have saved until now, by their ids; those that released
// nobody are not among them. All runs together add up to the total of [History.Savings], and
// those of one month to its rows.
func (h *History) SavedRuns(now time.Time, ids []string) map[string]SavedRun {
	isAsked := make(map[string]bool, len(ids))
	for _, id := range ids {
		isAsked[id] = true
	}
	runs := make(map[string]SavedRun)
	for _, entry := range h.ledger(now).entries() {
		if slices.ContainsFunc(entry.runs, func(run *runEntry) bool { return isAsked[run.id] }) {
			entry.addRuns(runs, entry.row().Saved)
		}
	}
	maps.DeleteFunc(runs, func(id string, _ SavedRun) bool { return !isAsked[id] })
	return runs
}
