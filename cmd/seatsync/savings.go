package main

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

func (a *app) savingsCommand() *cobra.Command {
	var format, now string
	cmd := &cobra.Command{
		Use:   "savings",
		Short: "Show what the recorded runs have saved",
		Long: `Adds up what the run records prove, by the month of the release, its reason and
the group: seats freed, people who hold one again, seats that are still free, and
the money saved to date: the price that the run knew, for the days that the seat
was free, by the length of each month. Those of all accounts, or of the one that
--account or CLOUDFLARE_ACCOUNT_ID names. It needs no network.

What was freed before the first record is not claimed. Somebody counts as back from
the first run that saw them in a seat again.`,
		Example: `  seatsync savings
  seatsync savings --format csv > savings.csv`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			chosen, err := formatOf(format, report.SheetFormats())
			if err != nil {
				return err
			}
			at, err := a.now(now)
			if err != nil {
				return err
			}
			return a.savings(chosen, at)
		},
	}
	addFormat(cmd, &format, report.SheetFormats())
	cmd.Flags().StringVar(&now, "now", "", "count until this moment, as `RFC3339`")
	return cmd
}

// savings reads the records and writes what they come to.
func (a *app) savings(format report.Format, now time.Time) error {
	archive, err := record.OpenArchive(a.stateDir, a.account)
	if err != nil {
		return err
	}
	history, timezone := archive.History()
	if history.Runs == 0 && len(history.Unreadable) == 0 {
		a.note("no runs are recorded in %s", a.stateDir)
	}
	found := report.NewSavingsReport(a.account, &history, now.In(report.Zone(timezone)))
	found.Account, found.AccountName = a.recordedAccount(archive)
	return report.WriteSavings(a.stdout, format, found, report.Options{Color: a.useColor(), Width: a.width()})
}

// recordedAccount returns the account of the records, and what its latest runs call it;
// "" where there are several.
func (a *app) recordedAccount(archive *record.Archive) (id, name string) {
	id = a.account
	if accounts, err := record.Accounts(a.stateDir); id == "" && err == nil && len(accounts) == 1 {
		id = accounts[0]
	}
	if id == "" {
		return "", ""
	}
	_ = archive.Latest(namedRuns, func(found *record.Record) { // those that cannot be read name nothing
		if found.Plan != nil {
			name = cmp.Or(name, found.Plan.AccountName)
		}
	})
	return id, name
}

// namedRuns is how many runs are asked for the name of their account.
const namedRuns = 3
