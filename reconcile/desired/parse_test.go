package desired

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// testNow is the clock of the tests: a Sunday morning.
var testNow = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// parseText reads one file from memory.
func parseText(t testing.TB, text string) (*reconcile.Desired, error) {
	t.Helper()
	return Parse(File{Name: "f.yaml", Data: []byte(text)}, InMemory{}, testNow)
}

// mustParse reads one file that must be right.
func mustParse(t testing.TB, text string) *reconcile.Desired {
	t.Helper()
	desired, err := parseText(t, text)
	if err != nil {
		t.Fatalf("parse:\n%v", err)
	}
	return desired
}

func TestParseProblemsSayWhereAndWhatToDo(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"an empty file", "", []string{"f.yaml:1:1: the file is empty: begin with 'version: 1', or make a file with 'seatsync export'"}},
		{"only a comment", "# nothing\n", []string{"f.yaml:1:1: the file is empty: begin with 'version: 1', or make a file with 'seatsync export'"}},
		{"no version", "users: []\n", []string{"f.yaml:1:1: version is missing: begin the file with 'version: 1'"}},
		{"another version", "version: 2\n", []string{`f.yaml:1:10: version: this seatsync reads version 1, got "2"`}},
		{"not a mapping", "- version\n", []string{"f.yaml:1:1: expected the desired state as keys and values, got a list"}},
		{"an unknown key near a known one", "version: 1\nuser: []\n", []string{`f.yaml:2:1: unknown key "user" in the desired state: did you mean "users"?`}},
		{
			"an unknown key near none", "version: 1\nusers:\n  - {email: a@b.c, colour: red}\n",
			[]string{`f.yaml:3:20: unknown key "colour" in a user: known are email, name, access_seat, gateway_seat, until, exempt, id`},
		},
		{"a decimal comma", "version: 1\nlicense:\n  price: 7,00\n", []string{`f.yaml:3:10: price: "7,00" has a decimal comma: write 7.00`}},
		{"a decimal comma within braces", "version: 1\nlicense: {price: 7,50, currency: EUR}\n", []string{`f.yaml:2:18: 7,50 has a decimal comma: write 7.50`}},
		{"a key twice", "version: 1\nversion: 1\n", []string{`f.yaml:2:1: duplicate key "version", first defined on line 1: keep one`}},
		{"no email", "version: 1\nusers:\n  - name: Ada\n", []string{"f.yaml:3:5: the user has no email: write one, it is the key"}},
		{"a bad email", "version: 1\nusers:\n  - email: ada at example\n", []string{`f.yaml:3:12: email: "ada at example" is not an email address`}},
		{"an email with a name", "version: 1\nusers:\n  - email: Ada <ada@example.com>\n", []string{`f.yaml:3:12: email: "Ada <ada@example.com>" is not an email address`}},
		{"yes for true", "version: 1\nusers:\n  - {email: a@b.c, access_seat: yes}\n", []string{`f.yaml:3:33: access_seat: expected true or false, got "yes"`}},
		{"nothing for a flag", "version: 1\nusers:\n  - {email: a@b.c, access_seat: }\n", []string{"f.yaml:3:33: access_seat: expected true or false, got nothing"}},
		{"a name that YAML takes for nothing", "version: 1\nusers:\n  - {email: a@b.c, name: null}\n", []string{"f.yaml:3:26: name: expected text, got nothing: put it in quotes, or remove the key"}},
		{"a name that YAML takes for a number", "version: 1\nusers:\n  - {email: a@b.c, name: 007}\n", []string{`f.yaml:3:26: name: expected text, got "007": put it in quotes, or remove the key`}},
		{"an empty name", "version: 1\nusers:\n  - {email: a@b.c, name: \"\"}\n", []string{"f.yaml:3:26: name: is empty: write a value, or remove the key"}},
		{"a bad date", "version: 1\nusers:\n  - {email: a@b.c, until: 2027-02-30}\n", []string{`f.yaml:3:27: until: "2027-02-30" is not a day: write it as year-month-day, for instance 2027-03-31`}},
		{"a bad id", "version: 1\nusers:\n  - {email: a@b.c, id: ../x}\n", []string{`f.yaml:3:24: id: "../x" is not a user id: copy it from 'seatsync export'`}},
		{"an account id with a slash", "version: 1\naccount: a/b\n", []string{`f.yaml:2:10: account: "a/b" is not an account id: copy the 32 letters and digits from the dashboard's address, or from Account home`}},
		{"a bad cron", "version: 1\nschedule:\n  - {cron: 61 * * * *}\n", []string{`f.yaml:3:12: cron: "61 * * * *" is not a cron expression: end of range (61) above maximum (59): 61`}},
		{"a schedule that never comes", "version: 1\nschedule:\n  - {cron: 0 0 31 4 *}\n", []string{`f.yaml:3:12: cron: "0 0 31 4 *" never comes: no month has such a day`}},
		{"a schedule that comes too often", "version: 1\nschedule:\n  - {cron: '@every 30s'}\n", []string{`f.yaml:3:12: cron: "@every 30s" is more often than once a minute: write at least @every 1m`}},
		{"a timezone in the cron", "version: 1\nschedule:\n  - {cron: TZ=UTC 0 6 * * *}\n", []string{`f.yaml:3:12: cron: "TZ=UTC 0 6 * * *" names a timezone: use the key timezone instead`}},
		{"a schedule entry without cron", "version: 1\nschedule:\n  - {mode: apply}\n", []string{`f.yaml:3:5: the schedule entry has no cron: write one, for instance cron: "0 6 * * 1-5"`}},
		{"a bad mode", "version: 1\nschedule:\n  - {cron: \"@daily\", mode: write}\n", []string{`f.yaml:3:28: mode: expected dry-run or apply, got "write"`}},
		{"a bad timezone", "version: 1\ntimezone: Berlin\n", []string{`f.yaml:2:11: timezone: "Berlin" is not a timezone: write an IANA name, for instance Europe/Berlin`}},
		{"a bad duration", "version: 1\npolicy: {inactive: {after: 90 days}}\n", []string{`f.yaml:2:28: after: "90 days" is not a duration: write a number and a unit, for instance 90d, 2w or 36h`}},
		{"a threshold below a day", "version: 1\npolicy: {inactive: {after: 12h}}\n", []string{`f.yaml:2:28: after: "12h" is less than a day: write at least 1d`}},
		{"no threshold", "version: 1\npolicy: {inactive: {notice: 7d}}\n", []string{"f.yaml:2:20: inactive: after is missing: write how long someone may show no activity, for instance after: 90d"}},
		{"a bad glob", "version: 1\npolicy: {protected: [\"*[a\"]}\n", []string{`f.yaml:2:22: protected: "*[a" is not a pattern: close every [ and escape special characters with \`}},
		{"a pattern that covers no email", "version: 1\npolicy: {protected: [ceo]}\n", []string{`f.yaml:2:22: protected: "ceo" is not an email address`}},
		{"two emails in one pattern", "version: 1\npolicy: {protected: ['*@a.b; *@c.d']}\n", []string{`f.yaml:2:22: protected: "*@a.b; *@c.d" is not a pattern: write one email or pattern, without spaces, brackets or separators`}},
		{"an email with a character that cannot be seen", "version: 1\nusers:\n  - email: a\u200b@b.c\n", []string{`f.yaml:3:12: email: "a\u200b@b.c" is not an email address`}},
		{"a line break that an editor does not show", "version: 1\n# note\u2028users: []\n", []string{`f.yaml:2:7: the character U+2028 cannot be seen, and may hide what the file does: write it as an escape in double quotes, "\u2028"`}},
		{"a bad limit", "version: 1\npolicy: {limits: {releases: many}}\n", []string{`f.yaml:2:29: releases: "many" is not a limit: write a count such as 50, a percentage such as 25%, or both as [50, 10%]`}},
		{"a limit over everything", "version: 1\npolicy: {limits: {releases: 101%}}\n", []string{`f.yaml:2:29: releases: "101%" is more than all seats: write at most 100%`}},
		{"two percentages", "version: 1\npolicy: {limits: {releases: [10%, 20%]}}\n", []string{`f.yaml:2:35: releases: "20%" is a second percentage: write one count and one percentage, for instance [50, 10%]`}},
		{"a bad unlisted", "version: 1\npolicy: {unlisted: remove}\n", []string{`f.yaml:2:20: unlisted: expected keep or report or release, got "remove"`}},
		{"a bad price", "version: 1\nlicense: {price: 7e2}\n", []string{`f.yaml:2:18: price: "7e2" is not a price: write a plain decimal number, for instance 7.00`}},
		{"a license from elsewhere", "version: 1\nlicense: {from: invoice}\n", []string{`f.yaml:2:17: from: "invoice" is not a source: write subscription, or leave it out`}},
		{"a day of renewal that is none", "version: 1\nlicense: {renews: 2027-02-30}\n", []string{`f.yaml:2:19: renews: "2027-02-30" is not a day: write it as year-month-day, for instance 2027-03-31`}},
		{"a budget that is none", "version: 1\nlicense: {budget: plenty}\n", []string{`f.yaml:2:19: budget: "plenty" is neither an amount of money a month, as in 1500.00, nor a number of seats, as in 450 seats`}},
		{"a negative purchase", "version: 1\nlicense: {purchased: -1}\n", []string{`f.yaml:2:22: purchased: "-1" is not a number of seats`}},
		{
			"an incomplete exemption", "version: 1\nusers:\n  - {email: a@b.c, exempt: {from: inactive}}\n",
			[]string{
				"f.yaml:3:28: exempt: until is missing: an exemption says from which rule, until when, who owns it and why",
				"f.yaml:3:28: exempt: owner is missing: an exemption says from which rule, until when, who owns it and why",
				"f.yaml:3:28: exempt: reason is missing: an exemption says from which rule, until when, who owns it and why",
			},
		},
		{
			"an exemption that is over", "version: 1\nusers:\n  - {email: a@b.c, exempt: {from: inactive, until: 2026-11-21, owner: hr, reason: leave}}\n",
			[]string{"f.yaml:3:28: the exemption of a@b.c ended on 2026-11-21: remove it, or ask hr to extend it"},
		},
		{
			"the same email twice, in other letters", "version: 1\nusers:\n  - {email: ada@b.c}\n  - {email: Ada@B.C}\n",
			[]string{"f.yaml:4:13: Ada@B.C is listed twice, first at f.yaml:3: keep one entry"},
		},
		{
			"the same email with and without an id", "version: 1\nusers:\n  - {email: ada@b.c, id: x}\n  - {email: ada@b.c}\n",
			[]string{"f.yaml:4:13: ada@b.c is listed twice, first at f.yaml:3: keep one entry"},
		},
		{"an anchor", "version: 1\nusers:\n  - &a {email: a@b.c}\n  - *a\n", []string{
			"f.yaml:3:5: anchors and aliases are not supported, since a value must have one place: write it out",
			"f.yaml:4:5: anchors and aliases are not supported, since a value must have one place: write it out",
		}},
		{"a tag", "version: !!int 1\n", []string{"f.yaml:1:10: tags such as !!int are not supported: remove it"}},
		{"two documents", "version: 1\n---\nversion: 1\n", []string{"f.yaml:2:1: a second YAML document begins here: keep one document a file and use include for more"}},
		{"not YAML", "version: 1\nusers: [\n", []string{"f.yaml:2:8: not valid YAML: the bracket [ is not closed"}},
		{"not UTF-8", "version: 1\nname: \xff\n", []string{"f.yaml:2:7: the file is not UTF-8: save it as UTF-8 without other encodings"}},
		{"UTF-16", "\xff\xfev\x00e\x00", []string{"f.yaml:1:1: the file is not UTF-8: save it as UTF-8 without other encodings"}},
		{"too deep", "version: 1\nusers: " + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "\n", []string{"f.yaml:2:23: nested deeper than 16 levels"}},
		{"an include that finds nothing", "version: 1\ninclude: [teams/*.yaml]\n", []string{"f.yaml:2:11: include: \"teams/*.yaml\" finds no file"}},
		{
			"announced without notice", "version: 1\npolicy: {inactive: {after: 90d, announced: true}}\n",
			[]string{"f.yaml:2:44: announced: notice is missing: write how long before their release people are named, for instance notice: 7d"},
		},
		{
			"windows that are none", "version: 1\npolicy:\n  limits: {releases_per: {36h: 5, 0d: 1, 7d: 3, 1w: 4, soon: 1, 400d: 1}}\n",
			[]string{
				`f.yaml:3:27: releases_per: "36h" is not a window: write whole days, from 1d to 366d`,
				`f.yaml:3:35: releases_per: "0d" is not a window: write whole days, from 1d to 366d`,
				`f.yaml:3:49: releases_per: a second window of 7 days`,
				`f.yaml:3:56: releases_per: "soon" is not a duration: write a number and a unit, for instance 90d, 2w or 36h`,
				`f.yaml:3:65: releases_per: "400d" is not a window: write whole days, from 1d to 366d`,
			},
		},
		{"a list of windows", "version: 1\npolicy: {limits: {releases_per: [5]}}\n", []string{"f.yaml:2:33: releases_per: expected windows such as {7d: 40, 30d: [100, 30%]}"}},
		{"a count that returned", "version: 1\npolicy: {limits: {returned: 5}}\n", []string{`f.yaml:2:29: returned: "5" is not a percentage: write for instance 20%`}},
		{"an unknown beyond", "version: 1\npolicy: {limits: {beyond: all}}\n", []string{`f.yaml:2:27: beyond: expected hold or longest-idle, got "all"`}},
		{
			"everything at once", "version: 1\naccount: a/b\nusers:\n  - {email: x, access_seat: maybe}\n  - {emial: a@b.c}\n",
			[]string{
				`f.yaml:2:10: account: "a/b" is not an account id: copy the 32 letters and digits from the dashboard's address, or from Account home`,
				`f.yaml:4:13: email: "x" is not an email address`,
				`f.yaml:4:29: access_seat: expected true or false, got "maybe"`,
				"f.yaml:5:5: the user has no email: write one, it is the key",
				`f.yaml:5:6: unknown key "emial" in a user: did you mean "email"?`,
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			desired, err := parseText(t, test.text)
			var problems reconcile.Problems
			if !errors.As(err, &problems) || desired != nil {
				t.Fatalf("got %v, %v; want problems and nothing else", desired, err)
			}
			if diff := cmp.Diff(strings.Join(test.want, "\n"), problems.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseReadsEveryKey(t *testing.T) {
	desired := mustParse(t, `version: 1
account: 023e105f4ecef8ad9ca31a8372d0c353
license: {purchased: 500, price: 7.5, currency: EUR}
policy:
  unlisted: report
  grants: never
  inactive: {after: 90d, never_after: 4w, notice: 36h}
  protected: [ceo@example.com, "*@board.example.com"]
  limits: {releases: [50, 10%]}
schedule:
  - {cron: "0 6 * * 1-5"}
  - {cron: "30 0 7 1 * *", mode: apply}
timezone: Europe/Berlin
users:
  - email: ada@example.com
    name: Ada Lovelace
    access_seat: true
    gateway_seat: false
    until: 2027-03-31
    exempt: {from: inactive, until: 2027-01-15, owner: hr@example.com, reason: parental leave}
    id: f174e90a-fafe-4643-bbbc-4a0ed4fc8415
`)
	user := desired.Users[0]
	got := []any{
		desired.Account, *desired.License.Purchased, desired.License.Price, desired.License.Currency,
		desired.Policy.Unlisted, desired.Policy.Grants, *desired.Policy.Releases.Count, desired.Policy.Releases.Percent.FloatString(0),
		desired.Policy.Inactive.After, desired.Policy.Inactive.NeverAfter, desired.Policy.Inactive.Notice,
		desired.Policy.Inactive.AfterAt.Line, desired.Policy.Protected[1].Text, desired.Policy.Protected[1].At.Line,
		desired.Schedule[0].Mode, desired.Schedule[1].Mode, desired.Timezone.String(),
		user.Email, user.Name, user.AccessSeat, user.GatewaySeat, user.Until.String(), *user.Exempt, user.ID,
		user.Position().Line, user.At(user.Lines.GatewaySeat).Line, user.At(user.Lines.Until).Line,
	}
	until, _ := reconcile.ParseDate("2027-01-15")
	want := []any{
		"023e105f4ecef8ad9ca31a8372d0c353", 500, reconcile.Amount("7.50"), "EUR",
		reconcile.HolderReport, reconcile.GrantsNever, 50, "10",
		90 * reconcile.Day, 28 * reconcile.Day, 36 * time.Hour,
		7, "*@board.example.com", 8,
		reconcile.ModeDryRun, reconcile.ModeApply, "Europe/Berlin",
		"ada@example.com", "Ada Lovelace", reconcile.True, reconcile.False, "2027-03-31",
		reconcile.Exemption{From: "inactive", Until: until, Owner: "hr@example.com", Reason: "parental leave"},
		"f174e90a-fafe-4643-bbbc-4a0ed4fc8415", 15, 18, 19,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(reconcile.Date{})); diff != "" {
		t.Errorf("desired state (-want +got):\n%s", diff)
	}
}

func TestParseReadsLimitsOverTime(t *testing.T) {
	policy := mustParse(t, `version: 1
policy:
  inactive: {after: 90d, notice: 7d, announced: true}
  limits:
    beyond: longest-idle
    releases_per: {30d: [100, 30%], 1w: 40}
    returned: 12.5%
`).Policy
	week, month := policy.Windows[0], policy.Windows[1]
	got := []any{
		policy.Beyond, policy.Returned.FloatString(1), policy.Inactive.Announced,
		week.Days, *week.Limit.Count, month.Days, *month.Limit.Count, month.Limit.Percent.FloatString(0), month.Limit.At.Line,
	}
	want := []any{reconcile.BeyondLongestIdle, "12.5", true, 7, 40, 30, 100, "30", 6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
}

func TestParseAllowsOneEmailWithDifferentIDs(t *testing.T) {
	desired := mustParse(t, "version: 1\nusers:\n  - {email: a@b.c, id: x}\n  - {email: A@b.c, id: y}\n")
	if len(desired.Users) != 2 {
		t.Errorf("got %d users, want 2", len(desired.Users))
	}
}

func TestParseAccountMadeOfDigitsStaysText(t *testing.T) {
	for _, account := range []string{"12345678901234567890123456789012", "023", "1e10"} {
		if got := mustParse(t, "version: 1\naccount: "+account+"\n").Account; got != account {
			t.Errorf("account %s became %s", account, got)
		}
	}
}

// writeFiles makes files below a new directory, and goes there.
func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	directory := t.TempDir()
	for name, text := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(directory)
}

func TestLoadReadsIncludesOnceInOrder(t *testing.T) {
	writeFiles(t, map[string]string{
		"d.yaml":       "version: 1\ninclude: [teams/*.yaml, teams/b.yaml, '*.yaml']\nusers:\n  - {email: z@b.c}\n",
		"teams/b.yaml": "users:\n  - {email: b@b.c}\n",
		"teams/a.yaml": "version: 1\nusers:\n  - {email: a@b.c}\n",
		"teams/c.yaml": "users: []  # nobody yet\n",
		"e.yaml":       "users: []\n",
	})
	desired, err := Load(t.Context(), Origin{Path: "d.yaml", StrictAt: testNow})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"d.yaml", "teams/a.yaml", "teams/b.yaml", "teams/c.yaml", "e.yaml"}, desired.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if len(desired.Users) != 3 || desired.Users[1].Position() != (reconcile.Position{File: "teams/a.yaml", Line: 3}) {
		t.Errorf("users: %+v", desired.Users)
	}
}

func TestLoadReportsProblemsOfAllFiles(t *testing.T) {
	writeFiles(t, map[string]string{
		"d.yaml":       "version: 1\ninclude: [teams/*.yaml, none/*.yaml, /etc/*.yaml]\nusers:\n  - {email: a@b.c}\n",
		"teams/a.yaml": "users:\n  - {email: A@B.c}\npolicy: {}\n",
		"teams/b.yaml": "users: {}\n",
	})
	_, err := Load(t.Context(), Origin{Path: "d.yaml", StrictAt: testNow})
	want := strings.Join([]string{
		`d.yaml:2:25: include: "none/*.yaml" finds no file beside this one: correct or remove it`,
		`d.yaml:2:38: include: "/etc/*.yaml" is an absolute path: write it relative to this file`,
		"teams/a.yaml:2:13: A@B.c is listed twice, first at d.yaml:4: keep one entry",
		`teams/a.yaml:3:1: unknown key "policy" in an included file: known are version, users`,
		"teams/b.yaml:1:8: expected a list of users, got keys and values",
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestLoadRefusesIncludesThatCouldLoseATeam(t *testing.T) {
	for name, test := range map[string]struct{ include, team, want string }{
		"a pattern over several levels": {"teams/**/*.yaml", "users: []\n", "has a **, which is not read"},
		"an empty file":                 {"teams/*.yaml", "", "teams/a.yaml:1:1: the file is empty: write 'users: []' if it lists nobody"},
		"a file cut off after users":    {"teams/*.yaml", "users:\n", "teams/a.yaml:1:7: users is empty: write 'users: []' if the file lists nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, map[string]string{"d.yaml": "version: 1\ninclude: ['" + test.include + "']\n", "teams/a.yaml": test.team})
			if _, err := Load(t.Context(), Origin{Path: "d.yaml", StrictAt: testNow}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestLoadReadsStandardInput(t *testing.T) {
	desired, err := Load(t.Context(), Origin{Path: "-", Stdin: strings.NewReader("version: 1\nusers:\n  - {email: a@b.c}\n")})
	if err != nil || desired.Files[0] != "<stdin>" || len(desired.Users) != 1 {
		t.Errorf("got %+v, %v", desired, err)
	}
}

func TestLoadNamesAFileThatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Load(t.Context(), Origin{Path: "none.yaml"})
	if err == nil || !strings.Contains(err.Error(), "none.yaml: no such file") || !strings.Contains(err.Error(), "seatsync export") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../desired-state.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, seed := range []string{
		"version: 1\n", "a: &a [*a]\n", "? {a: b}\n: c\n", "version: 1\nusers:\n  - {email: a@b.c, until: 2027-01-01}\n",
		"version: 1\npolicy: {limits: {releases: [1, 2%]}}\n", "%YAML 1.1\n---\nversion: 1\n...\n", "\xef\xbb\xbfversion: 1\n",
		"version: 1\nusers: !!set {a}\n", "version: 1\nschedule: [{cron: '@every 1h'}]\n", "- - - - -\n", "version: 1\nusers: [{email: \"a@b.c\", name: \"\\u202e\"}]\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		desired, err := Parse(File{Name: "f.yaml", Data: data}, InMemory{}, testNow)
		if err == nil {
			live := &reconcile.Live{AccountID: "a", Users: []reconcile.User{{ID: "x", Email: "a@b.c", SeatUID: "s", AccessSeat: reconcile.True, GatewaySeat: reconcile.False}}}
			if _, err := reconcile.MakePlan(desired, live, reconcile.PlanOptions{Now: testNow}); err != nil {
				var refused *reconcile.RefusedError
				if !errors.As(err, &refused) {
					t.Fatal(err)
				}
			}
			return
		}
		var problems reconcile.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("an error that is not problems: %v", err)
		}
		for _, problem := range problems {
			if problem.At.File != "f.yaml" || problem.At.Line < 1 || problem.Message == "" {
				t.Errorf("a problem without a place or message: %+v", problem)
			}
		}
	})
}
