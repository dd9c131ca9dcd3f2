package report

import (
	"bufio"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// explanationDocument is an explanation as JSON. Keys are only ever added.
type explanationDocument struct {
	Email       string             `json:"email"`
	AsOf        time.Time          `json:"as_of"`
	RecordedRun *string            `json:"recorded_run"`
	People      []explainedPerson  `json:"people"`
	Past        []pastChangeOfJSON `json:"earlier_runs"`
}

type explainedPerson struct {
	// User is null where nobody in the account has the email, or, from a record,
	// where that is not known.
	User  *explainedUser      `json:"user"`
	Entry *reconcile.Position `json:"entry"`
	// Group is null where the file has no groups, or from a record where it is not known.
	Group    *explainedGroup     `json:"group"`
	Evidence *reconcile.Evidence `json:"evidence"`
	Rules    []explainedRule     `json:"rules"`
	Changes  []reconcile.Change  `json:"changes"`
	Findings []reconcile.Finding `json:"findings"`
}

type explainedUser struct {
	ID          string         `json:"id"`
	Email       string         `json:"email"`
	Name        string         `json:"name"`
	SeatUID     string         `json:"seat_uid"`
	AccessSeat  reconcile.Flag `json:"access_seat"`
	GatewaySeat reconcile.Flag `json:"gateway_seat"`
}

type explainedGroup struct {
	Name    string              `json:"name"`
	Because string              `json:"because"`
	Source  *reconcile.Position `json:"source"`
}

type explainedRule struct {
	Rule    string              `json:"rule"`
	Applies bool                `json:"applies"`
	Because string              `json:"because"`
	Source  *reconcile.Position `json:"source"`
}

type pastChangeOfJSON struct {
	Run     string            `json:"run"`
	At      time.Time         `json:"at"`
	Change  reconcile.Change  `json:"change"`
	Outcome reconcile.Outcome `json:"outcome"`
}

func (r *ExplanationReport) writeJSON(out *bufio.Writer) error {
	document := explanationDocument{Email: r.Email, AsOf: r.Now.UTC()}
	if r.Recorded != nil {
		document.RecordedRun, document.AsOf = &r.Recorded.RunID, r.Recorded.At.UTC()
	}
	for i := range r.People {
		document.People = append(document.People, explainPerson(&r.People[i]))
	}
	for _, past := range r.Past {
		document.Past = append(document.Past, pastChangeOfJSON{past.RunID, past.At.UTC(), past.Change, past.Outcome})
	}
	return newJSONStream(out).document(&document)
}

func explainPerson(e *reconcile.Explanation) explainedPerson {
	person := explainedPerson{
		Rules:   make([]explainedRule, 0, len(e.Rules)),
		Changes: append([]reconcile.Change{}, e.Changes...), Findings: append([]reconcile.Finding{}, e.Findings...),
	}
	if e.User != nil {
		person.User = &explainedUser{
			ID: e.User.ID, Email: e.User.Email, Name: e.User.Name, SeatUID: e.User.SeatUID,
			AccessSeat: e.User.AccessSeat, GatewaySeat: e.User.GatewaySeat,
		}
		person.Evidence = &e.Evidence
	}
	if e.Entry != nil {
		person.Entry = placeOrNull(e.Entry.Position())
	}
	if e.Group != (reconcile.Membership{}) {
		person.Group = &explainedGroup{e.Group.Name, e.Group.Because, placeOrNull(e.Group.Source)}
	}
	for _, rule := range e.Rules {
		person.Rules = append(person.Rules, explainedRule{rule.Rule, rule.Applies, rule.Because, placeOrNull(rule.Source)})
	}
	return person
}

// placeOrNull is a position in JSON, null where there is none.
func placeOrNull(position reconcile.Position) *reconcile.Position {
	if position.IsZero() {
		return nil
	}
	return &position
}
