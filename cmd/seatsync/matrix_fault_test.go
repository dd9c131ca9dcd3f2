package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// codes are the exit codes of an apply that meets a fault once, or always. Met now and then it may come to either,
// depending on which requests are hit.
type codes struct{ once, always int }

// failing is what can go wrong with a request, and what an apply comes to when that happens to a GET, PATCH or PUT.
var failing = []struct {
	name, kind      string
	get, patch, put codes
	isSilent        bool
}{
	// These pass: they are tried again, and before that nothing has happened.
	{"429 without Retry-After", "429", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"429 with Retry-After", "429(retry-after=1)", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"500", "500", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"502 with HTML", "502", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"503 without a body", "503", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"520", "520", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"a connection that is reset before the effect", "reset-before", codes{0, 1}, codes{0, 4}, codes{0, 4}, false},
	{"an answer that never comes", "hang", codes{0, 1}, codes{0, 4}, codes{0, 4}, true},
	// These have had their effect, which reading finds out.
	{"a connection that is reset after the effect", "reset-after", codes{0, 1}, codes{0, 0}, codes{0, 0}, false},
	{"an answer that never comes after the effect", "hang-after", codes{0, 1}, codes{0, 0}, codes{0, 0}, true},
	{"a connection that closes within the answer", "cut-body", codes{0, 1}, codes{0, 0}, codes{0, 0}, false},
	{"truncated JSON", "truncated", codes{0, 1}, codes{0, 0}, codes{0, 0}, false},
	{"wrong types", "wrong-types", codes{0, 1}, codes{0, 0}, codes{0, 0}, false},
	// This is a refusal: a batch is halved, a single request is not sent again.
	{"200 with success false", "failure", codes{1, 1}, codes{4, 4}, codes{4, 4}, false}, // the first PATCH is a narrow, alone
}

// misleading is what can be wrong with a listing that looks right. Once, it is read again; always, it is an error.
var misleading = []struct{ name, kind string }{
	{"a short page", "short-page"},
	{"a page that lacks many", "short-page(drop=7)"},
	{"an empty page", "short-page(drop=20)"},
	{"a doubled page", "doubled-page"},
	{"a user added between pages", "user-added"},
	{"a user removed between pages", "user-removed"},
	{"a total that lies by one more", "wrong-total"},
	{"a total that lies by one less", "wrong-total(by=-1)"},
	{"a total that lies by a page", "wrong-total(by=-20)"},
	{"a total that says that nobody is there", "wrong-total(by=-1000)"},
	{"no total", "missing-total"},
	{"no information about the page", "missing-info"},
}

// sideBySide runs subtests so many at a time. Most of them wait for time to pass, so there are more than processors.
type sideBySide struct {
	t     *testing.T
	group sync.WaitGroup
	slots chan struct{}
}

func newSideBySide(t *testing.T) *sideBySide {
	return &sideBySide{t: t, slots: make(chan struct{}, 16)}
}

func (s *sideBySide) run(name string, test func(*testing.T)) {
	s.group.Go(func() {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
		s.t.Run(name, test)
	})
}

func TestApplyMeetsEveryFault(t *testing.T) {
	t.Parallel()
	cells := newSideBySide(t)
	defer cells.group.Wait()
	for _, fault := range failing {
		for method, codes := range map[string]codes{"GET": fault.get, "PATCH": fault.patch, "PUT": fault.put} {
			for when, code := range map[string]int{"once": codes.once, "every=3": anyCode, "always": codes.always} {
				text := fmt.Sprintf("%s:%s:%s", method, fault.kind, when)
				cells.run(fmt.Sprintf("%s for %s %s", fault.name, method, when), func(t *testing.T) {
					meetFault(t, code, fault.isSilent, text)
				})
			}
		}
	}
}

func TestApplyMeetsEveryListingThatMisleads(t *testing.T) {
	t.Parallel()
	cells := newSideBySide(t)
	defer cells.group.Wait()
	for _, fault := range misleading {
		for when, code := range map[string]int{
			"once": 0, "every=3": anyCode, "always": 1, "after=1+once": 0, "after=1": 1,
		} {
			if strings.HasPrefix(fault.kind, "user-") && strings.HasPrefix(when, "after") {
				code = anyCode // the last pages are read side by side, and nobody may read after the change
			}
			cells.run(fault.name+", "+when, func(t *testing.T) {
				meetFault(t, code, false, fmt.Sprintf("GET@users:%s:%s", fault.kind, when))
			})
		}
	}
}

func TestApplyMeetsSeveralFaultsAtOnce(t *testing.T) {
	t.Parallel()
	cells := newSideBySide(t)
	defer cells.group.Wait()
	for _, test := range []struct {
		name   string
		code   int
		faults []string
	}{
		{"an effect that nobody can read about", 4, []string{"PATCH:reset-after:always", "GET:500:after=4"}},
		{"no effect, and nobody can read about it", 4, []string{"PATCH:reset-before:always", "PUT:reset-before:always", "GET:503:after=4"}},
		{"everything fails now and then", anyCode, []string{"PATCH:502:every=2", "PUT:cut-body:every=3", "GET:500:every=4"}},
		{"an effect, and then no request is taken for long", 4, []string{"PATCH:reset-after:once", "PATCH:429(retry-after=3000):after=1"}},
		{"a server that fails, and then takes no request for long", 4, []string{"PUT:500:times=2", "PUT:429(retry-after=3000):after=2"}},
		{"devices cannot be read", 0, []string{"devices:403:always"}},
		{"devices mislead", 0, []string{"devices:short-page:always"}},
		{"reading back misleads", anyCode, []string{"PATCH:truncated:always", "GET@users:doubled-page:after=3"}},
		{"nothing is taken", 0, []string{"PATCH:not-taken:always"}},
		{"items are missing in every answer", 0, []string{"PATCH:short-page(drop=2):always"}},
		{"no item is in any answer", 0, []string{"PATCH:short-page(drop=100):always"}},
		{"the token is revoked after the listing", 4, []string{"PATCH:401:always", "PUT:401:always", "GET:401:after=4"}},
		{"the permission to write is missing", 4, []string{"PATCH:403:always", "PUT:403:always"}},
		{"something redirects", 4, []string{"PATCH:redirect:always", "PUT:redirect:always"}},
	} {
		cells.run(test.name, func(t *testing.T) { meetFault(t, test.code, false, test.faults...) })
	}
}

// anyCode stands for an exit code that depends on which requests are hit. It is still checked against the outcomes.
const anyCode = -1

// meetFault applies while things go wrong, checks that what is told is true and that no harm is done, and applies again.
func meetFault(t *testing.T, code int, isSilent bool, faults ...string) {
	r := newRig(t, company())
	r.inject(faults...)
	patient := r.adjust
	if isSilent {
		r.adjust = func(config *zerotrust.Config) {
			patient(config)
			config.RequestTimeout, config.Retries = 2*time.Second, 1
		}
	}
	done := r.run(t.Context(), r.applyArgs()...)
	r.adjust = patient
	if code != anyCode && done.code != code {
		t.Errorf("exit code %d, want %d\n%s", done.code, code, done.stderr)
	}
	r.wantNoWrongWrite(done.sent)
	r.wantTold(done)
	r.wantConvergence()
}

// applyArgs are an apply that leaves reports in every place.
func (r *rig) applyArgs() []string {
	args := []string{"apply", "--yes", "--batch-size", "3", "--format", "json", "--out", r.path("plan.json"), "--log-level", "debug"}
	for _, format := range []string{"json", "markdown"} {
		args = append(args, "--report", format+"="+r.path("report."+format))
	}
	return args
}

// wantTold fails the test unless an apply has told everybody the truth: by its exit code, its reports and its record.
func (r *rig) wantTold(done result) {
	r.t.Helper()
	reports, err := filepath.Glob(r.path("report.*"))
	check(r.t, err)
	kept, err := r.store().Read("last")
	check(r.t, err)
	if done.code == codeError {
		// There is nothing to report on, and half a report would be worse than none.
		if done.stdout != "" || len(reports) > 0 || len(done.writes()) > 0 || !strings.Contains(done.stderr, "seatsync: error: ") {
			r.t.Errorf("exit code 1: nothing may be done, and the error is told\nreports %q, %d writes\n%s\n%s",
				reports, len(done.writes()), done.stdout, done.stderr)
		}
		if kept.Result != reconcile.ResultFailed || kept.Error == "" {
			r.t.Errorf("the record says %s, error %q", kept.Result, kept.Error)
		}
		return
	}
	plan := done.plan(r.t)
	r.wantHonestRun(r.t, plan)
	wantCode, wantResult := codeOK, reconcile.ResultDone
	switch {
	case plan.Run.Count(reconcile.Failed)+plan.Run.Count(reconcile.Stale)+plan.Run.Count(reconcile.NotReached) > 0:
		wantCode, wantResult = codePartial, reconcile.ResultPartial
	case plan.Run.Count(reconcile.NotTaken) > 0:
		wantResult = reconcile.ResultNotTaken
	}
	if done.code != wantCode || kept.Result != wantResult {
		r.t.Errorf("exit code %d and %s on record, want %d and %s", done.code, kept.Result, wantCode, wantResult)
	}
	if !bytes.Equal(marshal(r.t, kept.Plan), marshal(r.t, plan)) {
		r.t.Errorf("the record tells another story than the report:\n%s\n%s", marshal(r.t, kept.Plan.Run), marshal(r.t, plan.Run))
	}
	r.wantCounted(done, plan.Run)
	r.wantReports(reports, done)
}

// wantCounted fails the test when more was written than the run counts.
func (r *rig) wantCounted(done result, run *reconcile.Run) {
	r.t.Helper()
	if calls, writes := run.Calls, len(done.writes()); writes > calls.Patch+calls.Put+calls.Retries {
		r.t.Errorf("%d requests that write were sent, and the run counts %+v", writes, calls)
	}
}

// wantReports fails the test unless there is a whole report in every place, and nothing else.
func (r *rig) wantReports(reports []string, done result) {
	r.t.Helper()
	if len(reports) != 2 {
		r.t.Errorf("reports %q", reports)
	}
	for _, path := range append(reports, r.path("plan.json")) {
		data, err := os.ReadFile(path)
		check(r.t, err)
		if len(data) == 0 || strings.HasSuffix(path, "json") && string(data) != done.stdout {
			r.t.Errorf("%s has %d bytes, or is not what standard output got", path, len(data))
		}
	}
	entries, err := os.ReadDir(r.directory)
	check(r.t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{"desired-state.yaml", "plan.json", "report.json", "report.markdown", "state"}
	if !slices.Equal(names, want) {
		r.t.Errorf("files %q, want %q", names, want)
	}
}

// wantConvergence fails the test unless the next apply does all the rest, and the one after it has nothing to do.
func (r *rig) wantConvergence() {
	r.t.Helper()
	r.box.ClearFaults()
	again := r.run(r.t.Context(), r.applyArgs()...)
	if again.code != codeOK {
		r.t.Fatalf("applying again: exit code %d\n%s", again.code, again.stderr)
	}
	r.wantNoWrongWrite(again.sent)
	r.wantTold(again)
	r.wantAllDone()
	after := r.run(r.t.Context(), "plan", "--detailed-exitcode", "--format", "json")
	if after.code != codeOK || after.plan(r.t).Summary.Pending() > 0 || len(after.writes()) > 0 {
		r.t.Errorf("planning after it: exit code %d, %d writes\n%s", after.code, len(after.writes()), after.stderr)
	}
}

func marshal(t testing.TB, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	check(t, err)
	return data
}
