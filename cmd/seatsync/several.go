package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// severalFiles returns the files that --file names where it names several, or a
// pattern, in the order in which they are named; nil for a single file.
func (a *app) severalFiles() ([]string, error) {
	switch {
	case !a.namesSeveral():
		return nil, nil
	case slices.Contains(a.given(), "-"):
		return nil, errors.New("standard input is one file among several: name files only")
	}
	return filesOf(a.given())
}

// planSeveral plans each file, and reports all of them. A file without a plan keeps no
// other from having one.
func (a *app) planSeveral(ctx context.Context, flags planFlags, output *output, request runner.Request, files []string) error {
	if err := output.checkSeveral(); err != nil {
		return err
	}
	if request.Revert != "" || flags.base != "" && !strings.HasPrefix(flags.base, baseRevision) {
		return errors.New("--revert, and --base with a path, are about one account: name one file, or compare with a revision as in --base git:origin/main")
	}
	limiters, err := zerotrust.NewRateLimiters(flags.requests.quotaShare)
	if err != nil {
		return err
	}
	several, code := report.Several{}, codeOK
	fileOf := make(map[string]string) // by account
	for _, file := range files {
		target := a.target(flags.requests)
		target.file, target.account, target.limiter = file, "", limiters.Of // each file names its own account
		plan, err := a.planFile(ctx, target, flags, output, request)
		if err == nil && fileOf[plan.AccountID] != "" {
			err = sameAccount(file, plan.AccountID, fileOf[plan.AccountID])
		}
		if err != nil {
			a.printErrorOf(file, err)
			several.Failed = append(several.Failed, file)
			continue
		}
		fileOf[plan.AccountID] = file
		several.Plans = append(several.Plans, plan)
		code = max(code, planCode(plan, flags.detailedExit))
	}
	if err := output.writeSeveral(several); err != nil {
		return err
	}
	if len(several.Failed) > 0 {
		code = codeError // which wins
	}
	return exitWith(code)
}

// deliverSeveral reports what came of the runs of several accounts, in the order of their
// files. A failure wins over everything but a run that has written.
func (a *app) deliverSeveral(output *output, flags runFlags, outcomes []daemon.RunResult) error {
	several, code, hasFailed, hasWritten := report.Several{}, codeOK, false, false
	for i := range outcomes {
		result := &outcomes[i].Result
		a.noteFreeze(result)
		if result.Plan == nil {
			several.Failed = append(several.Failed, flags.files[i])
		} else {
			several.Plans = append(several.Plans, result.Plan)
		}
		if result.Err != nil {
			a.printErrorOf(flags.files[i], result.Err)
		}
		a.noteResult(output, result)
		code = max(code, runCode(result, flags.detailedExit))
		hasFailed, hasWritten = hasFailed || result.Err != nil, hasWritten || result.HasWritten()
	}
	err := output.writeSeveral(several)
	switch {
	case hasWritten && (hasFailed || err != nil):
		return exitError{code: codePartial, err: err} // code 1 promises that nothing was changed
	case hasFailed || err != nil:
		return exitError{code: codeError, err: err}
	}
	return exitWith(code)
}

// validateSeveral checks each file, and counts them.
func (a *app) validateSeveral(ctx context.Context, files []string) error {
	users, failed := 0, 0
	fileOf := make(map[string]string) // by account
	for _, file := range files {
		target := a.target(requestFlags{})
		target.file = file
		reading, err := target.load(ctx)
		if err == nil && reading.Account != "" && fileOf[reading.Account] != "" {
			err = sameAccount(file, reading.Account, fileOf[reading.Account])
		}
		if err != nil {
			a.printErrorOf(file, err)
			failed++
			continue
		}
		fileOf[reading.Account] = file
		users += len(reading.Users)
		if err := a.writeValid(reading); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%s wrong of %d", reconcile.CountOf(failed, "file is", "files are"), len(files))
	}
	_, err := fmt.Fprintf(a.stdout, "%s: ok, %s\n", reconcile.Count(len(files), "account"), reconcile.Count(users, "user"))
	return err
}

// sameAccount is two files for one account: each would undo what the other asks for.
func sameAccount(file, account, earlier string) error {
	return fmt.Errorf("%s is about account %s, as %s is: keep one of them", file, account, earlier)
}

// printErrorOf writes the error of one file of several. Problems name it themselves.
func (a *app) printErrorOf(file string, err error) {
	var problems reconcile.Problems
	if !errors.As(err, &problems) && !strings.Contains(err.Error(), file) {
		err = fmt.Errorf("%s: %w", file, err)
	}
	a.printError(err)
}
