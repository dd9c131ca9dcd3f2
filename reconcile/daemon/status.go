package daemon

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// The most that the status page shows of each list.
const (
	shownRuns   = 25
	chartedRuns = 400
	shownHeld   = 12 // people in one group of held changes
)

// serveStatus serves the page for an administrator at nine in the morning.
func (d *Daemon) serveStatus(w http.ResponseWriter, r *http.Request) {
	accounts, ok := d.asked(r)
	if !ok {
		d.writePage(w, http.StatusNotFound, "problem", problemPage{Title: "No such account", Text: "This daemon does not manage it."})
		return
	}
	now := time.Now()
	if len(accounts) > 1 {
		d.writePage(w, http.StatusOK, "fleet", d.fleet(accounts, now, r.URL.Query()))
		return
	}
	d.writePage(w, http.StatusOK, "status", d.status(r.Context(), accounts[0], now))
}

// statusPage is what the page of one account shows.
type statusPage struct {
	Account, Tone, Sentence, Detail string
	Fleet                           bool
	Alive, AliveDetail              string
	Success, SuccessDetail          string
	Next, NextDetail                string
	Will, NextApply                 string
	Warnings                        []string
	Seats, SeatsDetail              string
	CostTitle, Cost, CostDetail     string
	Advice                          string
	Saved, SavedDetail              string
	SavedChart                      *report.Chart
	Charts                          []*report.Chart
	Waiting                         []waiting
	WaitingTotal                    int
	LastReport                      string
	Runs                            []runRow
	Now                             string
}

// runRow is one run in a list.
type runRow struct {
	ID, Started, Took, Mode, Result, Tone, Changes, Who, Report string
}

// waiting is the changes that one rule holds.
type waiting struct {
	Reason, Meaning string
	Count, More     int
	People          []heldChange
}

type heldChange struct{ Email, Change, Because, Line string }

// status puts together the page of an account.
func (d *Daemon) status(ctx context.Context, a *account, now time.Time) statusPage {
	runs := d.recorded([]*account{a}, chartedRuns)
	a.mu.Lock()
	last, current, unread, settings := a.last, a.current, a.unread, a.settings
	succeeded, id, entries := a.succeeded, a.id, len(a.timetable.rows)
	next, mode := a.timetable.next()
	apply := a.timetable.nextApply()
	a.mu.Unlock()

	page := statusPage{Account: id, Fleet: len(d.accounts) > 1, Now: clockTime(now.In(zoneOf(settings)))}
	page.Tone, page.Sentence, page.Detail = verdict(last, unread, now)
	page.Alive, page.AliveDetail = "Yes, for "+ago(d.started, now), reconcile.CountOf(entries, "entry", "entries")+" in the schedule"
	if current != nil {
		page.Alive, page.AliveDetail = "A run is going on", string(current.Mode)+" "+current.ID+", since "+ago(current.StartedAt, now)
	}
	if err := d.health(now); err != nil {
		page.Alive, page.AliveDetail = "No", err.Error()
	}
	page.Success, page.SuccessDetail = "Never", "no run that is recorded succeeded"
	if !succeeded.IsZero() {
		page.Success, page.SuccessDetail = ago(succeeded, now)+" ago", clockTime(succeeded.In(zoneOf(settings)))
	}
	page.Next, page.NextDetail = "Never", "nothing is scheduled"
	if !next.IsZero() {
		page.Next = "in " + ago(now, next)
		page.NextDetail = string(mode) + ", " + clockTime(next.In(zoneOf(settings)))
	}
	page.NextApply = "no apply is scheduled"
	if !apply.IsZero() {
		page.NextApply = "next apply " + clockTime(apply.In(zoneOf(settings)))
	}
	page.Warnings = warnings(settings, unread, mode, next, apply)
	d.describeLast(ctx, &page, a, runs)
	page.Charts = charts(runs, zoneOf(settings))
	if savings := a.savings(runs, now.In(zoneOf(settings))); savings.Total.Freed > 0 {
		page.Saved, page.SavedDetail = savings.Words()
		page.SavedChart = savings.Chart()
	}
	for _, run := range runs[:min(len(runs), shownRuns)] {
		page.Runs = append(page.Runs, newRunRow(run, zoneOf(settings)))
	}
	return page
}

func zoneOf(settings Settings) *time.Location {
	if settings.Zone == nil {
		return time.UTC
	}
	return settings.Zone
}

// verdict says in one sentence how things stand.
func verdict(last *RunSummary, unread error, now time.Time) (tone, sentence, detail string) {
	switch {
	case last == nil && unread != nil:
		return "broken", "The file cannot be read, and nothing has run yet", ""
	case last == nil:
		return "waiting", "Nothing has run yet", "The page fills with the first run."
	}
	when := ago(last.FinishedAt, now) + " ago"
	tone = resultTone(last.Result)
	switch last.Result {
	case reconcile.ResultDone:
		return tone, "All is well: the last run succeeded " + when, ""
	case reconcile.ResultNotTaken:
		return tone, "The last run succeeded " + when + ", and the API did not take some of it", "A seat that is asked for comes with the person's next login."
	case reconcile.ResultHeld:
		held := 0
		for hold, n := range last.Held {
			if hold.IsLimit() {
				held += n
			}
		}
		return tone, "A limit holds " + reconcile.Count(held, "release") + " back", "The last run was " + when + "; its report says which limit, and how to let them through."
	case reconcile.ResultPartial:
		if last.appliedNothing() {
			return tone, "The last run applied nothing " + when, "Its report says what failed, and whether it may have taken effect all the same."
		}
		return tone, "The last run was applied in part " + when, "Its report says what failed."
	case reconcile.ResultKilled:
		return tone, "The last run was killed " + when, "The next apply finds out what it had done."
	}
	return tone, "The last run failed " + when, last.Error
}

// warnings are what the file says and someone should know.
func warnings(settings Settings, unread error, mode reconcile.Mode, next, apply time.Time) []string {
	var list []string
	if unread != nil {
		list = append(list, "The file cannot be read at the moment, and the next run will fail: "+unread.Error())
	}
	if mode == reconcile.ModeApply && !next.IsZero() {
		if why := settings.frozen(next); why != "" {
			list = append(list, "The next apply falls into a freeze and will be a dry run: "+why)
		}
	} else if !apply.IsZero() {
		if why := settings.frozen(apply); why != "" {
			list = append(list, "The apply due "+clockTime(apply.In(zoneOf(settings)))+" falls into a freeze and will be a dry run: "+why)
		}
	}
	return list
}

// describeLast fills in what the last run with a plan found: the numbers, what
// the next run will do and what is held.
func (d *Daemon) describeLast(ctx context.Context, page *statusPage, a *account, runs []RunSummary) {
	at := slices.IndexFunc(runs, func(run RunSummary) bool { return run.Summary != nil })
	if at < 0 {
		page.Will = "not known before the first run that has a plan"
		return
	}
	run := &runs[at]
	if run.AccountName != "" {
		page.Account = reconcile.Inert(run.AccountName, 0) + " (" + page.Account + ")"
	}
	page.LastReport = run.Report
	page.Will = "as of run " + run.ID + ": " + pendingWords(run)
	page.Seats, page.SeatsDetail = reconcile.Number(run.Seats.Used), "how many are purchased is not known"
	if run.Seats.Purchased != nil {
		page.Seats = reconcile.Number(run.Seats.Used) + " of " + reconcile.Number(*run.Seats.Purchased)
		page.SeatsDetail = reconcile.CountOf(*run.Seats.Purchased-run.Seats.Used, "seat is", "seats are") + " free"
	}
	page.Advice = reconcile.Inert(run.advice, 0)
	page.describeBill(run)
	held, err := d.waitingIn(ctx, a, run.ID)
	if err != nil && ctx.Err() == nil {
		d.log.Warn("what a run holds cannot be shown", "run", run.ID, "error", err.Error())
	}
	page.Waiting = held
	for _, group := range page.Waiting {
		page.WaitingTotal += group.Count
	}
}

// describeBill fills in what the account is billed, and how much of that is used and
// idle; or what the seats in use cost where nobody knows how many are purchased.
func (page *statusPage) describeBill(run *RunSummary) {
	amount := func(amount reconcile.Amount) string { return reconcile.Thousands(string(amount)) }
	currency := strings.TrimSuffix(" "+reconcile.Inert(run.Summary.Currency, 0), " ")
	used, parts := amount(run.Cost)+" used", []string{}
	if pending := run.Summary.MonthlyCostAfter; len(run.Outcomes) == 0 && pending != run.Cost {
		used += ", " + amount(pending) + " once the pending changes are applied"
	}
	switch {
	case run.Cost == "":
		return
	case run.Billed == "":
		page.CostTitle, page.Cost = "Used a month", amount(run.Cost)+currency
		_, used, _ = strings.Cut(used, ", ")
		parts = append(parts, cmp.Or(used, "the price of the seats in use"))
	default:
		page.CostTitle, page.Cost = "Billed a month", amount(run.Billed)+currency
		parts = append(parts, amount(run.Billed.Times(12))+" a year", amount(run.Idle)+" idle", used)
	}
	page.CostDetail = strings.Join(parts, "; ")
}

// pendingWords says what a run left to do.
func pendingWords(run *RunSummary) string {
	var parts []string
	for _, kind := range reconcile.Kinds() {
		if n := run.Pending[kind]; n > 0 {
			parts = append(parts, kind.Doing(n))
		}
	}
	if len(parts) == 0 {
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}

// heldGroups lists the held changes, those that someone can decide first.
func heldGroups(view *report.View) []waiting {
	var list []waiting
	for _, group := range view.Held {
		shown := group.Members[:min(len(group.Members), shownHeld)]
		held := waiting{Reason: group.Key, Meaning: group.Title, Count: len(group.Members), More: len(group.Members) - len(shown)}
		for _, i := range shown {
			row := view.Row(i)
			held.People = append(held.People, heldChange{Email: row.Person, Change: string(row.Kind), Because: row.Because(group.Title), Line: row.Place})
		}
		list = append(list, held)
	}
	return list
}

// charts draws the seats in use against those purchased, over the runs with a plan.
func charts(runs []RunSummary, zone *time.Location) []*report.Chart {
	var seats []report.Sample
	for _, run := range slices.Backward(runs) {
		if run.Summary == nil {
			continue
		}
		bound, suffix := math.NaN(), ""
		if run.Seats.Purchased != nil {
			bound, suffix = float64(*run.Seats.Purchased), " of "+reconcile.Number(*run.Seats.Purchased)
		}
		text := clockTime(run.FinishedAt.In(zone)) + ", " + string(run.Mode) + ": " + reconcile.Number(run.Seats.Used) + suffix + " seats in use"
		if run.Cost != "" {
			text += strings.TrimRight(", "+reconcile.Thousands(string(run.Cost))+" "+run.Summary.Currency, " ") + " a month"
		}
		seats = append(seats, report.Sample{At: run.FinishedAt.In(zone), Value: float64(run.Seats.Used), Bound: bound, Class: string(run.Mode), Text: text})
	}
	if chart := report.NewTimeline("Seats in use", "seats in use", "purchased", seats); chart != nil {
		return []*report.Chart{chart}
	}
	return nil
}

// newRunRow returns a run as the list shows it, by the clocks of a zone.
func newRunRow(run RunSummary, zone *time.Location) runRow {
	return runRow{
		ID: run.ID, Started: clockTime(run.StartedAt.In(zone)), Took: run.Took(), Mode: string(run.Mode),
		Result: string(run.Result), Tone: resultTone(run.Result), Who: run.Who, Report: run.Report, Changes: run.Changes(),
	}
}

// Changes says in one line what a run did, left to do and held, or why it failed.
func (r *RunSummary) Changes() string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := r.Outcomes[status]; n > 0 {
			parts = append(parts, reconcile.Number(n)+" "+status.Label())
		}
	}
	if r.Summary == nil {
		return cmp.Or(r.Error, strings.Join(parts, ", "), "-")
	}
	if n := r.PendingCount(); r.Mode == reconcile.ModeDryRun && n > 0 {
		parts = append(parts, reconcile.Number(n)+" pending")
	}
	if r.Summary.Held > 0 {
		parts = append(parts, reconcile.Number(r.Summary.Held)+" held")
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing to change")
}

// PendingCount is how many changes the run left to do.
func (r *RunSummary) PendingCount() int {
	total := 0
	for _, n := range r.Pending {
		total += n
	}
	return total
}

// appliedNothing reports whether none of what a run tried was applied.
func (r *RunSummary) appliedNothing() bool {
	return len(r.Outcomes) > 0 && r.Outcomes[reconcile.Applied] == 0
}

// resultTone says how a result is to be taken; the style colours it.
func resultTone(result reconcile.Result) string {
	switch result {
	case reconcile.ResultDone, reconcile.ResultNotTaken:
		return "calm"
	case reconcile.ResultHeld:
		return "held"
	case reconcile.ResultRunning:
		return "waiting"
	}
	return "broken"
}
