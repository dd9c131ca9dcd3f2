package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// historyRow is one run in the list. What it says is what the status page says.
type historyRow struct {
	daemon.RunSummary
	start record.Start
	zone  string // of the file that the run planned from; empty where it had no plan
}

// listRuns lists the latest runs; 0 lists all.
func (a *app) listRuns(archive *record.Archive, limit int, format string) error {
	var runs []historyRow
	err := archive.Latest(limit, func(found *record.Record) {
		run := historyRow{RunSummary: describeRun(found, a.mask), start: found.Start}
		if found.Plan != nil {
			run.zone = found.Plan.Timezone
		}
		if found.Plan == nil && found.Run != nil { // the plan is damaged, the outcomes are not
			run.Outcomes = make(map[reconcile.Status]int)
			for _, outcome := range found.Run.Outcomes {
				run.Outcomes[outcome.Status]++
			}
		}
		runs = append(runs, run)
	})
	switch {
	case err != nil && len(runs) == 0:
		return err
	case err != nil:
		a.note("note: %v", err)
	}
	switch format {
	case string(report.JSON):
		return writeHistoryJSON(a.stdout, runs)
	case string(report.CSV):
		return writeHistoryCSV(a.stdout, runs)
	}
	return a.writeHistory(runs)
}

// zoneOfRuns returns the timezone in which the list says when runs were: that of the
// file of the latest run that had one, UTC otherwise.
func zoneOfRuns(runs []historyRow) *time.Location {
	for _, run := range runs {
		if run.zone == "" {
			continue
		}
		if zone, err := time.LoadLocation(run.zone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// changesWidth is how wide the column with changes or errors is where it is wrapped.
const changesWidth = 100

// writeHistory writes the list for people. A terminal gets one line a run; elsewhere
// nothing is cut, and what is long goes on below.
func (a *app) writeHistory(runs []historyRow) error {
	if len(runs) == 0 {
		a.note("no runs are recorded in %s", a.stateDir)
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	areSeveral := slices.ContainsFunc(runs, func(r historyRow) bool { return r.AccountID != runs[0].AccountID })
	account := func(text string) string {
		if !areSeveral {
			return ""
		}
		return text + "\t"
	}
	zone := zoneOfRuns(runs)
	fmt.Fprintln(table, "RUN\t"+account("ACCOUNT")+"STARTED ("+zone.String()+")\tTOOK\tMODE\tRESULT\tCHANGES\tWHO\tCOMMIT")
	for _, run := range runs {
		changes := []string{shortened(reconcile.Inert(run.Changes(), 0))}
		if !isTerminal(a.stdout) {
			changes = report.Wrap(reconcile.Inert(run.Changes(), 0), changesWidth)
		}
		fmt.Fprintln(table, strings.Join([]string{
			run.ID, account(cmp.Or(reconcile.Inert(run.AccountID, 0), "-")) + run.StartedAt.In(zone).Format("2006-01-02 15:04:05"),
			run.FinishedAt.Sub(run.StartedAt).Round(time.Second).String(), string(run.Mode), string(run.Result), changes[0],
			reconcile.Inert(run.Who, 0), reconcile.Inert(cmp.Or(reconcile.ShortCommit(run.Commit), "-"), 0),
		}, "\t"))
		for _, more := range changes[1:] {
			fmt.Fprintln(table, "\t"+account("")+"\t\t\t\t"+more+"\t\t")
		}
	}
	return table.Flush()
}

// longestError is how much of an error the list of runs shows on a terminal.
const longestError = 100

// shortened cuts an error to what a column holds.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= longestError {
		return text
	}
	return string(runes[:longestError-1]) + "…"
}

// historyEntry is one run in the list as JSON.
type historyEntry struct {
	record.Start
	FinishedAt time.Time                `json:"finished_at"`
	Result     reconcile.Result         `json:"result"`
	Error      string                   `json:"error,omitempty"`
	Summary    *reconcile.Summary       `json:"summary"`
	Outcomes   map[reconcile.Status]int `json:"outcomes"`
	// What follows is that of /api/v1/runs.
	Seats   *daemon.Seats          `json:"seats"`
	Cost    reconcile.Amount       `json:"monthly_cost"`
	Pending map[reconcile.Kind]int `json:"pending"`
	Held    map[reconcile.Hold]int `json:"held"`
}

// writeHistoryJSON writes the list for programs.
func writeHistoryJSON(w io.Writer, runs []historyRow) error {
	entries := make([]historyEntry, len(runs))
	for i, run := range runs {
		entries[i] = historyEntry{
			Start: run.start, FinishedAt: run.FinishedAt, Result: run.Result, Error: run.Error, Summary: run.Summary,
			Outcomes: run.Outcomes, Seats: run.Seats, Cost: run.Cost, Pending: run.Pending, Held: run.Held,
		}
		if entries[i].Outcomes == nil {
			entries[i].Outcomes = map[reconcile.Status]int{}
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(entries)
}

// writeHistoryCSV writes the list for spreadsheets, times in UTC.
func writeHistoryCSV(w io.Writer, runs []historyRow) error {
	rows := [][]string{{"run", "account", "started_at", "finished_at", "mode", "result", "applied", "not_taken", "failed", "stale", "not_reached",
		"pending", "held", "seats_used", "seats_purchased", "monthly_cost", "currency", "who", "host", "commit", "error"}}
	for _, run := range runs {
		row := []string{run.ID, run.AccountID, run.StartedAt.UTC().Format(time.RFC3339), run.FinishedAt.UTC().Format(time.RFC3339), string(run.Mode), string(run.Result)}
		for _, status := range reconcile.Statuses() {
			row = append(row, strconv.Itoa(run.Outcomes[status]))
		}
		pending, held, used, purchased, currency := "", "", "", "", ""
		if run.Summary != nil {
			pending, held, currency = strconv.Itoa(run.PendingCount()), strconv.Itoa(run.Summary.Held), run.Summary.Currency
			used = strconv.Itoa(run.Seats.Used)
			if run.Seats.Purchased != nil {
				purchased = strconv.Itoa(*run.Seats.Purchased)
			}
		}
		row = append(row, pending, held, used, purchased, string(run.Cost), currency, run.Who, run.Host, run.Commit, run.Error)
		for i := range row {
			row[i] = report.Cell(row[i])
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}
