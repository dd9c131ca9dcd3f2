package report

import (
	"cmp"
	"slices"

	"github.com/seatsync/seatsync/reconcile"
)

// group is changes that belong together in a report, as indices into
// Plan.Changes and in the order of the plan.
type group[Key ~string] struct {
	Key     Key
	Members []int
}

// pendingByKind groups the changes that will be carried out, or were to be.
func pendingByKind(plan *reconcile.Plan) []group[reconcile.Kind] {
	return groupBy(len(plan.Changes), reconcile.Kinds(), func(i int) (reconcile.Kind, bool) {
		return plan.Changes[i].Kind, plan.Changes[i].WillBeDone()
	})
}

// knownHolds lists the holds in the order in which reports show them: the ones
// that someone can do something about first, and the limit before all.
func knownHolds() []reconcile.Hold {
	return []reconcile.Hold{
		reconcile.HeldLimit, reconcile.HeldAmbiguous, reconcile.HeldActivityUnknown, reconcile.HeldFlagUnknown,
		reconcile.HeldNoSeat, reconcile.HeldGrantsNever, reconcile.HeldProtected, reconcile.HeldExempt,
	}
}

// heldByHold groups the changes that are not carried out by what holds them.
func heldByHold(plan *reconcile.Plan) []group[reconcile.Hold] {
	return groupBy(len(plan.Changes), knownHolds(), func(i int) (reconcile.Hold, bool) {
		return plan.Changes[i].Held, !plan.Changes[i].WillBeDone()
	})
}

// findingsByCode groups the findings, the most severe first.
func findingsByCode(plan *reconcile.Plan) []group[reconcile.Code] {
	severity := make(map[reconcile.Code]int)
	for _, finding := range plan.Findings {
		severity[finding.Code] = max(severity[finding.Code], weight(finding.Severity))
	}
	groups := groupBy(len(plan.Findings), nil, func(i int) (reconcile.Code, bool) {
		return plan.Findings[i].Code, true
	})
	slices.SortStableFunc(groups, func(a, b group[reconcile.Code]) int {
		return cmp.Compare(severity[b.Key], severity[a.Key])
	})
	return groups
}

// weight orders severities.
func weight(severity reconcile.Severity) int {
	switch severity {
	case reconcile.SeverityError:
		return 3
	case reconcile.SeverityWarning:
		return 2
	case reconcile.SeverityInfo:
		return 1
	}
	return 2 // of a newer version, perhaps; better looked at than missed
}

// groupBy groups the indices below n by key. Keys in order come first and in
// that order, others after them as they occur: a plan of a newer seatsync may
// have keys that this one does not know, and must not lose them.
func groupBy[Key ~string](n int, order []Key, keyOf func(int) (Key, bool)) []group[Key] {
	position := make(map[Key]int)
	var groups []group[Key]
	for _, key := range order {
		position[key] = len(groups)
		groups = append(groups, group[Key]{Key: key})
	}
	for i := range n {
		key, wanted := keyOf(i)
		if !wanted {
			continue
		}
		at, known := position[key]
		if !known {
			at = len(groups)
			position[key] = at
			groups = append(groups, group[Key]{Key: key})
		}
		groups[at].Members = append(groups[at].Members, i)
	}
	return slices.DeleteFunc(groups, func(g group[Key]) bool { return len(g.Members) == 0 })
}

// outcomes returns the outcome of each change, nil where it has none. It is
// empty for a plan without a run.
func outcomes(plan *reconcile.Plan) []*reconcile.Outcome {
	if plan.Run == nil {
		return nil
	}
	byChange := make([]*reconcile.Outcome, len(plan.Changes))
	for i := range plan.Run.Outcomes {
		outcome := &plan.Run.Outcomes[i]
		if outcome.Change >= 0 && outcome.Change < len(byChange) {
			byChange[outcome.Change] = outcome
		}
	}
	return byChange
}

// seatsAfter is the number of seats in use afterwards: as planned, or, when the
// plan was applied, as far as its outcomes show.
func seatsAfter(plan *reconcile.Plan) int {
	if plan.Run == nil {
		return plan.Summary.SeatsAfter
	}
	after := plan.Live.SeatsUsed
	for i, outcome := range outcomes(plan) {
		if outcome == nil || outcome.Status != reconcile.Applied {
			continue
		}
		change := &plan.Changes[i]
		after += seatsOf(change.After) - seatsOf(change.Before)
	}
	return after
}

// seatsOf is the number of seats that a state is known to take up: a person
// takes one, however many products they use.
func seatsOf(state reconcile.State) int {
	if state.AccessSeat == reconcile.True || state.GatewaySeat == reconcile.True {
		return 1
	}
	return 0
}
