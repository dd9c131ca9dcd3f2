package report

import (
	"bufio"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// explanationDocument is an explanation as JSON. Keys are only ever added.
type explanationDocument struct {
	Email       string            `json:"email"`
	AsOf        time.Time         `json:"as_of"`
	RecordedRun *string           `json:"recorded_run"`
	People      []explainedPerson `json:"people"`
	Past        []PastChange      `json:"earlier_runs"`
}

type explainedPerson struct {
	// User is null where nobody in the account has the email, or, from a record,
	// where that is not known.
	User  *explainedUser      `json:"user"`
	Entry *reconcile.Position `json:"entry"`
	// Group is null where the file has no groups, or from a record where it is not known.
	Group    *reconcile.Membership `json:"group"`
	Evidence *reconcile.Evidence   `json:"evidence"`
	Rules    []reconcile.Verdict   `json:"rules"`
	Changes  []reconcile.Change    `json:"changes"`
	Findings []reconcile.Finding   `json:"findings"`
}

type explainedUser struct {
	ID          string         `json:"id"`
	Email       string         `json:"email"`
	Name        string         `json:"name"`
	SeatUID     string         `json:"seat_uid"`
	AccessSeat  reconcile.Flag `json:"access_seat"`
	GatewaySeat reconcile.Flag `json:"gateway_seat"`
}

func (r *ExplanationReport) writeJSON(out *bufio.Writer) error {
	document := explanationDocument{Email: r.Email, AsOf: r.Now.UTC(), Past: r.Past}
	if r.Recorded != nil {
		document.RecordedRun, document.AsOf = &r.Recorded.RunID, r.Recorded.At.UTC()
	}
	for i := range r.People {
		document.People = append(document.People, explainPerson(&r.People[i]))
	}
	return writeDocument(out, &document)
}

func explainPerson(e *reconcile.Explanation) explainedPerson {
	person := explainedPerson{
		Rules: append([]reconcile.Verdict{}, e.Rules...), Changes: append([]reconcile.Change{}, e.Changes...),
		Findings: append([]reconcile.Finding{}, e.Findings...),
	}
	if e.User != nil {
		person.User = &explainedUser{
			ID: e.User.ID, Email: e.User.Email, Name: e.User.Name, SeatUID: e.User.SeatUID,
			AccessSeat: e.User.AccessSeat, GatewaySeat: e.User.GatewaySeat,
		}
		person.Evidence = &e.Evidence
	}
	if e.Entry != nil {
		at := e.Entry.Position()
		person.Entry = &at
	}
	if e.Group != (reconcile.Membership{}) {
		person.Group = &e.Group
	}
	return person
}
