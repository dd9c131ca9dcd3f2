package daemon

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// fleetPage lists the accounts of a daemon that has more than one, and adds them up.
type fleetPage struct {
	Tone, Sentence, Now string
	Accounts            []fleetRow
	Total               fleetRow
}

type fleetRow struct {
	Account, Name, Tone, Sentence, Next, Seats, Purchased, Billed, Cost, Idle, Saved, Pending string
}

// purse adds up money by currency.
type purse map[string]reconcile.Amount

func (p purse) add(amount reconcile.Amount, currency string) {
	if amount != "" {
		p[currency] = cmp.Or(p[currency], "0.00").Plus(amount)
	}
}

// String writes what is in it: "1,204.00 USD + 90.00 EUR".
func (p purse) String() string {
	var parts []string
	for _, currency := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, strings.TrimSpace(reconcile.Thousands(string(p[currency]))+" "+currency))
	}
	return strings.Join(parts, " + ")
}

// fleet puts together the page of all accounts, those in trouble first.
func (d *Daemon) fleet(accounts []*account, now time.Time) fleetPage {
	page := fleetPage{Now: clockTime(now.In(commonZone(accounts))), Tone: "calm"}
	troubled, used, purchased := 0, 0, 0
	billed, cost, idle, saved := purse{}, purse{}, purse{}, purse{}
	for _, a := range accounts {
		row, known, past := a.fleetRow(now)
		if known != nil {
			used += known.Seats.Used
			if known.Seats.Purchased != nil {
				purchased += *known.Seats.Purchased
			}
			billed.add(known.Billed, known.Summary.Currency)
			cost.add(known.Cost, known.Summary.Currency)
			idle.add(known.Idle, known.Summary.Currency)
		}
		own := purse{}
		for _, sum := range past.Total.Currencies {
			own.add(sum.Saved, sum.Currency)
			saved.add(sum.Saved, sum.Currency)
		}
		row.Saved = own.String()
		if row.Tone == "broken" {
			troubled++
		}
		page.Accounts = append(page.Accounts, row)
	}
	page.Sentence = fmt.Sprintf("All %d accounts are managed", len(accounts))
	if troubled > 0 {
		page.Tone, page.Sentence = "broken", fmt.Sprintf("%d of %d accounts need someone", troubled, len(accounts))
	}
	page.Total = fleetRow{Seats: thousands(used), Billed: billed.String(), Cost: cost.String(), Idle: idle.String(), Saved: saved.String()}
	if purchased > 0 {
		page.Total.Purchased = thousands(purchased)
	}
	rank := map[string]int{"broken": 0, "held": 1, "waiting": 2, "calm": 3}
	slices.SortStableFunc(page.Accounts, func(a, b fleetRow) int {
		return cmp.Or(cmp.Compare(rank[a.Tone], rank[b.Tone]), cmp.Compare(a.Account, b.Account))
	})
	return page
}

// commonZone returns the timezone that the files of all accounts name, UTC where they differ.
func commonZone(accounts []*account) *time.Location {
	zone := accounts[0].zone()
	for _, a := range accounts[1:] {
		if a.zone().String() != zone.String() {
			return time.UTC
		}
	}
	return zone
}

// fleetRow returns the row of an account, the last run that had a plan, nil for none,
// and what its records have saved.
func (a *account) fleetRow(now time.Time) (row fleetRow, known *RunSummary, savings *report.SavingsReport) {
	a.mu.Lock()
	defer a.mu.Unlock()
	row = fleetRow{Account: a.id, Next: "never"}
	row.Tone, row.Sentence, _ = verdict(a.last, a.unread, now)
	if next, mode := a.timetable.next(); !next.IsZero() {
		row.Next = string(mode) + " in " + ago(now, next)
	}
	if known = a.planned; known != nil {
		row.Name = reconcile.Inert(known.AccountName, 0)
		row.Seats, row.Pending = thousands(known.Seats.Used), pendingWords(known)
		if known.Seats.Purchased != nil {
			row.Purchased = thousands(*known.Seats.Purchased)
		}
		row.Billed, row.Cost, row.Idle = known.money(known.Billed), known.money(known.Cost), known.money(known.Idle)
	}
	past := a.past
	if past == nil {
		past = new(reconcile.History)
	}
	return row, known, report.NewSavingsReport(a.id, past, now.In(zoneOf(a.settings)))
}

// money writes an amount of the run with its currency; "" for none.
func (r *RunSummary) money(amount reconcile.Amount) string {
	sum := purse{}
	sum.add(amount, reconcile.Inert(r.Summary.Currency, 0))
	return sum.String()
}
