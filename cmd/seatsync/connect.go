package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// requestFlags bound how requests are made.
type requestFlags struct {
	batchSize, concurrency, quotaShare int
}

// addTo adds the flags to a command.
func (f *requestFlags) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.batchSize, "batch-size", reconcile.DefaultBatchSize, "seats per PATCH")
	flags.IntVar(&f.concurrency, "concurrency", reconcile.DefaultConcurrency, "writes in flight")
	flags.IntVar(&f.quotaShare, "quota-share", zerotrust.DefaultQuotaShare,
		"percent of the API's request quota to use; the rest is left to people in the dashboard")
}

// check returns an error for values that make no sense.
func (f *requestFlags) check() error {
	switch {
	case f.batchSize < 1:
		return fmt.Errorf("--batch-size %d: write at least 1", f.batchSize)
	case f.concurrency < 1 || f.concurrency > 100:
		return fmt.Errorf("--concurrency %d: write a number from 1 to 100", f.concurrency)
	case f.quotaShare < 1 || f.quotaShare > 100:
		return fmt.Errorf("--quota-share %d: write a percentage from 1 to 100", f.quotaShare)
	}
	return nil
}

// tool is how seatsync names itself in plans and requests.
func tool() string { return "seatsync " + readBuild().version }
