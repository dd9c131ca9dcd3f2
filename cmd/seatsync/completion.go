package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// completionPatience is how long somebody who pressed the tabulator waits for the
// files to be read.
const completionPatience = 3 * time.Second

// complete is what the shell offers for a value. It never asks the API: what is
// offered comes from the files and the records.
type complete = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective)

// addCompletions says for every command below one what the shell offers for its
// arguments and flags.
func (a *app) addCompletions(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		a.addCompletions(sub)
	}
	values := a.completedFlags(cmd.Name())
	register := func(flag *pflag.Flag) {
		if offer, known := values[flag.Name]; known {
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, offer) // an error says that there is one already
		}
	}
	cmd.LocalFlags().VisitAll(register)
	if cmd.ValidArgsFunction != nil || cmd.HasSubCommands() {
		return
	}
	cmd.ValidArgsFunction = map[string]complete{
		"explain": first(1, a.completeEmails), "history": first(1, a.completeRuns),
		"apply": first(1, offerFiles("json")), "diff": first(2, offerFiles("json")), "man": offerDirectories,
	}[cmd.Name()]
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}

// completedFlags are the flags of a command whose values are known, by name.
func (a *app) completedFlags(command string) map[string]complete {
	formats := report.Formats()
	switch command {
	case "explain", "diff":
		formats = report.ProseFormats()
	case "whatif", "savings":
		formats = report.SheetFormats()
	}
	reports := texts(report.FileFormats())
	for i := range reports {
		reports[i] += "="
	}
	return map[string]complete{
		"format":     cobra.FixedCompletions(texts(formats), cobra.ShellCompDirectiveNoFileComp),
		"report":     cobra.FixedCompletions(reports, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp),
		"mode":       cobra.FixedCompletions(texts(reconcile.Modes()), cobra.ShellCompDirectiveNoFileComp),
		"color":      cobra.FixedCompletions(colors(), cobra.ShellCompDirectiveNoFileComp),
		"log-level":  cobra.FixedCompletions(logLevels(), cobra.ShellCompDirectiveNoFileComp),
		"log-format": cobra.FixedCompletions(logFormats(), cobra.ShellCompDirectiveNoFileComp),
		"listen":     cobra.FixedCompletions([]string{"off", defaultListen}, cobra.ShellCompDirectiveNoFileComp),
		"revert":     a.completeRuns,
		"account":    a.completeAccounts,
		"file":       offerFiles("yaml", "yml"),
		"web-config": offerFiles("yaml", "yml"),
		"state-dir":  offerDirectories,
	}
}

// first offers values for the first arguments, and nothing after them.
func first(most int, offer complete) complete {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offer(cmd, args, typed)
	}
}

func offerFiles(endings ...string) complete {
	return cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
}

func offerDirectories(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeEmails offers those of the files, with the name that they have there.
func (a *app) completeEmails(cmd *cobra.Command, _ []string, typed string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	if reading := a.readForCompletion(cmd); reading != nil {
		for _, user := range reading.Users {
			if startsWith(user.Email, typed) {
				offered = append(offered, cobra.CompletionWithDesc(user.Email, user.Name))
			}
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// completeRuns offers the recorded runs, the latest first.
func (a *app) completeRuns(cmd *cobra.Command, _ []string, typed string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	if a.globalsForCompletion(cmd) != nil {
		return nil, directive
	}
	accounts := []string{a.account}
	if a.account == "" {
		accounts, _ = record.Accounts(a.stateDir) // what cannot be read is not offered
	}
	for _, id := range append([]string{"last"}, runsOf(a.stateDir, accounts)...) {
		if startsWith(id, typed) {
			offered = append(offered, id)
		}
	}
	return offered, directive
}

// completeAccounts offers the account of the file and those that have records.
func (a *app) completeAccounts(cmd *cobra.Command, _ []string, typed string) (offered []cobra.Completion, _ cobra.ShellCompDirective) {
	var fromFile string
	if reading := a.readForCompletion(cmd); reading != nil {
		fromFile = reading.Account
	}
	recorded, _ := record.Accounts(a.stateDir) // what cannot be read is not offered
	if fromFile != "" && startsWith(fromFile, typed) {
		offered = append(offered, cobra.CompletionWithDesc(fromFile, "of "+a.file))
	}
	for _, account := range recorded {
		if startsWith(account, typed) && !strings.EqualFold(account, fromFile) {
			offered = append(offered, cobra.CompletionWithDesc(account, "has records"))
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// globalsForCompletion reads the global flags. Cobra parses them twice to complete,
// which is no file given twice.
func (a *app) globalsForCompletion(cmd *cobra.Command) error {
	a.files = a.files[max(0, len(a.files)-1):]
	return a.readGlobals(cmd)
}

// readForCompletion reads the files, or returns nil: there is nobody to tell why not.
func (a *app) readForCompletion(cmd *cobra.Command) *reconcile.Desired {
	if a.globalsForCompletion(cmd) != nil || a.file == "-" {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	reading, err := a.target(requestFlags{}).load(ctx)
	if err != nil {
		return nil
	}
	return reading.Desired
}

// runsOf returns the ids of the recorded runs of accounts, the latest first. What
// cannot be read is not offered.
func runsOf(stateDir string, accounts []string) []string {
	var ids []string
	for _, account := range accounts {
		found, _ := record.Open(stateDir, account).IDs()
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

// The values of the global flags that have few.
func colors() []string     { return []string{"auto", "always", "never"} }
func logLevels() []string  { return []string{"debug", "info", "warn", "error"} }
func logFormats() []string { return []string{"text", "json"} }

// startsWith reports whether a value is one of those that was begun to be typed.
func startsWith(value, typed string) bool {
	return len(value) >= len(typed) && strings.EqualFold(value[:len(typed)], typed)
}
