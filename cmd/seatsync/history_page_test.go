package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
	"github.com/seatsync/seatsync/reconcile/zerotrust"
)

// A week of runs of every kind, as the status page, the runs as JSON and history tell of it. The timezone of the file
// is far from UTC, and each shows the same.
func TestTheStatusPageAndHistoryAgreeOnEveryFigure(t *testing.T) {
	members := company()
	for _, m := range members { // nobody's last login is to be ahead of a run of last week
		if at, ok := m.before.LastSuccessfulLogin.Get(); ok && at > daysBack(20).UTC().Format(time.RFC3339) {
			m.before.LastSuccessfulLogin = sandbox.At(daysBack(20))
		}
	}
	var back time.Duration // how far the clock of the account and of commands is behind
	r := newRig(t, members, func(o *sandbox.Options) { o.Now = func() time.Time { return time.Now().Add(-back) } })
	r.clock = func() time.Time { return time.Now().Add(-back) }
	adjust := r.adjust
	r.adjust = func(config *zerotrust.Config) { adjust(config); config.Now = r.clock }
	check(t, os.WriteFile(r.path("desired-state.yaml"), []byte(fileOf(members)+"license: {purchased: 60, price: 7.00, currency: USD}\ntimezone: Asia/Tokyo\n"), 0o600))
	on := func(days int, wanted int, ctx context.Context, args ...string) {
		t.Helper()
		back = time.Duration(days) * reconcile.Day
		if done := r.run(ctx, args...); done.code != wanted {
			t.Fatalf("%d days ago, %q: exit code %d, want %d\n%s", days, args, done.code, wanted, done.stderr)
		}
		r.box.ClearFaults()
		r.serve(r.box.Handler().ServeHTTP)
	}
	apply := []string{"apply", "--yes", "--batch-size", "3", "--concurrency", "1"}
	on(6, codePartial, r.stopAt(t, 2, "PATCH PUT"), apply...)
	r.inject("PUT:403:always")
	on(5, codePartial, t.Context(), apply...)
	on(4, codeOK, t.Context(), apply...)
	on(3, codeOK, t.Context(), append(apply, "--revert", "last")...)
	r.inject("users:403:always")
	on(2, codeError, t.Context(), apply...)
	on(0, codeOK, t.Context(), "run", "--once", "--listen", "off")
	killed := r.start(t.Context(), apply...)
	trap := &ambush{serve: r.box.Handler()}
	trap.set(4, func() { _ = killed.cmd.Process.Kill() })
	r.answerTo("PATCH PUT", trap.ServeHTTP)
	if code := r.wait(killed); code != -1 {
		t.Fatalf("exit code %d of a process that is killed", code)
	}
	r.wantOnePage(t)
	r.serve(r.box.Handler().ServeHTTP)
	on(0, codeOK, t.Context(), apply...)
	r.wantOnePage(t)

	// Somebody spells the account otherwise, and the plan of a record is damaged: what became of its changes is not.
	r.env["CLOUDFLARE_ACCOUNT_ID"] = strings.ToUpper(sandbox.MainAccount)
	ids, err := r.store().IDs()
	check(t, err)
	rewrite(filepath.Join("state/accounts", sandbox.MainAccount, "runs", ids[5]+".jsonl"), `"plan":{`, `"plan":[`)(r)
	r.wantOnePage(t)
}

// pageRow finds a run in the list of the status page.
var pageRow = regexp.MustCompile(`<tr role="row"><td role="cell" class="still">([^<]*)</td><td role="cell" class="still">([^<]*)</td><td role="cell" class="still"><span class="badge [a-z]*">([^<]*)</span></td>` +
	`<td role="cell" class="changes">([^<]*)</td><td role="cell" class="number">([^<]*)</td><td role="cell" class="still">.*?title="([^"]*)"`)

// wantOnePage fails the test unless the pages and the commands say the same of the recorded runs.
func (r *rig) wantOnePage(t *testing.T) {
	t.Helper()
	daemon := r.start(t.Context(), "run", "--cron", "@yearly", "--listen", "127.0.0.1:0")
	address := r.listening(daemon)
	_, page := fetch(t, "http://"+address+"/")
	_, api := fetch(t, "http://"+address+"/api/v1/runs")
	_, metrics := fetch(t, "http://"+address+"/metrics")
	for _, row := range pageRow.FindAllStringSubmatch(page, -1) {
		if _, report := fetch(t, "http://"+address+"/runs/"+row[6]); !strings.Contains(report, row[1][4:]) {
			t.Errorf("the page of run %s does not say that it started %s", row[6], row[1])
		}
	}
	check(t, daemon.cmd.Process.Signal(os.Interrupt))
	r.wait(daemon)

	// Run by run, as programs see them.
	var listed []map[string]any
	var answer struct{ Runs []map[string]any }
	check(t, json.Unmarshal([]byte(api), &answer))
	served := answer.Runs
	check(t, json.Unmarshal([]byte(r.run(t.Context(), "history", "--format", "json").stdout), &listed))
	if len(served) != len(listed) || len(served) < 7 {
		t.Fatalf("%d runs are served, and history lists %d", len(served), len(listed))
	}
	compared := 0
	for i := range served {
		for key, value := range listed[i] {
			if shown, ok := served[i][key]; ok {
				compared++
				if diff := cmp.Diff(value, shown); diff != "" {
					t.Errorf("run %v, %s (-history +served):\n%s", listed[i]["id"], key, diff)
				}
			}
		}
	}
	if compared < 12*len(served) {
		t.Errorf("%d figures of %d runs are compared", compared, len(served))
	}

	// Line by line, as people see them.
	text := strings.Split(strings.TrimSpace(r.run(t.Context(), "history").stdout), "\n")
	if !strings.Contains(text[0], "STARTED (Asia/Tokyo)") {
		t.Errorf("the list does not say its timezone: %s", text[0])
	}
	gap := regexp.MustCompile(`\s{2,}`)
	lines := make(map[string][]string)
	for _, line := range text[1:] {
		if cells := gap.Split(line, -1); cells[0] != "" {
			lines[cells[0]] = cells
		}
	}
	rows := pageRow.FindAllStringSubmatch(page, -1)
	if len(rows) != len(lines) || len(rows) != len(listed) {
		t.Fatalf("the page has %d runs, the list %d of %d", len(rows), len(lines), len(listed))
	}
	for _, row := range rows {
		line := lines[row[6]]
		at, err := time.Parse("2006-01-02 15:04:05", line[1])
		check(t, err)
		want := []string{at.Format("Mon 2006-01-02 15:04") + " JST", line[3], line[4], line[5], line[2]}
		got := []string{row[1], row[2], row[3], html.UnescapeString(row[4]), row[5]}
		if strings.HasPrefix(got[3], want[3]) { // a long error goes on below
			got[3] = want[3]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("run %s (-history +page):\n%s", row[6], diff)
		}
	}

	// The sums at the top, beside the latest run that had a plan, and savings.
	var latest map[string]any
	for _, run := range listed {
		if latest = run; run["summary"] != nil {
			break
		}
	}
	seats := latest["seats"].(map[string]any)
	var savings struct {
		Total reconcile.SavingsTotal
	}
	check(t, json.Unmarshal([]byte(r.run(t.Context(), "savings", "--format", "json").stdout), &savings))
	freed, still := 0.0, 0.0
	for _, run := range listed {
		freed, still = freed+run["seats_freed"].(float64), still+run["seats_still_free"].(float64)
	}
	if int(freed) != savings.Total.Freed || int(still) != savings.Total.StillFree {
		t.Errorf("history: %v freed and %v still free; savings: %+v", freed, still, savings.Total)
	}
	for id, want := range map[string]string{
		"seats": fmt.Sprintf("%v of %v", seats["used"], seats["purchased"]),
		"saved": fmt.Sprintf("%v USD", savings.Total.Saved),
	} {
		if card := regexp.MustCompile(`id="` + id + `"><h2>[^<]*</h2><p class="big">` + regexp.QuoteMeta(want) + `</p>`); !card.MatchString(page) {
			t.Errorf("the page does not say %s of %s", want, id)
		}
	}
	if used := fmt.Sprintf("%v used", latest["monthly_cost"]); !strings.Contains(page, used) {
		t.Errorf("the page does not say %s", used)
	}
	account := r.env["CLOUDFLARE_ACCOUNT_ID"]
	for name, want := range map[string]any{
		`seatsync_seats{account="` + account + `",state="used"}`:          seats["used"],
		`seatsync_returns_total{account="` + account + `"}`:               savings.Total.Returned,
		`seatsync_saved_total{account="` + account + `",currency="USD"}`:  savings.Total.Saved,
		`seatsync_monthly_cost{account="` + account + `",currency="USD"}`: latest["monthly_cost"],
	} {
		number, err := strconv.ParseFloat(fmt.Sprint(want), 64)
		check(t, err)
		if !strings.Contains(metrics, fmt.Sprintf("%s %v\n", name, number)) {
			t.Errorf("the metrics do not say %s %v", name, want)
		}
	}
}

// A run whose file could not be read does not know its account: it is on the page of the
// file all the same, as it is in history, and on that of no other file.
func TestThePagesHaveTheRunsWhoseFileCouldNotBeRead(t *testing.T) {
	r := newRig(t, company())
	good, err := os.ReadFile(r.path("desired-state.yaml"))
	check(t, err)
	delete(r.env, "CLOUDFLARE_ACCOUNT_ID")
	file := []byte("account: " + sandbox.MainAccount + "\n" + string(good))
	check(t, os.WriteFile(r.path("desired-state.yaml"), []byte("version: one\n"), 0o600))
	if done := r.run(t.Context(), "run", "--once", "--listen", "off"); done.code != codeError {
		t.Fatalf("exit code %d\n%s", done.code, done.stderr)
	}
	check(t, os.WriteFile(r.path("desired-state.yaml"), file, 0o600))
	other := strings.Replace(string(file), sandbox.MainAccount, strings.Repeat("f", 32), 1)
	check(t, os.WriteFile(r.path("other.yaml"), []byte(other), 0o600))
	var listed []map[string]any
	check(t, json.Unmarshal([]byte(r.run(t.Context(), "history", "--format", "json").stdout), &listed))
	if len(listed) != 1 || listed[0]["result"] != string(reconcile.ResultFailed) {
		t.Fatalf("history has %v", listed)
	}
	id := fmt.Sprint(listed[0]["id"])
	for _, test := range []struct {
		files, path string
		want        bool
	}{
		{"desired-state.yaml", "/", true},
		{"desired-state.yaml", "/api/v1/runs", true},
		{"desired-state.yaml", "/runs/" + id, true},
		{"desired-state.yaml other.yaml", "/?account=" + sandbox.MainAccount, true},
		{"desired-state.yaml other.yaml", "/?account=" + strings.Repeat("f", 32), false},
		{"desired-state.yaml other.yaml", "/runs/" + id, true},
	} {
		args := []string{"run", "--cron", "@yearly", "--listen", "127.0.0.1:0"}
		for _, name := range strings.Fields(test.files) {
			args = append(args, "-f", r.path(name))
		}
		daemon := r.start(t.Context(), args...)
		_, page := fetch(t, "http://"+r.listening(daemon)+test.path)
		if got := strings.Contains(page, id); got != test.want {
			t.Errorf("%s of %s has the run: %t", test.path, test.files, got)
		}
		check(t, daemon.cmd.Process.Signal(os.Interrupt))
		r.wait(daemon)
	}
}
