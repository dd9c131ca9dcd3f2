package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Difference is what two plans of an account do not share, so that whoever
// reviews a plan every day reads only what is new.
//
// A change is the same in both plans when its kind, its user, the state it
// leads to and its hold are the same. Why it is wanted does not count: "112 days"
// is "113 days" tomorrow. A user is told by id, or by email where there is none.
// When the same kind of change of the same user is in both plans but leads
// elsewhere, or is held for another reason, it is new and says what it was.
//
// A finding is the same when its severity, code and email are.
type Difference struct {
	Old      Origin             `json:"old"`
	New      Origin             `json:"new"`
	Changes  ChangeDifference   `json:"changes"`
	Findings FindingsDifference `json:"findings"`
}

// Origin names one of the two plans.
type Origin struct {
	AccountID string    `json:"account_id"`
	Digest    string    `json:"digest"`
	CreatedAt time.Time `json:"created_at"`
	SeatsUsed int       `json:"seats_used"`
	// Pending is the number of changes that the plan carries out.
	Pending int `json:"pending"`
}

// ChangeDifference tells the changes of two plans apart.
type ChangeDifference struct {
	New       []NewChange        `json:"new"`
	Gone      []reconcile.Change `json:"gone"`
	Unchanged int                `json:"unchanged"`
}

// NewChange is a change that the old plan did not have.
type NewChange struct {
	Change reconcile.Change `json:"change"`
	// Was is what the old plan had of this kind for this user, if anything.
	Was *reconcile.Change `json:"was"`
}

// FindingsDifference tells the findings of two plans apart.
type FindingsDifference struct {
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
		SeatsUsed: plan.Live.SeatsUsed, Pending: plan.Summary.Pending(),
	}
}

// subject is what a change is about.
type subject struct {
	kind reconcile.Kind
	user string
}

// subjectOf returns what a change is about.
func subjectOf(change *reconcile.Change) subject {
	return subject{change.Kind, cmp.Or(change.UserID, reconcile.EmailKey(change.Email))}
}

// isSame reports whether two changes of one subject are the same.
func isSame(a, b *reconcile.Change) bool {
	if a.Held != b.Held {
		return false
	}
	if a.Kind == reconcile.Rename {
		return a.After.Name == b.After.Name
	}
	return a.After.AccessSeat == b.After.AccessSeat && a.After.GatewaySeat == b.After.GatewaySeat
}

func diffChanges(old, new []reconcile.Change) ChangeDifference {
	earlier := make(map[subject][]*reconcile.Change, len(old))
	for i := range old {
		key := subjectOf(&old[i])
		earlier[key] = append(earlier[key], &old[i])
	}
	d := ChangeDifference{New: []NewChange{}, Gone: []reconcile.Change{}}
	matched := make(map[*reconcile.Change]bool, len(old))
	for i := range new {
		change := &new[i]
		key := subjectOf(change)
		at := slices.IndexFunc(earlier[key], func(was *reconcile.Change) bool { return isSame(was, change) })
		if at >= 0 {
			d.Unchanged++
		} else {
			d.New = append(d.New, NewChange{Change: *change})
			if len(earlier[key]) == 0 {
				continue
			}
			at = 0
			d.New[len(d.New)-1].Was = earlier[key][0]
		}
		matched[earlier[key][at]] = true
		earlier[key] = slices.Delete(earlier[key], at, at+1)
	}
	for i := range old {
		if !matched[&old[i]] {
			d.Gone = append(d.Gone, old[i])
		}
	}
	return d
}

// findingKey is what makes two findings the same.
type findingKey struct {
	severity reconcile.Severity
	code     reconcile.Code
	email    string
}

func diffFindings(old, new []reconcile.Finding) FindingsDifference {
	keyOf := func(finding *reconcile.Finding) findingKey {
		return findingKey{finding.Severity, finding.Code, reconcile.EmailKey(finding.Email)}
	}
	left := make(map[findingKey]int, len(old))
	for i := range old {
		left[keyOf(&old[i])]++
	}
	d := FindingsDifference{New: []reconcile.Finding{}, Gone: []reconcile.Finding{}}
	for i := range new {
		key := keyOf(&new[i])
		if left[key] == 0 {
			d.New = append(d.New, new[i])
			continue
		}
		left[key]--
		d.Unchanged++
	}
	// Of several findings with one key, the last ones of the old plan are gone.
	for i := len(old) - 1; i >= 0; i-- {
		if key := keyOf(&old[i]); left[key] > 0 {
			left[key]--
			d.Gone = append(d.Gone, old[i])
		}
	}
	slices.Reverse(d.Gone)
	return d
}
