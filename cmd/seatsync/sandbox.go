package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// sandboxFlags are those of the sandbox command.
type sandboxFlags struct {
	listen              string
	users, quota        int
	seed                int64
	latency             time.Duration
	faults, deny        []string
	now                 string
	maxPerPage, patch   int
	badItem             string
	grantTaken          bool
	narrow, narrowFrees bool
	seatExpiration      string
	seatDeprovision     bool
	subscription        string
}

func (a *app) sandboxCommand() *cobra.Command {
	var flags sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a stand-in for the Cloudflare API on a loopback address",
		Long: `Serves an in-memory stand-in for the seat, user and device endpoints, to try
seatsync, or a program of your own, without an account. The first line of
standard output is the base URL. Any well-formed token is accepted.

The accounts are ` + sandbox.MainAccount + ` and ` + sandbox.SmallAccount + `.

Faults are written METHOD:KIND:WHEN, for instance PATCH:500:once,
GET:short-page:always or PUT:reset-after:every=3. The kinds:

` + sandbox.FaultHelp(),
		Example: `  seatsync sandbox --listen 127.0.0.1:8080
  export CLOUDFLARE_BASE_URL=http://127.0.0.1:8080/client/v4 CLOUDFLARE_API_TOKEN=any
  seatsync plan`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			return a.serveSandbox(ctx, flags)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen, "listen", "127.0.0.1:0", "loopback `ADDRESS`; port 0 picks one")
	f.IntVar(&flags.users, "users", 200, "people in the main account")
	f.Int64Var(&flags.seed, "seed", 1, "chooses the people who are not in the fixed cast")
	f.DurationVar(&flags.latency, "latency", 0, "how long every request takes at least")
	f.StringArrayVar(&flags.faults, "fault", nil, "something that goes wrong, as `METHOD:KIND:WHEN`; repeatable")
	f.StringArrayVar(&flags.deny, "deny", nil, "an `OPERATION` that the credentials have no permission for: "+strings.Join(texts(sandbox.Operations()), ", ")+"; repeatable")
	f.IntVar(&flags.quota, "quota", 1200, "requests in five minutes; 0 is any number")
	f.StringVar(&flags.now, "now", "", "the clock of the data, as `RFC3339`")
	f.IntVar(&flags.maxPerPage, "max-per-page", 0, "most users on a page; 0 is 1000")
	f.IntVar(&flags.patch, "patch-limit", 0, "most seats in one PATCH; 0 is any number")
	f.StringVar(&flags.badItem, "bad-item", string(sandbox.BadItemReject), "`WHAT` a PATCH does about an item that cannot be: reject, skip or old")
	f.BoolVar(&flags.grantTaken, "grants-taken", false, "a PATCH that asks for a seat gives one; the default returns the old state")
	f.StringVar(&flags.seatExpiration, "seat-expiration", "", "the `TIME` after which the account itself takes idle people's seats, for instance 1460h (default never)")
	f.BoolVar(&flags.seatDeprovision, "seat-deprovision", false, "an identity provider frees seats by SCIM")
	f.StringVar(&flags.subscription, "subscription", string(sandbox.SubscriptionMonthly), "`WHAT` the account pays for: "+strings.Join(texts(sandbox.Subscriptions()), ", "))
	f.BoolVar(&flags.narrow, "narrows-refused", false, "a PATCH that takes half of a seat returns the old state")
	f.BoolVar(&flags.narrowFrees, "narrows-free-seats", false, "a PATCH that takes half of a seat frees the whole one")
	cmd.MarkFlagsMutuallyExclusive("narrows-refused", "narrows-free-seats")
	return cmd
}

// options turns the flags into those of the sandbox.
func (f sandboxFlags) options(a *app) (sandbox.Options, error) {
	options := sandbox.Options{
		Users: f.users, Seed: f.seed, Latency: f.latency,
		MaxPerPage: f.maxPerPage, PatchLimit: f.patch,
		Quota: &sandbox.Quota{Requests: f.quota},
		Seats: sandbox.SeatBehaviour{BadItem: sandbox.BadItem(f.badItem)},
		Settings: sandbox.Settings{
			SeatExpiration: f.seatExpiration, SeatDeprovision: f.seatDeprovision,
			Subscription: sandbox.Subscription(f.subscription),
		},
	}
	if f.users < 1 {
		return options, fmt.Errorf("--users %d: write at least 1", f.users)
	}
	if f.grantTaken {
		options.Seats.Grant = sandbox.ChangeTaken
	}
	if f.narrow {
		options.Seats.Narrow = sandbox.ChangeNotTaken
	}
	if f.narrowFrees {
		options.Seats.Narrow = sandbox.ChangeFreesSeat
	}
	now, err := a.now(f.now)
	if err != nil {
		return options, err
	}
	if f.now != "" {
		options.Now = func() time.Time { return now }
	}
	for _, text := range f.faults {
		fault, err := sandbox.ParseFault(text)
		if err != nil {
			return options, fmt.Errorf("--fault: %w", err)
		}
		options.Faults = append(options.Faults, fault)
	}
	for _, text := range f.deny {
		operation, err := sandbox.ParseOperation(text)
		if err != nil {
			return options, fmt.Errorf("--deny: %w", err)
		}
		options.Deny = append(options.Deny, operation)
	}
	return options, nil
}

// serveSandbox serves until ctx is done.
func (a *app) serveSandbox(ctx context.Context, flags sandboxFlags) error {
	options, err := flags.options(a)
	if err != nil {
		return err
	}
	if err := checkLoopback(flags.listen); err != nil {
		return err
	}
	box, err := sandbox.New(options)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", flags.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	fmt.Fprintf(a.stdout, "http://%s%s\n", listener.Addr(), sandbox.BasePath)
	a.note("serving until interrupted; accounts %s and %s", sandbox.MainAccount, sandbox.SmallAccount)
	server := &http.Server{Handler: box.Handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		box.Close()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	box.Close()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		err = errors.Join(err, server.Close())
		a.logger().Debug("sandbox did not close in time", "error", err)
	}
	<-failed
	return nil
}

// checkLoopback keeps the sandbox, which accepts any token, off the network.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen %q: write it as 127.0.0.1:8080", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen %q: the sandbox accepts any token, so it serves loopback addresses only, for instance 127.0.0.1:8080", address)
	}
	return nil
}
