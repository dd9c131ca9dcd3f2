package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

func (a *app) exportCommand() *cobra.Command {
	requests := requestFlags{
		batchSize: reconcile.DefaultBatchSize, concurrency: reconcile.DefaultConcurrency, quotaShare: zerotrust.DefaultQuotaShare,
	}
	var path string
	var allFlags bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the live users as a desired-state file",
		Long: `Prints the users of the account as a desired-state file, for a first adoption:
planning from it finds nothing to change. It sends no request but GET.`,
		Example: `  seatsync export --account 023e105f4ecef8ad9ca31a8372d0c353 > desired-state.yaml`,
		Args:    arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			target := a.target(requests)
			account, tokenVariable, err := target.exportAccount(ctx)
			if err != nil {
				return err
			}
			work, err := target.connect(account, tokenVariable)
			if err != nil {
				return err
			}
			defer work.Close()
			live, err := work.Source.Snapshot(ctx)
			work.finish()
			if err != nil {
				return err
			}
			return a.writeExport(&live, path, allFlags)
		},
	}
	cmd.Flags().StringVar(&path, "out", "", "write to this file instead of standard output")
	cmd.Flags().BoolVar(&allFlags, "all-flags", false, "write flags that are false too: a later login then counts as a difference")
	return cmd
}

// exportAccount returns the account to export, the flag's, the environment's, or
// that of a file that is there already, and the variable of its token where that
// file names one. A file that cannot be read is none: it may be what the shell has
// just made for the export.
func (t *target) exportAccount(ctx context.Context) (account, tokenVariable string, err error) {
	there, err := t.load(ctx)
	if err != nil {
		there = &desired.Reading{Desired: &reconcile.Desired{}}
	}
	if t.account == "" && there.Account == "" {
		return "", "", hint(errNoAccount, "pass --account, or set CLOUDFLARE_ACCOUNT_ID")
	}
	if t.account == "" || t.account == there.Account {
		tokenVariable = there.TokenVariable
	}
	account = cmp.Or(t.account, there.Account)
	return account, tokenVariable, reconcile.CheckAccountID(account)
}

// writeExport writes the export to a file, which appears only when it is
// complete, or to standard output.
func (a *app) writeExport(live *reconcile.Live, path string, allFlags bool) error {
	if path == "" {
		return desired.Export(a.stdout, live, allFlags)
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	if err := file.commit(desired.Export(file, live, allFlags)); err != nil {
		return err
	}
	a.note("wrote %s; next: seatsync plan -f %s", count(len(live.Users), "user"), path)
	return nil
}
