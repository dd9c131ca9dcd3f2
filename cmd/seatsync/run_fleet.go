package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// parallelRuns bounds the memory of a fleet: each run holds an account.
const parallelRuns = 16

// fileList is the flag --file, which only run takes more than once; to all other
// commands it looks like a flag of one value.
type fileList []string

func (l *fileList) String() string { return strings.Join(*l, ", ") }

func (l *fileList) Set(text string) error {
	*l = append(*l, text)
	return nil
}

// Type names the value in help.
func (l *fileList) Type() string { return "string" }

// given returns the files that the command line or the environment names.
func (a *app) given() []string {
	if len(a.files) > 0 {
		return a.files
	}
	return []string{a.file}
}

// namesSeveral reports whether --file is given several times, or as a pattern: what is
// reported is then about several accounts, however many files there are.
func (a *app) namesSeveral() bool {
	given := a.given()
	return len(given) > 1 || isPattern(given[0])
}

func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

// filesOf returns the files that are named, patterns resolved, each once and in the order
// in which they are named.
func filesOf(given []string) ([]string, error) {
	var files []string
	for _, name := range given {
		found := []string{name}
		if isPattern(name) {
			var err error
			if found, err = filepath.Glob(name); err != nil || len(found) == 0 {
				return nil, fmt.Errorf("--file %s finds no file", name)
			}
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

// shareOfFiles returns the files to reconcile: all of them, in the order in which they are
// named, or every N-th from the I-th on, in the order of their names, whoever names them.
func shareOfFiles(given []string, shard string) ([]string, error) {
	if slices.Contains(given, "-") {
		return nil, errors.New("run reads the file again for each run, which standard input cannot do: name a file")
	}
	files, err := filesOf(given)
	if err != nil || shard == "" {
		return files, err
	}
	first, every, err := parseShard(shard)
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var share []string
	for i := first; i < len(files); i += every {
		share = append(share, files[i])
	}
	return share, nil
}

// parseShard reads I/N.
func parseShard(text string) (first, every int, err error) {
	index, count, found := strings.Cut(text, "/")
	first, err = strconv.Atoi(index)
	if err == nil {
		every, err = strconv.Atoi(count)
	}
	if !found || err != nil || first < 0 || first >= every {
		return 0, 0, fmt.Errorf("--shard %q: write I/N with I from 0 to N-1, for instance 0/10", text)
	}
	return first, every, nil
}

// accounts returns what the daemon reconciles, one account a file.
func (a *app) accounts(flags runFlags, metrics *daemon.Metrics, log *slog.Logger) ([]daemon.Account, error) {
	tokens, err := zerotrust.NewRateLimiters(flags.requests.quotaShare)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string) // by account
	unread := newRunHistory(a, func() string { return "" })
	accounts := make([]daemon.Account, 0, len(flags.files))
	for _, file := range flags.files {
		runner := &accountRunner{
			app: a, flags: flags, file: file, log: log, metrics: metrics, limiters: tokens, isFleet: flags.isFleet,
		}
		settings, err := runner.Settings(true)
		id := strings.ToLower(settings.AccountID)
		if earlier := files[id]; err == nil && earlier != "" {
			return nil, fmt.Errorf("%s and %s are both about account %s: keep one of them", earlier, file, settings.AccountID)
		}
		files[id] = file
		history := newRunHistory(a, runner.accountID)
		history.unread, history.isOurs = unread, func(given string) bool {
			return given == absolute(file) || given == "" && !flags.isFleet // an earlier version did not record it
		}
		outbox := func() []*record.Outbox {
			boxes := []*record.Outbox{history.store().Outbox()}
			if runner.accountID() != "" {
				boxes = append(boxes, a.store("").Outbox())
			}
			return boxes
		}
		accounts = append(accounts, daemon.Account{Name: file, ID: runner.accountID(), Runner: runner, History: history, Outbox: outbox})
	}
	return accounts, nil
}
