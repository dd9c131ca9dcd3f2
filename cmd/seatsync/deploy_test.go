package main

import (
	"regexp"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

// TestTheAlertAndThePanelOfLimitsKnowEveryLimit holds the labels that they ask for to the holds that end a run with exit code 3.
func TestTheAlertAndThePanelOfLimitsKnowEveryLimit(t *testing.T) {
	t.Parallel()
	for path, pattern := range map[string]string{
		"prometheus/seatsync.rules.yaml": `alert: SeatsyncLimitHolds\n(?: *#.*\n)* *expr: (.*)\n`,
		"grafana/seatsync.json":          `"title": "Held by a limit",(?s:.*?)"expr": (.*)\n`,
	} {
		expressions := found(t, deployed+path, pattern)
		if len(expressions) != 1 {
			t.Fatalf("%s has %d expressions of limits, want 1", path, len(expressions))
		}
		asked := regexp.MustCompile(`reason=~?\\?"([^"\\]*)`).FindAllStringSubmatch(expressions[0], -1)
		for _, hold := range reconcile.Holds() {
			isAsked := false
			for _, reason := range asked {
				isAsked = isAsked || regexp.MustCompile("^(?:"+reason[1]+")$").MatchString(string(hold))
			}
			if isAsked != hold.IsLimit() {
				t.Errorf("%s asks for %s: %t, and that it is a limit is %t, in %s", path, hold, isAsked, hold.IsLimit(), expressions[0])
			}
		}
	}
}
