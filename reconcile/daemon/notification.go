package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// Notification is what people are told of a run, when it is more than what they know.
type Notification struct {
	Event   Event
	Account string
	RunID   string
	// Title, Text and Error name nobody, and no chat service makes a mention or a link of
	// them. Error is why the run failed, which Text has too; empty when it did not.
	Title, Text, Error string
}

// Event is why people are told.
type Event string

// The events. None is told again while it stays the same.
const (
	EventFailure  Event = "failure"  // a run failed, or was applied in part
	EventRecovery Event = "recovery" // the first run that succeeds after that
	EventLimit    Event = "limit"    // the limit holds releases back
	EventBudget   Event = "budget"   // the budget, or the last free seat, is in sight
	EventChange   Event = "change"   // something was applied, or something else than before is pending
)

// Notifications returns what is new in a run: whether runs fail or succeed again, and what
// this one did or found; nil when people know all of it.
func (e *Ended) Notifications() (notifications []Notification) {
	for _, one := range []Notification{e.health(), e.limit(), e.budget(), e.change()} {
		if one.Event != "" {
			one.Account, one.RunID = e.Account, e.Outcome.Run.ID
			one.Title = impersonal("seatsync, account " + e.Account + ": " + one.Title)
			one.Text, one.Error = impersonal(e.text()), impersonal(e.errorText())
			notifications = append(notifications, one)
		}
	}
	return notifications
}

// health says that runs fail, or succeed again.
func (e *Ended) health() Notification {
	run := &e.Outcome.Run
	wasFine := e.Before == nil || e.Before.Result.IsSuccess()
	switch {
	case run.Result.IsSuccess() && !wasFine:
		return Notification{Event: EventRecovery, Title: "runs succeed again"}
	case run.Result.IsSuccess() || !wasFine && e.Before.Result == run.Result:
		return Notification{}
	case run.Result == reconcile.ResultPartial && run.appliedNothing():
		return Notification{Event: EventFailure, Title: "the run applied nothing"}
	case run.Result == reconcile.ResultPartial:
		return Notification{Event: EventFailure, Title: "the run was applied in part"}
	case run.Result == reconcile.ResultKilled:
		return Notification{Event: EventFailure, Title: "the run was killed"}
	}
	return Notification{Event: EventFailure, Title: "the run failed"}
}

// limit says that the limit holds releases back, or others than before.
func (e *Ended) limit() Notification {
	if e.Outcome.Run.Result == reconcile.ResultHeld && (e.isNewPlan() || e.Before == nil || e.Before.Result != reconcile.ResultHeld) {
		return Notification{Event: EventLimit, Title: "the limit holds releases back"}
	}
	return Notification{}
}

// budget says that the budget, or the last free seat, has come into sight.
func (e *Ended) budget() Notification {
	if message := e.newlyForeseen(); message != "" && e.Outcome.Run.Result.IsSuccess() {
		return Notification{Event: EventBudget, Title: message}
	}
	return Notification{}
}

// change says what a run that did not fail did, or what a dry run found; the message about
// the limit has what is pending as well.
func (e *Ended) change() Notification {
	run := &e.Outcome.Run
	switch {
	case !run.Result.IsSuccess():
		return Notification{}
	case run.Outcomes[reconcile.Applied] > 0:
		return Notification{Event: EventChange, Title: reconcile.Count(run.Outcomes[reconcile.Applied], "change") + " applied"}
	case run.Mode == reconcile.ModeDryRun && e.isNewPlan() && run.PendingCount() > 0 && e.limit().Event == "":
		return Notification{Event: EventChange, Title: e.nextApply() + " " + pendingWords(run)}
	}
	return Notification{}
}

// isNewPlan reports whether the plan asks for something else than the one before it.
func (e *Ended) isNewPlan() bool {
	knew := ""
	if e.Planned != nil {
		knew = e.Planned.wants
	}
	return e.Outcome.Run.wants != knew
}

// text is the message under the title. It names nobody: numbers are enough to
// know whether to look, and the report has the rest.
func (e *Ended) text() string {
	run := &e.Outcome.Run
	lines := []string{fmt.Sprintf("%s %s: %s", run.Mode, run.ID, run.Result)}
	if text := e.errorText(); text != "" {
		lines = append(lines, text)
	}
	if e.Outcome.Frozen != nil {
		lines = append(lines, "a dry run because of "+e.Outcome.Frozen.String())
	}
	switch plan := e.Outcome.Record.Plan; {
	case run.Summary == nil:
	case plan != nil && plan.IsLimited():
		lines = append(append(lines, limitWords(plan)...), seatNumbers(run)...)
	default:
		lines = append(append(lines, changeNumbers(run)...), seatNumbers(run)...)
	}
	return strings.Join(lines, "\n")
}

// nextApply begins the sentence on what is pending.
func (e *Ended) nextApply() string {
	if e.IsApplyScheduled {
		return "the next apply will"
	}
	return "an apply would"
}

// errorText is why the run failed, without the words of the API. Of a run that only its
// record is left of, they cannot be told apart from ours.
func (e *Ended) errorText() string {
	switch {
	case e.Outcome.Err != nil:
		return beginning(reconcile.InertLines(reconcile.WithoutAPIWords(e.Outcome.Err)))
	case e.Outcome.Run.Error != "":
		return "its record says why"
	}
	return ""
}

// limitWords are what the report says first of a plan of which a limit holds releases
// back: how many, by which limit and what lets them through.
func limitWords(plan *reconcile.Plan) []string {
	lines := []string{report.NewView(plan).Verdict.Sentence}
	returned := func(c reconcile.Change) bool { return c.Held == reconcile.HeldTooManyReturned }
	if at := slices.IndexFunc(plan.Changes, returned); at >= 0 {
		lines = append(lines, plan.Changes[at].HeldBecause)
	}
	return lines
}

// changeNumbers are what a run with a plan did, left to do and held.
func changeNumbers(run *RunSummary) []string {
	var lines []string
	for _, status := range reconcile.Statuses() {
		if n := run.Outcomes[status]; n > 0 {
			lines = append(lines, reconcile.Number(n)+" "+status.Label())
		}
	}
	if len(lines) > 0 {
		lines = []string{"changes: " + strings.Join(lines, ", ")}
	}
	if run.isPending() || len(lines) == 0 {
		lines = append(lines, "pending: "+pendingWords(run))
	}
	if run.Summary.Held > 0 {
		lines = append(lines, reconcile.CountOf(run.Summary.Held, "change is", "changes are")+" held")
	}
	return lines
}

// isPending reports whether a dry run left something to an apply.
func (r *RunSummary) isPending() bool { return r.Mode == reconcile.ModeDryRun && r.PendingCount() > 0 }

// seatNumbers are what a run with a plan says of seats and money.
func seatNumbers(run *RunSummary) []string {
	seats := "seats in use: " + reconcile.Number(run.Seats.Used)
	if run.Seats.Purchased != nil {
		seats += " of " + reconcile.Number(*run.Seats.Purchased)
	}
	if run.isPending() && run.Summary.SeatsAfter != run.Seats.Used {
		seats += ", " + reconcile.Number(run.Summary.SeatsAfter) + " once that is applied"
	}
	if run.Cost == "" {
		return []string{seats}
	}
	cost := "they cost " + strings.TrimSpace(reconcile.Thousands(string(run.Cost))+" "+run.Summary.Currency) + " a month"
	if after := run.Summary.MonthlyCostAfter; run.isPending() && after != run.Cost {
		cost += ", " + reconcile.Thousands(string(after)) + " once that is applied"
	}
	return []string{seats, cost}
}

// peoplePattern finds emails, also within a query, mentions such as @here, and everything
// between quotation marks: that may be somebody's name.
var peoplePattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"[^"\n]*"(?:@[^\s"<>,;]+)?|[^\s"<>(),;=]*(?:[@＠﹫]|%40)[^\s"'<>(),;:]*`)
})

// markup are the characters by which chat services begin a mention or hide the address
// of a link, such as <!channel>, <https://…|text> and [text](https://…), and what looks
// much the same and means nothing.
var markup = strings.NewReplacer("<", "‹", ">", "›", "](", "] (", "][", "] [")

// impersonal returns a message without anybody's email or name, that each service
// shows as it is.
func impersonal(text string) string {
	return markup.Replace(peoplePattern().ReplaceAllString(text, "…"))
}

// linesOfError is how much of an error a message has.
const linesOfError = 3

// beginning returns the first lines of an error.
func beginning(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if more := len(lines) - linesOfError; more > 0 {
		lines = append(lines[:linesOfError], "… and "+reconcile.Count(more, "more line"))
	}
	return strings.Join(lines, "\n")
}

// wantsOf names what a plan would do and what only the limit holds. Two plans that
// want the same have the same name, whatever else has moved: the days since a
// login grow every day.
func wantsOf(plan *reconcile.Plan) string {
	var wants []string
	for i := range plan.Changes {
		change := &plan.Changes[i]
		if change.WillBeDone() || change.Held == reconcile.HeldLimit {
			wants = append(wants, fmt.Sprint(change.Kind, "\x00", change.UserID, "\x00", change.Email, "\x00", change.After, "\x00", change.Held))
		}
	}
	if len(wants) == 0 {
		return ""
	}
	slices.Sort(wants)
	sum := sha256.Sum256([]byte(strings.Join(wants, "\x01")))
	return hex.EncodeToString(sum[:])
}
