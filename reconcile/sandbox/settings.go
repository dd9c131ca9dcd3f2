package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seatsync/seatsync/generated"
)

// Settings are what else an account says about its seats. The zero value is an account whose seats do not expire, with
// an identity provider that frees none, and with one subscription.
type Settings struct {
	// SeatExpiration is after how long without activity Cloudflare takes seats away, as the API writes it ("1460h");
	// empty means never.
	SeatExpiration string
	// SeatDeprovision makes the identity provider free the seats of people who leave it.
	SeatDeprovision bool
	// Subscription says what the account pays for; empty means SubscriptionMonthly.
	Subscription Subscription
}

// Subscription names what an account pays for. All but the last two are one subscription for 200 seats at 7 USD a month.
type Subscription string

// The subscriptions of an account, beside one for another product.
const (
	SubscriptionMonthly   Subscription = "monthly"
	SubscriptionQuarterly Subscription = "quarterly"
	SubscriptionYearly    Subscription = "yearly"
	SubscriptionTrial     Subscription = "trial"
	SubscriptionUnpaid    Subscription = "awaiting-payment"
	// SubscriptionCancelled is one that does not count any more.
	SubscriptionCancelled Subscription = "cancelled"
	// SubscriptionUneven costs no whole cents a seat.
	SubscriptionUneven Subscription = "uneven"
	// SubscriptionBare tells neither price nor seats.
	SubscriptionBare Subscription = "bare"
	// SubscriptionTwo are two that count.
	SubscriptionTwo Subscription = "two"
	// SubscriptionNone is none for Zero Trust.
	SubscriptionNone Subscription = "none"
)

// Subscriptions returns all subscriptions.
func Subscriptions() []Subscription {
	return []Subscription{
		SubscriptionMonthly, SubscriptionQuarterly, SubscriptionYearly, SubscriptionTrial, SubscriptionUnpaid,
		SubscriptionCancelled, SubscriptionUneven, SubscriptionBare, SubscriptionTwo, SubscriptionNone,
	}
}

// withDefaults returns the settings with every default filled in, or what is wrong with them.
func (s Settings) withDefaults() (Settings, error) {
	s.Subscription = cmp.Or(s.Subscription, SubscriptionMonthly)
	if !slices.Contains(Subscriptions(), s.Subscription) {
		return s, fmt.Errorf("unknown subscription %q: use one of %s", s.Subscription, words(Subscriptions()))
	}
	return s, nil
}

func (s server) GetOrganization(context.Context, generated.GetOrganizationRequestObject) (generated.GetOrganizationResponseObject, error) {
	organization := map[string]any{"name": "Example", "auth_domain": "example.cloudflareaccess.com"}
	if expiration := s.options.Settings.SeatExpiration; expiration != "" {
		organization["user_seat_expiration_inactive_time"] = expiration
	}
	return succeed(organization, nil), nil
}

func (s server) ListIdentityProviders(context.Context, generated.ListIdentityProvidersRequestObject) (generated.ListIdentityProvidersResponseObject, error) {
	return succeed([]any{
		map[string]any{"id": "0f7f2a9e-5f3c-4b0e-9f43-6b6c0f6d3e11", "name": "One-time PIN", "type": "onetimepin"},
		map[string]any{
			"id": "b1f0a2c4-77f1-4f6e-8a9d-2c1f0b3d4e5f", "name": "Example Okta", "type": "okta",
			"scim_config": map[string]any{
				"enabled": true, "seat_deprovision": s.options.Settings.SeatDeprovision, "user_deprovision": true,
			},
		},
	}, nil), nil
}

func (s server) ListSubscriptions(context.Context, generated.ListSubscriptionsRequestObject) (generated.ListSubscriptionsResponseObject, error) {
	return succeed(s.options.Settings.Subscription.list(s.options.Now()), nil), nil
}

// list is what the account pays for.
func (s Subscription) list(now time.Time) []any {
	begin := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	subscription := func(plan, state, frequency string, price float64, months int) map[string]any {
		return map[string]any{
			"id": "506e3185e9c882d175a2d0cb0093d9f2", "state": state, "frequency": frequency, "currency": "USD", "price": price,
			"current_period_start": begin.Format(time.RFC3339),
			"current_period_end":   begin.AddDate(0, months, 0).Format(time.RFC3339),
			"rate_plan":            map[string]any{"id": plan, "public_name": plan, "currency": "USD", "scope": "account"},
		}
	}
	zeroTrust := subscription("teams_standard", "Paid", "monthly", 1400, 1)
	zeroTrust["component_values"] = []any{map[string]any{"name": "users", "value": 200, "default": 50}}
	all := []any{subscription("workers_paid", "Paid", "monthly", 5, 1), zeroTrust}
	switch s {
	case SubscriptionQuarterly:
		zeroTrust["frequency"], zeroTrust["price"] = "quarterly", 4200
		zeroTrust["current_period_end"] = begin.AddDate(0, 3, 0).Format(time.RFC3339)
	case SubscriptionYearly:
		zeroTrust["frequency"], zeroTrust["price"] = "yearly", 16800
		zeroTrust["current_period_end"] = begin.AddDate(1, 0, 0).Format(time.RFC3339)
	case SubscriptionTrial:
		zeroTrust["state"] = "Trial"
	case SubscriptionUnpaid:
		zeroTrust["state"] = "AwaitingPayment"
	case SubscriptionCancelled:
		zeroTrust["state"] = "Cancelled"
	case SubscriptionUneven:
		zeroTrust["price"] = 1399.99
	case SubscriptionBare:
		delete(zeroTrust, "price")
		delete(zeroTrust, "component_values")
	case SubscriptionTwo:
		all = append(all, subscription("teams_browser_isolation", "Paid", "monthly", 100, 1))
	case SubscriptionNone:
		all = all[:1]
	}
	return all
}
