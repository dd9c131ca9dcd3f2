package report

import (
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// A plan with a base is read by whoever reviews a change of the file: they see what is
// new because of it and what is gone, and everything else as one sentence. After an
// apply, which carries out all of it, there is no base.

// Review is what a view says of a plan with a base.
type Review struct {
	// Effect is what the change of the file comes to, Anyway what was asked for without
	// it; both may be empty.
	Effect, Anyway string
	// Compared says what the base is.
	Compared string
	// Gone has the changes that the base asks for and the plan does not; nil where
	// there are none.
	Gone *View
}

// goneTitle stands over the changes that are gone.
const goneTitle = "gone because of this change of the file, with the lines of the base"

// newReview works out what is to be said beside the base.
func newReview(plan *reconcile.Plan) *Review {
	base := plan.Base
	r := &Review{Effect: effectOf(plan), Anyway: anyway(plan), Compared: comparedWith(base)}
	if len(base.GoneChanges) > 0 {
		r.Gone = NewView(&reconcile.Plan{Changes: base.GoneChanges})
	}
	return r
}

// isShown reports whether reports show a change or a finding of the plan. With a
// base that is what is new.
func (v *View) isShown(isNew reconcile.Flag) bool { return v.Review == nil || isNew != reconcile.False }

// members lists the changes of the view, whatever becomes of them.
func (v *View) members() []int {
	var members []int
	for i := range v.plan.Changes {
		members = append(members, i)
	}
	return members
}

// findingsTitle stands over the findings.
func (v *View) findingsTitle() string {
	if v.Review != nil {
		return "New findings"
	}
	return "Findings"
}

// findingNoun is what one of the findings is called.
func (v *View) findingNoun() string {
	if v.Review != nil {
		return "new finding"
	}
	return "finding"
}

// pending counts the changes that are shown and will be carried out.
func (v *View) pending() int {
	if v.Review == nil {
		return v.plan.Summary.Pending()
	}
	pending, _ := v.plan.Asks()
	return pending
}

// heldCount counts the changes that are shown and are held.
func (v *View) heldCount() int {
	if v.Review == nil {
		return v.plan.Summary.Held
	}
	return len(allMembers(v.Held))
}

// isLimited reports whether a limit holds back what is shown.
func (v *View) isLimited() bool {
	if v.Review == nil {
		return v.plan.Limit.Tripped
	}
	_, limited := v.plan.Asks()
	return limited
}

// reviewVerdict says what the change of the file brings.
func (v *View) reviewVerdict() Verdict {
	verdict := Verdict{"this change of the file asks for nothing new for account " + v.Account, Calm}
	if v.plan.Base.New > 0 {
		verdict.Sentence = "nothing that this change of the file asks for will be carried out for account " + v.Account
	}
	if pending := v.pending(); pending > 0 {
		verdict = Verdict{reconcile.Count(pending, "new change") + " for account " + v.Account + " because of this change of the file: " +
			listKinds(v.kindCounts(), reconcile.Kind.Doing), Busy}
	}
	if gone := v.plan.Base.Gone; gone > 0 {
		verdict.Sentence += "; " + reconcile.CountOf(gone, "change is gone", "changes are gone")
	}
	return verdict
}

// was says what the base has in the place of a new change, or "".
func was(change, earlier *reconcile.Change) string {
	switch {
	case earlier == nil:
		return ""
	case earlier.Held != change.Held && earlier.Held != "":
		return "was held: " + value(string(earlier.Held))
	case earlier.Held != change.Held:
		return "was not held"
	}
	return "was " + effect(earlier)
}

// effectOf says how seats and money differ from what the base comes to.
func effectOf(plan *reconcile.Plan) string {
	base := plan.Base
	var parts []string
	switch seats := plan.Summary.SeatsAfter - base.SeatsAfter; {
	case seats < 0:
		parts = append(parts, reconcile.Count(-seats, "seat")+" fewer")
	case seats > 0:
		parts = append(parts, reconcile.Count(seats, "seat")+" more")
	}
	if before, after, ok := reviewCosts(plan); ok && before != after {
		difference, word := string(after.Minus(before)), " more"
		if bare, isLess := strings.CutPrefix(difference, "-"); isLess {
			difference, word = bare, " less"
		}
		if base.Repriced {
			word += ", at other prices,"
		}
		parts = append(parts, money(reconcile.Amount(difference), plan.Summary.Currency)+" a month"+word)
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " and ") + " than without this change of the file"
}

// reviewCosts returns what the seats cost a month without and with the change of the file.
// It reports false where one is not known, or is in another currency.
func reviewCosts(plan *reconcile.Plan) (before, after reconcile.Amount, ok bool) {
	before, after = plan.Base.MonthlyCostAfter, plan.Summary.MonthlyCostAfter
	return before, after, before != "" && after != "" && plan.Base.Currency == plan.Summary.Currency
}

// anyway counts in one sentence what the plan has without the change of the file.
func anyway(plan *reconcile.Plan) string {
	pending, held, findings := 0, 0, 0
	for i := range plan.Changes {
		switch change := &plan.Changes[i]; {
		case change.New != reconcile.False:
		case change.WillBeDone():
			pending++
		default:
			held++
		}
	}
	for i := range plan.Findings {
		if plan.Findings[i].New == reconcile.False {
			findings++
		}
	}
	var parts []string
	if pending > 0 {
		parts = append(parts, reconcile.CountOf(pending, "change was pending", "changes were pending"))
	}
	switch {
	case held > 0 && pending > 0:
		parts = append(parts, reconcile.CountOf(held, "was held", "were held"))
	case held > 0:
		parts = append(parts, reconcile.CountOf(held, "change was held", "changes were held"))
	}
	if findings > 0 {
		parts = append(parts, reconcile.CountOf(findings, "finding was there", "findings were there"))
	}
	if len(parts) == 0 {
		return ""
	}
	last := len(parts) - 1
	if last > 0 {
		parts = []string{strings.Join(parts[:last], ", ") + " and " + parts[last]}
	}
	return parts[0] + " anyway, without this change of the file: a plan without --base shows them"
}

// comparedWith names the base.
func comparedWith(base *reconcile.Base) string {
	text := ""
	if len(base.Files) > 0 {
		text = value(base.Files[0])
	}
	if base.Commit != "" {
		text += " at " + value(reconcile.ShortCommit(base.Commit))
	}
	return text
}
