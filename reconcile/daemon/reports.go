package daemon

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/report"
)

// Bounds of reports. One of a large account takes some memory to make and some to
// keep, and anybody who may see the pages may ask for many at a time.
const (
	reportsAtATime   = 2
	keptReportsBytes = 32 << 20
	keptReports      = 100
)

// reportCache renders reports, few at a time, and keeps those that were asked for
// last as long as their records stay as they are.
type reportCache struct {
	slots chan struct{}

	mu     sync.Mutex
	kept   []keptReport // the one that was asked for last at the end
	size   int
	making map[reportKey]chan struct{}
}

type keptReport struct {
	key    reportKey
	report runReport
}

// reportKey names a report, and the state of the record that it was made from. What the
// status page shows of the run is kept beside it.
type reportKey struct {
	account, id, version string
	isForStatus          bool
}

func newReportCache() *reportCache {
	return &reportCache{slots: make(chan struct{}, reportsAtATime), making: make(map[reportKey]chan struct{})}
}

// runReport is the report of a run as a page; the page is nil where the run had no
// plan.
type runReport struct {
	run  RunSummary
	page []byte
	// waiting is what the status page shows of the plan, which then has no page.
	waiting []waiting
}

// get returns the report that is kept by a key, or the one that render makes once it
// is its turn. Requests for one report wait for one rendering.
func (c *reportCache) get(ctx context.Context, key reportKey, render func() (runReport, error)) (runReport, error) {
	for {
		report, found, others := c.begin(key)
		switch {
		case found:
			return report, nil
		case others == nil:
			return c.make(ctx, key, render)
		}
		select {
		case <-others:
		case <-ctx.Done():
			return runReport{}, context.Cause(ctx)
		}
	}
}

// begin returns the report that is kept, or what is closed when others have made it.
// With neither, the caller must make it.
func (c *reportCache) begin(key reportKey) (report runReport, found bool, others <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if report, found := c.find(key); found {
		return report, true, nil
	}
	if making, found := c.making[key]; found {
		return runReport{}, false, making
	}
	c.making[key] = make(chan struct{})
	return runReport{}, false, nil
}

// make renders a report and lets those go on who wait for it.
func (c *reportCache) make(ctx context.Context, key reportKey, render func() (runReport, error)) (report runReport, err error) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		// A run that is going on is killed without a word in its record.
		if err == nil && report.run.Result != reconcile.ResultRunning {
			c.keep(key, report)
		}
		close(c.making[key])
		delete(c.making, key)
	}()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
		return render()
	case <-ctx.Done():
		return runReport{}, context.Cause(ctx)
	}
}

// find returns a report that is kept. The lock is held.
func (c *reportCache) find(key reportKey) (runReport, bool) {
	at := slices.IndexFunc(c.kept, func(kept keptReport) bool { return kept.key == key })
	if at < 0 {
		return runReport{}, false
	}
	found := c.kept[at]
	c.kept = append(slices.Delete(c.kept, at, at+1), found)
	return found.report, true
}

// keep makes room and keeps a report, unless it alone is beyond the bound. The lock
// is held.
func (c *reportCache) keep(key reportKey, report runReport) {
	if len(report.page) > keptReportsBytes {
		return
	}
	c.size += len(report.page)
	c.kept = append(c.kept, keptReport{key, report})
	drop := 0
	for ; c.size > keptReportsBytes || len(c.kept)-drop > keptReports; drop++ {
		c.size -= len(c.kept[drop].report.page)
	}
	c.kept = slices.Delete(c.kept, 0, drop)
}

// serveReport serves the report of one run.
func (d *Daemon) serveReport(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	for _, a := range d.accounts {
		version, err := a.history.Version(id)
		if errors.Is(err, ErrNoRun) {
			continue
		}
		var report runReport
		if err == nil {
			report, err = d.reports.get(r.Context(), reportKey{account: a.label(), id: id, version: version}, func() (runReport, error) {
				return d.renderReport(a, id)
			})
		}
		switch {
		case errors.Is(err, ErrNoRun): // removed by retention a moment ago
			continue
		case r.Context().Err() != nil: // who asked has gone
		case err != nil:
			d.log.Error("a report cannot be shown", "run", id, "error", err.Error())
			d.writePage(w, http.StatusInternalServerError, "problem", problemPage{Title: "This run cannot be shown", Text: "its record cannot be read, or the report not be written: the log says more"})
		case report.page == nil:
			run := report.run
			d.writePage(w, http.StatusOK, "problem", problemPage{
				Title: "Run " + run.ID + " ended before it had a plan", Text: run.Error,
				Facts: []fact{{"account", run.AccountID}, {"mode", string(run.Mode)}, {"result", string(run.Result)}, {"started", clockTime(run.StartedAt.In(a.zone()))}},
			})
		default:
			w.Header().Set("Content-Security-Policy", d.options.ReportPolicy+"; frame-ancestors 'none'")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(report.page) // who asked has gone
		}
		return
	}
	d.writePage(w, http.StatusNotFound, "problem", problemPage{Title: "No such run is recorded", Text: "It may have been removed by retention."})
}

// renderReport returns the report of a run, for which its whole record is read.
func (d *Daemon) renderReport(a *account, id string) (runReport, error) {
	run, plan, err := a.history.Read(id)
	if err != nil || plan == nil || d.options.Report == nil {
		return runReport{run: run}, err
	}
	var page bytes.Buffer
	err = d.options.Report(&page, plan)
	return runReport{run: run, page: page.Bytes()}, err
}

// waitingIn returns the changes that the plan of a run holds. It is made as a report is,
// since the plan is read for it.
func (d *Daemon) waitingIn(ctx context.Context, a *account, id string) ([]waiting, error) {
	version, err := a.history.Version(id)
	if err != nil {
		return nil, err
	}
	found, err := d.reports.get(ctx, reportKey{a.label(), id, version, true}, func() (runReport, error) {
		run, plan, err := a.history.Read(id)
		if err != nil || plan == nil {
			return runReport{run: run}, err
		}
		return runReport{run: run, waiting: heldGroups(report.NewView(plan))}, nil
	})
	return found.waiting, err
}
