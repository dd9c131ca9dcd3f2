package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// ExplanationReport is everything that bears on the decision about a person: the
// answer to "why did I lose my seat?".
type ExplanationReport struct {
	Email string
	// Now is the moment that days are counted to. Text and Markdown say in its timezone
	// when something was.
	Now time.Time
	// Recorded is the run whose plan the explanations are from; nil when the account
	// was read.
	Recorded *RecordedPlan
	// People has an explanation for each user with the email: it can belong to several.
	People []reconcile.Explanation
	// Past is what earlier runs did, the latest first.
	Past []PastChange
}

// RecordedPlan names a recorded run with a plan.
type RecordedPlan struct {
	RunID string
	At    time.Time
	Mode  reconcile.Mode
}

// PastChange is what an earlier run did about a person.
type PastChange struct {
	RunID  string           `json:"run"`
	At     time.Time        `json:"at"` // in UTC
	Change reconcile.Change `json:"change"`
	// Outcome is what became of it.
	Outcome reconcile.Outcome `json:"outcome"`
}

// Write writes the report as text, JSON or Markdown.
func (r *ExplanationReport) Write(w io.Writer, format Format, options Options) error {
	if err := checkFormat("an explanation", format, ProseFormats()...); err != nil {
		return err
	}
	return buffered(w, "the explanation as "+string(format), func(out *bufio.Writer) error {
		switch format {
		case JSON:
			return r.writeJSON(out)
		case Markdown:
			r.writeMarkdown(out)
		default:
			r.writeText(out, options)
		}
		return nil
	})
}

// origin says in a sentence where a recorded explanation is from.
func (r *ExplanationReport) origin() string {
	return fmt.Sprintf("as of the plan of run %s (%s, %s): the account was not read", value(r.Recorded.RunID),
		strings.ReplaceAll(string(r.Recorded.Mode), "-", " "), r.Recorded.At.In(r.Now.Location()).Format(minutes))
}

func (r *ExplanationReport) writeText(out *bufio.Writer, options Options) {
	page := explanationText{textWriter{out, options}, r}
	if r.Recorded != nil {
		page.wrap("", page.paint(dim, r.origin()))
		page.line("")
	}
	for i := range r.People {
		if i > 0 {
			page.line("")
		}
		page.write(&r.People[i])
	}
	if len(r.Past) > 0 {
		page.past()
	}
}

// explanationText writes one explanation.
type explanationText struct {
	textWriter
	*ExplanationReport
}

func (t *explanationText) write(e *reconcile.Explanation) {
	t.person(e)
	if len(e.Rules) > 0 {
		t.heading("Rules, in their order")
	}
	for _, verdict := range e.Rules {
		mark, color := " ", dim
		if verdict.Applies {
			mark, color = markDone, bold
		}
		text := t.paint(color, mark+" "+padded(value(verdict.Rule), 18)+sentence(verdict.Because))
		if verdict.Source != nil {
			text += "  " + t.paint(dim, place(*verdict.Source))
		}
		t.wrap("  ", text)
	}
	t.decision(e)
}

// person writes what is known of the person, in the account and in the file.
func (t *explanationText) person(e *reconcile.Explanation) {
	t.line(t.paint(bold, t.title(e)))
	for _, fact := range t.facts(e) {
		t.wrap("  ", padded(fact.Label, 16)+fact.Text)
	}
}

// title names the person.
func (r *ExplanationReport) title(e *reconcile.Explanation) string {
	switch {
	case e.User != nil && e.User.Name != "":
		return value(e.User.Email) + " (" + value(e.User.Name) + ")"
	case e.User != nil:
		return value(e.User.Email)
	case e.Entry != nil:
		return value(e.Entry.Email)
	}
	return value(r.Email)
}

// facts are what is known of the person.
func (r *ExplanationReport) facts(e *reconcile.Explanation) []Fact {
	entry := Fact{"in the file", "not listed"}
	if e.Entry != nil {
		entry.Text = place(e.Entry.Position())
	}
	switch {
	case e.User == nil && r.Recorded != nil:
		return []Fact{{"in the account", "not known: the plan changes nothing of theirs, and says no more"}, entry}
	case e.User == nil:
		return withGroup([]Fact{{"in the account", "nobody has this email"}, entry}, e)
	}
	facts := []Fact{
		{"seat", fmt.Sprintf("access_seat %s, gateway_seat %s", e.User.AccessSeat, e.User.GatewaySeat)},
		{"user id", value(e.User.ID)}, {"seat id", "none: they never held a seat"}, entry,
	}
	facts = append(withGroup(facts, e), []Fact{
		{"last login", r.moment(e.Evidence.LastSuccessfulLogin, "none recorded")},
		{"device seen", r.moment(e.Evidence.DeviceLastSeen, "none known")},
		{"record made", r.moment(e.Evidence.CreatedAt, "not known")},
	}...)
	if e.User.SeatUID != "" {
		facts[2].Text = value(e.User.SeatUID)
	}
	return facts
}

// withGroup adds which group the person is in, and why, where the file has groups.
func withGroup(facts []Fact, e *reconcile.Explanation) []Fact {
	text := e.Group.Because
	if e.Group.Name != "" && text != "" {
		text = ": " + text
	}
	if text = sentence(e.Group.Name + text); text == "" {
		return facts
	}
	if e.Group.Source != nil {
		text += "  " + place(*e.Group.Source)
	}
	return append(facts, Fact{"group", text})
}

// moment writes a date with the days since, or says that there is none.
func (r *ExplanationReport) moment(m reconcile.Moment, none string) string {
	switch {
	case m.IsNone():
		return none
	case !m.IsKnown():
		return "a date that cannot be read"
	}
	days := int(r.Now.Sub(m.Time()).Hours() / 24)
	date := m.Time().In(r.Now.Location()).Format(time.RFC3339)
	if m.Time().After(r.Now) {
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
func (t *explanationText) past() {
	t.heading("Earlier runs")
	for i := range t.Past {
		t.wrap("  ", t.Past[i].sentence(t.Now.Location()))
	}
}

// sentence says when, by the clocks of a zone, which run did what.
func (p *PastChange) sentence(zone *time.Location) string {
	text := fmt.Sprintf("%s  run %s  %s, %s: %s", p.At.In(zone).Format(minutes), value(p.RunID),
		value(string(p.Change.Kind)), effect(&p.Change), sentence(p.Change.Because))
	if p.Outcome.Status != reconcile.Applied {
		text += "; " + value(p.Outcome.Status.Label())
	}
	return text
}
