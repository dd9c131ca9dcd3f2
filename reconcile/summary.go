package reconcile

import "math/big"

// summarize counts what a plan does.
func summarize(plan *Plan, license License, batchSize int) Summary {
	summary := Summary{SeatsAfter: plan.Live.SeatsUsed, Currency: license.Currency}
	touched := make(map[string]struct{}, len(plan.Changes))
	for i := range plan.Changes {
		change := &plan.Changes[i]
		touched[change.UserID] = struct{}{}
		if !change.WillBeDone() {
			summary.Held++
			continue
		}
		switch change.Kind {
		case Release:
			summary.Release++
		case Narrow:
			summary.Narrow++
		case Grant:
			summary.Grant++
		case Rename:
			summary.Rename++
		}
		summary.SeatsAfter += change.After.seats() - change.Before.seats()
	}
	summary.Unchanged = plan.Live.Users - len(touched)
	for _, call := range Calls(plan, batchSize) {
		switch call.Kind {
		case CallPatchSeats:
			summary.Calls.Patch++
		case CallPutUser:
			summary.Calls.Put++
		}
	}
	summary.MonthlyCostBefore = license.Price.Times(plan.Live.SeatsUsed)
	summary.MonthlyCostAfter = license.Price.Times(summary.SeatsAfter)
	return summary
}

// seats is the number of seats that someone in this state takes up: 0 or 1.
func (s State) seats() int {
	if s.AccessSeat == True || s.GatewaySeat == True {
		return 1
	}
	return 0
}

const monthsPerYear = 12

// costs puts a price on the seats of a plan.
func costs(plan *Plan, license License) Money {
	money := Money{
		Price:            license.Price,
		Purchased:        license.Purchased,
		YearlyCostBefore: plan.Summary.MonthlyCostBefore.Times(monthsPerYear),
		YearlyCostAfter:  plan.Summary.MonthlyCostAfter.Times(monthsPerYear),
		IdleHeldSeats:    idleHeld(plan.Changes),
	}
	if !license.Renews.IsZero() {
		money.Renews = &license.Renews
	}
	if license.Purchased != nil {
		free := *license.Purchased - plan.Live.SeatsUsed
		freeAfter := *license.Purchased - plan.Summary.SeatsAfter
		money.Free, money.FreeAfter = &free, &freeAfter
	}
	money.IdleHeldMonthlyCost = license.Price.Times(money.IdleHeldSeats)
	money.IdleHeldYearlyCost = money.IdleHeldMonthlyCost.Times(monthsPerYear)
	return money
}

// idleHeld counts the people who are known to be inactive and keep their seat.
func idleHeld(changes []Change) int {
	count := 0
	for i := range changes {
		change := &changes[i]
		known := change.Held != HeldActivityUnknown && change.Held != HeldAmbiguous
		if change.Reason == Inactive && !change.WillBeDone() && known {
			count++
		}
	}
	return count
}

// bucketDays is the width of the buckets of the spread. The usual thresholds (30,
// 60, 90, 180 and 365 days) are multiples of it, so the line falls between two.
const bucketDays = 5

// maxBuckets bounds the spread; what is older goes into the last bucket.
const maxBuckets = 80

// spread counts seat holders by the days since their last sign of activity.
func (p *planner) spread() *Activity {
	rule := p.rule
	if rule == nil {
		return nil
	}
	spread := &Activity{
		AfterDays:      int(rule.After / Day),
		NeverAfterDays: int(rule.NeverAfter / Day),
		NoticeDays:     int(rule.Notice / Day),
		BucketDays:     bucketDays,
		Buckets:        []int{},
	}
	for i := range p.subjects {
		found := p.subjects[i].activity
		switch {
		case !p.subjects[i].HoldsSeat():
		case found.verdict == unknown:
			spread.Unknown++
		case found.sign.IsNone():
			spread.Never++
		default:
			spread.count(max(0, daysBetween(found.sign.Time(), p.now)))
		}
	}
	return spread
}

// count adds one person to the bucket of a number of days.
func (a *Activity) count(days int) {
	bucket := min(days/a.BucketDays, maxBuckets-1)
	for len(a.Buckets) <= bucket {
		a.Buckets = append(a.Buckets, 0)
	}
	a.Buckets[bucket]++
}

// percentOf writes a share with one decimal: 7.5%.
func percentOf(part, whole int) string {
	if whole == 0 {
		return "0.0%"
	}
	return big.NewRat(int64(part)*100, int64(whole)).FloatString(1) + "%"
}
