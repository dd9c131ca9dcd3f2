package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTheClockIsCheckedAgainstTheAPIs(t *testing.T) {
	api := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	known := Clock{API: api, Here: api, Within: time.Second}
	tests := []struct {
		name  string
		clock Clock
		now   time.Time
		want  string // in the error; empty for none
	}{
		{"the same", known, api, ""},
		{"five minutes ahead", known, api.Add(5 * time.Minute), ""},
		{"five minutes behind", known, api.Add(-5 * time.Minute), ""},
		{"beyond by less than is known", known, api.Add(5*time.Minute + time.Second), ""},
		{"ahead", known, api.Add(5*time.Minute + 2*time.Second), "5m2s ahead of the API's"},
		{"behind", known, api.Add(-3 * time.Hour), "3h0m0s behind the API's (2026-11-22T03:00:00Z, and the API's is 2026-11-22T06:00:00Z"},
		{"a machine that is wrong does not matter where now is given", Clock{API: api, Here: api.Add(Day)}, api, ""},
		{"no date", Clock{}, api, "no Date header"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.clock.Check(test.now)
			var wrong *ClockError
			if (err != nil) != (test.want != "") || err != nil && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
