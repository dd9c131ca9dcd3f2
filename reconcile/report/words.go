package report

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// This file holds the small words that several formats share, so that a change
// is called the same in a terminal, a pull request and a sheet.

// money writes an amount with its currency: "10,493.00 USD".
func money(amount reconcile.Amount, currency string) string {
	if amount == "" {
		return ""
	}
	return strings.TrimSpace(reconcile.Thousands(string(amount)) + " " + value(currency))
}

// signed writes a difference with its sign, with the typographic minus so that
// nothing takes it for a list.
func signed(difference string) string {
	switch {
	case strings.Trim(difference, "0.,") == "":
		return "0"
	case strings.HasPrefix(difference, "-"):
		return "−" + difference[1:]
	}
	return "+" + difference
}

// arrow writes a number before and after, once if it stays.
func arrow(before, after string) string {
	if bare, _, _ := strings.Cut(after, " "); bare == before {
		return after
	}
	return before + " → " + after
}

// capitalized returns text with a capital first letter.
func capitalized(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Zone returns the timezone in which people are told when something was, by the name that
// a plan has of it: that of its file.
func Zone(name string) *time.Location { return reconcile.Zone(name) }

// minutes is how reports show a moment, with its timezone.
const minutes = "2006-01-02 15:04 MST"

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
	return cmp.Or(strings.Join(held, "+"), "none")
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
	return cmp.Or(map[reconcile.Kind]string{
		reconcile.Release: "-", reconcile.Narrow: "~", reconcile.Grant: "+", reconcile.Rename: "→",
	}[kind], "?")
}

// done names n changes of a kind that were made: "released 2 seats".
func done(kind reconcile.Kind, n int) string {
	verb, object, found := strings.Cut(kind.Doing(n), " ")
	if !found {
		return verb
	}
	verb = strings.TrimSuffix(verb, "e") + "ed"
	return verb + " " + object
}

// The marks of outcomes and findings. What a format shows in their place it has by
// these.
const (
	markDone    = "✓"
	markBroken  = "✗"
	markWaiting = "○" // nothing was written
	markMissing = "?" // no outcome is recorded
	markWarning = "!"
	markInfo    = "i"
)

// statusMark is the mark of a status.
func statusMark(status reconcile.Status) string {
	switch status {
	case reconcile.Applied:
		return markDone
	case reconcile.Failed, reconcile.NotTaken:
		return markBroken
	case reconcile.Stale, reconcile.NotReached:
	}
	return markWaiting
}

// severityMark is the mark of a severity.
func severityMark(severity reconcile.Severity) string {
	switch severity {
	case reconcile.SeverityError:
		return markBroken
	case reconcile.SeverityInfo:
		return markInfo
	case reconcile.SeverityWarning:
	}
	return markWarning
}
