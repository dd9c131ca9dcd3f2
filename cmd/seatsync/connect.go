package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

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
	flags.IntVar(&f.concurrency, "concurrency", reconcile.DefaultConcurrency, "requests in flight")
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
func tool() string { return "seatsync " + version }

// gitTimeout bounds the question for the commit, which nothing depends on.
const gitTimeout = 5 * time.Second

// commitOf returns the git commit that the files are from, with "-dirty" when
// they differ from it, or "" where there is no git or no repository.
func commitOf(ctx context.Context, files []string) string {
	if len(files) == 0 || strings.HasPrefix(files[0], "<") {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	directory := filepath.Dir(files[0])
	commit, err := git(ctx, directory, "rev-parse", "HEAD")
	if err != nil {
		return ""
	}
	paths := make([]string, len(files))
	for i, file := range files {
		if paths[i], err = filepath.Abs(file); err != nil {
			return ""
		}
	}
	changed, err := git(ctx, directory, append([]string{"status", "--porcelain", "--"}, paths...)...)
	if err != nil {
		return ""
	}
	// A file that git ignores is not in the status, and not in the commit either.
	_, untracked := git(ctx, directory, append([]string{"ls-files", "--error-unmatch", "--"}, paths...)...)
	if changed != "" || untracked != nil {
		commit += "-dirty"
	}
	return commit
}

// git runs a reading command of git. A file-system monitor is switched off, since
// a repository's configuration could make it run any program.
func git(ctx context.Context, directory string, arguments ...string) (string, error) {
	arguments = append([]string{"-C", directory, "-c", "core.fsmonitor=false"}, arguments...)
	output, err := exec.CommandContext(ctx, "git", arguments...).Output()
	return strings.TrimSpace(string(output)), err
}
