package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/daemon"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// runHistory shows the recorded runs of one account to the daemon. It keeps what
// a page needs of records that cannot change any more, since a record holds a
// whole plan.
type runHistory struct {
	app     *app
	account func() string // "" as long as it is not known
	// unread has the runs that ended before they knew their account, and isOurs tells by
	// their file which of them were about this one.
	unread *runHistory
	isOurs func(file string) bool

	mu    sync.Mutex
	known map[string]recordedRun
}

// recordedRun is a run, and the file that it was given.
type recordedRun struct {
	daemon.RunSummary
	file string
}

func newRunHistory(a *app, account func() string) *runHistory {
	return &runHistory{app: a, account: account, known: make(map[string]recordedRun)}
}

// store returns the records of the account.
func (h *runHistory) store() *record.Store { return h.app.store(h.account()) }

// Runs returns the latest runs of the account, and of its file.
func (h *runHistory) Runs(most int) ([]daemon.RunSummary, error) {
	runs, err := h.unread.latest(most, h.isOurs)
	if h.account() != "" {
		own, ownErr := h.latest(most, func(string) bool { return true })
		runs = append(runs, own...)
		if fmt.Sprint(err) != fmt.Sprint(ownErr) { // what is wrong with the state directory is said once
			err = errors.Join(err, ownErr)
		}
		slices.SortStableFunc(runs, func(a, b daemon.RunSummary) int { return cmp.Compare(b.ID, a.ID) })
	}
	return runs[:min(len(runs), most)], err
}

// latest returns the latest runs that were given a file of ours.
func (h *runHistory) latest(most int, isOurs func(file string) bool) ([]daemon.RunSummary, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	store := h.store()
	ids, err := store.IDs()
	if err != nil {
		return nil, err
	}
	h.forget(ids)
	var problems []error
	runs := []daemon.RunSummary{}
	for _, id := range ids {
		if len(runs) == most {
			break
		}
		run, known := h.known[id]
		if !known {
			found, err := store.Read(id)
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) { // removed meanwhile by retention
					problems = append(problems, err)
				}
				continue
			}
			run = recordedRun{describeRun(found, h.app.mask), found.File}
			if run.Result != reconcile.ResultRunning && run.Result != reconcile.ResultKilled {
				h.known[id] = run
			}
		}
		if isOurs(run.file) {
			runs = append(runs, run.RunSummary)
		}
	}
	return runs, errors.Join(problems...)
}

// forget drops what is no longer recorded. The ids are the latest first.
func (h *runHistory) forget(ids []string) {
	if len(h.known) <= len(ids) {
		return
	}
	for id := range h.known {
		if !slices.Contains(ids, id) {
			delete(h.known, id)
		}
	}
}

// Past returns what all records of the account say of seats and money.
func (h *runHistory) Past() reconcile.History { return h.store().History(time.Time{}) }

// storeOf returns where the record of a run is. The error is [daemon.ErrNoRun] where there
// is none.
func (h *runHistory) storeOf(id string) (*record.Store, error) {
	for _, store := range []*record.Store{h.store(), h.unread.store()} {
		if ids, err := store.IDs(); err != nil || slices.Contains(ids, id) {
			return store, err
		}
	}
	return nil, daemon.ErrNoRun
}

// Read returns one run with its plan.
func (h *runHistory) Read(id string) (daemon.RunSummary, *reconcile.Plan, error) {
	store, err := h.storeOf(id)
	if err != nil {
		return daemon.RunSummary{}, nil, err
	}
	found, err := store.Read(id)
	if err != nil {
		return daemon.RunSummary{}, nil, err
	}
	run := describeRun(found, h.app.mask)
	if found.Plan == nil {
		return run, nil, nil
	}
	return run, h.app.mask.Plan(found.Plan), nil
}

// Version returns a text that is another one once the record has been added to.
func (h *runHistory) Version(id string) (string, error) {
	for _, store := range []*record.Store{h.store(), h.unread.store()} {
		if version, err := store.Version(id); !errors.Is(err, fs.ErrNotExist) {
			return version, err
		}
	}
	return "", daemon.ErrNoRun
}

// describeRun returns what the daemon shows of a record.
func describeRun(found *record.Record, mask *report.Masker) daemon.RunSummary {
	run := daemon.RunSummary{
		ID: found.ID, AccountID: found.AccountID, Mode: found.Mode, Result: found.Result, Error: mask.Text(found.Error),
		StartedAt: found.StartedAt, FinishedAt: found.FinishedAt, Who: mask.Person(found.Who), Host: found.Host, Tool: found.Tool, Commit: found.Commit,
	}
	run.Report, run.Outcomes = "/runs/"+found.ID, map[reconcile.Status]int{}
	switch {
	case found.Plan != nil:
		run.Describe(found.Plan)
	case found.Run != nil: // the plan is damaged, the outcomes are not
		run.CountOutcomes(found.Run)
	}
	return run
}
