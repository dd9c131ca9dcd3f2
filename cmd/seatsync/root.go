package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// app is what every command shares: the streams, the environment, the clock and
// the global flags.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// ownsProcess is true but in tests, which share theirs: its log is then ours.
	ownsProcess bool
	// end, when not nil, ends the command as a signal does.
	end   context.CancelCauseFunc
	clock func() time.Time
	// adjust, when not nil, changes how requests are made: tests wait less.
	adjust func(*zerotrust.Config)

	file, account, baseURL, tokenFile, stateDir string
	color, logLevel, logFormat                  string
	// mask hides people in everything that is shown: nil without --redact.
	mask    *report.Masker
	timeout time.Duration
	// files are all that --file names; file is the one that a command works on, and
	// namesFile whether somebody named it.
	files     fileList
	namesFile bool
	// origin says how files are read, whichever they are.
	origin desired.Origin
	// unread are the records of runs that ended before their account was known, and
	// through them those of all accounts.
	unread     *record.Store
	openUnread sync.Once
}

// store returns the records of an account, or those of runs that ended before they
// knew theirs for "".
func (a *app) store(account string) *record.Store {
	a.openUnread.Do(func() { a.unread = record.Open(a.stateDir, "") })
	return a.unread.Of(account)
}

const about = `seatsync keeps the seats and names of a Cloudflare Zero Trust account as a YAML
file in git declares them: it reads the file, reads the account, shows the
difference, and applies it with the fewest requests.

New here? 'seatsync demo' shows the whole job without an account.
With an account: 'seatsync export > desired-state.yaml', then 'seatsync plan'.`

// rootCommand builds the whole command line.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "seatsync",
		Short:         "Declarative seats and names for Cloudflare Zero Trust",
		Long:          about,
		Args:          unknownCommand,
		Version:       readBuild().version,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseEmpty(cmd); err != nil {
				return err
			}
			if flag := cmd.Flags().Lookup("redact"); flag != nil && flag.Value.String() == "true" {
				a.mask = report.NewMasker(a.getenv(redactKeyVariable))
			}
			if cmd.Name() != "run" { // SIGHUP makes that read its files, unless it runs once
				a.endOnHangup()
			}
			return a.readGlobals(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate("seatsync {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	root.SetHelpCommand(helpCommand(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return hint(err, fmt.Sprintf("see '%s --help'", cmd.CommandPath()))
	})
	flags := root.PersistentFlags()
	flags.VarP(&a.files, "file", "f", "`PATH` of the desired state; '-' is standard input (SEATSYNC_FILE; default desired-state.yaml)")
	flags.StringVar(&a.account, "account", "", "account `ID` (CLOUDFLARE_ACCOUNT_ID; default the file's account)")
	flags.StringVar(&a.baseURL, "base-url", "", "`URL` of the API (CLOUDFLARE_BASE_URL; default Cloudflare's)")
	flags.StringVar(&a.tokenFile, "api-token-file", "", "`PATH` of a file that holds the API token (CLOUDFLARE_API_TOKEN_FILE)")
	flags.StringVar(&a.stateDir, "state-dir", "", "`DIR` of run records (SEATSYNC_STATE_DIR; default .seatsync)")
	flags.StringVar(&a.color, "color", "auto", "`WHEN` text has colours: auto, always or never (NO_COLOR)")
	flags.StringVar(&a.logLevel, "log-level", "warn", "log at this `LEVEL` and above: debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "text", "`FORMAT` of the log: text or json")
	durationVar(flags, &a.timeout, "timeout", 0, "deadline of the whole command, for instance 10m (default none)")

	root.AddCommand(
		a.planCommand(), a.applyCommand(), a.runCommand(), a.explainCommand(), a.diffCommand(), a.historyCommand(),
		a.whatIfCommand(), a.savingsCommand(),
		a.validateCommand(), a.exportCommand(), a.schemaCommand(), a.doctorCommand(),
		a.sandboxCommand(), a.demoCommand(), a.versionCommand(), a.manCommand(),
	)
	a.addCompletions(root)
	return root
}

// helpCommand is cobra's, except that help on what does not exist is an error.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(_ *cobra.Command, args []string) error {
			topic, _, err := root.Find(args)
			if err != nil || len(args) > 0 && topic == root {
				return unknownCommand(root, args)
			}
			return topic.Help()
		},
	}
}

// unknownCommand tells a mistyped command, with those that were likely meant.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	next := "see 'seatsync --help'"
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		next = "did you mean 'seatsync " + strings.Join(similar, "' or 'seatsync ") + "'?"
	}
	return hint(fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath()), next)
}

// readGlobals fills the global flags that were not given from the environment.
func (a *app) readGlobals(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if takesSeveral := cmd.Name() == "run" || cmd.Name() == "plan" || cmd.Name() == "validate"; len(a.files) > 1 && !takesSeveral {
		return fmt.Errorf("--file is given %d times: %s works on one account, only plan, validate and run take several", len(a.files), cmd.Name())
	}
	if len(a.files) > 0 {
		a.file = a.files[0]
	}
	a.namesFile = len(a.files) > 0 || a.getenv("SEATSYNC_FILE") != ""
	for _, global := range []struct {
		flag, variable, fallback string
		value                    *string
	}{
		{"file", "SEATSYNC_FILE", "desired-state.yaml", &a.file},
		{"account", "CLOUDFLARE_ACCOUNT_ID", "", &a.account},
		{"base-url", "CLOUDFLARE_BASE_URL", "", &a.baseURL},
		{"state-dir", "SEATSYNC_STATE_DIR", ".seatsync", &a.stateDir},
	} {
		if flags.Changed(global.flag) {
			continue
		}
		if *global.value = a.getenv(global.variable); *global.value == "" {
			*global.value = global.fallback
		}
	}
	for _, choice := range []struct {
		flag, value string
		words       []string
	}{
		{"color", a.color, colors()},
		{"log-level", a.logLevel, logLevels()},
		{"log-format", a.logFormat, logFormats()},
	} {
		if err := oneOf(choice.flag, choice.value, choice.words); err != nil {
			return err
		}
	}
	if a.ownsProcess {
		// net/http writes what servers made it stumble over to the log of the process.
		log.SetFlags(0)
		log.SetOutput(slog.NewLogLogger(a.logger().Handler(), slog.LevelDebug).Writer())
	}
	return nil
}

// logger returns the log, which goes to standard error. A duration is "1.5s" as text and a
// number under a key with its unit as JSON, which slog would write in nanoseconds.
func (a *app) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(a.logLevel)) // checked in readGlobals
	isJSON := a.logFormat == "json"
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
		switch kind := attribute.Value.Kind(); {
		case kind == slog.KindString, kind == slog.KindAny:
			attribute.Value = slog.StringValue(a.inert(attribute.Value.String()))
		case kind == slog.KindDuration && isJSON:
			return slog.Float64(attribute.Key+"_seconds", attribute.Value.Duration().Seconds())
		}
		return attribute
	}}
	if isJSON {
		return slog.New(slog.NewJSONHandler(a.stderr, options))
	}
	return slog.New(slog.NewTextHandler(a.stderr, options))
}

// withTimeout applies --timeout.
func (a *app) withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, a.timeout,
		fmt.Errorf("timed out after %s (--timeout)", a.timeout))
}

// now returns the clock for rules: --now where it was given.
func (a *app) now(flag string) (time.Time, error) {
	if flag == "" {
		return a.clock(), nil
	}
	now, err := time.Parse(time.RFC3339, flag)
	if err != nil {
		return time.Time{}, fmt.Errorf("--now %q is not a time: write it as 2026-11-22T06:00:00Z", flag)
	}
	return now, nil
}
