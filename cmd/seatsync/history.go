package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

func (a *app) historyCommand() *cobra.Command {
	var output outputFlags
	var limit int
	var verify bool
	cmd := &cobra.Command{
		Use:   "history [RUN]",
		Short: "List the recorded runs, or show one in any report format",
		Long: `Lists the runs recorded in the state directory, the latest first, with time,
mode, result, counts, who started them and from which commit: those of all
accounts, or of the one that --account or CLOUDFLARE_ACCOUNT_ID names. Given a
run, by its id, the beginning of its id, or 'last', it shows that run's report.

Results: done; not-taken (everything was tried, and the API still shows the old
state for some of it); held (a limit held releases back); partial (something failed, was
stale or not reached); failed (ended with an error, nothing written); killed
(the process ended without saying so); running.`,
		Example: `  seatsync history
  seatsync history last
  seatsync history 20261122T0600 --format html > run.html
  seatsync history --verify`,
		Args: arguments(0, 1, "at most one run"),
		RunE: func(_ *cobra.Command, args []string) error {
			archive, err := record.OpenArchive(a.stateDir, a.account)
			if err != nil {
				return err
			}
			switch {
			case verify && len(args) > 0:
				return errors.New("--verify checks every record: leave out the run")
			case verify:
				return a.verifyRecords(archive)
			case len(args) > 0:
				return a.showRun(archive, args[0], output)
			}
			if err := output.checkList(); err != nil {
				return err
			}
			records, err := archive.List()
			switch {
			case err != nil && len(records) == 0:
				return err
			case err != nil:
				a.note("note: %v", err)
			}
			if limit > 0 && len(records) > limit {
				records = records[:limit]
			}
			if output.format == "json" {
				return writeHistoryJSON(a.stdout, records)
			}
			return a.writeHistory(records)
		},
	}
	output.addTo(cmd)
	cmd.Flags().BoolVar(&verify, "verify", false, "check every line of every record; exit code 1 where one is damaged")
	cmd.Flags().IntVar(&limit, "limit", 50, "most runs to list; 0 lists all")
	return cmd
}

// checkList returns an error where the list of runs cannot be written as asked.
func (f *outputFlags) checkList() error {
	switch {
	case len(f.reports)+len(f.out) > 0:
		return errors.New("--report and --out belong to one run: name it, as in 'seatsync history last'")
	case f.format != string(report.Text) && f.format != string(report.JSON):
		return fmt.Errorf("--format %s: the list of runs is written as one of text, json; name a run to get its report as %s", f.format, f.format)
	}
	return nil
}

// showRun writes the report of one recorded run.
func (a *app) showRun(archive *record.Archive, id string, flags outputFlags) error {
	found, err := archive.Read(id)
	if err != nil {
		return err
	}
	if found.Damage != nil {
		a.note("note: %v", &record.DamageError{RunID: found.ID, Damage: found.Damage})
	}
	if found.Plan == nil && found.Run != nil && flags.format == string(report.JSON) {
		return writeRunJSON(a.stdout, found)
	}
	if found.Plan == nil && found.Run != nil {
		a.note("the plan of run %s is damaged, so there is no report; with --format json: what became of its changes (%s)", found.ID, runCounts(found.Run))
		return exitWith(codeError)
	}
	if found.Plan == nil {
		a.note("run %s %s before it had a plan, so there is no report: %s", found.ID, found.Result, found.Error)
		return exitWith(codeError)
	}
	output, err := flags.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	return output.write(found.Plan)
}

// writeHistory writes the list for people.
func (a *app) writeHistory(records []*record.Record) error {
	if len(records) == 0 {
		a.note("no runs are recorded in %s", a.stateDir)
		return nil
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	areSeveral := slices.ContainsFunc(records, func(r *record.Record) bool { return r.AccountID != records[0].AccountID })
	account := func(text string) string {
		if !areSeveral {
			return ""
		}
		return cmp.Or(reconcile.Inert(text, 0), "-") + "\t"
	}
	fmt.Fprintln(table, "RUN\t"+account("ACCOUNT")+"STARTED\tTOOK\tMODE\tRESULT\tCHANGES\tWHO\tCOMMIT")
	for _, r := range records {
		fmt.Fprintln(table, strings.Join([]string{
			r.ID, account(r.AccountID) + r.StartedAt.UTC().Format("2006-01-02 15:04:05"), r.FinishedAt.Sub(r.StartedAt).Round(time.Second).String(),
			string(r.Mode), string(r.Result), reconcile.Inert(counts(r), 0), reconcile.Inert(r.Who, 0), reconcile.Inert(cmp.Or(reconcile.ShortCommit(r.Commit), "-"), 0),
		}, "\t"))
	}
	return table.Flush()
}

// writeRunJSON writes what is left of a run whose plan is damaged.
func writeRunJSON(w io.Writer, found *record.Record) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		FormatVersion int            `json:"format_version"`
		AccountID     string         `json:"account_id"`
		Run           *reconcile.Run `json:"run"`
	}{reconcile.FormatVersion, found.AccountID, found.Run})
}

// verifyRecords checks every record, and says what is wrong with which.
func (a *app) verifyRecords(archive *record.Archive) error {
	found, err := archive.Verify()
	if err != nil {
		return err
	}
	for _, problem := range found.Problems {
		fmt.Fprintln(a.stdout, reconcile.Inert(problem.Error(), 0))
	}
	if len(found.Problems) > 0 {
		return fmt.Errorf("%d of %s damaged", len(found.Problems), reconcile.CountOf(found.Records, "record is", "records are"))
	}
	_, err = fmt.Fprintf(a.stdout, "%s checked, none is damaged\n", count(found.Records, "record"))
	return err
}

// counts writes what became of the changes of a run.
func counts(r *record.Record) string {
	if r.Run == nil {
		if r.Error != "" {
			return shortened(r.Error)
		}
		return "-"
	}
	parts := []string{runCounts(r.Run)}
	if r.Plan != nil && r.Plan.Summary.Held > 0 {
		parts = append(parts, fmt.Sprintf("%d held", r.Plan.Summary.Held))
	}
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	if len(parts) == 0 {
		return "nothing to change"
	}
	return strings.Join(parts, ", ")
}

// longestError is how much of an error the list of runs shows.
const longestError = 100

// shortened cuts an error to what a column holds.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= longestError {
		return text
	}
	return string(runes[:longestError-1]) + "…"
}

// runCounts writes how many changes had which outcome.
func runCounts(run *reconcile.Run) string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := run.Count(status); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}

// historyEntry is one run in the list as JSON.
type historyEntry struct {
	record.Start
	FinishedAt time.Time                `json:"finished_at"`
	Result     reconcile.Result         `json:"result"`
	Error      string                   `json:"error,omitempty"`
	Summary    *reconcile.Summary       `json:"summary"`
	Outcomes   map[reconcile.Status]int `json:"outcomes"`
}

// writeHistoryJSON writes the list for programs.
func writeHistoryJSON(w io.Writer, records []*record.Record) error {
	entries := make([]historyEntry, len(records))
	for i, r := range records {
		entries[i] = historyEntry{
			Start: r.Start, FinishedAt: r.FinishedAt, Result: r.Result, Error: r.Error,
			Outcomes: map[reconcile.Status]int{},
		}
		if r.Plan != nil {
			entries[i].Summary = &r.Plan.Summary
		}
		if r.Run != nil {
			for _, outcome := range r.Run.Outcomes {
				entries[i].Outcomes[outcome.Status]++
			}
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(entries)
}
