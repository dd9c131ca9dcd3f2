package main

import (
	"errors"
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
	store func() *record.Store // of the account, as soon as its id is known
	mask  *report.Masker

	mu    sync.Mutex
	known map[string]daemon.RunSummary
}

// Runs returns the latest runs of the account.
func (h *runHistory) Runs(most int) ([]daemon.RunSummary, error) {
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
			run = describeRun(found, h.mask)
			if run.Result != reconcile.ResultRunning && run.Result != reconcile.ResultKilled {
				h.known[id] = run
			}
		}
		runs = append(runs, run)
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

// Read returns one run with its plan.
func (h *runHistory) Read(id string) (daemon.RunSummary, *reconcile.Plan, error) {
	store := h.store()
	ids, err := store.IDs()
	if err != nil {
		return daemon.RunSummary{}, nil, err
	}
	if !slices.Contains(ids, id) {
		return daemon.RunSummary{}, nil, daemon.ErrNoRun
	}
	found, err := store.Read(id)
	if err != nil {
		return daemon.RunSummary{}, nil, err
	}
	run := describeRun(found, h.mask)
	if found.Plan == nil {
		return run, nil, nil
	}
	return run, h.mask.Plan(found.Plan), nil
}

// Version returns a text that is another one once the record has been added to.
func (h *runHistory) Version(id string) (string, error) {
	version, err := h.store().Version(id)
	if errors.Is(err, fs.ErrNotExist) {
		return "", daemon.ErrNoRun
	}
	return version, err
}

// describeRun returns what the daemon shows of a record.
func describeRun(found *record.Record, mask *report.Masker) daemon.RunSummary {
	run := daemon.RunSummary{
		ID: found.ID, AccountID: found.AccountID, Mode: found.Mode, Result: found.Result, Error: mask.Text(found.Error),
		StartedAt: found.StartedAt, FinishedAt: found.FinishedAt, Who: mask.Text(found.Who), Host: found.Host, Tool: found.Tool, Commit: found.Commit,
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
