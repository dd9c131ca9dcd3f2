package zerotrust

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestAPlanReadsSettingsOnceBesideTheListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{
			Users: 200, Latency: 100 * time.Millisecond,
			Settings: sandbox.Settings{SeatExpiration: "1460h", SeatDeprovision: true},
		})
		source := connect(t, config).Source().WithSettings(reconcile.SettingsNeeded{OtherHands: true, Subscription: true})
		begin := time.Now()
		for range 2 {
			live, err := source.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := live.Settings
			if got.SeatExpiration != 1460*time.Hour || len(got.Deprovisioning) != 1 || got.Subscription.Purchased == nil || *got.Subscription.Purchased != 200 {
				t.Errorf("got %+v", got)
			}
		}
		if took := time.Since(begin); took != 200*time.Millisecond {
			t.Errorf("two readings took %v, want two round trips", took)
		}
		if n := len(box.Requests()); n != 5 {
			t.Errorf("%d requests, want two listings and three settings", n)
		}
	})
}

func TestSettingsThatAreRefusedDoNotMatter(t *testing.T) {
	for _, text := range []string{"403", "500", "truncated", "wrong-types", "hang"} {
		t.Run(text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, config := startSandbox(t, sandbox.Options{Users: 200, Settings: sandbox.Settings{SeatExpiration: "1460h"}})
				for _, operation := range []string{"organization", "providers", "subscriptions"} {
					fault(t, box, operation+":"+text)
				}
				source := connect(t, config).Source().WithSettings(reconcile.SettingsNeeded{OtherHands: true, Subscription: true})
				for range 2 {
					live, err := source.Snapshot(t.Context())
					if err != nil || len(live.Users) != 200 {
						t.Fatalf("%d users, %v", len(live.Users), err)
					}
					got := live.Settings
					if got.SeatExpirationErr == nil || got.DeprovisioningErr == nil || got.Subscription.Err == nil {
						t.Errorf("no error in %+v", got)
					}
					if got.SeatExpiration != 0 || got.Deprovisioning != nil || got.Subscription.Purchased != nil {
						t.Errorf("something is known: %+v", got)
					}
				}
				if n := len(box.Requests()); n != 5 {
					t.Errorf("%d requests: what was refused is asked for again", n)
				}
			})
		})
	}
}

func TestNothingIsAskedForThatNobodyNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, config := startSandbox(t, sandbox.Options{Users: 200})
		if _, err := connect(t, config).Source().Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(box.Requests()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

func TestWhatOtherHandsThereAre(t *testing.T) {
	settings := func(t *testing.T, body string) (got reconcile.Settings) {
		synctest.Test(t, func(t *testing.T) {
			got = connect(t, serve(t, answering(200, body))).Probe().Settings(t.Context(), reconcile.SettingsNeeded{OtherHands: true})
		})
		return got
	}
	for body, want := range map[string]time.Duration{
		`{"success":true,"result":{"user_seat_expiration_inactive_time":"730h"}}`:     730 * time.Hour,
		`{"success":true,"result":{"user_seat_expiration_inactive_time":"730h0m0s"}}`: 730 * time.Hour,
		`{"success":true,"result":{}}`:                                                0,
		`{"success":true,"result":{"user_seat_expiration_inactive_time":null}}`:       0,
		`{"success":true,"result":{"user_seat_expiration_inactive_time":""}}`:         0,
	} {
		if got := settings(t, body); got.SeatExpiration != want || got.SeatExpirationErr != nil {
			t.Errorf("%s: got %v, %v", body, got.SeatExpiration, got.SeatExpirationErr)
		}
	}
	if got := settings(t, `{"success":true,"result":{"user_seat_expiration_inactive_time":"soon"}}`); got.SeatExpiration != 0 || got.SeatExpirationErr == nil {
		t.Errorf("got %v, %v", got.SeatExpiration, got.SeatExpirationErr)
	}
	got := settings(t, `{"success":true,"result":[
		{"name":"Okta\u202e","scim_config":{"enabled":true,"seat_deprovision":true}},
		{"type":"azureAD","scim_config":{"seat_deprovision":true}},
		{"name":"off","scim_config":{"enabled":false,"seat_deprovision":true}},
		{"name":"no","scim_config":{"enabled":true,"seat_deprovision":false}},
		{"name":"null","scim_config":null},{"name":"none"}]}`)
	want := []string{`the identity provider "Okta\u202e"`, `the identity provider "azureAD"`}
	if diff := cmp.Diff(want, got.Deprovisioning); diff != "" || got.DeprovisioningErr != nil {
		t.Errorf("%v (-want +got):\n%s", got.DeprovisioningErr, diff)
	}
}

func TestWhatASubscriptionTells(t *testing.T) {
	const plan = `"rate_plan":{"id":"teams_standard"},"current_period_end":"2027-01-01T00:00:00Z","currency":"USD",`
	const seats = `"component_values":[{"name":"users","value":200}],`
	parts := func(components string) string {
		return `{` + plan + `"component_values":[` + components + `],"state":"Paid","frequency":"yearly","price":16800}`
	}
	complete := reconcile.Subscription{
		Plan: "teams_standard", State: "Paid", Purchased: new(200), Price: "7.00", Currency: "USD", Renews: day(t, "2027-01-01"),
	}
	with := func(edit func(*reconcile.Subscription)) reconcile.Subscription {
		result := complete
		edit(&result)
		return result
	}
	unpriced := with(func(s *reconcile.Subscription) {
		s.Price, s.Unknown = "", "the subscription does not state the price of a seat"
	})
	tests := []struct {
		name string
		body string // of the list
		want reconcile.Subscription
	}{
		{"monthly", `{` + plan + seats + `"state":"Paid","frequency":"monthly","price":1400}`, complete},
		{"quarterly", `{` + plan + seats + `"state":"Paid","frequency":"quarterly","price":4200.00}`, complete},
		{"yearly", `{` + plan + seats + `"state":"Paid","frequency":"yearly","price":16800}`, complete},
		{"a trial", `{` + plan + seats + `"state":"Trial","frequency":"monthly","price":1400}`, with(func(s *reconcile.Subscription) { s.State = "Trial" })},
		{"beside a cancelled one", `{` + plan + `"state":"Cancelled"},{` + plan + seats + `"state":"Paid","frequency":"monthly","price":1400}`, complete},
		{"beside another product", `{"rate_plan":{"id":"workers_paid"},"state":"Paid"},{` + plan + seats + `"state":"Paid","frequency":"monthly","price":1400}`, complete},
		{
			"by its name alone", `{"rate_plan":{"public_name":"Zero Trust Standard"},"current_period_end":"2027-01-01T00:00:00Z","currency":"USD",` + seats +
				`"state":"Paid","frequency":"monthly","price":1400}`, with(func(s *reconcile.Subscription) { s.Plan = "Zero Trust Standard" }),
		},
		{"free", `{` + plan + seats + `"state":"Paid","frequency":"monthly","price":0}`, with(func(s *reconcile.Subscription) { s.Price = "0.00" })},
		{"no whole cents a seat", `{` + plan + seats + `"state":"Paid","frequency":"monthly","price":1399.99}`, unpriced},
		{"no whole cents a month", `{` + plan + seats + `"state":"Paid","frequency":"yearly","price":1400}`, unpriced},
		{"weekly", `{` + plan + seats + `"state":"Paid","frequency":"weekly","price":1400}`, unpriced},
		{"a negative price", `{` + plan + seats + `"state":"Paid","frequency":"monthly","price":-1400}`, unpriced},
		{"no price", `{` + plan + seats + `"state":"Paid","frequency":"monthly"}`, unpriced},
		{
			"no seats", `{` + plan + `"state":"Paid","frequency":"monthly","price":1400}`,
			with(func(s *reconcile.Subscription) {
				s.Purchased, s.Price = nil, ""
				s.Unknown = "the subscription does not state the number of seats and the price of a seat"
			}),
		},
		{
			"seats twice", `{` + plan + `"component_values":[{"name":"users","value":1},{"name":"Users","value":2}],"state":"Paid","frequency":"monthly","price":1400}`,
			with(func(s *reconcile.Subscription) {
				s.Purchased, s.Price = nil, ""
				s.Unknown = "the subscription does not state the number of seats and the price of a seat"
			}),
		},
		{"a price of one seat that agrees", parts(`{"name":"users","value":200,"price":84}`), complete},
		{"a price of all seats that agrees", parts(`{"name":"users","value":200,"price":16800}`), complete},
		{"a price of the seats that does not agree", parts(`{"name":"users","value":200,"price":3}`), unpriced},
		{"a price of the seats that cannot be read", parts(`{"name":"users","value":200,"price":8.4e1}`), unpriced},
		{"another part that costs nothing", parts(`{"name":"users","value":200},{"name":"browser_isolation","value":50,"price":0}`), complete},
		{"another part that costs something", parts(`{"name":"users","value":200},{"name":"browser_isolation","value":50,"price":500}`), unpriced},
		{"another part whose price cannot be read", parts(`{"name":"users","value":200},{"name":"browser_isolation","value":50,"price":5e2}`), unpriced},
		{
			"a plan in another currency", `{"rate_plan":{"id":"teams_standard","currency":"EUR"},"current_period_end":"2027-01-01T00:00:00Z","currency":"USD",` + seats +
				`"state":"Paid","frequency":"monthly","price":1400}`, with(func(s *reconcile.Subscription) {
				s.Price, s.Currency, s.Unknown = "", "", "the subscription does not state the currency and the price of a seat"
			}),
		},
		{"a price with an exponent", `{` + plan + seats + `"state":"Paid","frequency":"monthly","price":1e999999999}`, unpriced},
		{"two", `{` + plan + `"state":"Paid"},{` + plan + `"state":"Provisioned"}`, reconcile.Subscription{Unknown: "2 subscriptions to Zero Trust are in force: which one has the seats cannot be determined"}},
		{"none", ``, reconcile.Subscription{Unknown: "no subscription to Zero Trust is in force"}},
		{"expired", `{` + plan + seats + `"state":"Expired"}`, reconcile.Subscription{Unknown: "no subscription to Zero Trust is in force"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var all []wireSubscription
			if err := json.Unmarshal([]byte("["+test.body+"]"), &all); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, zeroTrustSubscription(all), cmp.AllowUnexported(reconcile.Date{})); diff != "" {
				t.Errorf("subscription (-want +got):\n%s", diff)
			}
		})
	}
}

func day(t *testing.T, text string) reconcile.Date {
	t.Helper()
	date, err := reconcile.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}
