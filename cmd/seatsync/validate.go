package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) validateCommand() *cobra.Command {
	var nowFlag string
	cmd := &cobra.Command{
		Use:   "validate [FILE]",
		Short: "Check the desired-state files, offline",
		Long: `Reads the desired state and everything it includes, and prints every problem as
file:line:column. It needs no credentials and no network.`,
		Example: `  seatsync validate
  seatsync validate -f teams.yaml`,
		Args: arguments(0, 1, "at most one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				a.file = args[0]
			}
			now, err := a.now(nowFlag)
			if err != nil {
				return err
			}
			a.origin.StrictAt = now
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			desired, err := a.target(requestFlags{}).load(ctx)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "%s: ok, %s in %s\n", desired.Files[0],
				count(len(desired.Users), "user"), count(len(desired.Files), "file"))
			return err
		},
	}
	a.addOriginFlags(cmd)
	cmd.Flags().StringVar(&nowFlag, "now", "", "the clock for exemptions, as `RFC3339`")
	return cmd
}
