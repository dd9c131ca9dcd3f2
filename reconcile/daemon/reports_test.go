package daemon

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// writesReports counts the reports that it makes; each waits for the gate.
type writesReports struct {
	made, now, most atomic.Int32
	gate            chan struct{} // nil is open
	size            int
	err             error
}

func (w *writesReports) write(out io.Writer, plan *reconcile.Plan) error {
	w.made.Add(1)
	if now := w.now.Add(1); now > w.most.Load() {
		w.most.Store(now)
	}
	defer w.now.Add(-1)
	if w.gate != nil {
		<-w.gate
	}
	_, err := fmt.Fprintf(out, "<p>%d seats</p>%s", plan.Live.SeatsUsed, strings.Repeat(" ", w.size))
	return errors.Join(err, w.err)
}

func TestTwoReportsAtMostAreRenderedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, writes := storied(time.Now()), &writesReports{gate: make(chan struct{})}
		d, _ := newDaemon(t, Options{Report: writes.write}, s)
		var asking sync.WaitGroup
		var answered atomic.Int32
		for _, run := range s.made()[:6] {
			for range 3 {
				asking.Go(func() {
					if response, body := ask(t, d, "GET", "/runs/"+run.ID); response.StatusCode == http.StatusOK && strings.Contains(body, " seats</p>") {
						answered.Add(1)
					}
				})
			}
		}
		synctest.Wait()
		if now := writes.now.Load(); now != 2 {
			t.Errorf("%d reports are rendered at a time", now)
		}
		close(writes.gate)
		asking.Wait()
		if writes.most.Load() != 2 || writes.made.Load() != 6 || answered.Load() != 18 {
			t.Errorf("%d at a time, %d reports rendered for 6 runs, %d of 18 requests answered", writes.most.Load(), writes.made.Load(), answered.Load())
		}
	})
}

// The page of an account reads a plan too.
func TestTheStatusPageWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, writes := storied(time.Now()), &writesReports{gate: make(chan struct{})}
		d, _ := newDaemon(t, Options{Report: writes.write}, s)
		var asking sync.WaitGroup
		for _, run := range s.made()[:2] {
			asking.Go(func() { ask(t, d, "GET", "/runs/"+run.ID) })
		}
		synctest.Wait()
		var shown atomic.Int32
		for range 3 {
			asking.Go(func() {
				if response, body := ask(t, d, "GET", "/"); response.StatusCode == http.StatusOK && strings.Contains(body, "</html>") {
					shown.Add(1)
				}
			})
		}
		synctest.Wait()
		if shown.Load() != 0 {
			t.Error("a page was shown while two reports were rendered")
		}
		close(writes.gate)
		asking.Wait()
		if shown.Load() != 3 {
			t.Errorf("%d of 3 pages were shown", shown.Load())
		}
	})
}

func TestAReportIsRenderedAgainWhenMoreIsKnownOfItsRun(t *testing.T) {
	s, writes := storied(time.Now()), &writesReports{}
	d, _ := newDaemon(t, Options{Report: writes.write}, s)
	id := s.made()[90].ID
	_, first := ask(t, d, "GET", "/runs/"+id)
	_, again := ask(t, d, "GET", "/runs/"+id)
	if first != again || writes.made.Load() != 1 {
		t.Errorf("%d reports were made for two requests", writes.made.Load())
	}
	plan := *s.plans[id]
	plan.Live.SeatsUsed = 7777
	s.plans[id] = &plan
	if _, body := ask(t, d, "GET", "/runs/"+id); !strings.Contains(body, "7777 seats") {
		t.Errorf("an old report: %.60s", body)
	}
	s.runs = nil // retention removes it
	if response, _ := ask(t, d, "GET", "/runs/"+id); response.StatusCode != http.StatusNotFound {
		t.Errorf("a report of a run that is not recorded: %s", response.Status)
	}
}

func TestTheReportOfARunThatIsGoingOnIsNotKept(t *testing.T) {
	s, writes := storied(time.Now()), &writesReports{}
	d, _ := newDaemon(t, Options{Report: writes.write}, s)
	s.runs[90].Result = reconcile.ResultRunning
	for range 2 {
		ask(t, d, "GET", "/runs/"+s.runs[90].ID)
	}
	if writes.made.Load() != 2 {
		t.Errorf("%d reports were made", writes.made.Load())
	}
}

func TestAReportThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	s, writes := storied(time.Now()), &writesReports{err: errors.New("out of ink")}
	d, log := newDaemon(t, Options{Report: writes.write}, s)
	for i := range 2 {
		if response, _ := ask(t, d, "GET", "/runs/"+s.made()[90].ID); response.StatusCode != http.StatusInternalServerError || writes.made.Load() != int32(i+1) {
			t.Errorf("%s after %d", response.Status, writes.made.Load())
		}
	}
	if !strings.Contains(log.String(), "out of ink") {
		t.Error(log.String())
	}
}

func TestKeptReportsAreBounded(t *testing.T) {
	s, writes := storied(time.Now()), &writesReports{size: 9 << 20}
	d, _ := newDaemon(t, Options{Report: writes.write}, s)
	for _, run := range s.made()[:5] {
		ask(t, d, "GET", "/runs/"+run.ID)
	}
	if d.reports.size > keptReportsBytes || len(d.reports.kept) != 3 {
		t.Errorf("%d reports of %d bytes are kept", len(d.reports.kept), d.reports.size)
	}
	writes.size = keptReportsBytes
	for range 2 {
		if _, body := ask(t, d, "GET", "/runs/"+s.made()[10].ID); len(body) < keptReportsBytes {
			t.Errorf("a large report has %d bytes", len(body))
		}
	}
	if len(d.reports.kept) != 3 || writes.made.Load() != 7 {
		t.Errorf("a report beyond the bound: %d are kept, %d were made", len(d.reports.kept), writes.made.Load())
	}
}
