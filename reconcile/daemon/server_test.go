package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/seatsync/seatsync/reconcile"
)

// hostile is a name that tries to be markup.
const hostile = `<script>window.pwned=1</script><img src=x onerror="window.pwned=1">@example.com`

// storied returns a stand with a history: ninety days of dry runs, an apply each
// month, a failure, and changes that are held.
func storied(now time.Time) *stand {
	s := newStand(dryRun("0 6 * * 1-5"), apply("0 7 1 * *"))
	for day := 90; day >= 0; day-- {
		at := now.Add(-time.Duration(day)*24*time.Hour - 150*time.Minute)
		plan := heldPlan(400+day/2-(90-day)/30*40, at)
		run := RunSummary{
			ID: at.UTC().Format("20060102T150405Z") + "-0000abcd", AccountID: testAccount, Mode: reconcile.ModeDryRun, Result: reconcile.ResultDone,
			StartedAt: at, FinishedAt: at.Add(4 * time.Second), Who: "seatsync", Host: "ops-1", Tool: "seatsync test",
		}
		run.Report = "/runs/" + run.ID
		switch {
		case day%30 == 0:
			run.Mode = reconcile.ModeApply
			plan.Run = &reconcile.Run{ID: run.ID, Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}}}
		case day == 7:
			run.Result, run.Error, plan = reconcile.ResultFailed, "list users: GET /accounts/…/access/users: 503 after 5 attempts", nil
		}
		if plan != nil {
			run.Describe(plan)
		}
		s.runs, s.plans[run.ID] = append(s.runs, run), plan
	}
	return s
}

// heldPlan is a plan with one release and a few changes that are held.
func heldPlan(seats int, at time.Time) *reconcile.Plan {
	purchased := 500
	plan := &reconcile.Plan{
		AccountID: testAccount, CreatedAt: at,
		Live:    reconcile.LiveInfo{Users: 700, AccessSeats: seats - 20, GatewaySeats: seats / 2, SeatsUsed: seats},
		Summary: reconcile.Summary{Release: 1, Held: 5, SeatsAfter: seats - 1, Currency: "USD"},
		Money:   reconcile.Money{Price: "7.00", Purchased: &purchased},
	}
	if passed, err := reconcile.ParseDate("2027-02-03"); err == nil {
		plan.Money.BudgetExceededOn, plan.Money.SeatsExhaustedOn = &passed, &passed
	}
	plan.Summary.MonthlyCostBefore, plan.Summary.MonthlyCostAfter = plan.Money.Price.Times(seats), plan.Money.Price.Times(seats-1)
	plan.Changes = append(plan.Changes, reconcile.Change{
		Kind: reconcile.Release, Email: "jdoe@example.com", UserID: at.String(), Reason: reconcile.Inactive, Before: reconcile.State{AccessSeat: reconcile.True, GatewaySeat: reconcile.False},
		After: reconcile.State{AccessSeat: reconcile.False, GatewaySeat: reconcile.False},
	})
	for i, held := range []struct {
		hold           reconcile.Hold
		email, because string
	}{
		{reconcile.HeldProtected, "ceo@example.com", "protected by desired-state.yaml:34"},
		{reconcile.HeldExempt, "priya.raman@example.com", "exempt until 2029-06-30"},
		{reconcile.HeldAmbiguous, "twin@example.com", "several live users have this email: name the id of the one you mean"},
		{reconcile.HeldActivityUnknown, "odd@example.com", "the date of the last login cannot be trusted"},
		{reconcile.HeldProtected, hostile, "protected by desired-state.yaml:35"},
	} {
		plan.Changes = append(plan.Changes, reconcile.Change{
			Kind: reconcile.Release, Email: held.email, Held: held.hold, HeldBecause: held.because,
			Source: reconcile.Position{File: "desired-state.yaml", Line: 29 + i},
		})
	}
	return plan
}

// ask asks for a page and returns the response with its body.
func ask(t *testing.T, d *Daemon, method, path string) (*http.Response, string) {
	t.Helper()
	recorder, request := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil)
	request.Host = "localhost:9464"
	d.Handler().ServeHTTP(recorder, request)
	return recorder.Result(), recorder.Body.String()
}

func TestEverythingIsReadOnly(t *testing.T) {
	d, _ := newDaemon(t, Options{}, storied(time.Now()))
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/api/v1/runs", "/runs/x", "/nowhere"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
			if response, _ := ask(t, d, method, path); response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %s", method, path, response.Status)
			}
		}
		get, _ := ask(t, d, "GET", path)
		head, _ := ask(t, d, "HEAD", path)
		if get.StatusCode != head.StatusCode {
			t.Errorf("GET %s: %s, HEAD: %s", path, get.Status, head.Status)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	s := storied(time.Now())
	d, _ := newDaemon(t, Options{}, s)
	last := s.made()[90].ID
	for path, status := range map[string]int{
		"/": 200, "/healthz": 200, "/readyz": 200, "/metrics": 200, "/api/v1/runs": 200, "/runs/" + last: 200,
		"/runs/none": 404, "/?account=none": 404, "/api/v1/runs?account=none": 404, "/api/v1/runs?limit=x": 400, "/nowhere": 404,
	} {
		response, body := ask(t, d, "GET", path)
		if response.StatusCode != status {
			t.Errorf("%s: %s, want %d", path, response.Status, status)
		}
		header := response.Header
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, header)
		}
		if strings.HasPrefix(header.Get("Content-Type"), "text/html") && strings.Contains(body, "<script") {
			t.Errorf("%s has a script", path)
		}
	}
}

func TestReadiness(t *testing.T) {
	s := newStand(dryRun("@daily"))
	d, _ := newDaemon(t, Options{}, s)
	expect := func(status int, text string) {
		t.Helper()
		response, body := ask(t, d, "GET", "/readyz")
		if response.StatusCode != status || !strings.Contains(body, text) {
			t.Errorf("%s: %s, want %d: %s", response.Status, body, status, text)
		}
	}
	expect(503, "no run yet, the first is due at")
	d.Once(t.Context(), reconcile.ModeDryRun)
	expect(200, "ok")
	s.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, errors.New("401 invalid token") }
	d.Once(t.Context(), reconcile.ModeDryRun)
	expect(503, "failed: 401 invalid token")
	s.run = func(context.Context, Request) (*reconcile.Plan, error) {
		plan := heldPlan(10, time.Now())
		plan.Limit.Tripped = true
		return plan, nil
	}
	d.Once(t.Context(), reconcile.ModeDryRun)
	expect(200, "ok") // the rail did its work

	// A restart forgets nothing.
	s.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, errors.New("401 invalid token") }
	d.Once(t.Context(), reconcile.ModeDryRun)
	d, _ = newDaemon(t, Options{}, s)
	expect(503, "failed: its record says why")
	if _, metrics := ask(t, d, "GET", "/metrics"); !strings.Contains(metrics, `seatsync_changes_held{account="`+testAccount+`",reason="protected"}`) == strings.Contains(metrics, "last_success_timestamp_seconds{") {
		t.Log(metrics)
	}
}

// Anybody may ask whether the daemon is ready, by any name and without a password.
func TestReadinessNamesNobody(t *testing.T) {
	refused := &reconcile.APIError{Method: "PUT", Path: "/u", Status: 400, Messages: []reconcile.APIMessage{{Code: 12, Message: "Ada Lovelace"}}}
	for _, test := range []struct {
		name        string
		unread, run error
		want        string
	}{
		{"a file that cannot be read", errors.New("d.yaml:7:13: ada@example.com is listed twice"), nil, "the file cannot be read: d.yaml:7:13: … is listed twice"},
		{"a run that the file fails", nil, errors.New("d.yaml:7:13: ada@example.com is listed twice"), "run run-1 failed: d.yaml:7:13: … is listed twice"},
		{"a run that the API fails", nil, fmt.Errorf("rename ada@example.com: %w", refused), "run run-1 failed: rename …: PUT /u: 400 12 …"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStand(dryRun("@daily"))
			s.unread = test.unread
			s.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, test.run }
			d, _ := newDaemon(t, Options{}, s)
			if test.run != nil {
				d.Once(t.Context(), reconcile.ModeDryRun)
			}
			response, body := ask(t, d, "GET", "/readyz")
			if response.StatusCode != 503 || !strings.Contains(body, test.want) || strings.Contains(strings.ToLower(body), "ada") {
				t.Errorf("%s: %s", response.Status, body)
			}
		})
	}
}

func TestTheRunsAsJSON(t *testing.T) {
	d, _ := newDaemon(t, Options{}, storied(time.Now()))
	response, body := ask(t, d, "GET", "/api/v1/runs?limit=8")
	var answer struct{ Runs []RunSummary }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || response.Header.Get("Content-Type") != "application/json" {
		t.Fatal(err, response.Header)
	}
	if len(answer.Runs) != 8 || answer.Runs[0].Mode != reconcile.ModeApply || answer.Runs[0].Outcomes[reconcile.Applied] != 1 ||
		answer.Runs[7].Result != reconcile.ResultFailed || answer.Runs[7].Summary != nil {
		t.Errorf("got %s", body)
	}
	if !slices.IsSortedFunc(answer.Runs, func(a, b RunSummary) int { return b.StartedAt.Compare(a.StartedAt) }) {
		t.Error("not the latest first")
	}
	if diff := cmp.Diff(map[reconcile.Hold]int{"protected": 2, "exempt": 1, "ambiguous": 1, "activity-unknown": 1}, answer.Runs[0].Held); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{`"pending": {`, `"monthly_cost": "`, `"monthly_billed": "3500.00"`, `"monthly_idle": "`, `"purchased": 500`, `"report": "/runs/`} {
		if !strings.Contains(body, key) {
			t.Errorf("no %s", key)
		}
	}
}

var sampleLine = regexp.MustCompile(`(?m)^(\w+)(\{[^}]*\})? `)

func TestTheNamesOfMetricsAreKept(t *testing.T) {
	d, _ := newDaemon(t, Options{}, storied(time.Now()))
	d.metrics.Request(testAccount, "GET", 200, false, 1100)
	d.accounts[0].look(time.Now())
	everythingHappens(d.metrics)
	_, body := ask(t, d, "GET", "/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	source, err := os.ReadFile("metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\tm\.\w+ = (gauge|counter|m\.registry\.Histogram)\(`).FindAll(source, -1)
	if shown := strings.Count(body, "# TYPE "); shown != len(declared) {
		t.Errorf("%d metrics are declared and %d shown: set each in everythingHappens", len(declared), shown)
	}
	values := regexp.MustCompile(`account="[^"]*"`)
	var names []string
	for _, match := range sampleLine.FindAllStringSubmatch(body, -1) {
		if !strings.Contains(match[2], `account="`+testAccount+`"`) {
			t.Errorf("%s%s has no account", match[1], match[2])
		}
		names = append(names, match[1]+values.ReplaceAllString(match[2], `account="A"`))
	}
	slices.Sort(names)
	got := strings.Join(slices.Compact(names), "\n") + "\n"
	golden := filepath.Join("testdata", "metrics.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("names are promises to dashboards (-want +got):\n%s", diff)
	}
}

func TestTheMetricsFileAppearsWhole(t *testing.T) {
	d, _ := newDaemon(t, Options{}, storied(time.Now()))
	path := filepath.Join(t.TempDir(), "seatsync.prom")
	if err := d.metrics.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(data), fmt.Sprintf(`seatsync_seats{account="%s",state="purchased"} 500`, testAccount)) {
		t.Errorf("%v %s", err, data)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if err := d.metrics.WriteFile(filepath.Join(t.TempDir(), "none", "x.prom")); err == nil {
		t.Error("no error for a directory that is not there")
	}
}

func TestAnAccountThatTurnsOutToHaveAnotherIDIsNotCountedTwice(t *testing.T) {
	s := newStand(dryRun("@daily"))
	d, _ := newDaemon(t, Options{}, s)
	s.settings.AccountID = "another"
	d.accounts[0].read(time.Now(), false)
	if _, body := ask(t, d, "GET", "/metrics"); strings.Contains(body, testAccount) || !strings.Contains(body, `account="another"`) {
		t.Error(body)
	}
}

func TestTheFleetPagePutsTroubleFirst(t *testing.T) {
	calm, broken := storied(time.Now()), newStand(dryRun("@daily"))
	broken.settings.AccountID = "zz-broken"
	broken.run = func(context.Context, Request) (*reconcile.Plan, error) { return nil, errors.New(hostile) }
	d, _ := newDaemon(t, Options{Parallel: 1}, calm, broken)
	d.Once(t.Context(), reconcile.ModeDryRun)
	_, page := ask(t, d, "GET", "/")
	if !strings.Contains(page, "1 of 2 accounts need someone") || strings.Index(page, "zz-broken") > strings.Index(page, testAccount) {
		t.Error(page)
	}
	_, page = ask(t, d, "GET", "/?account=zz-broken")
	if !strings.Contains(page, "The last run failed") || strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script&gt;") {
		t.Error(page)
	}
}

func TestThePageSaysWhenTheNextApplyIs(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	s := storied(time.Now())
	s.settings.Zone = tokyo
	for _, test := range []struct {
		schedule []reconcile.ScheduleEntry
		want     string
	}{
		{[]reconcile.ScheduleEntry{dryRun("@hourly"), apply("0 7 1 1 *")}, `next apply \w{3} \d{4}-01-01 07:00 JST`},
		{[]reconcile.ScheduleEntry{dryRun("@hourly")}, `no apply is scheduled`},
	} {
		s.settings.Schedule = test.schedule
		d, _ := newDaemon(t, Options{}, s)
		if _, body := ask(t, d, "GET", "/"); !regexp.MustCompile("<p class=\"small\">" + test.want + "</p>\n</section>").MatchString(body) {
			t.Errorf("the page does not say %q", test.want)
		}
	}
}

// The proxy in front may take the prefix away or leave it.
func TestLinksLeadBelowThePrefixOfTheExternalURL(t *testing.T) {
	const prefix = "/zero trust"
	one, _ := newDaemon(t, Options{Prefix: prefix}, storied(time.Now()))
	accounts := make([]*stand, 101)
	for i := range accounts {
		accounts[i] = newStand(dryRun("@daily"))
		accounts[i].settings.AccountID = fmt.Sprintf("%032x", i)
	}
	many, _ := newDaemon(t, Options{Prefix: prefix}, accounts...)
	links := regexp.MustCompile(`(?:href|action)="([^"#]+)"`)
	for _, test := range []struct {
		d     *Daemon
		path  string
		links int
	}{{one, "/", 28}, {one, "/runs/none", 1}, {many, "/", 104}, {many, "/?page=2", 5}, {many, "/?account=" + accounts[0].settings.AccountID, 3}} {
		_, page := ask(t, test.d, "GET", test.path)
		found := links.FindAllStringSubmatch(page, -1)
		if len(found) != test.links {
			t.Errorf("%s has %d links, want %d", test.path, len(found), test.links)
		}
		for _, link := range found {
			target := html.UnescapeString(link[1])
			rest, isBelow := strings.CutPrefix(target, "/zero%20trust/")
			if !isBelow {
				t.Errorf("%s links to %s", test.path, target)
			}
			for _, asked := range []string{target, "/" + rest} {
				if response, _ := ask(t, test.d, "GET", asked); response.StatusCode != http.StatusOK {
					t.Errorf("%s: %s", asked, response.Status)
				}
			}
		}
	}
	if response, _ := ask(t, one, "GET", "/zero%20trust"); response.StatusCode != http.StatusTemporaryRedirect || response.Header.Get("Location") != "/zero%20trust/" {
		t.Errorf("the address itself: %s to %s", response.Status, response.Header.Get("Location"))
	}
	if response, _ := ask(t, one, "GET", "/elsewhere/metrics"); response.StatusCode != http.StatusNotFound {
		t.Errorf("below another prefix: %s", response.Status)
	}
}

func TestTheFleetIsShownInTheTimezoneOfItsFiles(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	first, second := newStand(dryRun("@daily")), newStand(dryRun("@daily"))
	second.settings.AccountID = "a0000000000000000000000000000002"
	for _, test := range []struct {
		first, second *time.Location
		want          string
	}{{tokyo, tokyo, " JST · "}, {tokyo, time.UTC, " UTC · "}, {nil, nil, " UTC · "}} {
		first.settings.Zone, second.settings.Zone = test.first, test.second
		d, _ := newDaemon(t, Options{}, first, second)
		if _, body := ask(t, d, "GET", "/"); !strings.Contains(body, test.want) {
			t.Errorf("%v and %v: the page does not say %q", test.first, test.second, test.want)
		}
	}
}

func TestAFleetIsSearchedAndReadPageByPage(t *testing.T) {
	accounts := make([]*stand, 250)
	for i := range accounts {
		accounts[i] = newStand(dryRun("@daily"))
		accounts[i].settings.AccountID = fmt.Sprintf("%032x", i)
	}
	d, _ := newDaemon(t, Options{}, accounts...)
	tests := []struct {
		name, path  string
		first, rows int
		words       []string
		not         string
	}{
		{"the first page", "/", 0, 100, []string{"All 250 accounts", "1 to 100 of 250", `href="/?page=2"`}, "Earlier"},
		{"the last page", "/?page=3", 200, 50, []string{"201 to 250 of 250", `href="/?page=2"`}, "Later"},
		{"a page beyond the last is the last", "/?page=99", 200, 50, []string{"201 to 250 of 250"}, "Later"},
		{"a page that is no number is the first", "/?page=x", 0, 100, []string{"1 to 100 of 250"}, "Earlier"},
		{"a part of an id", "/?q=0F9", 249, 1, []string{"1 found", `value="0F9"`, "All 250 accounts"}, "Later"},
		{"what nobody has", `/?q=%22%3E%3Cb%3E`, 0, 0, []string{"0 found", `value="&#34;&gt;&lt;b&gt;"`}, "<b>"},
		{"several pages of what was found", "/?q=00&page=2", 100, 100, []string{"101 to 200 of 250", `href="/?page=3&amp;q=00"`}, "&q"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, body := ask(t, d, "GET", test.path)
			if got := strings.Count(body, `href="/?account=`); got != test.rows {
				t.Errorf("%d accounts, want %d", got, test.rows)
			}
			if first := fmt.Sprintf(`href="/?account=%032x"`, test.first); test.rows > 0 && !strings.Contains(body, first) {
				t.Errorf("no %s", first)
			}
			for _, word := range test.words {
				if !strings.Contains(body, word) {
					t.Errorf("no %q in\n%s", word, body)
				}
			}
			if strings.Contains(body, test.not) {
				t.Errorf("there is %q", test.not)
			}
		})
	}
}

func TestARunOfWhichNothingWasAppliedIsNotAppliedInPart(t *testing.T) {
	for _, test := range []struct {
		name         string
		outcomes     map[reconcile.Status]int
		title, event string
	}{
		{"some", map[reconcile.Status]int{reconcile.Applied: 1, reconcile.Failed: 171}, "The last run was applied in part", "the run was applied in part"},
		{"none", map[reconcile.Status]int{reconcile.Failed: 170, reconcile.NotReached: 2}, "The last run applied nothing", "the run applied nothing"},
		{"nobody knows", nil, "The last run was applied in part", "the run was applied in part"},
	} {
		run := RunSummary{Result: reconcile.ResultPartial, Outcomes: test.outcomes}
		if _, sentence, _ := verdict(&run, nil, time.Now()); !strings.HasPrefix(sentence, test.title) {
			t.Errorf("%s: the page says %q", test.name, sentence)
		}
		ended := Ended{Account: "a", Outcome: RunResult{Run: run}}
		if told := ended.Notifications(); len(told) != 1 || !strings.HasSuffix(told[0].Title, test.event) {
			t.Errorf("%s: told %+v", test.name, told)
		}
	}
}

// A run that is going on, or was skipped, is never the last one that is over.
func TestEveryResultHasASentenceOfItsOwn(t *testing.T) {
	seen := make(map[string]reconcile.Result)
	for _, result := range reconcile.Results() {
		if result == reconcile.ResultRunning || result == reconcile.ResultSkipped {
			continue
		}
		tone, sentence, _ := verdict(&RunSummary{Result: result, Held: map[reconcile.Hold]int{reconcile.HeldLimit: 2}}, nil, time.Now())
		if other, isTaken := seen[sentence]; isTaken {
			t.Errorf("%s and %s: %s", result, other, sentence)
		}
		if seen[sentence] = result; (tone == "broken") == result.IsSuccess() {
			t.Errorf("%s is %s", result, tone)
		}
	}
}
