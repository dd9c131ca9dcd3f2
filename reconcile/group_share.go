package reconcile

import (
	"math/big"
	"slices"
)

// GroupShare is a group's part of a plan.
type GroupShare struct {
	Name string `json:"name"`
	// Seats are those that its people have in use as the account was read, and
	// SeatsAfter those that they have then: only [Plan.GroupTotals] says that.
	Seats      int `json:"seats"`
	SeatsAfter int `json:"-"`
	// Release counts the seats that will be released, and Held the changes of any
	// kind that will not be carried out.
	Release           int    `json:"release"`
	Held              int    `json:"held"`
	MonthlyCostBefore Amount `json:"monthly_cost_before"`
	MonthlyCostAfter  Amount `json:"monthly_cost_after"`
}

// groupShares returns a row for each group of the file, in its order, with the seats
// in use.
func (p *planner) groupShares() []GroupShare {
	shares := make([]GroupShare, len(p.desired.Groups))
	rows := make(map[*Group]*GroupShare, len(shares))
	for i := range p.desired.Groups {
		group := &p.desired.Groups[i]
		shares[i].Name, rows[group] = group.Name, &shares[i]
	}
	for i := range p.subjects {
		if row := rows[p.subjects[i].group]; row != nil {
			row.Seats += p.subjects[i].state().Seats()
		}
	}
	return shares
}

// sum fills in what the plan comes to: the summary, the shares of groups, which have
// their seats already, and the money. The changes in stale will not be written.
func (p *Plan) sum(desired *Desired, license License, batchSize int, stale map[int]string) {
	p.Money = Money{Price: license.Price, GroupPrices: desired.groupPrices()}
	before, after := p.seatsByGroup(func(i int) bool {
		_, isStale := stale[i]
		return p.Changes[i].WillBeDone() && !isStale
	})
	p.Summary = summarize(p, batchSize)
	p.Summary.Currency = license.Currency
	for name, seats := range after {
		p.Summary.SeatsAfter += seats - before[name]
	}
	p.Summary.MonthlyCostBefore, p.Summary.MonthlyCostAfter = p.Money.costOf(before), p.Money.costOf(after)
	p.countGroups(p.Groups, before, after, p.willBeDone)
	p.Money.complete(p, license)
}

// willBeDone reports whether apply carries the change at an index out.
func (p *Plan) willBeDone(i int) bool { return p.Changes[i].WillBeDone() }

// countGroups fills in what becomes of the people of groups, given the seats by group.
func (p *Plan) countGroups(groups []GroupShare, before, after map[string]int, isDone func(i int) bool) {
	releases, held := make(map[string]int), make(map[string]int)
	for i := range p.Changes {
		change := &p.Changes[i]
		switch {
		case !change.WillBeDone():
			held[change.Group]++
		case change.Kind == Release && isDone(i):
			releases[change.Group]++
		}
	}
	for i := range groups {
		g := &groups[i]
		price := p.Money.PriceOf(g.Name)
		g.Release, g.Held = releases[g.Name], held[g.Name]
		g.MonthlyCostBefore, g.MonthlyCostAfter = price.Times(before[g.Name]), price.Times(after[g.Name])
	}
}

// seatsByGroup counts the seats in use by the group of their holders, "" for none: as
// the account was read, and once the changes are made that are done.
func (p *Plan) seatsByGroup(isDone func(i int) bool) (before, after map[string]int) {
	before, after = map[string]int{"": p.Live.SeatsUsed}, map[string]int{"": p.Live.SeatsUsed}
	for i := range p.Groups {
		share := &p.Groups[i]
		before[share.Name], after[share.Name] = share.Seats, share.Seats
		before[""], after[""] = before[""]-share.Seats, after[""]-share.Seats
	}
	for i := range p.Changes {
		if change := &p.Changes[i]; isDone(i) {
			after[change.Group] += change.After.Seats() - change.Before.Seats()
		}
	}
	return before, after
}

// groupPrices returns the prices of the groups that have their own; nil for none.
func (d *Desired) groupPrices() map[string]Amount {
	var prices map[string]Amount
	for i := range d.Groups {
		if price := d.Groups[i].Price; price != "" {
			if prices == nil {
				prices = make(map[string]Amount)
			}
			prices[d.Groups[i].Name] = price
		}
	}
	return prices
}

// PriceOf returns the price of a seat, a month, for the people of a group, "" for
// those of none; none where it is not known.
func (m *Money) PriceOf(group string) Amount {
	if price, ok := m.GroupPrices[group]; ok {
		return price
	}
	return m.Price
}

// costOf returns what seats cost a month, counted by group; none where the price of
// one of them is not known.
func (m *Money) costOf(seats map[string]int) Amount {
	if m.Price == "" && len(m.GroupPrices) == 0 {
		return ""
	}
	total := new(big.Rat)
	for group, n := range seats {
		cost, known := new(big.Rat).SetString(string(m.PriceOf(group).Times(n)))
		if n != 0 && !known {
			return ""
		}
		if known {
			total.Add(total, cost)
		}
	}
	return amountOf(total)
}

// GroupTotals returns a row for each group, in the order of the file, and one without a
// name for the people in none where there are any: as planned or, with a run, as far as
// its outcomes show. It returns nothing for a file without groups.
func (p *Plan) GroupTotals() []GroupShare {
	if len(p.Groups) == 0 {
		return nil
	}
	isDone := p.willBeDone
	if p.Run != nil {
		applied := p.Applied()
		isDone = func(i int) bool { return applied[i] }
	}
	before, after := p.seatsByGroup(isDone)
	totals := append(slices.Clone(p.Groups), GroupShare{Seats: before[""]})
	p.countGroups(totals, before, after, isDone)
	for i := range totals {
		totals[i].SeatsAfter = after[totals[i].Name]
	}
	if last := &totals[len(totals)-1]; last.Seats+last.SeatsAfter+last.Release+last.Held == 0 {
		totals = totals[:len(totals)-1]
	}
	return totals
}
