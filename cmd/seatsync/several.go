package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
	"github.com/seatsync/seatsync/reconcile/runner"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// severalFiles returns the files that --file names where it names several, or a
// pattern, in the order in which they are named; nil for a single file.
func (a *app) severalFiles() ([]string, error) {
	given := a.given()
	isPattern := func(name string) bool { return strings.ContainsAny(name, "*?[") }
	if len(given) == 1 && !isPattern(given[0]) {
		return nil, nil
	}
	var files []string
	for _, name := range given {
		if name == "-" {
			return nil, errors.New("standard input is one file among several: name files only")
		}
		found, err := shareOfFiles([]string{name}, "")
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
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
