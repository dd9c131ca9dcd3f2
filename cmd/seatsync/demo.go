package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync"
	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// demoUsers is the size of the demo's account.
const demoUsers = 200

// demoClock is where time stands in the demo, so that it tells the same story
// every day.
func demoClock() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }

func (a *app) demoCommand() *cobra.Command {
	var reportPath string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Plan, apply and plan again, without an account",
		Long: `Plays the whole job against a stand-in for the API inside this process: it
plans, applies, and plans again, which finds nothing left to do. It needs no
account and no network, and leaves nothing behind but an HTML report.`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			return a.demo(ctx, reportPath)
		},
	}
	cmd.Flags().StringVar(&reportPath, "html", filepath.Join(os.TempDir(), "seatsync-demo.html"), "`PATH` of the HTML report; 'off' writes none")
	return cmd
}

// demo plays the story.
func (a *app) demo(ctx context.Context, reportPath string) error {
	desired, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: seatsync.Example},
		desired.InMemory{{Name: "people.csv", Data: seatsync.ExampleRoster}}, demoClock())
	if err != nil {
		return err
	}
	box, err := sandbox.New(sandbox.Options{Users: demoUsers, Now: demoClock})
	if err != nil {
		return err
	}
	server := httptest.NewServer(box.Handler())
	defer server.Close()
	defer box.Close()
	records, err := os.MkdirTemp("", "seatsync-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(records)
	connection, err := zerotrust.Connect(zerotrust.Config{
		BaseURL: server.URL + sandbox.BasePath, AccountID: desired.Account,
		Credentials: zerotrust.TokenCredentials("demo"), UserAgent: tool(),
	})
	if err != nil {
		return err
	}
	defer connection.Close()
	job := &runner.Runner{
		AccountID: desired.Account, Source: connection.Source(), Sink: func() reconcile.Sink { return connection.Sink() }, Counts: connection.Counts,
		Store: record.Open(records, desired.Account), Clock: demoClock, Tool: tool(),
	}
	return a.play(ctx, job, runner.Request{Desired: desired, Now: demoClock()}, reportPath)
}

// play shows a plan, an apply, and that nothing is left to do.
func (a *app) play(ctx context.Context, job *runner.Runner, request runner.Request, reportPath string) error {
	a.section("1. plan: what differs from desired-state.yaml, and why (nothing is written)")
	plan, _, err := job.Plan(ctx, request)
	if err != nil {
		return err
	}
	if err := a.showScene(plan, report.Options{}); err != nil {
		return err
	}
	a.section("2. apply: the fewest requests, each change judged by the API's response")
	request.ID = "demo"
	result := job.Apply(ctx, request)
	if result.Err != nil {
		return result.Err
	}
	if err := a.showScene(result.Plan, report.Options{Brief: true}); err != nil {
		return err
	}
	if err := a.writeDemoReport(reportPath, result.Plan); err != nil {
		return err
	}
	a.section("3. plan again: nothing is left to do")
	if plan, _, err = job.Plan(ctx, request); err != nil {
		return err
	}
	if err := a.showScene(plan, report.Options{Brief: true}); err != nil {
		return err
	}
	a.section("What you could try next")
	fmt.Fprint(a.stdout, demoNext)
	if reportPath != "off" {
		fmt.Fprintf(a.stdout, "\nThe HTML report of the run is in %s\n", reportPath)
	}
	return nil
}

const demoNext = `  seatsync sandbox               serve this stand-in, and point plan and apply at it
  seatsync explain EMAIL         everything that bears on the decision about one person
  seatsync export                write a file from your own account, to start with
  seatsync doctor                check token, permissions, clock and file
`

// section writes a heading.
func (a *app) section(title string) {
	if a.useColor() {
		title = "\x1b[1m" + title + "\x1b[0m"
	}
	fmt.Fprintf(a.stdout, "\n=== %s\n\n", title)
}

// showScene writes a plan for people.
func (a *app) showScene(plan *reconcile.Plan, options report.Options) error {
	options.Color, options.Width = a.useColor(), a.width()
	return report.Write(a.stdout, report.Text, plan, options)
}

// writeDemoReport writes the page that people open in a browser.
func (a *app) writeDemoReport(path string, plan *reconcile.Plan) error {
	if path == "off" {
		return nil
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	return file.commit(report.Write(file, report.HTML, plan, report.Options{}))
}
