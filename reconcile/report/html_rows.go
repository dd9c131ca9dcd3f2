package report

import (
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// row is a change as the table of the page shows it.
type row struct {
	Kind, KindClass   string
	State, StateClass string
	Email, Name       string
	Before, After     string
	Reason            string
	Because, Note     string
	Activity, Place   string
}

// tableOrder lists the changes that the page holds: by kind those that are
// carried out, then by hold the others.
func tableOrder(plan *reconcile.Plan) []int {
	order := append(allMembers(pendingByKind(plan)), allMembers(heldByHold(plan))...)
	return order[:min(len(order), mostHTMLRows)]
}

// newRow returns the row of a change.
func newRow(plan *reconcile.Plan, results []*reconcile.Outcome, i int) row {
	change := &plan.Changes[i]
	r := row{
		Kind: value(string(change.Kind)), KindClass: className(string(change.Kind)),
		Email: person(change), Name: value(change.After.Name),
		Before: seats(change.Before), After: seats(change.After),
		Reason: value(string(change.Reason)), Because: sentence(change.Because),
		Activity: lastActivity(change.Evidence), Place: place(change.Source),
	}
	if change.Kind == reconcile.Rename {
		r.Before, r.After, r.Name = quoted(change.Before.Name), quoted(change.After.Name), ""
	}
	switch {
	case !change.WillBeDone():
		r.State, r.StateClass = "held: "+value(string(change.Held)), "held"
		r.Note = "held back: " + heldBecause(change)
	case results == nil:
		r.State, r.StateClass = "planned", "planned"
	case results[i] == nil:
		r.State, r.StateClass = "no outcome", "not-reached"
	default:
		r.State, r.StateClass = statusWords(results[i].Status), className(string(results[i].Status))
		r.Note = failure(plan, results[i])
	}
	return r
}

// fields lists what the script needs of a row. The order is that of FIELDS in
// page.js.
func (r *row) fields() []string {
	return []string{
		r.Kind, r.StateClass, r.State, r.Email, r.Name, r.Before, r.After,
		r.Reason, r.Because, r.Note, r.Activity, r.Place,
	}
}

// className returns a word for a class: one of ours, or "other".
func className(word string) string {
	if word == "" || len(word) > 20 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return "other"
	}
	return word
}

// lastActivity is the day of the newest known sign of activity, in a form that
// also sorts; empty when none is known.
func lastActivity(evidence reconcile.Evidence) string {
	var newest time.Time
	for _, moment := range [...]reconcile.Moment{evidence.LastSuccessfulLogin, evidence.DeviceLastSeen} {
		if moment.IsKnown() && moment.Time().After(newest) {
			newest = moment.Time()
		}
	}
	if newest.IsZero() {
		return ""
	}
	return newest.Format(time.DateOnly)
}
