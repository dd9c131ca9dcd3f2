package report

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// PastChange is what an earlier run did about a person.
type PastChange struct {
	RunID  string
	At     time.Time
	Change reconcile.Change
	// Outcome is what became of it.
	Outcome reconcile.Outcome
}

// WriteExplanations writes everything that bears on the decision about a
// person: the answer to "why did I lose my seat?". An email can belong to
// several users, each of whom has an explanation.
func WriteExplanations(w io.Writer, explanations []reconcile.Explanation, past []PastChange, now time.Time, options Options) error {
	out := bufio.NewWriter(w)
	for i := range explanations {
		if i > 0 {
			fmt.Fprintln(out)
		}
		page := explanationText{textWriter{out, options}, now}
		page.write(&explanations[i])
	}
	if len(past) > 0 {
		page := explanationText{textWriter{out, options}, now}
		page.past(past)
	}
	return out.Flush()
}

// explanationText writes one explanation.
type explanationText struct {
	textWriter
	now time.Time
}

func (t *explanationText) write(e *reconcile.Explanation) {
	t.person(e)
	t.heading("Rules, in their order")
	for _, verdict := range e.Rules {
		mark, color := " ", dim
		if verdict.Applies {
			mark, color = "✓", bold
		}
		text := t.paint(color, mark+" "+padded(value(verdict.Rule), 18)+sentence(verdict.Because))
		if !verdict.Source.IsZero() {
			text += "  " + t.paint(dim, place(verdict.Source))
		}
		t.wrap("  ", text)
	}
	t.decision(e)
}

// person writes what is known of the person, in the account and in the file.
func (t *explanationText) person(e *reconcile.Explanation) {
	if e.User == nil {
		t.line(t.paint(bold, value(e.Entry.Email)))
		t.fact("in the account", "nobody has this email")
		t.fact("in the file", place(e.Entry.Position()))
		return
	}
	title := value(e.User.Email)
	if e.User.Name != "" {
		title += " (" + value(e.User.Name) + ")"
	}
	t.line(t.paint(bold, title))
	t.fact("seat", fmt.Sprintf("access_seat %s, gateway_seat %s", e.User.AccessSeat, e.User.GatewaySeat))
	t.fact("user id", value(e.User.ID))
	if e.User.SeatUID == "" {
		t.fact("seat id", "none: they never held a seat")
	} else {
		t.fact("seat id", value(e.User.SeatUID))
	}
	if e.Entry == nil {
		t.fact("in the file", "not listed")
	} else {
		t.fact("in the file", place(e.Entry.Position()))
	}
	t.fact("last login", t.moment(e.Evidence.LastSuccessfulLogin, "none recorded"))
	t.fact("device seen", t.moment(e.Evidence.DeviceLastSeen, "none known"))
	t.fact("record made", t.moment(e.Evidence.CreatedAt, "not known"))
}

// fact writes one line of what is known.
func (t *explanationText) fact(name, text string) {
	t.wrap("  ", padded(name, 16)+text)
}

// moment writes a date with the days since, or says that there is none.
func (t *explanationText) moment(m reconcile.Moment, none string) string {
	switch {
	case m.IsNone():
		return none
	case !m.IsKnown():
		return "a date that cannot be read"
	}
	days := int(t.now.Sub(m.Time()).Hours() / 24)
	date := m.Time().Format(time.RFC3339)
	if m.Time().After(t.now) {
		return date + " (in the future)"
	}
	return fmt.Sprintf("%s (%s ago)", date, reconcile.Count(days, "day"))
}

// decision writes what the plan does about the person.
func (t *explanationText) decision(e *reconcile.Explanation) {
	t.heading("Decision")
	if len(e.Changes) == 0 {
		t.line("  nothing changes")
	}
	for i := range e.Changes {
		change := &e.Changes[i]
		text := fmt.Sprintf("%s, %s: %s", value(string(change.Kind)), effect(change), sentence(change.Because))
		if change.WillBeDone() {
			t.wrap("  ", t.paint(bold, text)+"  "+t.paint(dim, place(change.Source)))
			continue
		}
		t.wrap("  ", text+"  "+t.paint(dim, place(change.Source)))
		t.wrap("  ", t.paint(yellow, "held, so nothing happens: "+value(string(change.Held))+", "+heldBecause(change)))
	}
	for i := range e.Findings {
		t.wrap("  ", "note: "+sentence(e.Findings[i].Message))
	}
}

// past writes what earlier runs did.
func (t *explanationText) past(past []PastChange) {
	t.heading("Earlier runs")
	for i := range past {
		p := &past[i]
		text := fmt.Sprintf("%s  run %s  %s, %s: %s", p.At.UTC().Format(time.DateOnly), value(p.RunID),
			value(string(p.Change.Kind)), effect(&p.Change), sentence(p.Change.Because))
		if p.Outcome.Status != reconcile.Applied {
			text += "; " + value(p.Outcome.Status.Label())
		}
		t.wrap("  ", text)
	}
}
