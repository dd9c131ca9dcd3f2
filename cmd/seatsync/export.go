package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

func (a *app) exportCommand() *cobra.Command {
	requests := requestFlags{
		batchSize: reconcile.DefaultBatchSize, concurrency: reconcile.DefaultConcurrency, quotaShare: zerotrust.DefaultQuotaShare,
	}
	var path, update string
	var allFlags, missing bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the live users as a desired-state file",
		Long: `Prints the users of the account as a desired-state file, for a first adoption:
planning from it finds nothing to change. It sends no request but GET.`,
		Example: `  seatsync export --account 023e105f4ecef8ad9ca31a8372d0c353 > desired-state.yaml
  seatsync export --missing --out teams/new.yaml
  seatsync export --update teams/sales.yaml`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.withTimeout(cmd.Context())
			defer cancel()
			target := a.target(requests)
			if update != "" {
				return a.updateNames(ctx, target, update)
			}
			if missing {
				return a.exportMissing(ctx, target, path)
			}
			if err := refuseExisting(path); err != nil {
				return err
			}
			live, err := target.liveUsers(ctx)
			if err != nil {
				return err
			}
			return a.writeExport(&live, path, allFlags)
		},
	}
	cmd.Flags().StringVar(&path, "out", "", "write to this `PATH` instead of standard output")
	cmd.Flags().BoolVar(&allFlags, "all-flags", false, "write flags that are false too: a later login then counts as a difference")
	cmd.Flags().BoolVar(&missing, "missing", false, "write only seat holders that no file lists, as a file to include; with a directory as --out, a file for each group")
	cmd.Flags().StringVar(&update, "update", "", "bring the names in this `FILE`, the root or one that it includes, to the account's")
	cmd.MarkFlagsMutuallyExclusive("missing", "all-flags", "update")
	cmd.MarkFlagsMutuallyExclusive("update", "out")
	return cmd
}

// exportMissing writes the seat holders that no file lists. A file that cannot be
// read is an error here: everybody in it would be missing.
func (a *app) exportMissing(ctx context.Context, target *target, path string) error {
	var request runner.Request
	work, err := target.open(ctx, &request)
	if err != nil {
		return err
	}
	defer work.Close()
	live, err := work.Source.Snapshot(ctx)
	work.finish()
	if err != nil {
		return err
	}
	if path == "" {
		_, err := desired.ExportMissing(a.stdout, &live, request.Desired)
		return err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || strings.HasSuffix(path, "/") {
		return a.exportMissingByGroup(&live, request.Desired, path)
	}
	for _, read := range request.Desired.Files {
		if isSameFile(path, read) {
			return fmt.Errorf("%s is part of the desired state: name another path", path)
		}
	}
	if err := refuseExisting(path); err != nil {
		return err
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	missing, err := desired.ExportMissing(file, &live, request.Desired)
	if err := file.commit(err); err != nil {
		return err
	}
	a.note("wrote %s; next: include %s, then seatsync plan", reconcile.Count(missing, "user"), path)
	return nil
}

// refuseExisting returns an error for a path at which something is already: what is in
// that file may have been written by hand.
func refuseExisting(path string) error {
	if _, err := os.Lstat(path); path == "" || err != nil {
		return nil
	}
	return fmt.Errorf("%s is there already: name another path, or move it away", path)
}

// exportMissingByGroup writes a file for each group into a directory. A file that is
// there already stays, and is an error before anything is written.
func (a *app) exportMissingByGroup(live *reconcile.Live, file *reconcile.Desired, directory string) error {
	groups, err := desired.ExportMissingByGroup(live, file)
	if err != nil {
		return err
	}
	paths := make([]string, len(groups))
	for i := range groups {
		paths[i] = filepath.Join(directory, fileNameOf(groups[i].Group))
		if _, err := os.Lstat(paths[i]); err == nil || slices.Contains(paths[:i], paths[i]) {
			return fmt.Errorf("%s is there already: name another directory, or move it away", paths[i])
		}
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for i := range groups {
		out, err := newPendingFile(paths[i])
		if err != nil {
			return err
		}
		_, err = out.Write(groups[i].File)
		if err := out.commit(err); err != nil {
			return err
		}
		a.note("wrote %s to %s", reconcile.Count(groups[i].Users, "user"), paths[i])
	}
	if len(groups) == 0 {
		a.note("every seat holder is in a file: nothing was written")
		return nil
	}
	a.note("next: include %s, then seatsync plan", filepath.Join(directory, "*.yaml"))
	return nil
}

// fileNameOf returns the name of a file for the people of a group.
func fileNameOf(group string) string {
	if group == "" {
		return "no-group.yaml"
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(group)) + ".yaml"
}

// updateNames brings the names in a file to those of the account. Comments, order and
// layout stay, so that git shows only what has changed.
func (a *app) updateNames(ctx context.Context, target *target, path string) error {
	if path == "-" {
		return errors.New("--update -: name a file, since its content is edited in place")
	}
	path, err := filepath.EvalSymlinks(path) // the file is replaced, not a link to it
	if err != nil {
		return fmt.Errorf("--update: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--update: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("--update: %w", err)
	}
	live, err := target.liveUsers(ctx)
	if err != nil {
		return err
	}
	updated, changed, err := desired.UpdateNames(path, data, &live)
	if err != nil {
		return err
	}
	if changed == 0 {
		a.note("every name in %s is that of the account", path)
		return nil
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, data) {
		return fmt.Errorf("%s changed while the account was read: nothing was written; run it again", path)
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	_, err = file.Write(updated)
	if err := file.commit(errors.Join(err, os.Chmod(file.file.Name(), info.Mode().Perm()))); err != nil {
		return err
	}
	a.note("brought %s in %s to the account's; next: git diff", reconcile.Count(changed, "name"), path)
	return nil
}

// liveUsers reads the users of the account to export.
func (t *target) liveUsers(ctx context.Context) (reconcile.Live, error) {
	account, tokenVariable, err := t.exportAccount(ctx)
	if err != nil {
		return reconcile.Live{}, err
	}
	work, err := t.connect(account, tokenVariable)
	if err != nil {
		return reconcile.Live{}, err
	}
	defer work.Close()
	defer work.finish()
	return work.Source.Snapshot(ctx)
}

// exportAccount returns the account to export, the flag's, the environment's, or
// that of a file that is there already, and the variable of its token where that
// file names one. A file that cannot be read is none as long as another account is named.
func (t *target) exportAccount(ctx context.Context) (account, tokenVariable string, err error) {
	there, err := t.load(ctx)
	if err != nil {
		there = &desired.Reading{Desired: &reconcile.Desired{}}
	}
	if t.account == "" && there.Account == "" {
		if err == nil || isNothing(t.file) {
			err = errNoAccount
		}
		return "", "", hint(err, "pass --account, or set CLOUDFLARE_ACCOUNT_ID")
	}
	if t.account == "" || t.account == there.Account {
		tokenVariable = there.TokenVariable
	}
	account = cmp.Or(t.account, there.Account)
	return account, tokenVariable, reconcile.CheckAccountID(account)
}

// isNothing reports whether a file is not there, or what the shell has just made for the
// export.
func isNothing(file string) bool {
	info, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0
}

// writeExport writes the export to a file, which appears only when it is
// complete, or to standard output.
func (a *app) writeExport(live *reconcile.Live, path string, allFlags bool) error {
	if path == "" {
		return desired.Export(a.stdout, live, allFlags)
	}
	file, err := newPendingFile(path)
	if err != nil {
		return err
	}
	if err := file.commit(desired.Export(file, live, allFlags)); err != nil {
		return err
	}
	a.note("wrote %s; next: seatsync plan -f %s", reconcile.Count(len(live.Users), "user"), path)
	return nil
}
