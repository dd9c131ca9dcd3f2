package main

import (
	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/report"
)

func (a *app) schemaCommand() *cobra.Command {
	var plan bool
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the desired-state file",
		Long: `Prints the JSON Schema of the desired-state file, for editors that complete and
check YAML; with --plan that of the plan in JSON.`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			schema := desired.Schema
			if plan {
				schema = report.PlanSchema()
			}
			_, err := a.stdout.Write(schema)
			return err
		},
	}
	cmd.Flags().BoolVar(&plan, "plan", false, "print the schema of the plan instead")
	return cmd
}
