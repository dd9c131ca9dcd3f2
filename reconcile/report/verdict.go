package report

import (
	"fmt"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// tone is how a verdict is to be taken; the formats turn it into a colour.
type tone string

const (
	// calm: nothing to do, or everything done.
	calm tone = "calm"
	// busy: changes are pending.
	busy tone = "busy"
	// held: the limit holds releases back, or the API did not take a change.
	held tone = "held"
	// broken: a run did not do all it was to do.
	broken tone = "broken"
)

// verdict is what a reader must know who reads only one line.
type verdict struct {
	Sentence string
	Tone     tone
}

// judge sums a plan up: what would be done, or what was.
func judge(plan *reconcile.Plan) verdict {
	if plan.Run != nil {
		return judgeRun(plan)
	}
	account := value(plan.AccountID)
	pending := plan.Summary.Pending()
	var v verdict
	switch {
	case pending > 0:
		v = verdict{fmt.Sprintf("%s for account %s: %s", count(pending, "change", "changes"), account,
			listKinds(kindCounts(plan), doing)), busy}
	default:
		v = verdict{"nothing to change for account " + account, calm}
	}
	if notes := heldNotes(plan); len(notes) > 0 {
		v.Sentence += "; " + strings.Join(notes, ", ")
	}
	if plan.Limit.Tripped {
		v.Tone = held
	}
	return v
}

// heldNotes counts the held changes, those of the limit on their own since
// they are the ones that an administrator may want to let through.
func heldNotes(plan *reconcile.Plan) []string {
	var notes []string
	byLimit := 0
	for i := range plan.Changes {
		if plan.Changes[i].Held == reconcile.HeldLimit {
			byLimit++
		}
	}
	if plan.Limit.Tripped || byLimit > 0 {
		notes = append(notes, fmt.Sprintf("the limit of %s holds %s back",
			count(plan.Limit.Releases, "release", "releases"), number(byLimit)))
	}
	if others := plan.Summary.Held - byLimit; others > 0 {
		text := count(others, "change is held", "changes are held")
		if len(notes) > 0 {
			text = count(others, "other change is held", "other changes are held")
		}
		notes = append(notes, text)
	}
	return notes
}

// judgeRun sums a run up.
func judgeRun(plan *reconcile.Plan) verdict {
	account, run := value(plan.AccountID), plan.Run
	total, applied := len(run.Outcomes), run.Count(reconcile.Applied)
	var v verdict
	switch {
	case total == 0:
		v = verdict{"nothing to change for account " + account, calm}
	case applied == total:
		v = verdict{fmt.Sprintf("applied %s to account %s: %s", count(total, "change", "changes"), account,
			listKinds(appliedCounts(plan), done)), calm}
	default:
		v = verdict{fmt.Sprintf("applied %s of %s to account %s: %s", number(applied),
			count(total, "change", "changes"), account, strings.Join(statusCounts(run), ", ")), broken}
		if applied+run.Count(reconcile.NotTaken) == total {
			v.Tone = held // for a grant that is ordinary: a seat comes with the next login
		}
	}
	if notes := heldNotes(plan); len(notes) > 0 {
		v.Sentence += "; " + strings.Join(notes, ", ")
		if plan.Limit.Tripped && v.Tone == calm {
			v.Tone = held
		}
	}
	return v
}

// statusCounts lists how many outcomes have each status but applied.
func statusCounts(run *reconcile.Run) []string {
	var parts []string
	for _, status := range statuses()[1:] {
		if n := run.Count(status); n > 0 {
			parts = append(parts, number(n)+" "+statusWords(status))
		}
	}
	return parts
}

// kindCounts counts the changes that will be carried out, by kind.
func kindCounts(plan *reconcile.Plan) map[reconcile.Kind]int {
	return map[reconcile.Kind]int{
		reconcile.Release: plan.Summary.Release,
		reconcile.Narrow:  plan.Summary.Narrow,
		reconcile.Grant:   plan.Summary.Grant,
		reconcile.Rename:  plan.Summary.Rename,
	}
}

// appliedCounts counts the changes that were carried out, by kind.
func appliedCounts(plan *reconcile.Plan) map[reconcile.Kind]int {
	counts := make(map[reconcile.Kind]int)
	for i, outcome := range outcomes(plan) {
		if outcome != nil && outcome.Status == reconcile.Applied {
			counts[plan.Changes[i].Kind]++
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
