package reconcile

import (
	"cmp"
	"time"
)

// Bill is what an account pays a month for its seats. A freed seat does not lower
// it: only a lower purchased count does, from the next billing period on. Amounts
// are none where no price is known, and the counts nil where nobody knows how many
// seats are purchased.
type Bill struct {
	Purchased *int
	Currency  string
	// Renews is when the purchased count can next be lowered; nil when not known.
	// IsRenewed is true once that day has begun.
	Renews    *Date
	IsRenewed bool
	// Billed is the price of all purchased seats.
	Billed Amount
	// Before is the seats in use as the account was read, After those in use once
	// the plan is applied or, with a run, as far as its outcomes show.
	Before, After BillShare
	// Now is those in use as far as the plan knows: Before without a run, After with
	// one.
	Now BillShare
}

// BillShare is how much of a bill is used, and how much is idle: purchased and in
// nobody's use.
type BillShare struct {
	Used int
	Idle *int
	// UsedCost and IdleCost are a month's price of those seats.
	UsedCost, IdleCost Amount
	// runsOut is true where too few are free for anybody to want fewer.
	runsOut bool
}

// Bill works out what the account pays before and after the plan.
func (p *Plan) Bill() Bill {
	money := &p.Money
	before, planned := p.seatsByGroup(p.willBeDone)
	after, cost := p.Summary.SeatsAfter, cmp.Or(p.Summary.MonthlyCostAfter, money.costOf(planned))
	if p.Run != nil {
		applied := p.Applied()
		_, taken := p.seatsByGroup(func(i int) bool { return applied[i] })
		after, cost = p.SeatsInUse().Used, money.costOf(taken)
	}
	bill := Bill{Purchased: money.Purchased, Currency: p.Summary.Currency, Renews: money.Renews}
	bill.IsRenewed = bill.Renews != nil && !p.beginOf(*bill.Renews).After(p.lastKnown())
	bill.Before, bill.After = p.share(p.Live.SeatsUsed, money.costOf(before)), p.share(after, cost)
	if bill.Now = bill.Before; p.Run != nil {
		bill.Now = bill.After
	}
	if money.Purchased != nil {
		bill.Billed = money.Price.Times(*money.Purchased)
	}
	return bill
}

// lastKnown is until when the plan knows of the account.
func (p *Plan) lastKnown() time.Time {
	if p.Run != nil && p.Run.FinishedAt.After(p.CreatedAt) {
		return p.Run.FinishedAt
	}
	return p.CreatedAt
}

// share puts a price on the seats that so many in use, which cost so much, leave idle.
func (p *Plan) share(used int, cost Amount) BillShare {
	share := BillShare{Used: used, UsedCost: cost, runsOut: p.runsOut(used)}
	if p.Money.Purchased != nil {
		idle := max(0, *p.Money.Purchased-used)
		share.Idle, share.IdleCost = &idle, p.Money.Price.Times(idle)
	}
	return share
}

// Advice says what can be saved and when: "lower the purchased count to 228 before
// 2027-01-01: saves 1,554.00 EUR a month, 18,648.00 EUR a year". It is empty where
// nothing is idle, nobody knows what is purchased, seats run out, or they cost nothing.
func (b *Bill) Advice() string { return b.advice(&b.After) }

// AdviceNow is the same for the seats in use as far as the plan knows: what the
// purchased count can be lowered to before anything else is applied.
func (b *Bill) AdviceNow() string { return b.advice(&b.Now) }

func (b *Bill) advice(share *BillShare) string {
	saving := share.IdleCost
	if share.Idle == nil || *share.Idle == 0 || share.runsOut || saving != "" && !saving.isMoreThan("0.00") {
		return ""
	}
	advice := "lower the purchased count to " + Number(share.Used)
	switch {
	case b.Renews == nil:
		advice += " for the next billing period"
	case b.IsRenewed:
		advice += " for the next billing period (the renewal of " + b.Renews.String() + " is past)"
	default:
		advice += " before " + b.Renews.String()
	}
	if saving != "" {
		return advice + ": saves " + b.amount(saving) + " a month, " + b.amount(saving.Times(monthsPerYear)) + " a year"
	}
	return advice + ": " + CountOf(*share.Idle, "seat is", "seats are") + " paid for and not in use"
}

// amount writes an amount with its currency.
func (b *Bill) amount(amount Amount) string {
	text := Thousands(string(amount))
	if b.Currency != "" {
		text += " " + b.Currency
	}
	return text
}
