package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check token, account, permissions, clock and file",
		Long: `Checks everything that a run needs and says what to do about each problem. It
sends no request but GET, and whether the token may write cannot be determined
without writing: that shows with the first apply.

Exits 1 when a check fails; warnings do not count, nor does a file that is not
there yet.`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			checkup := &checkup{app: a, target: a.target(requestFlags{concurrency: 1, batchSize: 1, quotaShare: zerotrust.DefaultQuotaShare})}
			checkup.run(ctx)
			if checkup.failures > 0 {
				return exitWith(codeError)
			}
			return checkup.lost
		},
	}
}

// checkup is one pass of the doctor.
type checkup struct {
	app      *app
	target   *target
	failures int
	// answered is true once the API has responded, whatever it said.
	answered bool
	// lost is the first line that could not be written.
	lost error
}

// line writes the result of one check, and the next step where there is one.
func (c *checkup) line(color, mark, name, text, next string) {
	if c.app.useColor() {
		mark = "\x1b[" + color + "m" + mark + "\x1b[0m"
	}
	_, err := fmt.Fprintf(c.app.stdout, "%s  %-20s %s\n", mark, name, reconcile.Inert(text, 0))
	if next != "" && err == nil {
		_, err = fmt.Fprintf(c.app.stdout, "%-8s %-20s → %s\n", "", "", reconcile.Inert(next, 0))
	}
	if c.lost == nil {
		c.lost = err
	}
}

func (c *checkup) ok(name, text string)            { c.line("32", "ok     ", name, text, "") }
func (c *checkup) warning(name, text, next string) { c.line("33", "warning", name, text, next) }

// next is the result of a check of what is not there yet, and no failure.
func (c *checkup) next(name, text, next string) { c.line("36", "next   ", name, text, next) }

func (c *checkup) failure(name string, err error, next string) {
	c.failures++
	c.line("31", "FAILURE", name, err.Error(), next)
}

// run makes every check that can still be made after those before it.
func (c *checkup) run(ctx context.Context) {
	var state *reconcile.Desired
	fromFile, tokenVariable := "", ""
	if reading := c.file(ctx); reading != nil {
		state, fromFile, tokenVariable = reading.Desired, reading.Account, reading.TokenVariable
	}
	c.stateDirectory(cmp.Or(c.target.account, fromFile))
	credentials, err := c.app.credentials(tokenVariable)
	if err != nil {
		c.failure("credentials", err, "")
		return
	}
	c.ok("credentials", "well formed, from "+credentials.Origin())
	account, err := c.target.accountID(fromFile)
	if err != nil {
		c.failure("account", err, "pass --account, set CLOUDFLARE_ACCOUNT_ID, or write 'account:' into the file")
		return
	}
	work, err := c.target.connect(account, tokenVariable)
	if err != nil {
		c.failure("connection", err, "")
		return
	}
	defer work.Close()
	probe := work.connection.Probe()
	c.token(ctx, probe)
	c.users(ctx, probe, account)
	if !c.answered { // which the others could only say again
		return
	}
	c.devices(ctx, probe, state)
	c.settings(ctx, probe, state)
	c.clock(probe)
}

// file checks the desired state. The result is nil when it cannot be read.
func (c *checkup) file(ctx context.Context) *desired.Reading {
	reading, err := c.target.load(ctx)
	var problems reconcile.Problems
	switch {
	case errors.As(err, &problems):
		c.failure("desired state", fmt.Errorf("%s, the first: %s", reconcile.Count(problems.Count(), "problem"), problems[0]),
			"run 'seatsync validate' to see them all")
	case err != nil && isNotThere(c.target.file) && isPattern(c.target.file):
		c.failure("desired state", fmt.Errorf("%s is a pattern, and doctor checks one file", c.target.file), "name one with --file")
	case err != nil && isNotThere(c.target.file):
		c.next("desired state", "there is no "+c.target.file+" yet", "write one from the account: seatsync export > "+c.target.file)
	case err != nil:
		c.failure("desired state", err, "")
	default:
		c.ok("desired state", extentOf(reading.Desired))
	}
	return reading
}

// isNotThere reports whether nothing has the name of a file.
func isNotThere(file string) bool {
	_, err := os.Lstat(file)
	return file != "-" && errors.Is(err, fs.ErrNotExist)
}

// stateDirectory checks that a run could be recorded.
func (c *checkup) stateDirectory(account string) {
	if reconcile.CheckAccountID(account) != nil {
		account = "" // which another check says
	}
	if err := record.Open(c.app.stateDir, account).CheckWritable(); err != nil {
		c.failure("state directory", err, "")
		return
	}
	c.ok("state directory", c.app.stateDir+" is writable")
}

// unreachable is the next step where it is not known that the token is to blame.
const unreachable = "check the account id, --base-url, the network and its proxies"

// isDenied reports whether the API refused the credentials.
func isDenied(err error) bool {
	var refused *reconcile.APIError
	return errors.As(err, &refused) && refused.IsDenied()
}

// isAnswer reports whether a request with this error, or none, had a response.
func isAnswer(err error) bool {
	var unanswered *reconcile.NoResponseError
	return !errors.As(err, &unanswered)
}

// expirySoon is how long before its end a token is worth a word.
const expirySoon = 14 * reconcile.Day

// token checks what the API says about the token itself.
func (c *checkup) token(ctx context.Context, probe *zerotrust.Probe) {
	status, err := probe.Token(ctx)
	c.answered = !errors.Is(err, zerotrust.ErrNoToken) && isAnswer(err)
	now := c.app.clock()
	switch {
	case errors.Is(err, zerotrust.ErrNoToken):
		c.warning("token", err.Error(), "make an API token with just the permissions that seatsync needs")
	case isDenied(err):
		c.failure("token", err, "make a new token")
	case err != nil:
		c.failure("token", err, unreachable)
	case !status.IsActive():
		c.failure("token", fmt.Errorf("the token %s is %s", status.ID, status.Status), "activate it, or make a new one")
	case status.ExpiresOn.IsKnown() && status.ExpiresOn.Time().Sub(now) < expirySoon:
		c.warning("token", "active, and ends on "+status.ExpiresOn.Time().Format(time.DateOnly), "make a new one before then")
	default:
		c.ok("token", fmt.Sprintf("active, owned by the %s", status.Owner))
	}
}

// users checks that the account can be reached and listed.
func (c *checkup) users(ctx context.Context, probe *zerotrust.Probe, account string) {
	total, known, err := probe.Users(ctx)
	c.answered = c.answered || isAnswer(err)
	var refused *reconcile.APIError
	switch {
	case errors.As(err, &refused) && refused.IsNotFound():
		c.failure("account", err, fmt.Sprintf("check the account id %s", account))
	case isDenied(err):
		c.failure("list users", err, fmt.Sprintf("give the token the permission %q on account %s", zerotrust.PermissionList, account))
	case err != nil:
		c.failure("list users", err, unreachable)
	case !known:
		c.failure("list users", errors.New("the response does not say how many users there are"), "seatsync needs that to know that a listing is complete")
	default:
		c.ok("list users", reconcile.Count(total, "user"))
	}
}

// devices checks whether the evidence of registrations and devices can be had.
func (c *checkup) devices(ctx context.Context, probe *zerotrust.Probe, desired *reconcile.Desired) {
	switch err := probe.Registrations(ctx); {
	case err == nil:
		c.ok("list registrations", "readable")
	case !isDenied(err):
		c.warning("list registrations", err.Error(), unreachable)
	default:
		c.warning("list registrations", err.Error(), fmt.Sprintf(
			"devices are read instead, and hold whoever shares one: give the token a permission to read devices, such as %q", zerotrust.PermissionDevices))
	}
	err := probe.Devices(ctx)
	switch {
	case err == nil:
		c.ok("list devices", "readable")
	case desired != nil && len(desired.Rules()) == 0:
		c.warning("list devices", err.Error(), "not needed as long as the file has no rule about inactivity")
	case !isDenied(err):
		c.warning("list devices", err.Error(), unreachable)
	default:
		c.warning("list devices", err.Error(), fmt.Sprintf(
			"give the token a permission to read devices, such as %q: until then nobody who may use one is called inactive", zerotrust.PermissionDevices))
	}
}

// clockWarning is how far the clocks may be apart before it is worth a word.
const clockWarning = 30 * time.Second

// clock compares the clocks.
func (c *checkup) clock(probe *zerotrust.Probe) {
	clock := probe.Clock()
	err := clock.Check(c.app.clock())
	switch ahead := clock.Ahead(); {
	case err != nil:
		c.failure("clock", err, "until then no run releases anybody")
	case ahead.Abs() > clockWarning:
		c.warning("clock", fmt.Sprintf("the clock here is %s off", ahead.Round(time.Second)), "set it by NTP: rules count days by it")
	default:
		c.ok("clock", "agrees with the API's")
	}
}
