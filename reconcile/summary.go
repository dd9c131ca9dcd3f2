package reconcile

import (
	"math/big"
	"time"
)

// summarize counts what a plan does. SeatsAfter is left at the seats before it.
func summarize(plan *Plan, batchSize int) Summary {
	summary := Summary{SeatsAfter: plan.Live.SeatsUsed}
	touched := make(map[string]struct{}, len(plan.Changes))
	for i := range plan.Changes {
		change := &plan.Changes[i]
		touched[change.UserID] = struct{}{}
		if !change.WillBeDone() {
			summary.Held++
			continue
		}
		*summary.of(change.Kind)++
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
	return summary
}

// of is the count of a kind; that of a kind which this version does not know is lost.
func (s *Summary) of(kind Kind) *int {
	switch kind {
	case Release:
		return &s.Release
	case Narrow:
		return &s.Narrow
	case Grant:
		return &s.Grant
	case Rename:
		return &s.Rename
	}
	return new(int)
}

// Seats is the number of seats that someone in this state takes up: 0 or 1.
func (s State) Seats() int {
	if s.AccessSeat == True || s.GatewaySeat == True {
		return 1
	}
	return 0
}

const monthsPerYear = 12

// complete adds to the prices what the seats of a plan come to.
func (m *Money) complete(plan *Plan, license License) {
	m.Purchased = license.Purchased
	m.YearlyCostBefore = plan.Summary.MonthlyCostBefore.Times(monthsPerYear)
	m.YearlyCostAfter = plan.Summary.MonthlyCostAfter.Times(monthsPerYear)
	m.Budget, m.BudgetSeats = license.Budget, license.BudgetSeats
	if !license.Renews.IsZero() {
		m.Renews = &license.Renews
	}
	if license.Purchased != nil {
		free := *license.Purchased - plan.Live.SeatsUsed
		freeAfter := *license.Purchased - plan.Summary.SeatsAfter
		m.Free, m.FreeAfter = &free, &freeAfter
	}
	idle := idleHeld(plan.Changes)
	for _, seats := range idle {
		m.IdleHeldSeats += seats
	}
	m.IdleHeldMonthlyCost = m.costOf(idle)
	m.IdleHeldYearlyCost = m.IdleHeldMonthlyCost.Times(monthsPerYear)
}

// idleHeld counts the people who are known to be inactive and keep their seat, by
// group.
func idleHeld(changes []Change) map[string]int {
	counts := make(map[string]int)
	for i := range changes {
		change := &changes[i]
		known := change.Held != HeldActivityUnknown && change.Held != HeldAmbiguous && change.Held != HeldGroupUnknown
		if change.Reason == Inactive && !change.WillBeDone() && known {
			counts[change.Group]++
		}
	}
	return counts
}

// bucketDays is the width of the buckets of the spread. The usual thresholds (30,
// 60, 90, 180 and 365 days) are multiples of it, so the line falls between two.
const bucketDays = 5

// maxBuckets bounds the spread; what is older goes into the last bucket.
const maxBuckets = 80

// spread counts seat holders by the days since their last sign of activity.
func (p *planner) spread() *Activity {
	if len(p.desired.Rules()) == 0 {
		return nil
	}
	spread := &Activity{BucketDays: bucketDays, Buckets: []int{}}
	usual := &InactivePolicy{After: longestIdle}
	if rule := p.desired.Policy.Inactive; rule != nil {
		usual = rule
		spread.AfterDays, spread.NeverAfterDays, spread.NoticeDays = int(rule.After/Day), int(rule.NeverAfter/Day), int(rule.Notice/Day)
	}
	for i := range p.subjects {
		s := &p.subjects[i]
		found := s.activity
		if found.rule == nil {
			found = p.assess(s.User, usual)
		}
		switch {
		case !s.HoldsSeat():
		case found.verdict == unknown:
			spread.Unknown++
		case found.sign.IsNone():
			spread.Never++
		default:
			bucket := spread.bucketOf(daysBetween(found.sign.Time(), p.now))
			spread.Buckets[bucket]++
			if len(p.desired.Groups) > 0 {
				spread.countByRule(bucket, &s.activity, p.now)
			}
		}
	}
	return spread
}

// longestIdle is longer than anybody has been away: by such a rule nobody is idle,
// and the last sign of people who are under none is found all the same.
const longestIdle = 100 * 365 * Day

// bucketOf returns the bucket of a number of days, and makes room for it.
func (a *Activity) bucketOf(days int) int {
	bucket := min(max(0, days)/a.BucketDays, maxBuckets-1)
	if missing := bucket + 1 - len(a.Buckets); missing > 0 {
		a.Buckets = append(a.Buckets, make([]int, missing)...)
	}
	return bucket
}

// countByRule adds someone in a bucket to those who are due soon or inactive by
// their own rule.
func (a *Activity) countByRule(bucket int, found *activity, now time.Time) {
	if missing := bucket + 1 - len(a.Near); missing > 0 {
		a.Near, a.Past = append(a.Near, make([]int, missing)...), append(a.Past, make([]int, missing)...)
	}
	switch {
	case found.verdict == inactive:
		a.Past[bucket]++
	case found.due.IsKnown() && !found.due.After(now.Add(found.rule.Notice)):
		a.Near[bucket]++
	}
}

// percentOf writes a share with one decimal: 7.5%.
func percentOf(part, whole int) string {
	if whole == 0 {
		return "0.0%"
	}
	return big.NewRat(int64(part)*100, int64(whole)).FloatString(1) + "%"
}
