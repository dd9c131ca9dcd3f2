package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestTheSettingsOfAnAccount(t *testing.T) {
	tests := []struct {
		name     string
		settings sandbox.Settings
		path     string
		want     []string
		not      string
	}{
		{name: "seats do not expire", path: "/access/organizations", not: "user_seat_expiration"},
		{name: "seats expire", settings: sandbox.Settings{SeatExpiration: "1460h"}, path: "/access/organizations", want: []string{`"user_seat_expiration_inactive_time":"1460h"`}},
		{name: "no provider frees seats", path: "/access/identity_providers", want: []string{`"seat_deprovision":false`, `"Example Okta"`}},
		{name: "a provider frees seats", settings: sandbox.Settings{SeatDeprovision: true}, path: "/access/identity_providers", want: []string{`"seat_deprovision":true`}},
		{name: "a subscription", path: "/subscriptions", want: []string{`"teams_standard"`, `"value":200`, `"price":1400`, `"current_period_end":"2026-12-01T00:00:00Z"`}},
		{name: "a yearly one", settings: sandbox.Settings{Subscription: sandbox.SubscriptionYearly}, path: "/subscriptions", want: []string{`"yearly"`, `"price":16800`, `"current_period_end":"2027-11-01T00:00:00Z"`}},
		{name: "none", settings: sandbox.Settings{Subscription: sandbox.SubscriptionNone}, path: "/subscriptions", not: "teams"},
		{name: "two", settings: sandbox.Settings{Subscription: sandbox.SubscriptionTwo}, path: "/subscriptions", want: []string{"teams_standard", "teams_browser_isolation"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, sandbox.Options{Settings: test.settings})
			answer := c.do("GET", "/accounts/"+sandbox.MainAccount+test.path, "")
			answer.succeeded(t)
			for _, part := range test.want {
				if !strings.Contains(answer.body, part) {
					t.Errorf("%s is missing\n%s", part, answer.body)
				}
			}
			if test.not != "" && strings.Contains(answer.body, test.not) {
				t.Errorf("%s is there\n%s", test.not, answer.body)
			}
			c.do("GET", "/accounts/nowhere"+test.path, "").refused(t, 404, 7003)
		})
	}
}

func TestEverySubscriptionIsServed(t *testing.T) {
	for _, name := range sandbox.Subscriptions() {
		c := serve(t, sandbox.Options{Settings: sandbox.Settings{Subscription: name}})
		answer := c.do("GET", "/accounts/"+sandbox.MainAccount+"/subscriptions", "")
		answer.succeeded(t)
		if !json.Valid([]byte(answer.body)) {
			t.Errorf("%s: %s", name, answer.body)
		}
	}
	if _, err := sandbox.New(sandbox.Options{Settings: sandbox.Settings{Subscription: "lifelong"}}); err == nil {
		t.Error("a subscription that nobody knows is served")
	}
}
