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
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// historyRow is one run in the list. What it says is what the status page says.
type historyRow struct {
	daemon.RunSummary
	start record.Start
	saved reconcile.SavedRun
}

// listRuns lists the latest runs; 0 lists all.
func (a *app) listRuns(archive *record.Archive, limit int, format string) error {
	var runs []historyRow
	past, zone := archive.History(time.Time{}), report.Zone(archive.Timezone())
	saved := past.Savings(a.clock().In(zone)).Runs
	err := archive.Latest(limit, func(found *record.Record) {
		runs = append(runs, historyRow{RunSummary: describeRun(found, a.mask), start: found.Start, saved: saved[found.ID]})
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
	return a.writeHistory(runs, zone)
}

// changesWidth is how wide the column with changes or errors is where nothing bounds
// it, and narrowestChanges below which each run has it on lines of its own.
const (
	changesWidth     = 100
	narrowestChanges = 40
)

// writeHistory writes the list for people: a line a run where the width allows it.
// Nothing is cut: what is long goes on below.
func (a *app) writeHistory(runs []historyRow, zone *time.Location) error {
	if len(runs) == 0 {
		a.note("no runs are recorded in %s", a.stateDir)
		return nil
	}
	list := historyList{
		zone:       zone,
		areSeveral: slices.ContainsFunc(runs, func(r historyRow) bool { return r.AccountID != runs[0].AccountID }),
		areSaving:  slices.ContainsFunc(runs, func(r historyRow) bool { return r.saved.Freed > 0 }),
	}
	room := changesWidth
	if width := a.width(); width > 0 {
		var bare strings.Builder
		list.write(&bare, runs, 0)
		room = width
		for line := range strings.Lines(bare.String()) {
			room = min(room, width-utf8.RuneCountInString(line)+1)
		}
	}
	if room >= narrowestChanges {
		list.write(a.stdout, runs, min(room, changesWidth))
		return nil
	}
	list.writeStacked(a.stdout, runs, a.width())
	return nil
}

// historyList is how a list of runs is set.
type historyList struct {
	zone                  *time.Location
	areSeveral, areSaving bool // accounts, and runs that freed seats
}

// write writes a line a run, with changes or errors in a column of so many characters;
// 0 leaves them out.
func (l *historyList) write(w io.Writer, runs []historyRow, changesWidth int) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(table, strings.Join(cells, "\t")) }
	row(l.cells("RUN", "ACCOUNT", "STARTED ("+l.zone.String()+")", "TOOK", "MODE", "RESULT", "CHANGES", "WHO", "COMMIT", "FREED")...)
	for _, run := range runs {
		changes := []string{""}
		if changesWidth > 0 {
			changes = report.Wrap(reconcile.Inert(run.Changes(), 0), changesWidth)
		}
		row(l.cells(run.ID, run.account(), run.started(l.zone), run.Took(), string(run.Mode), string(run.Result), changes[0],
			reconcile.Inert(run.Who, 0), run.commit(), run.freed())...)
		for _, more := range changes[1:] {
			row(l.cells("", "", "", "", "", "", more, "", "", "")...)
		}
	}
	_ = table.Flush() // as with every result, an output that is gone is found at the end
}

// cells leaves out the columns that say the same, or nothing, of every run.
func (l *historyList) cells(run, account, started, took, mode, result, changes, who, commit, freed string) []string {
	cells := []string{run}
	if l.areSeveral {
		cells = append(cells, account)
	}
	cells = append(cells, started, took, mode, result, changes, who, commit)
	if l.areSaving {
		cells = append(cells, freed)
	}
	return cells
}

// writeStacked writes a run in several lines, for a terminal that is too narrow for one.
func (l *historyList) writeStacked(w io.Writer, runs []historyRow, width int) {
	for _, run := range runs {
		fmt.Fprintln(w, run.ID+"  "+run.started(l.zone)+"  "+string(run.Mode)+"  "+string(run.Result))
		parts := []string{reconcile.Inert(run.Changes(), 0)}
		if freed := run.freed(); freed != "" {
			parts = append(parts, "freed "+freed)
		}
		parts = append(parts, "took "+run.Took()+", by "+cmp.Or(reconcile.Inert(run.Who, 0), "-")+", commit "+run.commit())
		if l.areSeveral {
			parts = append(parts, "account "+run.account())
		}
		for _, line := range report.Wrap(strings.Join(parts, "; "), width-2) {
			fmt.Fprintln(w, "  "+line)
		}
	}
}

func (r *historyRow) account() string { return cmp.Or(reconcile.Inert(r.AccountID, 0), "-") }

func (r *historyRow) started(zone *time.Location) string {
	return r.StartedAt.In(zone).Format("2006-01-02 15:04:05")
}

func (r *historyRow) commit() string {
	return reconcile.Inert(cmp.Or(reconcile.ShortCommit(r.Commit), "-"), 0)
}

// freed is how many seats the run freed, and what they cost a month.
func (r *historyRow) freed() string {
	text := ""
	if r.saved.Freed > 0 {
		text = reconcile.Count(r.saved.Freed, "seat")
	}
	if r.saved.Monthly != "" {
		text += ", " + reconcile.Thousands(string(r.saved.Monthly)) + strings.TrimSuffix(" "+reconcile.Inert(r.saved.Currency, 0), " ") + " a month"
	}
	return text
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
	Billed  reconcile.Amount       `json:"monthly_billed"`
	Idle    reconcile.Amount       `json:"monthly_idle"`
	Pending map[reconcile.Kind]int `json:"pending"`
	Held    map[reconcile.Hold]int `json:"held"`
	// SeatsFreed are the seats that the run freed, and SeatsStillFree those of them that
	// no later run has seen in use. FreedMonthlyCost is the price of all of them for a
	// month, and SavedToDate what they have saved so far: together those of savings.
	SeatsFreed       int              `json:"seats_freed"`
	SeatsStillFree   int              `json:"seats_still_free"`
	FreedMonthlyCost reconcile.Amount `json:"freed_monthly_cost"`
	SavedToDate      reconcile.Amount `json:"saved_to_date"`
}

// writeHistoryJSON writes the list for programs.
func writeHistoryJSON(w io.Writer, runs []historyRow) error {
	entries := make([]historyEntry, len(runs))
	for i, run := range runs {
		entries[i] = historyEntry{
			Start: run.start, FinishedAt: run.FinishedAt, Result: run.Result, Error: run.Error, Summary: run.Summary,
			Outcomes: run.Outcomes, Seats: run.Seats, Cost: run.Cost, Billed: run.Billed, Idle: run.Idle, Pending: run.Pending, Held: run.Held,
			SeatsFreed: run.saved.Freed, SeatsStillFree: run.saved.StillFree, FreedMonthlyCost: run.saved.Monthly, SavedToDate: run.saved.Saved,
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(entries)
}

// writeHistoryCSV writes the list for spreadsheets, times in UTC.
func writeHistoryCSV(w io.Writer, runs []historyRow) error {
	header := []string{"run", "account", "started_at", "finished_at", "mode", "result"}
	for _, status := range reconcile.Statuses() {
		header = append(header, strings.ReplaceAll(string(status), "-", "_"))
	}
	rows := [][]string{append(header, "pending", "held", "seats_used", "seats_purchased", "monthly_cost", "currency", "who", "host", "commit", "error",
		"seats_freed", "seats_still_free", "freed_monthly_cost", "saved_to_date", "monthly_billed", "monthly_idle")}
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
		row = append(row, pending, held, used, purchased, string(run.Cost), currency, run.Who, run.Host, run.Commit, run.Error,
			strconv.Itoa(run.saved.Freed), strconv.Itoa(run.saved.StillFree), string(run.saved.Monthly), string(run.saved.Saved),
			string(run.Billed), string(run.Idle))
		for i := range row {
			row[i] = report.Cell(row[i])
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}
