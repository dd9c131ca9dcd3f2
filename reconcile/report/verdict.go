package report

import (
	"fmt"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// Tone is how a verdict is to be taken; the formats turn it into a colour.
type Tone string

const (
	// Calm: nothing to do, or everything done.
	Calm Tone = "calm"
	// Busy: changes are pending.
	Busy Tone = "busy"
	// Held: the limit holds releases back, or the API did not take a change.
	Held Tone = "held"
	// Broken: a run did not do all it was to do.
	Broken Tone = "broken"
)

// Verdict is what a reader must know who reads only one line.
type Verdict struct {
	Sentence string
	Tone     Tone
}

// makeVerdict sums a plan up: what would be done, or what was. Where a limit holds
// everything, that comes first, with the way past it.
func (v *View) makeVerdict() Verdict {
	verdict := v.planVerdict()
	if v.Review != nil {
		verdict = v.reviewVerdict()
	}
	if v.hasOutcomes() {
		verdict = v.runVerdict()
	}
	byLimit, others := v.heldNotes()
	switch {
	case byLimit != "" && v.plan.Summary.Pending() == 0 && !v.hasOutcomes() && v.Review == nil:
		verdict.Sentence = byLimit + "; nothing else to change for account " + v.Account
	case byLimit != "":
		verdict.Sentence += "; " + byLimit
	}
	if others != "" {
		verdict.Sentence += "; " + others
	}
	if v.isLimited() && verdict.Tone != Broken {
		verdict.Tone = Held
	}
	return verdict
}

func (v *View) hasOutcomes() bool { return v.plan.Run != nil && len(v.plan.Run.Outcomes) > 0 }

// planVerdict says what is to be done. A run without outcomes had nothing to do.
func (v *View) planVerdict() Verdict {
	pending := v.plan.Summary.Pending()
	if pending == 0 || v.plan.Run != nil {
		return Verdict{"nothing to change for account " + v.Account, Calm}
	}
	return Verdict{fmt.Sprintf("%s for account %s: %s", reconcile.Count(pending, "change"), v.Account,
		listKinds(v.kindCounts(), reconcile.Kind.Doing)), Busy}
}

// runVerdict says what was done.
func (v *View) runVerdict() Verdict {
	run := v.plan.Run
	total, applied := len(run.Outcomes), run.Count(reconcile.Applied)
	if applied == total {
		return Verdict{fmt.Sprintf("applied %s to account %s: %s", reconcile.Count(total, "change"), v.Account,
			listKinds(v.appliedCounts(), done)), Calm}
	}
	verdict := Verdict{fmt.Sprintf("applied %s of %s to account %s: %s", reconcile.Number(applied),
		reconcile.Count(total, "change"), v.Account, strings.Join(statusCounts(run), ", ")), Broken}
	if applied+run.Count(reconcile.NotTaken) == total {
		verdict.Tone = Held // for a grant that is ordinary: a seat comes with the next login
	}
	return verdict
}

// heldNotes counts the held changes, those of the limit on their own since they are
// the ones that an administrator may want to let through. What there is none of is "".
func (v *View) heldNotes() (byLimit, others string) {
	held, anyway, room, noun := 0, 0, 0, "release"
	for i := range v.plan.Changes {
		change := &v.plan.Changes[i]
		isHeld := change.Held == reconcile.HeldLimit
		if !isHeld && !v.isStillToRelease(i) {
			continue
		}
		room++
		switch {
		case !v.isShown(change.New):
			anyway++
		case isHeld:
			held++
			if change.Kind != reconcile.Release {
				noun = "seat change"
			}
		}
	}
	count := v.heldCount() - held
	if count > 0 {
		others = reconcile.CountOf(count, "change is held", "changes are held")
	}
	if held == 0 {
		return "", others
	}
	if count > 0 {
		others = reconcile.CountOf(count, "other change is held", "other changes are held")
	}
	them := "them"
	if held == 1 {
		them = "it"
	}
	if anyway > 0 {
		them += " and " + reconcile.CountOf(anyway, "other that was", "others that were") + " asked for anyway"
	}
	return fmt.Sprintf("%s held by the %s; --allow-releases %d releases %s", reconcile.CountOf(held, noun+" is", noun+"s are"),
		v.plan.Limit.Phrase(), room, them), others
}

// isStillToRelease reports whether the limit let a change through that no run has done: a
// run that is to do all of it needs room for that, too.
func (v *View) isStillToRelease(i int) bool {
	change := &v.plan.Changes[i]
	isDone := v.outcomes != nil && v.outcomes[i] != nil && v.outcomes[i].Status == reconcile.Applied
	return v.plan.Limit.Counts(change) && change.WillBeDone() && !isDone
}

// statusCounts lists how many outcomes have each status but applied.
func statusCounts(run *reconcile.Run) []string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := run.Count(status); n > 0 && status != reconcile.Applied {
			parts = append(parts, reconcile.Number(n)+" "+value(status.Label()))
		}
	}
	return parts
}

// kindCounts counts the changes that will be carried out, by kind.
func (v *View) kindCounts() map[reconcile.Kind]int {
	counts := make(map[reconcile.Kind]int)
	for _, group := range v.Pending {
		counts[v.plan.Changes[group.Members[0]].Kind] = len(group.Members)
	}
	return counts
}

// appliedCounts counts the changes that were carried out, by kind.
func (v *View) appliedCounts() map[reconcile.Kind]int {
	counts := make(map[reconcile.Kind]int)
	for i, outcome := range v.outcomes {
		if outcome != nil && outcome.Status == reconcile.Applied {
			counts[v.plan.Changes[i].Kind]++
		}
	}
	return counts
}

// listKinds writes counts by kind in the fixed order of kinds.
func listKinds(counts map[reconcile.Kind]int, phrase func(reconcile.Kind, int) string) string {
	var parts []string
	for _, kind := range reconcile.Kinds() {
		if n := counts[kind]; n > 0 {
			parts = append(parts, phrase(kind, n))
		}
	}
	return strings.Join(parts, ", ")
}
