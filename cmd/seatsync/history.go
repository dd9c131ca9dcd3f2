package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

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

Results:
` + recordedResults(),
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
			return a.listRuns(archive, limit, output.format)
		},
	}
	output.addTo(cmd)
	cmd.Flags().BoolVar(&verify, "verify", false, "check every line of every record; exit code 1 where one is damaged")
	cmd.Flags().IntVar(&limit, "limit", 50, "most runs to list; 0 lists all")
	return cmd
}

// recordedResults explains how a run that has a record can have ended, a line each.
func recordedResults() string {
	var lines []string
	for _, result := range reconcile.Results() {
		if result != reconcile.ResultSkipped {
			lines = append(lines, fmt.Sprintf("  %-10s %s", result, result.Sentence()))
		}
	}
	return strings.Join(lines, "\n")
}

// checkList returns an error where the list of runs cannot be written as asked.
func (f *outputFlags) checkList() error {
	switch {
	case len(f.reports)+len(f.out) > 0:
		return errors.New("--report and --out belong to one run: name it, as in 'seatsync history last'")
	case f.format == string(report.GitHub):
		return errors.New("--format github annotates the lines of one run: name it, as in 'seatsync history last'")
	}
	_, err := formatOf(f.format, report.SheetFormats())
	return err
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
	_, err = fmt.Fprintf(a.stdout, "%s checked, none is damaged\n", reconcile.Count(found.Records, "record"))
	return err
}

// runCounts writes how many changes had which outcome.
func runCounts(run *reconcile.Run) string {
	var parts []string
	for _, status := range reconcile.Statuses() {
		if n := run.Count(status); n > 0 {
			parts = append(parts, reconcile.CountOf(n, string(status), string(status)))
		}
	}
	return strings.Join(parts, ", ")
}
