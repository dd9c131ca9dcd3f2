package desired

import (
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

func parseWith(t *testing.T, text string) (*reconcile.Desired, error) {
	t.Helper()
	return Parse(File{Name: "desired-state.yaml", Data: []byte(text)}, nil, time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
}

func TestFreeze(t *testing.T) {
	desired, err := parseWith(t, `version: 1
timezone: Europe/Berlin
policy:
  freeze:
    - {from: 2026-12-18, until: 2027-01-06, reason: year end}
    - {cron: "0 16 * * 5", for: 64h}
`)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-12-17T22:59:59Z": "", // a Thursday, 23:59 in Berlin
		"2026-12-17T23:00:00Z": "year end",
		"2027-01-06T12:00:00Z": "year end",
		"2027-01-06T23:59:59Z": "year end", // the day is over in Berlin, but not in UTC
		"2027-01-07T00:00:00Z": "",
		"2026-11-20T14:59:59Z": "", // a Friday, one second before 16:00 in Berlin
		"2026-11-20T15:00:00Z": "0 16 * * 5 for 64h",
		"2026-11-23T06:59:59Z": "0 16 * * 5 for 64h", // Monday, before 08:00
		"2026-11-23T07:00:00Z": "",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		window := FrozenAt(desired.Policy.Freeze, now, desired.Timezone)
		switch {
		case window == nil && want != "":
			t.Errorf("%s: not frozen, want %s", at, want)
		case window != nil && (want == "" || !strings.Contains(window.String(), want)):
			t.Errorf("%s: frozen by %s, want %q", at, window, want)
		}
	}
}

// In Berlin the clocks skip the hour after 02:00 on 2026-03-29, and show it twice on 2026-10-25.
func TestAFreezeBeginsAlsoWhenClocksChange(t *testing.T) {
	for _, test := range []struct {
		cron, at string
		want     bool
	}{
		{"30 2 29 3 *", "2026-03-29T00:59:59Z", false},
		{"30 2 29 3 *", "2026-03-29T01:00:00Z", true},
		{"30 2 29 3 *", "2026-03-29T02:59:59Z", true},
		{"30 2 29 3 *", "2026-03-29T03:00:00Z", false},
		{"*/30 2 29 3 *", "2026-03-29T01:00:00Z", true},
		{"30 2 25 10 *", "2026-10-25T00:29:59Z", false},
		{"30 2 25 10 *", "2026-10-25T00:30:00Z", true},
		{"30 2 25 10 *", "2026-10-25T03:29:59Z", true}, // two hours after the second time
		{"30 2 25 10 *", "2026-10-25T03:30:00Z", false},
	} {
		desired, err := parseWith(t, "version: 1\ntimezone: Europe/Berlin\npolicy:\n  freeze:\n    - {cron: '"+test.cron+"', for: 2h}\n")
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := FrozenAt(desired.Policy.Freeze, now, desired.Timezone) != nil; got != test.want {
			t.Errorf("%s at %s: frozen %v, want %v", test.cron, test.at, got, test.want)
		}
	}
}

func TestFreezeProblems(t *testing.T) {
	for window, want := range map[string]string{
		"{from: 2026-12-18}":                          "write both from and until",
		"{from: 2026-12-18, until: 2026-12-17}":       "until 2026-12-17 is before from 2026-12-18",
		"{cron: '0 16 * * 5'}":                        "write both cron and for",
		"{cron: '0 16 * * 5', for: 32d}":              "for 32d is longer than 31d",
		"{cron: '0 0 30 2 *', for: 1h}":               `"0 0 30 2 *" never comes`,
		"{cron: '@every 1h', for: 1h}":                "has no time at which it begins",
		"{cron: 'x', for: 1h}":                        "is not a cron expression",
		"{reason: because}":                           "write from and until, or cron and for",
		"{from: 2026-12-18, cron: '@daily', for: 1h}": "write from and until, or cron and for",
		"{from: soon, until: 2026-12-18}":             "is not a day",
		"{untill: 2026-12-18}":                        `did you mean "until"?`,
	} {
		_, err := parseWith(t, "version: 1\npolicy:\n  freeze:\n    - "+window+"\n")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "desired-state.yaml:4:") {
			t.Errorf("%s: %v, want %s", window, err, want)
		}
	}
}

func TestTheVariableOfTheToken(t *testing.T) {
	desired, err := parseWith(t, "version: 1\naccount_token_env: TOKEN_EMEA\n")
	if err != nil || desired.TokenVariable != "TOKEN_EMEA" {
		t.Errorf("got %v %v", desired, err)
	}
	for _, wrong := range []string{"token", "A-B", "$TOKEN", "''", "7"} {
		if _, err := parseWith(t, "version: 1\naccount_token_env: "+wrong+"\n"); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}
