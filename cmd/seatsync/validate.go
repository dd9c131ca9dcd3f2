package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

func (a *app) validateCommand() *cobra.Command {
	var nowFlag string
	cmd := &cobra.Command{
		Use:   "validate [FILE...]",
		Short: "Check the desired-state files, offline",
		Long: `Reads the desired state and everything it includes, and prints every problem as
file:line:column. It needs no credentials and no network.`,
		Example: `  seatsync validate
  seatsync validate -f teams.yaml
  seatsync validate accounts/*.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.file, a.files = args[0], args
			}
			now, err := a.now(nowFlag)
			if err != nil {
				return err
			}
			a.origin.StrictAt = now
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			files, err := a.severalFiles()
			if err != nil {
				return err
			}
			if files != nil {
				return a.validateSeveral(ctx, files)
			}
			reading, err := a.target(requestFlags{}).load(ctx)
			if err != nil {
				return err
			}
			return a.writeValid(reading)
		},
	}
	a.addOriginFlags(cmd)
	cmd.Flags().StringVar(&nowFlag, "now", "", "the clock for exemptions, as `RFC3339`")
	return cmd
}

// extentOf says how much a desired state lists.
func extentOf(desired *reconcile.Desired) string {
	files, roster := len(desired.Files), ""
	if desired.Roster != nil {
		files--
		roster = fmt.Sprintf(", and %s in the roster %s", reconcile.CountOf(len(desired.Roster.People), "person", "people"), desired.Roster.File)
	}
	return fmt.Sprintf("%s in %s%s", reconcile.Count(len(desired.Users), "user"), reconcile.Count(files, "file"), roster)
}

// writeValid says that a file is right.
func (a *app) writeValid(reading *desired.Reading) error {
	_, err := fmt.Fprintf(a.stdout, "%s: ok, %s\n", reading.Files[0], extentOf(reading.Desired))
	return err
}
