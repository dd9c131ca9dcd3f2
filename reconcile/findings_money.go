package reconcile

import (
	"fmt"
	"time"
)

// exhaustedPercent is the share of purchased seats below which too few are free, and
// soon how far ahead a day is a reason to warn.
const (
	exhaustedPercent = 5
	soon             = 90 * Day
)

// foresee writes into the plan when the seats run out and the budget is passed, at the
// present pace.
func (p *planner) foresee(plan *Plan) {
	money := &plan.Money
	if money.Purchased != nil {
		money.SeatsExhaustedOn = p.dayOf(*money.Purchased)
	}
	switch seats, ok := plan.seatsWithinBudget(); {
	case plan.isOverBudget():
		today := p.pace.dateOf(p.now)
		money.BudgetExceededOn = &today
	case ok:
		money.BudgetExceededOn = p.dayOf(seats + 1)
	}
}

// dayOf returns when so many seats will be in use, nil where that is not in sight.
func (p *planner) dayOf(seats int) *Date {
	day := p.pace.reaches(seats)
	if day.IsZero() {
		return nil
	}
	return &day
}

// isOverBudget reports whether the bill, or the seats in use, are above the budget.
func (p *Plan) isOverBudget() bool {
	if p.Money.BudgetSeats != nil {
		return p.Live.SeatsUsed > *p.Money.BudgetSeats
	}
	return p.billed().isMoreThan(p.Money.Budget)
}

// billed is what the account pays a month, or has to pay for the seats in use.
func (p *Plan) billed() Amount {
	bill := p.Bill()
	if bill.Before.UsedCost.isMoreThan(bill.Billed) || bill.Billed == "" {
		return bill.Before.UsedCost
	}
	return bill.Billed
}

// seatsWithinBudget returns how many seats the budget pays for, where further ones cost
// what the license says. It reports false where there is no budget, or no price to
// compare it with.
func (p *Plan) seatsWithinBudget() (seats int, ok bool) {
	if p.Money.BudgetSeats != nil {
		return *p.Money.BudgetSeats, true
	}
	more, ok := p.Money.Budget.Minus(p.Summary.MonthlyCostBefore).pays(p.Money.Price)
	return p.Live.SeatsUsed + more, ok
}

// runsOut reports whether too few of the purchased seats are free with so many in use, or
// whether the last one is taken soon: by the pace of the seats that were in use at the
// reading, which says nothing once some of them were freed.
func (p *Plan) runsOut(used int) bool {
	if p.Money.Purchased == nil {
		return false
	}
	purchased, day := *p.Money.Purchased, p.Money.SeatsExhaustedOn
	isForeseen := day != nil && used >= p.Live.SeatsUsed && p.isSoon(*day)
	return (purchased-used)*100 < purchased*exhaustedPercent || used >= purchased || isForeseen
}

// licenseFindings compares the seats in use with those that are paid for.
func (p *planner) licenseFindings(plan *Plan) (findings []Finding) {
	money := &plan.Money
	if money.Purchased == nil {
		return nil
	}
	purchased, used := *money.Purchased, plan.Live.SeatsUsed
	if plan.runsOut(used) {
		finding := Finding{
			Severity: SeverityWarning, Code: CodeSeatsExhaustedSoon,
			Message: fmt.Sprintf("%s of %s are in use and %s free: when none is left, new people cannot log in",
				Number(used), Count(purchased, "purchased seat"), CountOf(max(0, purchased-used), "is", "are")),
		}
		if day := money.SeatsExhaustedOn; day != nil && used < purchased {
			finding.Message += fmt.Sprintf("; at the present pace (%s) that is on %s", p.pace.String(), day)
		}
		findings = append(findings, finding)
	}
	if bill := plan.Bill(); bill.Advice() != "" {
		findings = append(findings, Finding{Severity: SeverityInfo, Code: CodeLowerPurchased, Message: fmt.Sprintf(
			"freed seats lower the bill only once fewer are purchased: when this plan is applied %s of %s will be idle; %s",
			Number(*bill.After.Idle), Count(purchased, "purchased seat"), bill.Advice())})
	}
	return findings
}

// isSoon reports whether a day is near enough to act.
func (p *Plan) isSoon(day Date) bool { return p.beginOf(day).Sub(p.CreatedAt) <= soon }

// beginOf is when a day begins, by the calendar of the file.
func (p *Plan) beginOf(day Date) time.Time { return day.Begin(Zone(p.Timezone)) }

// budgetFinding says that the budget is passed, or when it will be at the present pace, or
// that nobody knows.
func (p *planner) budgetFinding(plan *Plan) []Finding {
	money, bill := &plan.Money, plan.Bill()
	budget := "the budget of " + bill.amount(money.Budget) + " a month"
	if money.Budget != "" && plan.billed() == "" {
		return []Finding{{
			Severity: SeverityWarning, Code: CodeBudgetUnknown, Source: pointer(p.desired.License.BudgetAt),
			Message: fmt.Sprintf("whether the bill is within %s is not known, since the price of a seat is not: write license.price, or a budget in seats", budget),
		}}
	}
	day := money.BudgetExceededOn
	if day == nil {
		return nil
	}
	if money.BudgetSeats != nil {
		budget = "the budget of " + Count(*money.BudgetSeats, "seat")
	}
	finding := Finding{Severity: SeverityWarning, Code: CodeBudgetExceededSoon, Source: pointer(p.desired.License.BudgetAt)}
	switch {
	case !plan.isOverBudget():
		finding.Message = fmt.Sprintf("at the present pace (%s) the seats in use pass %s on %s", p.pace.String(), budget, day)
		if !plan.isSoon(*day) {
			finding.Severity = SeverityInfo
		}
	case money.BudgetSeats != nil:
		finding.Message = fmt.Sprintf("%s in use, above %s", CountOf(plan.Live.SeatsUsed, "seat is", "seats are"), budget)
	default:
		finding.Message = fmt.Sprintf("the bill of %s a month is above %s", bill.amount(plan.billed()), budget)
	}
	return []Finding{finding}
}
