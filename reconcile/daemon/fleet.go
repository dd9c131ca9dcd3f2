package daemon

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// shownAccounts is how many accounts one page of a fleet lists.
const shownAccounts = 100

// fleetPage lists the accounts of a daemon that has more than one, and adds them up.
type fleetPage struct {
	Tone, Sentence, Now string
	// Query is what was searched for, and Place which of what was found is listed.
	Query, Place string
	// Earlier and Later lead to the pages before and after this one, where there are such.
	Earlier, Later string
	Accounts       []fleetRow
	Total          fleetRow
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

// fleet puts together the page of all accounts, those in trouble first. The query may
// have q, a part of an id or a name, and page, a number from 1.
func (d *Daemon) fleet(accounts []*account, now time.Time, query url.Values) fleetPage {
	page := fleetPage{Now: clockTime(now.In(commonZone(accounts))), Tone: "calm"}
	troubled, used, purchased, withPurchased := 0, 0, 0, 0
	billed, cost, idle, saved := purse{}, purse{}, purse{}, purse{}
	for _, a := range accounts {
		row, known, past := a.fleetRow(now)
		if known != nil {
			used += known.Seats.Used
			if known.Seats.Purchased != nil {
				purchased += *known.Seats.Purchased
				withPurchased++
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
	page.Total = fleetRow{Seats: reconcile.Number(used), Billed: billed.String(), Cost: cost.String(), Idle: idle.String(), Saved: saved.String()}
	if withPurchased > 0 {
		page.Total.Purchased = reconcile.Number(purchased)
	}
	if withPurchased > 0 && withPurchased < len(accounts) {
		page.Total.Purchased += ", in " + reconcile.Number(withPurchased) + " of " + reconcile.Count(len(accounts), "account")
	}
	rank := map[string]int{"broken": 0, "held": 1, "waiting": 2, "calm": 3}
	slices.SortStableFunc(page.Accounts, func(a, b fleetRow) int {
		return cmp.Or(cmp.Compare(rank[a.Tone], rank[b.Tone]), cmp.Compare(a.Account, b.Account))
	})
	page.narrow(query)
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

// narrow leaves one page of the accounts that are searched for. The sums stay those of all.
func (p *fleetPage) narrow(query url.Values) {
	p.Query = strings.TrimSpace(query.Get("q"))
	wanted := strings.ToLower(p.Query)
	p.Accounts = slices.DeleteFunc(p.Accounts, func(row fleetRow) bool {
		return !strings.Contains(strings.ToLower(row.Name+" "+row.Account), wanted)
	})
	found := len(p.Accounts)
	pages := (found + shownAccounts - 1) / shownAccounts
	number, _ := strconv.Atoi(query.Get("page")) // what is no number is the first page
	number = max(1, min(number, pages))
	from := (number - 1) * shownAccounts
	p.Accounts = p.Accounts[from:min(found, from+shownAccounts)]
	switch {
	case pages > 1:
		p.Place = fmt.Sprintf("%s to %s of %s", reconcile.Number(from+1), reconcile.Number(from+len(p.Accounts)), reconcile.Number(found))
	case p.Query != "":
		p.Place = reconcile.Number(found) + " found"
	}
	if number > 1 {
		p.Earlier = p.link(number - 1)
	}
	if number < pages {
		p.Later = p.link(number + 1)
	}
}

// link leads to another page of what was found.
func (p *fleetPage) link(page int) string {
	query := url.Values{"page": {strconv.Itoa(page)}}
	if p.Query != "" {
		query.Set("q", p.Query)
	}
	return "/?" + query.Encode()
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
		row.Seats, row.Pending = reconcile.Number(known.Seats.Used), pendingWords(known)
		if known.Seats.Purchased != nil {
			row.Purchased = reconcile.Number(*known.Seats.Purchased)
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
