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
	var ids []string
	past, timezone := archive.History()
	zone := report.Zone(timezone)
	err := archive.Latest(limit, func(found *record.Record) {
		row := historyRow{RunSummary: describeRun(found, a.mask), start: found.Start}
		row.start.Who, row.start.File = row.Who, a.mask.Text(found.File)
		runs, ids = append(runs, row), append(ids, found.ID)
	})
	saved := past.SavedRuns(a.clock().In(zone), ids)
	for i := range runs {
		runs[i].saved = saved[ids[i]]
	}
	switch {
	case err != nil && len(runs) == 0:
		return err
	case err != nil:
		a.note("note: %v", err)
	}
	switch format := report.Format(format); format {
	case report.JSON:
		return writeHistoryJSON(a.stdout, runs)
	case report.CSV:
		return writeHistoryCSV(a.stdout, runs)
	case report.Markdown, report.HTML:
		return report.WriteRuns(a.stdout, format, a.runList(archive, runs, zone))
	}
	if len(runs) == 0 {
		a.note("no runs are recorded in %s", a.stateDir)
		return nil
	}
	a.writeHistory(a.runList(archive, runs, zone))
	return nil
}

// runList returns the runs as people read them. What says the same of every run is left out.
func (a *app) runList(archive *record.Archive, runs []historyRow, zone *time.Location) *report.RunList {
	list := &report.RunList{Zone: zone.String()}
	list.Account, list.AccountName = a.recordedAccount(archive)
	areSeveral := slices.ContainsFunc(runs, func(r historyRow) bool { return r.AccountID != runs[0].AccountID })
	for i := range runs {
		run := &runs[i]
		row := report.RunRow{
			ID: run.ID, Started: run.StartedAt.In(zone).Format(time.DateTime), Took: run.Took(), Mode: string(run.Mode), Result: string(run.Result),
			Changes: reconcile.Inert(run.Changes(), 0), Who: reconcile.Inert(run.Who, 0),
			Commit: reconcile.Inert(cmp.Or(reconcile.ShortCommit(run.Commit), "-"), 0), Freed: run.freed(),
		}
		if areSeveral {
			row.Account = cmp.Or(reconcile.Inert(run.AccountID, 0), "-")
		}
		list.Runs = append(list.Runs, row)
	}
	return list
}

// changesWidth is how wide the column with changes or errors is where nothing bounds
// it, and narrowestChanges below which each run has it on lines of its own.
const (
	changesWidth     = 100
	narrowestChanges = 40
)

// writeHistory writes the list for people: a line a run where the width allows it.
// Nothing is cut: what is long goes on below.
func (a *app) writeHistory(list *report.RunList) {
	room := changesWidth
	if width := a.width(); width > 0 {
		var bare strings.Builder
		writeRunLines(&bare, list, 0)
		room = width
		for line := range strings.Lines(bare.String()) {
			room = min(room, width-utf8.RuneCountInString(line)+1)
		}
	}
	if room >= narrowestChanges {
		writeRunLines(a.stdout, list, min(room, changesWidth))
		return
	}
	writeRunsStacked(a.stdout, list, a.width())
}

// writeRunLines writes a line a run, with changes or errors in a column of so many
// characters; 0 leaves them out.
func writeRunLines(w io.Writer, list *report.RunList, changesWidth int) {
	hasAccounts := slices.ContainsFunc(list.Runs, func(r report.RunRow) bool { return r.Account != "" })
	hasFreed := slices.ContainsFunc(list.Runs, func(r report.RunRow) bool { return r.Freed != "" })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	write := func(r report.RunRow) {
		cells := []string{r.ID}
		if hasAccounts {
			cells = append(cells, r.Account)
		}
		cells = append(cells, r.Started, r.Took, r.Mode, r.Result, r.Changes, r.Who, r.Commit)
		if hasFreed {
			cells = append(cells, r.Freed)
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	write(report.RunRow{ID: "RUN", Account: "ACCOUNT", Started: "STARTED (" + list.Zone + ")", Took: "TOOK", Mode: "MODE", Result: "RESULT",
		Changes: "CHANGES", Who: "WHO", Commit: "COMMIT", Freed: "FREED"})
	for _, run := range list.Runs {
		changes := []string{""}
		if changesWidth > 0 {
			changes = report.Wrap(run.Changes, changesWidth)
		}
		run.Changes = changes[0]
		write(run)
		for _, more := range changes[1:] {
			write(report.RunRow{Changes: more})
		}
	}
	_ = table.Flush() // as with every result, an output that is gone is found at the end
}

// writeRunsStacked writes a run in several lines, for a terminal that is too narrow for one.
func writeRunsStacked(w io.Writer, list *report.RunList, width int) {
	for _, run := range list.Runs {
		fmt.Fprintln(w, run.ID+"  "+run.Started+"  "+run.Mode+"  "+run.Result)
		parts := []string{run.Changes}
		if run.Freed != "" {
			parts = append(parts, "freed "+run.Freed)
		}
		parts = append(parts, "took "+run.Took+", by "+cmp.Or(run.Who, "-")+", commit "+run.Commit)
		if run.Account != "" {
			parts = append(parts, "account "+run.Account)
		}
		for _, line := range report.Wrap(strings.Join(parts, "; "), width-2) {
			fmt.Fprintln(w, "  "+line)
		}
	}
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
