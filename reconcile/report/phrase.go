package report

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// This file holds the small words that several formats share, so that a change
// is called the same in a terminal, a pull request and a sheet.

// count returns a number with the noun that fits it: "1 seat", "1,200 seats".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(strconv.Itoa(n)) + " " + many
}

// number writes a number for people, with its thousands apart.
func number(n int) string { return grouped(strconv.Itoa(n)) }

// grouped puts a comma between the thousands of a plain decimal number and
// leaves everything else alone.
func grouped(digits string) string {
	whole, fraction, _ := strings.Cut(digits, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction
}

// money writes an amount with its currency: "10,493.00 USD".
func money(amount reconcile.Amount, currency string) string {
	return strings.TrimSpace(grouped(string(amount)) + " " + value(currency))
}

// seats names the seats that a state holds: "access+gateway", "none". A flag
// that nobody knows is shown with a question mark, since it is not "none".
func seats(state reconcile.State) string {
	var held []string
	for _, seat := range [...]struct {
		name string
		flag reconcile.Flag
	}{{"access", state.AccessSeat}, {"gateway", state.GatewaySeat}} {
		switch seat.flag {
		case reconcile.True:
			held = append(held, seat.name)
		case reconcile.Unknown:
			held = append(held, seat.name+"?")
		case reconcile.False:
		}
	}
	if len(held) == 0 {
		return "none"
	}
	return strings.Join(held, "+")
}

// effect says what a change does to the user, without the user: `access → none`
// or `"Ada" to "Ada Lovelace"`. Names are joined by a word and not by an arrow,
// because an arrow between two names in a script that runs right to left would
// be shown the other way round.
func effect(change *reconcile.Change) string {
	if change.Kind == reconcile.Rename {
		return quoted(change.Before.Name) + " to " + quoted(change.After.Name)
	}
	return seats(change.Before) + " → " + seats(change.After)
}

// person names the user of a change, by email if there is one.
func person(change *reconcile.Change) string {
	switch {
	case change.Email != "":
		return value(change.Email)
	case change.UserID != "":
		return "user " + value(change.UserID)
	}
	return "(no email)"
}

// place writes a position as editors understand it: "teams/eng.yaml:12".
func place(position reconcile.Position) string {
	switch {
	case position.IsZero():
		return ""
	case position.Line <= 0:
		return value(position.File)
	}
	return value(position.File) + ":" + strconv.Itoa(position.Line)
}

// symbol is the sign of a kind of change in text.
func symbol(kind reconcile.Kind) string {
	switch kind {
	case reconcile.Release:
		return "-"
	case reconcile.Narrow:
		return "~"
	case reconcile.Grant:
		return "+"
	case reconcile.Rename:
		return "→"
	}
	return "?"
}

// doing names n changes of a kind that are to be made: "release 2 seats".
func doing(kind reconcile.Kind, n int) string {
	if kind == reconcile.Rename {
		return "rename " + count(n, "user", "users")
	}
	return value(string(kind)) + " " + count(n, "seat", "seats")
}

// done names n changes of a kind that were made: "released 2 seats".
func done(kind reconcile.Kind, n int) string {
	verb, object, found := strings.Cut(doing(kind, n), " ")
	if !found {
		return verb
	}
	verb = strings.TrimSuffix(verb, "e") + "ed"
	return verb + " " + object
}

// holdSentence explains a hold in general. A change says more in HeldBecause.
func holdSentence(hold reconcile.Hold) string {
	switch hold {
	case reconcile.HeldAmbiguous:
		return "several live users or seats could be meant"
	case reconcile.HeldNoSeat:
		return "the user has no seat record, which only a login makes"
	case reconcile.HeldFlagUnknown:
		return "the API did not tell a flag that the change needs"
	case reconcile.HeldGrantsNever:
		return "policy.grants is never"
	case reconcile.HeldProtected:
		return "policy.protected names the user"
	case reconcile.HeldExempt:
		return "the file exempts the user from the rule"
	case reconcile.HeldActivityUnknown:
		return "there may be a sign of activity that could not be read"
	case reconcile.HeldLimit:
		return "more seats would be released than policy.limits allows"
	}
	return "held back"
}

// statusWords names the statuses of an outcome for people.
func statusWords(status reconcile.Status) string {
	switch status {
	case reconcile.NotTaken:
		return "not taken"
	case reconcile.NotReached:
		return "not reached"
	case reconcile.Applied, reconcile.Failed, reconcile.Stale:
	}
	return value(string(status))
}

// statuses lists the statuses in the order in which reports show them.
func statuses() []reconcile.Status {
	return []reconcile.Status{reconcile.Applied, reconcile.Failed, reconcile.NotTaken, reconcile.Stale, reconcile.NotReached}
}

// sharedHold is the sentence over a group of held changes: their own if it is
// the same for all, or else what the hold means in general.
func sharedHold(plan *reconcile.Plan, group group[reconcile.Hold]) string {
	first := heldBecause(&plan.Changes[group.Members[0]])
	for _, i := range group.Members[1:] {
		if heldBecause(&plan.Changes[i]) != first {
			return holdSentence(group.Key)
		}
	}
	return first
}

// heldBecause is the sentence about the hold of a change. Of an exemption it
// also says who answers for it and why.
func heldBecause(change *reconcile.Change) string {
	because := cmp.Or(sentence(change.HeldBecause), holdSentence(change.Held))
	exemption := change.Exemption
	if exemption == nil {
		return because
	}
	for _, detail := range [...]struct{ before, text string }{{", says ", exemption.Owner}, {": ", exemption.Reason}} {
		if detail.text != "" && !strings.Contains(change.HeldBecause, detail.text) {
			because += detail.before + sentence(detail.text)
		}
	}
	return because
}

// heldReason is what the row of a held change says: why the change was wanted,
// and why it is held unless the sentence over its group says that already.
func heldReason(change *reconcile.Change, shared string) string {
	because := heldBecause(change)
	wanted := sentence(change.Because)
	switch {
	case because == shared && wanted == shared:
		return ""
	case because == shared:
		return wanted
	case because == wanted || wanted == "":
		return because
	}
	return wanted + "; " + because
}

// findingText is the message of a finding, with the user in front where the
// message does not name them.
func findingText(finding *reconcile.Finding) string {
	message := sentence(finding.Message)
	if finding.Email == "" || strings.Contains(strings.ToLower(finding.Message), strings.ToLower(finding.Email)) {
		return message
	}
	return value(finding.Email) + ": " + message
}

// failure says why a change was not made. That a run was stopped is said once
// and not again for every change that it did not reach.
func failure(plan *reconcile.Plan, outcome *reconcile.Outcome) string {
	if outcome.Status == reconcile.NotReached && plan.Run != nil && outcome.Error == plan.Run.Stopped {
		return ""
	}
	return sentence(outcome.Error)
}
