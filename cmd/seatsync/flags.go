package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// durationFlag is a duration that may be written in days and weeks, as in the file.
type durationFlag time.Duration

// Set reads the value.
func (d *durationFlag) Set(text string) error {
	duration, err := desired.ParseDuration(text)
	*d = durationFlag(duration)
	return err
}

// String writes the value for help.
func (d *durationFlag) String() string {
	if *d == 0 {
		return "0" // which help takes for no default
	}
	return reconcile.FormatDuration(time.Duration(*d))
}

// Type names the kind of value in help.
func (d *durationFlag) Type() string { return "duration" }

// durationVar adds a flag that is a duration.
func durationVar(flags *pflag.FlagSet, value *time.Duration, name string, fallback time.Duration, usage string) {
	*value = fallback
	flags.Var((*durationFlag)(value), name, usage)
}

// refuseEmpty returns an error for a flag that was given without a value: a
// variable that is not set, in a script. Taken for absent it would silently mean
// something else, in the worst case an apply instead of a revert.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if err == nil && flag.Value.Type() == "string" && flag.Value.String() == "" {
			err = fmt.Errorf("--%s is given without a value: leave it out, or fill the variable behind it", flag.Name)
		}
	})
	return err
}

// arguments checks how many there are.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) > most && most == 0:
			return usageError(cmd, fmt.Sprintf("it takes no arguments, and got %q", args[0]))
		case len(args) < least || len(args) > most:
			return usageError(cmd, fmt.Sprintf("it takes %s, and got %s", what, reconcile.Count(len(args), "argument")))
		}
		return nil
	}
}

// usageError is a mistake on the command line.
func usageError(cmd *cobra.Command, text string) error {
	return hint(fmt.Errorf("%s: %s", cmd.CommandPath(), text), fmt.Sprintf("see '%s --help'", cmd.CommandPath()))
}

// addOriginFlags adds the flags that say where the files are read from.
func (a *app) addOriginFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.origin.Revision, "git-ref", "", "read the desired state from git's objects at this `REV`, whatever lies in the folder")
	cmd.Flags().BoolVar(&a.origin.RequireClean, "require-clean", false, "refuse a desired state that differs from what is committed")
}
