package daemon

import (
	"slices"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// billedStand returns a stand with one run, which read so many seats in use of those that
// are purchased at 7.00 each.
func billedStand(id, currency string, used int, purchased *int) *stand {
	s := newStand(dryRun("0 6 * * *"))
	s.settings.AccountID = id
	plan := emptyPlan()
	plan.AccountID, plan.Money.Purchased, plan.Summary.Currency = id, purchased, currency
	plan.Live.SeatsUsed, plan.Summary.SeatsAfter = used, used
	plan.Summary.MonthlyCostBefore, plan.Summary.MonthlyCostAfter = plan.Money.Price.Times(used), plan.Money.Price.Times(used)
	run := RunSummary{ID: "run-" + id, AccountID: id, Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone, StartedAt: time.Now(), FinishedAt: time.Now()}
	run.Describe(plan)
	s.runs, s.plans[run.ID] = append(s.runs, run), plan
	return s
}

func TestTheFleetAddsUpMoneyByCurrency(t *testing.T) {
	d, _ := newDaemon(t, Options{},
		billedStand("a", "USD", 1200, new(2000)), billedStand("b", "USD", 300, new(250)), billedStand("c", "EUR", 10, new(20)), billedStand("d", "EUR", 5, nil))
	for _, a := range d.accounts {
		a.look(time.Now())
	}
	page := d.fleet(d.accounts, time.Now(), nil)
	want := fleetRow{
		Seats: "1,515", Purchased: "2,270, in 3 of 4 accounts",
		Billed: "140.00 EUR + 15,750.00 USD", Cost: "105.00 EUR + 10,500.00 USD", Idle: "70.00 EUR + 5,600.00 USD",
	}
	if page.Total != want {
		t.Errorf("got  %+v\nwant %+v", page.Total, want)
	}
	at := slices.IndexFunc(page.Accounts, func(row fleetRow) bool { return row.Account == "d" })
	if row := page.Accounts[at]; row.Billed != "" || row.Idle != "" || row.Cost != "35.00 EUR" || row.Purchased != "" {
		t.Errorf("nobody knows what the account d purchased, and its row says %+v", row)
	}
}
