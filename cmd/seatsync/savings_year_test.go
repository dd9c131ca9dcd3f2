package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seatsync/seatsync"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// A year of the demo's organisation: an apply every week, while some people go on
// logging in and some whose seat was freed come back. What savings says is added up
// again from what the account showed at each run and what history lists.
func TestAYearOfSavingsAddsUpWithHistory(t *testing.T) {
	now := demoClock()
	clock := func() time.Time { return now }
	box, err := sandbox.New(sandbox.Options{Users: demoUsers, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	defer box.Close()
	file, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: seatsync.Example},
		desired.InMemory{{Name: "people.csv", Data: seatsync.ExampleRoster}}, now)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := zerotrust.Connect(zerotrust.Config{
		BaseURL: server.URL + sandbox.BasePath, AccountID: file.Account, Credentials: zerotrust.TokenCredentials("demo"), UserAgent: tool(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	state := t.TempDir()
	job := &runner.Runner{
		AccountID: file.Account, Source: connection.Source(), Sink: func() reconcile.Sink { return connection.Sink() }, Counts: connection.Counts,
		Store: record.Open(state, file.Account), Clock: clock, Tool: tool(),
	}

	free, sums := make(map[string]*freed), make(map[string]*big.Rat)
	seen, all := 0, []*freed{}
	for week := range 53 {
		for i, user := range box.Users(file.Account) {
			id, _ := user.ID.Get()
			isBack := free[id] != nil && (i+week)%9 == 0
			if isBack || free[id] == nil && (i*7+week)%11 < 3 && i%5 != 0 {
				if err := box.Login(file.Account, id); err != nil {
					t.Fatal(err)
				}
			}
			if seat := free[id]; seat != nil && isBack {
				seat.addTo(sums, now)
				seat.back = now
				delete(free, id)
				seen++
			}
		}
		result := job.Apply(t.Context(), runner.Request{Desired: file, Now: now})
		if result.Err != nil {
			t.Fatal(result.Err)
		}
		for i := range result.Plan.Applied() {
			if change := &result.Plan.Changes[i]; change.Kind == reconcile.Release {
				free[change.UserID] = &freed{at: now, row: now.Format("2006-01") + " " + string(change.Reason) + " " + change.Group, change: change}
				all = append(all, free[change.UserID])
			}
		}
		now = now.Add(7 * reconcile.Day)
	}
	for _, seat := range free {
		seat.addTo(sums, now)
	}

	var got struct {
		Rows  []reconcile.SavingsRow `json:"rows"`
		Total reconcile.SavingsTotal `json:"total"`
	}
	readJSON(t, &got, clock, "savings", "--state-dir", state, "--format", "json")
	total, returned := new(big.Rat), 0
	for _, row := range got.Rows {
		want := sums[row.Month+" "+string(row.Reason)+" "+row.Group]
		if want == nil || want.FloatString(2) != string(row.Saved) {
			t.Errorf("%s %s %s saved %s, by the account %v", row.Month, row.Reason, row.Group, row.Saved, want)
			continue
		}
		cents, _ := new(big.Rat).SetString(want.FloatString(2))
		total.Add(total, cents)
		returned += row.Returned
	}
	if len(got.Rows) != len(sums) || string(got.Total.Saved) != total.FloatString(2) || returned != seen || got.Total.StillFree != len(free) {
		t.Errorf("total %+v of %d rows; by the account %s in %d rows, %d came back, %d are free", got.Total, len(got.Rows), total.FloatString(2), len(sums), seen, len(free))
	}

	var runs []struct {
		ID      string           `json:"id"`
		Started time.Time        `json:"started_at"`
		Freed   int              `json:"seats_freed"`
		Still   int              `json:"seats_still_free"`
		Monthly reconcile.Amount `json:"freed_monthly_cost"`
		Saved   reconcile.Amount `json:"saved_to_date"`
	}
	readJSON(t, &runs, clock, "history", "--state-dir", state, "--limit", "0", "--format", "json")
	byMonth := make(map[string]reconcile.Amount)
	for _, row := range got.Rows {
		byMonth[row.Month] = cmp.Or(byMonth[row.Month], "0.00").Plus(row.Saved)
	}
	saved, rate, seats, still := reconcile.Amount("0.00"), reconcile.Amount("0.00"), 0, 0
	for _, run := range runs {
		seats, still = seats+run.Freed, still+run.Still
		if run.Freed == 0 {
			continue
		}
		month := run.Started.Format("2006-01")
		byMonth[month], saved = byMonth[month].Minus(run.Saved), saved.Plus(run.Saved)
		if run.Monthly != reconcile.Amount("7.00").Times(run.Freed) {
			t.Errorf("run %s freed %d seats at %s a month", run.ID, run.Freed, run.Monthly)
		}
		rate = rate.Plus(reconcile.Amount("7.00").Times(run.Still))
	}
	if len(runs) != 53 || seats != got.Total.Freed || still != got.Total.StillFree || seats < 40 || seen < 5 {
		t.Errorf("%d runs freed %d seats in history of which %d are free, savings has %+v; %d came back", len(runs), seats, still, got.Total, seen)
	}
	if saved != got.Total.Saved || rate != got.Total.Monthly {
		t.Errorf("history comes to %s, and %s a month; savings says %s, and %s a month", saved, rate, got.Total.Saved, got.Total.Monthly)
	}
	for month, left := range byMonth {
		if left != "0.00" {
			t.Errorf("%s: savings and history are %s apart", month, left)
		}
	}
	checkWhatIf(t, clock, server.URL+sandbox.BasePath, state, all)
}

// checkWhatIf compares what whatif says of past releases with what the account showed.
func checkWhatIf(t *testing.T, clock func() time.Time, server, state string, all []*freed) {
	t.Helper()
	folder := t.TempDir()
	for name, data := range map[string][]byte{"desired-state.yaml": seatsync.Example, "people.csv": seatsync.ExampleRoster} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Rows []reconcile.WhatIf `json:"rows"`
	}
	t.Setenv("CLOUDFLARE_BASE_URL", server)
	t.Setenv("CLOUDFLARE_API_TOKEN", "demo")
	readJSON(t, &got, clock, "whatif", "--state-dir", state, "--format", "json", "-f", filepath.Join(folder, "desired-state.yaml"), "--now", clock().Format(time.RFC3339))
	released, returned := 0, 0
	for _, row := range got.Rows {
		earlier, back := 0, 0
		for _, seat := range all {
			isOurs := row.Group == nil || *row.Group == seat.change.Group
			if !isOurs || seat.change.Reason != reconcile.Inactive || seat.idleDays() < row.AfterDays {
				continue
			}
			earlier++
			if !seat.back.IsZero() && seat.back.Sub(seat.at) <= 30*reconcile.Day {
				back++
			}
		}
		if row.ReleasedEarlier != earlier || row.CameBack != back {
			t.Errorf("%d days, group %v: released %d and %d came back, by the account %d and %d", row.AfterDays, row.Group, row.ReleasedEarlier, row.CameBack, earlier, back)
		}
		released, returned = released+earlier, returned+back
	}
	if released == 0 || returned == 0 || len(got.Rows) != 8*5 {
		t.Errorf("%d rows, %d released, %d came back: the test sees nothing", len(got.Rows), released, returned)
	}
}

// freed is a seat that is free since a moment, and the row that it belongs to.
type freed struct {
	at, back time.Time
	row      string
	change   *reconcile.Change
}

// idleDays is how long the person had shown no activity; ever so long for no sign.
func (f *freed) idleDays() int {
	last := time.Time{}
	for _, sign := range []reconcile.Moment{f.change.Evidence.LastSuccessfulLogin, f.change.Evidence.DeviceLastSeen} {
		if sign.IsKnown() && sign.Time().After(last) {
			last = sign.Time()
		}
	}
	return int(f.at.Sub(last) / reconcile.Day)
}

// addTo adds what the seat saved until its end, day by day, at the demo's price.
func (f *freed) addTo(sums map[string]*big.Rat, end time.Time) {
	if sums[f.row] == nil {
		sums[f.row] = new(big.Rat)
	}
	for day := f.at.Truncate(reconcile.Day); day.Before(end.Truncate(reconcile.Day)); day = day.Add(reconcile.Day) {
		length := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
		sums[f.row].Add(sums[f.row], big.NewRat(7, int64(length)))
	}
}

// readJSON runs a command and reads what it writes.
func readJSON(t *testing.T, into any, clock func() time.Time, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: new(bytes.Buffer), stdout: &stdout, stderr: &stderr, getenv: os.Getenv, clock: clock}
	root := a.rootCommand()
	root.SetArgs(args)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v: %v %s", args, err, stderr.String())
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		t.Fatalf("%v: %v in %s", args, err, stdout.String())
	}
}
