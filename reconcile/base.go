package reconcile

import (
	"maps"
	"slices"
)

// Base is what a plan was compared with: the desired state before a change of the
// file, on the same reading of the account.
type Base struct {
	Files  []string `json:"files"`
	SHA256 string   `json:"sha256"`
	// Commit is the git commit of the files, as in DesiredInfo.
	Commit string `json:"commit"`
	// New counts the changes of the plan that the base does not ask for, or asks for
	// with another state or hold; Gone those of the base that have no counterpart in
	// the plan; Unchanged those that both have. Held ones count.
	New       int `json:"new"`
	Gone      int `json:"gone"`
	Unchanged int `json:"unchanged"`
	// SeatsAfter and MonthlyCostAfter are those of the plan of the base, in Currency.
	SeatsAfter       int    `json:"seats_after"`
	MonthlyCostAfter Amount `json:"monthly_cost_after"`
	Currency         string `json:"currency,omitempty"`
	// Repriced is true where seats have other prices in the base.
	Repriced bool `json:"repriced,omitempty"`
	// GoneChanges are the changes that Gone counts, with the lines of the base.
	GoneChanges []Change `json:"gone_changes"`
}

// Against returns the plan with its base: what is new in it, and what is gone, beside
// another plan on the same reading of the account. Everything else stays as it is.
func (p *Plan) Against(base *Plan) *Plan {
	compared := CompareChanges(base.Changes, p.Changes)
	plan := *p
	plan.Base = &Base{
		Files: base.Desired.Files, SHA256: base.Desired.SHA256, Commit: base.Desired.Commit,
		Gone: len(compared.Gone), SeatsAfter: base.Summary.SeatsAfter,
		MonthlyCostAfter: base.Summary.MonthlyCostAfter, Currency: base.Summary.Currency,
		Repriced:    base.Money.Price != p.Money.Price || !maps.Equal(base.Money.GroupPrices, p.Money.GroupPrices),
		GoneChanges: make([]Change, 0, len(compared.Gone)),
	}
	for _, i := range compared.Gone {
		plan.Base.GoneChanges = append(plan.Base.GoneChanges, base.Changes[i])
	}
	plan.Changes = slices.Clone(p.Changes)
	for i := range plan.Changes {
		plan.Changes[i].New = FlagOf(compared.New[i])
		plan.Changes[i].Was = compared.Was[i]
		if compared.New[i] {
			plan.Base.New++
		}
	}
	plan.Base.Unchanged = len(plan.Changes) - plan.Base.New
	plan.Findings = slices.Clone(p.Findings)
	for i, isNew := range NewFindings(base.Findings, p.Findings) {
		plan.Findings[i].New = FlagOf(isNew)
	}
	plan.Digest = plan.computeDigest()
	return &plan
}

// withoutBase returns the plan as if it had none: what is applied is all of it.
func (p *Plan) withoutBase() *Plan {
	if p.Base == nil {
		return p
	}
	plan := *p
	plan.Base, plan.Changes, plan.Findings = nil, slices.Clone(p.Changes), slices.Clone(p.Findings)
	for i := range plan.Changes {
		plan.Changes[i].New, plan.Changes[i].Was = Unknown, nil
	}
	for i := range plan.Findings {
		plan.Findings[i].New = Unknown
	}
	return &plan
}

// Asks returns how many changes the plan will carry out, and whether a limit holds
// some back. With a base it counts only what is new.
func (p *Plan) Asks() (pending int, isLimited bool) {
	if p.Base == nil {
		return p.Summary.Pending(), p.IsLimited()
	}
	for i := range p.Changes {
		change := &p.Changes[i]
		switch {
		case change.New == False:
		case change.WillBeDone():
			pending++
		case change.Held.IsLimit():
			isLimited = true
		}
	}
	return pending, isLimited
}

// Comparison tells the changes of two plans of an account apart.
//
// A change is the same in both when its kind, its user, the state it leads to and
// its hold are the same. Why it is wanted does not count: "112 days" is "113 days"
// tomorrow. A user is told by id, or by email where there is none.
type Comparison struct {
	// New says of each change of the new plan whether the old one does not have it.
	New []bool
	// Was is what the old plan has in the place of a new change: the same kind for
	// the same user that leads elsewhere, or is held otherwise. It is nil for all
	// others.
	Was []*Change
	// Gone are the indexes of the changes that only the old plan has.
	Gone []int
}

// subjectKey is what a change is about.
type subjectKey struct {
	kind Kind
	user string
}

// CompareChanges compares the changes of two plans.
func CompareChanges(old, new []Change) Comparison {
	keyOf := func(change *Change) subjectKey {
		if change.UserID == "" {
			return subjectKey{change.Kind, EmailKey(change.Email)}
		}
		return subjectKey{change.Kind, change.UserID}
	}
	left := make(map[subjectKey][]int, len(old))
	for i := range old {
		key := keyOf(&old[i])
		left[key] = append(left[key], i)
	}
	compared := Comparison{New: make([]bool, len(new)), Was: make([]*Change, len(new))}
	matched := make([]bool, len(old))
	for i := range new {
		key := keyOf(&new[i])
		at := slices.IndexFunc(left[key], func(was int) bool { return isSameChange(&old[was], &new[i]) })
		compared.New[i] = at < 0
		if at < 0 && len(left[key]) == 0 {
			continue
		}
		if at < 0 {
			at = 0
			was := old[left[key][0]]
			compared.Was[i] = &was
		}
		matched[left[key][at]] = true
		left[key] = slices.Delete(left[key], at, at+1)
	}
	for i := range old {
		if !matched[i] {
			compared.Gone = append(compared.Gone, i)
		}
	}
	return compared
}

// isSameChange reports whether two changes of one user and kind are the same.
func isSameChange(a, b *Change) bool {
	switch {
	case a.Held != b.Held:
		return false
	case a.Kind == Rename:
		return a.After.Name == b.After.Name
	}
	return a.After.AccessSeat == b.After.AccessSeat && a.After.GatewaySeat == b.After.GatewaySeat
}

// NewFindings says of each finding of the new plan whether the old one does not have
// it. A finding is the same when its severity, its code and its email are.
func NewFindings(old, new []Finding) []bool {
	type findingKey struct {
		severity Severity
		code     Code
		email    string
	}
	keyOf := func(finding *Finding) findingKey {
		return findingKey{finding.Severity, finding.Code, EmailKey(finding.Email)}
	}
	left := make(map[findingKey]int, len(old))
	for i := range old {
		left[keyOf(&old[i])]++
	}
	isNew := make([]bool, len(new))
	for i := range new {
		key := keyOf(&new[i])
		isNew[i] = left[key] == 0
		left[key] = max(0, left[key]-1)
	}
	return isNew
}
