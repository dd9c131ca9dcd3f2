package reconcile

// Revisit holds a saved plan to the present: to what the file beside it, nil where
// there is none, protects and exempts now, and to the account as it was read again.
// It returns the plan with what is held since, and with the seats and the money of
// this reading, and the changes, by index, that must not be written because their
// user has moved, with what moved. Everything else is that of the saved plan, its
// digest too; nothing that was held is let go.
func Revisit(saved *Plan, beside *Desired, live *Live, options PlanOptions) (*Plan, map[int]string, error) {
	license := License{Price: saved.Money.Price, Purchased: saved.Money.Purchased, Currency: saved.Summary.Currency}
	desired := Desired{Policy: Policy{Grants: GrantsRequest}}
	if beside != nil {
		desired = *beside
	} else if len(saved.Money.GroupPrices) > 0 {
		license.Price = "" // which seats have which price, only the file says
	}
	desired.License = license
	options.Proposed = append([]Change{}, saved.Changes...)
	options.AllowReleases = &saved.Limit.Releases
	judged, err := MakePlan(&desired, live, options)
	if err != nil {
		return nil, nil, err
	}
	plan := *saved
	plan.Changes, plan.Live, plan.Returns, plan.Groups = judged.Changes, judged.Live, judged.Returns, judged.Groups
	plan.Limit.Tripped = judged.Limit.Tripped
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
	return &plan, stale, nil
}
