package reconcile

import (
	"math/big"
	"strings"
)

// Revisit holds a saved plan to the present: to what the file beside it, nil where
// there is none, protects and exempts now, to the account as it was read again, and
// to the limits that it was made under, counted again with what runs did since. It
// returns the plan with what is held since, and with the seats and the money of
// this reading, and the changes, by index, that must not be written because their
// user has moved, with what moved. Everything else is that of the saved plan, its
// digest too; nothing that was held is let go.
func Revisit(saved *Plan, beside *Desired, live *Live, options PlanOptions) (*Plan, map[int]string, error) {
	saved = saved.withoutBase()
	license := License{
		Price: saved.Money.Price, Purchased: saved.Money.Purchased, Currency: saved.Summary.Currency,
		Budget: saved.Money.Budget, BudgetSeats: saved.Money.BudgetSeats,
	}
	if saved.Money.Renews != nil {
		license.Renews = *saved.Money.Renews
	}
	desired := Desired{Policy: Policy{Grants: GrantsRequest}}
	if beside != nil {
		desired = *beside
	} else if len(saved.Money.GroupPrices) > 0 {
		license.Price = "" // which seats have which price, only the file says
	}
	desired.License = license
	options.Proposed = append([]Change{}, saved.Changes...)
	saved.Limit.impose(&desired.Policy)
	options.AllowReleases = nil
	if saved.Limit.Replaced {
		options.AllowReleases = &saved.Limit.Releases
	}
	judged, err := MakePlan(&desired, live, options)
	if err != nil {
		return nil, nil, err
	}
	plan := *saved
	plan.Changes, plan.Live, plan.Returns, plan.Groups = judged.Changes, judged.Live, judged.Returns, judged.Groups
	plan.CameBack = judged.CameBack
	plan.Limit = judged.Limit
	plan.Limit.Releases, plan.Limit.From = saved.Limit.Releases, saved.Limit.From
	plan.Findings = limitsAgain(saved.Findings, judged.Findings)
	stale := StaleChanges(saved, live)
	for i := range plan.Changes {
		if beside == nil {
			plan.Changes[i].Group = saved.Changes[i].Group
		}
	}
	for i := range stale {
		plan.Changes[i] = saved.Changes[i] // that the user has moved says more than a hold
	}
	plan.sum(&desired, license, options.BatchSize, stale)
	plan.Money.BudgetExceededOn, plan.Money.SeatsExhaustedOn = judged.Money.BudgetExceededOn, judged.Money.SeatsExhaustedOn
	return &plan, stale, nil
}

// carry writes down what of a policy a saved plan must be held to.
func (l *Limit) carry(policy *Policy) {
	l.Beyond = policy.Beyond
	if policy.Returned != nil {
		l.Returned = formatPercent(policy.Returned)
	}
}

// impose puts the limits of a saved plan in place of those of a policy. What was a
// percentage is as many seats as it was when the plan was made.
func (l *Limit) impose(policy *Policy) {
	policy.Releases = ReleaseLimit{Count: &l.Releases}
	policy.Beyond = l.Beyond
	policy.Windows = nil
	for _, window := range l.Windows {
		policy.Windows = append(policy.Windows, WindowLimit{Days: window.Days, Limit: ReleaseLimit{Count: &window.Allowed}})
	}
	policy.Returned = nil
	if percent, ok := new(big.Rat).SetString(strings.TrimSuffix(l.Returned, "%")); ok {
		policy.Returned = percent
	}
}

// limitsAgain returns the findings of a saved plan with those about limits as they
// are now.
func limitsAgain(saved, now []Finding) []Finding {
	isOfLimit := func(finding Finding) bool {
		return finding.Code == CodeLimitExceeded || finding.Code == CodeNoHistory
	}
	findings := []Finding{}
	for _, finding := range now {
		if isOfLimit(finding) {
			finding.Source = nil // which is that of the file now
			findings = append(findings, finding)
		}
	}
	for _, finding := range saved {
		if !isOfLimit(finding) {
			findings = append(findings, finding)
		}
	}
	return findings
}
