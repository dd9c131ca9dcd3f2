package main

import (
	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile/report"
)

func (a *app) diffCommand() *cobra.Command {
	var formatName string
	cmd := &cobra.Command{
		Use:   "diff OLD.json NEW.json",
		Short: "Show what is new, gone and unchanged between two saved plans",
		Long: `Compares two saved plans, so that a daily review looks only at what is new. It
needs no credentials and no network.`,
		Example: `  seatsync diff yesterday.json today.json`,
		Args:    arguments(2, 2, "two saved plans"),
		RunE: func(_ *cobra.Command, args []string) error {
			format, err := formatOf(formatName, report.ProseFormats())
			if err != nil {
				return err
			}
			before, err := readPlan(args[0])
			if err != nil {
				return err
			}
			after, err := readPlan(args[1])
			if err != nil {
				return err
			}
			before, after = a.mask.Plan(before), a.mask.Plan(after)
			difference := report.Diff(before, after)
			return report.WriteDifference(a.stdout, format, &difference, report.Options{Color: a.useColor(), Width: a.width()})
		},
	}
	addFormat(cmd, &formatName, report.ProseFormats())
	cmd.Flags().Bool("redact", false, "mask emails, names and ids")
	return cmd
}
