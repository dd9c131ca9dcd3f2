package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// runFlags are those of run.
type runFlags struct {
	applyFlags
	crons       []string
	mode        string
	timezone    string
	jitter      time.Duration
	runAtStart  bool
	once        bool
	listen      string
	webConfig   string
	externalURL string
	metricsFile string

	shard      string
	notifyFile string

	zone  *time.Location // of timezone, nil when it is not given
	files []string       // those to reconcile, one an account
	// isFleet is true when they are about several accounts, however many there are.
	isFleet bool
}

// defaultListen is where the endpoints are served unless set: names
// and emails are on them, so only this machine sees them.
const defaultListen = "127.0.0.1:9464"

func (a *app) runCommand() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Reconcile on a schedule, and show how it goes",
		Long: `Reconciles when the schedule of the file and --cron say so, and serves health,
metrics, a status page and the recorded runs. The file, what it includes and the
token file are read again for each run, and the schedule within a minute after
the file has changed; SIGHUP reads them now.

On SIGTERM no new run starts, and one that is going on drains as apply does. A
second signal ends the process at once. --timeout bounds each run.

Given several times, --file names several accounts, one a file; a pattern such as
'accounts/*.yaml' names all that it finds.

With --once it runs once now and exits with the code of apply.`,
		Example: `  seatsync run
  seatsync run --cron '0 6 * * 1-5' --timezone Europe/Berlin
  seatsync run --once --mode apply --metrics-file /var/lib/node_exporter/seatsync.prom
  seatsync run -f emea.yaml -f apac.yaml`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("log-level") {
				a.logLevel = "info"
			}
			if err := flags.checkRun(cmd); err != nil {
				return err
			}
			files, err := shareOfFiles(a.given(), flags.shard)
			if err != nil {
				return err
			}
			flags.files, flags.isFleet = files, a.namesSeveral() || flags.shard != ""
			if flags.once {
				a.endOnHangup()
				return a.runOnce(cmd.Context(), flags)
			}
			return a.serve(cmd.Context(), flags)
		},
	}
	flags.addTo(cmd)
	a.addOriginFlags(cmd)
	f := cmd.Flags()
	f.Lookup("yes").Usage = "accepted as in apply: run never asks"
	f.StringArrayVar(&flags.crons, "cron", nil, "`EXPR` of when to run, besides the file's schedule: five fields, six with seconds, @daily, @every 1h; repeatable")
	f.StringVar(&flags.mode, "mode", string(reconcile.ModeDryRun), "`MODE` of the runs of --cron and --once: "+strings.Join(texts(reconcile.Modes()), " or "))
	f.StringVar(&flags.timezone, "timezone", "", "IANA time `ZONE` of every schedule and freeze (default the file's)")
	f.DurationVar(&flags.jitter, "jitter", 0, "put the runs of each account off by a span of its own, up to this long")
	f.BoolVar(&flags.runAtStart, "run-at-start", false, "start with a dry run, before the first run is due")
	f.BoolVar(&flags.once, "once", false, "run once now, then exit with the code of apply")
	f.StringVar(&flags.shard, "shard", "", "reconcile the `I/N`-th part of the files, I from 0, as in a Kubernetes Indexed Job")
	f.StringVar(&flags.listen, "listen", defaultListen, "`ADDRESS` that serves health, metrics and the status page; 'off' serves nothing")
	f.StringVar(&flags.webConfig, "web-config", "", "`PATH` of a file with TLS and users for --listen, as prometheus/exporter-toolkit reads it")
	f.StringVar(&flags.externalURL, "external-url", "", "`URL` by which people reach the pages, which notifications link to")
	f.StringVar(&flags.metricsFile, "metrics-file", "", "write the metrics to this `PATH` after each run, for node_exporter's textfile collector")
	f.StringVar(&flags.notifyFile, "notify-file", "", "`PATH` of a file with the URLs to notify, one a line, as shoutrrr writes them (SEATSYNC_NOTIFY_URLS)")
	return cmd
}

// checkRun returns an error for flags that make no sense.
func (f *runFlags) checkRun(cmd *cobra.Command) error {
	if err := errors.Join(f.check(cmd), f.checkReadAge()); err != nil {
		return err
	}
	if cmd.Flags().Changed("yes") && !f.yes {
		return errors.New("--yes=false: run never asks, and without --mode apply it writes nothing")
	}
	if f.dryRun {
		f.mode = string(reconcile.ModeDryRun)
	}
	if err := oneOf("mode", f.mode, texts(reconcile.Modes())); err != nil {
		return err
	}
	for _, expression := range f.crons {
		if _, err := desired.ParseCron(expression); err != nil {
			return fmt.Errorf("--cron: %w", err)
		}
	}
	if f.timezone != "" {
		zone, err := desired.ParseTimezone(f.timezone)
		if err != nil {
			return fmt.Errorf("--timezone: %w", err)
		}
		f.zone = zone
	}
	if err := checkExternalURL(f.externalURL); err != nil {
		return err
	}
	if f.jitter < 0 {
		return fmt.Errorf("--jitter %s: write a positive duration, for instance 5m", f.jitter)
	}
	return f.checkOnce(cmd)
}

// checkOnce returns an error for flags that only --once, or only the daemon, has.
func (f *runFlags) checkOnce(cmd *cobra.Command) error {
	daemonOnly := []string{"cron", "web-config", "run-at-start"}
	if f.listen != "off" {
		daemonOnly = append(daemonOnly, "listen")
	}
	for _, flag := range daemonOnly {
		if f.once && cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s cannot be combined with --once: leave one of the two out", flag)
		}
	}
	for _, flag := range []string{"format", "report", "out"} {
		if !f.once && cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s is for --once: the daemon keeps its reports, see its status page and 'seatsync history'", flag)
		}
	}
	for _, flag := range []string{"allow-releases", "allow-empty", "now", "revert", "detailed-exitcode"} {
		if !f.once && cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s is for --once: it is about one run, and the daemon makes many", flag)
		}
	}
	return nil
}

// newDaemon puts the daemon together.
func (a *app) newDaemon(flags runFlags) (*daemon.Daemon, error) {
	metrics := daemon.NewMetrics()
	log := a.logger()
	accounts, err := a.accounts(flags, metrics, log)
	if err != nil {
		return nil, err
	}
	notifier, err := a.newNotifier(flags)
	if err != nil {
		return nil, err
	}
	return daemon.New(daemon.Options{
		Accounts: accounts, Parallel: parallelRuns,
		NewID: flags.newID, Jitter: flags.jitter, RunAtStart: flags.runAtStart,
		Logger: log, Metrics: metrics, Tool: tool(),
		Notifier: notifier,
		AfterRun: func(context.Context, daemon.Ended) { a.writeMetrics(flags.metricsFile, metrics, log) },
		Report: func(w io.Writer, plan *reconcile.Plan) error {
			return report.Write(w, report.HTML, plan, report.Options{})
		},
		ReportPolicy: report.ContentSecurityPolicy(), Hosts: flags.hosts(), Prefix: flags.prefix(),
		Tell: a.tellServiceManager(log), Watchdog: a.watchdog(),
	}), nil
}

// newID names a run by the clock of the run.
func (f *runFlags) newID(at time.Time) string {
	if now, err := time.Parse(time.RFC3339, f.now); err == nil {
		return record.NewIDAs(now, at)
	}
	return record.NewID(at)
}

// runOnce runs once now.
func (a *app) runOnce(ctx context.Context, flags runFlags) error {
	output, err := flags.output.open(a)
	if err != nil {
		return err
	}
	defer output.discard()
	if err := output.refuseInputs(flags.files); err != nil {
		return err
	}
	if flags.isFleet {
		if err := output.checkSeveral(); err != nil {
			return err
		}
	}
	d, err := a.newDaemon(flags)
	if err != nil {
		return err
	}
	outcomes := d.Once(ctx, reconcile.Mode(flags.mode))
	if flags.isFleet {
		return a.deliverSeveral(output, flags, outcomes)
	}
	return a.deliver(output, flags.detailedExit, &outcomes[0].Result)
}
