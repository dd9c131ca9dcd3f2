package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// News is what people are told of a run, when it is more than what they know.
type News struct {
	Event   Event
	Account string
	Title   string
	Text    string
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

// News returns what is new in a run, or nil.
func (e *Ended) News() *News {
	run := &e.Outcome.Run
	news := &News{Account: e.Account, Text: e.text()}
	wasFine := e.Before == nil || e.Before.Result.IsSuccess()
	knew := ""
	if e.Planned != nil {
		knew = e.Planned.wants
	}
	switch {
	case !run.Result.IsSuccess():
		news.Event, news.Title = EventFailure, "the run failed"
		if run.Result == reconcile.ResultPartial {
			news.Title = "the run was applied in part"
		}
		if !wasFine && e.Before.Result == run.Result {
			return nil
		}
	case run.Result == reconcile.ResultHeld && (run.wants != knew || e.Before == nil || e.Before.Result != reconcile.ResultHeld):
		news.Event, news.Title = EventLimit, "the limit holds releases back"
	case e.newlyForeseen() != "":
		news.Event, news.Title = EventBudget, e.newlyForeseen()
	case run.Outcomes[reconcile.Applied] > 0:
		news.Event, news.Title = EventChange, reconcile.CountOf(run.Outcomes[reconcile.Applied], "change", "changes")+" applied"
	case !wasFine:
		news.Event, news.Title = EventRecovery, "runs succeed again"
	case run.Mode == reconcile.ModeDryRun && run.wants != knew && pendingOf(run) > 0:
		news.Event, news.Title = EventChange, "the next apply will "+pendingWords(run)
	default:
		return nil
	}
	news.Title = "seatsync, account " + e.Account + ": " + news.Title
	return news
}

// text is the message under the title. It names nobody: numbers are enough to
// know whether to look, and the report has the rest.
func (e *Ended) text() string {
	run := &e.Outcome.Run
	lines := []string{fmt.Sprintf("%s %s: %s", run.Mode, run.ID, run.Result)}
	if run.Error != "" {
		lines = append(lines, run.Error)
	}
	if e.Outcome.Frozen != nil {
		lines = append(lines, "a dry run because of "+e.Outcome.Frozen.String())
	}
	if run.Summary != nil {
		lines = append(lines, "pending: "+pendingWords(run))
		if run.Summary.Held > 0 {
			lines = append(lines, reconcile.CountOf(run.Summary.Held, "change is", "changes are")+" held")
		}
		seats := fmt.Sprintf("seats in use: %d", run.Seats.Used)
		if run.Seats.Purchased != nil {
			seats += fmt.Sprintf(" of %d", *run.Seats.Purchased)
		}
		lines = append(lines, seats)
	}
	return strings.Join(append(lines, "more: seatsync history "+run.ID), "\n")
}

func pendingOf(run *RunSummary) int {
	total := 0
	for _, n := range run.Pending {
		total += n
	}
	return total
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
