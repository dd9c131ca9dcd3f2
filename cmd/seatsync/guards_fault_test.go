package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// guard is something that keeps seats, with an input that may be unreadable.
type guard struct {
	name  string
	files map[string]string // by path
	spoil func(*rig)        // makes the input unreadable
	says  string            // what the command tells of it
	free  int               // seats that the guard has no say in
}

// rewrite replaces words in a file.
func rewrite(path, old, new string) func(*rig) {
	return func(r *rig) {
		data, err := os.ReadFile(r.path(path))
		check(r.t, err)
		if !strings.Contains(string(data), old) {
			r.t.Fatalf("%s has no %q", path, old)
		}
		check(r.t, os.WriteFile(r.path(path), []byte(strings.Replace(string(data), old, new, 1)), 0o600))
	}
}

// injecting arms faults.
func injecting(faults ...string) func(*rig) { return func(r *rig) { r.inject(faults...) } }

// guards are all guards. With its input as it is, each lets the seats of idle people go.
func guards(t *testing.T) []guard {
	policy := func(text string) map[string]string {
		return map[string]string{"desired-state.yaml": "version: 1\npolicy:\n" + text}
	}
	named, journal := announcement(t)
	announced := policy("  limits: {releases: 100%}\n  inactive: {after: 90d, notice: 7d, announced: true}\n")
	announced[named] = journal
	const idle = "  limits: {releases: 100%}\n  inactive: {after: 90d}\n"
	staff := "users:\n  - {email: busy-1@example.com}\n"
	return []guard{
		{"freeze", policy(idle + "  freeze:\n    - {from: 2020-01-01, until: 2020-01-31, reason: audit}\n"), rewrite("desired-state.yaml", "2020-01-31", "2020-01-32"), "2020-01-32", 0},
		{"clock of the API, wrong", policy(idle), injecting("*:skewed-date:always"), "clock", 0},
		{"clock of the API, missing", policy(idle), injecting("*:missing-date:always"), "Date", 0},
		{"a file that is torn", map[string]string{
			"desired-state.yaml": "version: 1\ninclude: [teams/*.yaml]\npolicy: {unlisted: release, limits: {releases: 100%}}\n", "teams/a.yaml": staff,
		}, rewrite("teams/a.yaml", "busy-1@example.com}", "busy-1@exam"), "teams/a.yaml:", 0},
		{"a file that is gone", map[string]string{
			"desired-state.yaml": "version: 1\ninclude: [teams/a.yaml]\npolicy: {unlisted: release, limits: {releases: 100%}}\n", "teams/a.yaml": staff,
		}, func(r *rig) { check(r.t, os.Remove(r.path("teams/a.yaml"))) }, "teams/a.yaml", 0},
		{"users, a page short", policy(idle), injecting("users:short-page:always"), "belong", 0},
		{"registrations and devices, denied", policy(idle), injecting("devices:403:always"), "activity-unknown", 1},
		{"registrations and devices, torn", policy(idle), injecting("devices:truncated:always"), "activity-unknown", 1},
		{"limits", policy(idle), rewrite("desired-state.yaml", "releases: 100%", "releases: 1OO%"), "releases", 0},
		{"records, for a window", policy("  inactive: {after: 90d}\n  limits: {releases: 100%, releases_per: {7d: 50}}\n"), spoilRecord, "limit", 0},
		{"announcements, none", announced, func(r *rig) { check(r.t, os.Remove(r.path(named))) }, "not-announced", 0},
		{"announcements, empty", announced, cutting(named, 0), "not-announced", 0},
		{"announcements, torn", announced, cutting(named, 0.5), "not-announced", 0},
		{"announcements, damaged", announced, rewrite(named, `"code":"notice"`, `"code":"nOtice"`), "not-announced", 0},
		{"announcements, a directory that is none", announced, func(r *rig) {
			r.env["SEATSYNC_STATE_DIR"] = r.path("occupied")
			check(r.t, os.WriteFile(r.path("occupied"), nil, 0o600))
		}, "state directory", 0},
		{"protected, a pattern", policy(idle + "  protected: [ceo@example.com]\n"), rewrite("desired-state.yaml", "ceo@example.com", `"[ceo@example.com"`), "protected", 0},
		{"protected, an address that the API did not return", policy(idle + "  protected: [ceo@example.com]\n"), func(r *rig) {
			for _, m := range r.members {
				m.before.Email = sandbox.Null[string]()
				r.box.Replace(sandbox.MainAccount, m.before)
			}
		}, "ambiguous", 0},
		{"roster", map[string]string{
			"desired-state.yaml": "version: 1\nroster: {file: people.csv, email: Login, status: Status, active: [ACTIVE], at_least: 1}\npolicy: {departed: release, limits: {releases: 100%}}\n",
			"people.csv":         "Login,Status\nidle-1@example.com,LEFT\nother@example.com,ACTIVE\nwarp-idle-2@example.com,ACTIVE\n",
		}, rewrite("people.csv", "other@example.com,ACTIVE", "other@example.com"), "people.csv:", 0},
		{"exempt", map[string]string{
			"desired-state.yaml": "version: 1\npolicy: {inactive: {after: 90d}, limits: {releases: 100%}}\nusers:\n  - {email: ceo@example.com, exempt: {from: inactive, until: 2099-12-31, owner: hr@example.com, reason: leave}}\n",
		}, rewrite("desired-state.yaml", "2099-12-31", "2099-12-32"), "2099-12-32", 0},
	}
}

// announcement is the record of a run that named the idle people of the rig, so early that
// no other rule looks back to it, and its path.
func announcement(t *testing.T) (path, journal string) {
	t.Helper()
	at := daysBack(40).UTC()
	start := record.Start{ID: record.NewID(at), StartedAt: at, Mode: reconcile.ModeDryRun, AccountID: sandbox.MainAccount}
	plan := &reconcile.Plan{FormatVersion: reconcile.FormatVersion, AccountID: sandbox.MainAccount}
	for _, email := range []string{"idle-1@example.com", "warp-idle-2@example.com"} {
		plan.Findings = append(plan.Findings, reconcile.Finding{Severity: reconcile.SeverityInfo, Code: reconcile.CodeNotice, Email: email})
	}
	directory := t.TempDir()
	recorded, err := record.Open(directory, sandbox.MainAccount).Begin(start, plan, func() time.Time { return at })
	check(t, err)
	check(t, recorded.End(reconcile.ResultDone, nil, nil))
	path = filepath.Join("state/accounts", sandbox.MainAccount, "runs", start.ID+".jsonl")
	data, err := os.ReadFile(filepath.Join(directory, strings.TrimPrefix(path, "state/")))
	check(t, err)
	return path, string(data)
}

// cutting leaves a part of a file, from its beginning.
func cutting(path string, share float64) func(*rig) {
	return func(r *rig) {
		info, err := os.Stat(r.path(path))
		check(r.t, err)
		check(r.t, os.Truncate(r.path(path), int64(share*float64(info.Size()))))
	}
}

// spoilRecord leaves a record of this week that nobody can read.
func spoilRecord(r *rig) {
	check(r.t, os.MkdirAll(r.runsPath(), 0o700))
	name := time.Now().UTC().Add(-time.Hour).Format("20060102T150405Z") + "-00000000.jsonl"
	check(r.t, os.WriteFile(filepath.Join(r.runsPath(), name), []byte("\x00\x00\n{}\n"), 0o600))
}

func TestAGuardWhoseInputCannotBeReadTakesNothingAway(t *testing.T) {
	for _, test := range guards(t) {
		for _, spoiled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/spoiled=%t", test.name, spoiled), func(t *testing.T) {
				var c cast
				c.add("idle", true, false, idleFor(200))
				c.add("warp-idle", false, true, warpOnly(150))
				r := newRig(t, c.members)
				for path, text := range test.files {
					check(t, os.MkdirAll(filepath.Dir(r.path(path)), 0o700))
					check(t, os.WriteFile(r.path(path), []byte(text), 0o600))
				}
				if spoiled {
					test.spoil(r)
				}
				done := r.run(t.Context(), "apply", "--yes", "--format", "json")
				var released int
				for _, request := range done.writes() {
					released += strings.Count(request.Body, `"seat_uid"`)
				}
				switch said := done.stdout + done.stderr; {
				case !spoiled && released <= test.free:
					t.Errorf("nobody is released, so that the test proves nothing: exit code %d\n%s", done.code, said)
				case spoiled && released > test.free:
					t.Errorf("%d seats were taken\n%s", released, said)
				case spoiled && !strings.Contains(said, test.says):
					t.Errorf("nothing says %q: exit code %d\n%s", test.says, done.code, said)
				}
			})
		}
	}
}
