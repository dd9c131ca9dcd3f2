package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
)

func (a *app) whatIfCommand() *cobra.Command {
	var requests requestFlags
	var format, now string
	cmd := &cobra.Command{
		Use:   "whatif",
		Short: "Show what other thresholds of inactivity would free",
		Long: `Shows, for thresholds from 30 to 365 days in place of policy.inactive.after, how
many seats a run would release, what that saves in a month, how many a hold would
keep and why, for the whole account and by group; and, from the run records, how
many of those whom such a threshold would have released came back within 30 days.
It reads the account once, as plan does, and sends no request but GET.

Limits, announcements and returns only put a release off, so they do not count.`,
		Example: `  seatsync whatif
  seatsync whatif --format html > thresholds.html`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen, err := formatOf(format, report.SheetFormats())
			if err == nil {
				err = requests.check()
			}
			if err != nil {
				return err
			}
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			return a.whatIf(ctx, chosen, now, requests)
		},
	}
	addFormat(cmd, &format, report.SheetFormats())
	cmd.Flags().StringVar(&now, "now", "", "the clock for rules, as `RFC3339`, for reproducible reviews")
	requests.addTo(cmd)
	a.addOriginFlags(cmd)
	return cmd
}

// whatIf reads the account and writes the table.
func (a *app) whatIf(ctx context.Context, format report.Format, now string, requests requestFlags) error {
	request := runner.Request{BatchSize: requests.batchSize, Concurrency: requests.concurrency}
	if now != "" {
		at, err := a.now(now)
		if err != nil {
			return err
		}
		request.Now = at
	}
	work, err := a.target(requests).open(ctx, &request)
	if err != nil {
		return err
	}
	defer work.Close()
	work.Sink = nil
	found, err := work.WhatIf(ctx, request)
	if err != nil {
		return err
	}
	table := &report.WhatIfTable{AccountID: work.AccountID, AccountName: request.Desired.AccountName, Rows: found.Rows, Currency: found.Currency}
	if rule := request.Desired.Policy.Inactive; rule != nil && rule.After%reconcile.Day == 0 {
		table.AfterDays = int(rule.After / reconcile.Day)
	}
	return report.WriteWhatIf(a.stdout, format, table, report.Options{Color: a.useColor(), Width: a.width()})
}
