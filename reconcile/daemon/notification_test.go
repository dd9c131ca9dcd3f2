package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
)

// nights makes runs one after the other and returns the event of each.
func nights(results ...RunSummary) []string {
	var events []string
	var before, planned *RunSummary
	for i := range results {
		run := &results[i]
		ended := Ended{Account: "a", Before: before, Planned: planned, Outcome: RunResult{Run: *run}}
		var told []string
		for _, notification := range ended.Notifications() {
			told = append(told, string(notification.Event))
		}
		events = append(events, cmp.Or(strings.Join(told, " and "), "-"))
		before = run
		if run.Summary != nil {
			planned = run
		}
	}
	return events
}

// planned is a run with a plan that releases so many people.
func planned(mode reconcile.Mode, result reconcile.Result, releases int) RunSummary {
	plan := emptyPlan()
	for i := range releases {
		change := reconcile.Change{Kind: reconcile.Release, UserID: fmt.Sprint(i), Because: fmt.Sprint("no sign of activity since ", time.Now())}
		if result == reconcile.ResultHeld {
			change.Held = reconcile.HeldLimit
		}
		plan.Changes = append(plan.Changes, change)
		if mode == reconcile.ModeApply {
			plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}}}
		}
	}
	run := RunSummary{ID: "r", Mode: mode, Result: result}
	run.Describe(plan)
	return run
}

// overBudget is the run where the bill is above the budget.
func overBudget(run RunSummary) RunSummary {
	run.foreseen = map[reconcile.Code]string{reconcile.CodeBudgetExceededSoon: "the bill is above the budget"}
	return run
}

func TestNewsIsToldOnce(t *testing.T) {
	failed := RunSummary{ID: "r", Mode: reconcile.ModeDryRun, Result: reconcile.ResultFailed, Error: "503"}
	dry, applied := reconcile.ModeDryRun, reconcile.ModeApply
	inPartHeld := planned(applied, reconcile.ResultHeld, 9)
	inPartHeld.Outcomes = map[reconcile.Status]int{reconcile.Applied: 4}
	for _, test := range []struct {
		name string
		runs []RunSummary
		want []string
	}{
		{"nothing to do is nothing new", []RunSummary{planned(dry, reconcile.ResultDone, 0), planned(dry, reconcile.ResultDone, 0)}, []string{"-", "-"}},
		{"the same pending changes are told once", []RunSummary{planned(dry, reconcile.ResultDone, 2), planned(dry, reconcile.ResultDone, 2), planned(dry, reconcile.ResultDone, 3)}, []string{"change", "-", "change"}},
		{"a failure is told once, and the recovery", []RunSummary{planned(dry, reconcile.ResultDone, 2), failed, failed, planned(dry, reconcile.ResultDone, 2)}, []string{"change", "failure", "-", "recovery"}},
		{"the recovery is told beside what was applied", []RunSummary{failed, planned(applied, reconcile.ResultDone, 1)}, []string{"failure", "recovery and change"}},
		{"the recovery is told beside a limit", []RunSummary{failed, planned(dry, reconcile.ResultHeld, 1)}, []string{"failure", "recovery and limit"}},
		{"a first failure is told", []RunSummary{failed}, []string{"failure"}},
		{"in part is more than failed", []RunSummary{failed, planned(applied, reconcile.ResultPartial, 2)}, []string{"failure", "failure"}},
		{"a tripped rail is told once, and again when others are held", []RunSummary{planned(dry, reconcile.ResultHeld, 9), planned(dry, reconcile.ResultHeld, 9), planned(dry, reconcile.ResultHeld, 10)}, []string{"limit", "-", "limit"}},
		{"what was applied is told beside a limit", []RunSummary{inPartHeld, planned(dry, reconcile.ResultHeld, 9)}, []string{"limit and change", "-"}},
		{"what was applied is told beside the budget", []RunSummary{overBudget(planned(applied, reconcile.ResultDone, 1))}, []string{"budget and change"}},
		{"the budget is told once", []RunSummary{overBudget(planned(dry, reconcile.ResultDone, 2)), overBudget(planned(dry, reconcile.ResultDone, 2))}, []string{"budget and change", "-"}},
		{"what was applied is told each time", []RunSummary{planned(applied, reconcile.ResultDone, 1), planned(applied, reconcile.ResultDone, 1)}, []string{"change", "change"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := gocmp.Diff(test.want, nights(test.runs...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMessagesNameNobodyAndHaveTheNumbers(t *testing.T) {
	purchased := 1600
	run := RunSummary{
		ID: "r", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone, Cost: "10493.00", wants: "something",
		Summary:  &reconcile.Summary{Release: 4, Held: 2, SeatsAfter: 1495, MonthlyCostAfter: "10465.00", Currency: "EUR"},
		Seats:    &Seats{Used: 1499, Purchased: &purchased},
		Pending:  map[reconcile.Kind]int{reconcile.Release: 4},
		Outcomes: map[reconcile.Status]int{},
	}
	for _, test := range []struct {
		name  string
		error string
		want  []string
	}{
		{"seats and money", "", []string{"seats in use: 1,499 of 1,600, 1,495 once that is applied", "they cost 10,493.00 EUR a month, 10,465.00 once that is applied", "2 changes are held"}},
		{"an email in an error", `rename Ada.Lovelace+x@exämple.com: PUT: 403`, []string{"rename …: PUT: 403"}},
		{"a name in an error", `desired-state.yaml:3:9: "Ada Lovelace" <countess@example.com> is listed twice`, []string{"desired-state.yaml:3:9: … ‹…› is listed twice"}},
		{"an email in a query", `GET /access/users?search=ada.lovelace%40example.com&page=1: 503`, []string{"search=…: 503"}},
		{"an email with a wide sign", `rename lovelace＠example.com: 403`, []string{"rename …: 403"}},
		{"an email with an apostrophe", `rename lovelace.o'neil@example.com: 403`, []string{"rename …: 403"}},
		{"a quoted local part", `"ada lovelace"@example.com, bad`, []string{"…, bad"}},
		{"many problems", "a\nb\nc\nd\ne", []string{"a\nb\nc\n… and 2 more lines"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			told := RunResult{Run: run}
			if test.error != "" {
				told = failure(run, errors.New(test.error))
			}
			notification := (&Ended{Account: "a", Outcome: told}).Notifications()
			if len(notification) != 1 {
				t.Fatalf("%d notifications", len(notification))
			}
			for _, part := range test.want {
				if !strings.Contains(notification[0].Text, part) {
					t.Errorf("%q is not in\n%s", part, notification[0].Text)
				}
			}
			if strings.Contains(strings.ToLower(notification[0].Title+notification[0].Text), "lovelace") || strings.Contains(notification[0].Text, "@") {
				t.Errorf("somebody is named:\n%s", notification[0].Text)
			}
		})
	}
}

// What the report says first, a message about a limit says too.
func TestAMessageAboutALimitNamesItAndWhatLetsReleasesThrough(t *testing.T) {
	for _, test := range []struct {
		name string
		mode reconcile.Mode
		held reconcile.Hold
		want []string
	}{
		{"a dry run", reconcile.ModeDryRun, reconcile.HeldLimit, []string{"20 releases are held by the limit of 15; --allow-releases 20 releases them; nothing else to change", "1 other change is held"}},
		{"an apply", reconcile.ModeApply, reconcile.HeldLimit, []string{"applied 1 change", "20 releases are held by the limit of 15; --allow-releases 20 releases them"}},
		{"too many returns", reconcile.ModeDryRun, reconcile.HeldTooManyReturned, []string{"21 changes are held", "8 of 30 people came back"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := emptyPlan()
			for i := range 20 {
				plan.Changes = append(plan.Changes, reconcile.Change{Kind: reconcile.Release, UserID: fmt.Sprint(i), Held: test.held, HeldBecause: "8 of 30 people came back"})
			}
			plan.Changes = append(plan.Changes, reconcile.Change{Kind: reconcile.Release, Email: "ceo@example.com", Held: reconcile.HeldProtected})
			plan.Limit = reconcile.Limit{Releases: 15, Wanted: 20, Tripped: test.held == reconcile.HeldLimit}
			plan.Summary.Held = len(plan.Changes)
			if test.mode == reconcile.ModeApply {
				plan.Changes = append(plan.Changes, reconcile.Change{Kind: reconcile.Rename})
				plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 21, Status: reconcile.Applied}}}
			}
			run := RunSummary{ID: "r", Mode: test.mode, Result: reconcile.ResultHeld}
			run.Describe(plan)
			ended := Ended{Account: "a", Outcome: RunResult{Run: run, Result: runner.Result{Record: record.Record{Plan: plan}}}}
			text := ended.Notifications()[0].Text
			for _, part := range append(test.want, "seats in use: 1") {
				if !strings.Contains(text, part) {
					t.Errorf("%q is not in\n%s", part, text)
				}
			}
		})
	}
}

func TestOnlyAScheduledApplyIsAnnounced(t *testing.T) {
	for _, test := range []struct {
		entry reconcile.ScheduleEntry
		want  string
	}{{dryRun("@daily"), "an apply would release 1 seat"}, {apply("@daily"), "the next apply will release 1 seat"}} {
		s := newStand(test.entry)
		s.run = func(context.Context, Request) (*reconcile.Plan, error) { return heldPlan(20, time.Now()), nil }
		var told []Notification
		d, _ := newDaemon(t, Options{AfterRun: func(_ context.Context, ended Ended) { told = ended.Notifications() }}, s)
		d.Once(t.Context(), reconcile.ModeDryRun)
		if len(told) != 1 || !strings.HasSuffix(told[0].Title, test.want) {
			t.Errorf("%s: told %+v, want %q", test.entry.Mode, told, test.want)
		}
	}
}

// The API may name people in any form, and what another process recorded has its words among ours.
func TestMessagesHaveNoWordsOfTheAPI(t *testing.T) {
	refused := &reconcile.APIError{Method: "PUT", Path: "/u", Status: 400, Messages: []reconcile.APIMessage{{Code: 12, Message: "Ada Lovelace"}, {Code: 7, Message: ""}}}
	throttled := &reconcile.ThrottledError{RetryAfter: time.Minute, Err: refused}
	run := RunSummary{ID: "r", Mode: reconcile.ModeApply, Result: reconcile.ResultFailed}
	for err, want := range map[error]string{
		fmt.Errorf("rename …: %w", refused):     "rename …: PUT /u: 400 12 …; 7 …",
		errors.Join(errors.New("a"), throttled): "a\nrate limited by the API; retry after 1m0s (PUT /u: 400 12 …; 7 …)",
		errors.New("no account is named"):       "no account is named",
	} {
		ended := Ended{Account: "a", Outcome: failure(run, err)}
		if told := ended.Notifications()[0]; told.Error != want || !strings.Contains(told.Text, want) {
			t.Errorf("told %q, in %q", told.Error, told.Text)
		}
	}
	run.Error = "PUT /u: 400 12 Ada Lovelace"
	ended := Ended{Account: "a", Outcome: RunResult{Run: run}}
	if told := ended.Notifications()[0]; told.Error != "its record says why" {
		t.Errorf("told %q", told.Error)
	}
}

// What is only planned has saved nothing yet.
func TestARunCostsWhatItsSeatsInUseCost(t *testing.T) {
	plan := emptyPlan()
	plan.Changes = []reconcile.Change{{Kind: reconcile.Release, Before: reconcile.State{AccessSeat: reconcile.True}}}
	plan.Summary.Release, plan.Summary.SeatsAfter, plan.Summary.MonthlyCostAfter = 1, 14, "98.00"
	var planned, applied RunSummary
	planned.Describe(plan)
	plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}}}
	applied.Describe(plan)
	if planned.Seats.Used != 15 || planned.Cost != "105.00" || applied.Seats.Used != 14 || applied.Cost != "98.00" {
		t.Errorf("planned: %d seats for %s; applied: %d seats for %s", planned.Seats.Used, planned.Cost, applied.Seats.Used, applied.Cost)
	}
}

// mentionPattern finds what Slack, Discord, Teams, Mattermost and Telegram make a mention or a
// link of, other than an address that anybody can read.
var mentionPattern = regexp.MustCompile(`[<>@]|\]\(|\]\[`)

func TestMessagesMentionNobodyInAChat(t *testing.T) {
	for text, want := range map[string]string{
		"403 <!channel> denied":                         "403 ‹!channel› denied",
		"<!here|here>, <!subteam^S012|team>":            "‹!here|here›, ‹!subteam^S012|team›",
		"<@U012AB3CD> and <@!80351110224678912>":        "‹…› and ‹…›",
		"<#C024BE7LR> <https://evil.example|your bank>": "‹#C024BE7LR› ‹https://evil.example|your bank›",
		"@everyone @here: wake up":                      "… …: wake up",
		"[your bank](https://evil.example)":             "[your bank] (https://evil.example)",
		"![x][1], ![](https://evil.example/x.png)":      "![x] [1], ![] (https://evil.example/x.png)",
		"GET /access/users: 503, retry after 5m":        "GET /access/users: 503, retry after 5m",
		"see https://dash.cloudflare.com/profile":       "see https://dash.cloudflare.com/profile",
	} {
		purchased := 10
		plan := emptyPlan()
		plan.Findings = []reconcile.Finding{{Severity: reconcile.SeverityWarning, Code: reconcile.CodeBudgetExceededSoon, Message: text}}
		foreseen := RunSummary{ID: "r", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone}
		foreseen.Describe(plan)
		foreseen.Seats = &Seats{Used: 9, Purchased: &purchased}
		failed := failure(RunSummary{ID: "r", Mode: reconcile.ModeDryRun}, errors.New(text))
		frozen := runner.Result{Frozen: &reconcile.Freeze{Reason: text}}
		for name, ended := range map[string]Ended{
			"an error":               {Account: "a", Outcome: failed},
			"a finding":              {Account: "a", Outcome: RunResult{Run: foreseen}},
			"the reason of a freeze": {Account: "a", Outcome: RunResult{Run: foreseen, Result: frozen}},
		} {
			told := ended.Notifications()
			if len(told) != 1 || mentionPattern.MatchString(told[0].Title+told[0].Text) || !strings.Contains(told[0].Title+"\n"+told[0].Text, want) {
				t.Errorf("%s, %s: %+v", text, name, told)
			}
		}
		named := Ended{Account: text, Outcome: failed}
		if told := named.Notifications(); len(told) != 1 || mentionPattern.MatchString(told[0].Title) {
			t.Errorf("%s as an account: %+v", text, told)
		}
	}
}

func TestTheBudgetIsNewsOnce(t *testing.T) {
	message := "the bill of 140.00 EUR a month is above the budget of 100.00 EUR a month"
	plan := emptyPlan()
	plan.Findings = []reconcile.Finding{{Severity: reconcile.SeverityWarning, Code: reconcile.CodeBudgetExceededSoon, Message: message}}
	run := RunSummary{ID: "run-2", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone}
	run.Describe(plan)
	fine := RunSummary{ID: "run-1", Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone}
	fine.Describe(emptyPlan())
	first := Ended{Account: "a", Before: &fine, Planned: &fine, Outcome: RunResult{Run: run}}
	if notification := first.Notifications(); len(notification) != 1 || notification[0].Event != EventBudget || !strings.Contains(notification[0].Title, message) {
		t.Errorf("the first run that sees it says %+v", notification)
	}
	again := Ended{Account: "a", Before: &run, Planned: &run, Outcome: RunResult{Run: run}}
	if notification := again.Notifications(); notification != nil {
		t.Errorf("the next one says %+v", notification)
	}
	both := run
	plan.Findings = append(plan.Findings, reconcile.Finding{Severity: reconcile.SeverityWarning, Code: reconcile.CodeSeatsExhaustedSoon, Message: "69 of 70 are in use"})
	both.Describe(plan)
	two := Ended{Account: "a", Before: &fine, Planned: &fine, Outcome: RunResult{Run: both}}
	if notification := two.Notifications(); len(notification) != 1 || !strings.Contains(notification[0].Title, message) || !strings.Contains(notification[0].Title, "69 of 70") {
		t.Errorf("of two at once it says %+v", notification)
	}
	plan.Findings = plan.Findings[:1]
	plan.Findings[0].Severity = reconcile.SeverityInfo
	run.Describe(plan)
	far := Ended{Account: "a", Before: &fine, Planned: &fine, Outcome: RunResult{Run: run}}
	if notification := far.Notifications(); notification != nil {
		t.Errorf("a day far ahead is notification: %+v", notification)
	}
}
