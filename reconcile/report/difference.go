package report

import (
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Difference is what two plans of an account do not share, so that whoever
// reviews a plan every day reads only what is new.
//
// What makes a change the same is in [reconcile.Comparison], a finding in
// [reconcile.NewFindings].
type Difference struct {
	Old      Origin             `json:"old"`
	New      Origin             `json:"new"`
	Changes  changeDifference   `json:"changes"`
	Findings findingsDifference `json:"findings"`
}

// Origin names one of the two plans.
type Origin struct {
	AccountID string    `json:"account_id"`
	Digest    string    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
	SeatsUsed int       `json:"seats_used"`
	// Pending is the number of changes that the plan carries out.
	Pending int `json:"pending"`

	zone *time.Location // of its file
}

// changeDifference tells the changes of two plans apart.
type changeDifference struct {
	New       []newChange        `json:"new"`
	Gone      []reconcile.Change `json:"gone"`
	Unchanged int                `json:"unchanged"`
}

// newChange is a change that the old plan did not have.
type newChange struct {
	Change reconcile.Change `json:"change"`
	// Was is what the old plan had of this kind for this user, if anything.
	Was *reconcile.Change `json:"was"`
}

// findingsDifference tells the findings of two plans apart.
type findingsDifference struct {
	New       []reconcile.Finding `json:"new"`
	Gone      []reconcile.Finding `json:"gone"`
	Unchanged int                 `json:"unchanged"`
}

// Diff compares two plans. The order of its lists is that of the plans.
func Diff(old, new *reconcile.Plan) Difference {
	d := Difference{Old: originOf(old), New: originOf(new)}
	d.Changes = diffChanges(old.Changes, new.Changes)
	d.Findings = diffFindings(old.Findings, new.Findings)
	return d
}

// originOf says which plan it is.
func originOf(plan *reconcile.Plan) Origin {
	return Origin{
		AccountID: plan.AccountID, Digest: plan.Digest, CreatedAt: plan.CreatedAt.UTC(),
		SeatsUsed: plan.Live.SeatsUsed, Pending: plan.Summary.Pending(), zone: Zone(plan.Timezone),
	}
}

func diffChanges(old, new []reconcile.Change) changeDifference {
	compared := reconcile.CompareChanges(old, new)
	d := changeDifference{New: []newChange{}, Gone: []reconcile.Change{}}
	for i := range new {
		if compared.New[i] {
			d.New = append(d.New, newChange{Change: new[i], Was: compared.Was[i]})
		}
	}
	for _, i := range compared.Gone {
		d.Gone = append(d.Gone, old[i])
	}
	d.Unchanged = len(new) - len(d.New)
	return d
}

func diffFindings(old, new []reconcile.Finding) findingsDifference {
	d := findingsDifference{New: []reconcile.Finding{}, Gone: []reconcile.Finding{}}
	for i, isNew := range reconcile.NewFindings(old, new) {
		if isNew {
			d.New = append(d.New, new[i])
		} else {
			d.Unchanged++
		}
	}
	for i, isGone := range reconcile.NewFindings(new, old) {
		if isGone {
			d.Gone = append(d.Gone, old[i])
		}
	}
	return d
}
