package reconcile

import (
	"cmp"
	"time"
)

// Settings are what else the account says about its seats. All of it is optional:
// what could not be read is not known, and nothing is guessed.
type Settings struct {
	// SeatExpiration is after how long without activity Cloudflare itself takes a
	// seat away; 0 where it does not, or where that is not known.
	SeatExpiration time.Duration
	// SeatExpirationErr says why that is not known.
	SeatExpirationErr error
	// Deprovisioning names the identity providers that free seats by SCIM. The API
	// may leave providers out, so an empty list proves nothing.
	Deprovisioning []string
	// DeprovisioningErr says why they are not known.
	DeprovisioningErr error
	// Subscription is what the account pays for.
	Subscription Subscription
}

// SettingsNeeded says which settings of the account are worth a request each.
type SettingsNeeded struct {
	// OtherHands are those that take seats away whatever the file says: seat
	// expiration and deprovisioning.
	OtherHands bool
	// Subscription is what the account pays for.
	Subscription bool
}

// NeedSettings returns which settings of the account a file makes matter. Other
// hands matter where it keeps people in their seats.
func NeedSettings(desired *Desired) SettingsNeeded {
	needed := SettingsNeeded{
		OtherHands:   len(desired.Policy.Protected) > 0,
		Subscription: desired.License.FromSubscription,
	}
	for i := range desired.Groups {
		needed.OtherHands = needed.OtherHands || desired.Groups[i].Protected
	}
	for i := range desired.Users {
		needed.OtherHands = needed.OtherHands || desired.Users[i].Exempt != nil
	}
	return needed
}

// Subscription is what an account pays for Zero Trust. Its zero value means that
// it was not asked for.
type Subscription struct {
	// Err says why it could not be read.
	Err error
	// Unknown says what of it could not be understood, in a sentence for people;
	// empty when everything was.
	Unknown string
	// Plan and State are as the API writes them.
	Plan, State string
	// Purchased is the number of seats; nil when not known.
	Purchased *int
	// Price is that of a seat for a month; none when not known.
	Price Amount
	// Currency is that of the subscription; empty when not known.
	Currency string
	// Renews is the day on which the present period ends; zero when not known.
	Renews Date
}

// With returns the license with what the file does not give taken from the
// subscription, if the file says so.
func (l License) With(subscription Subscription) License {
	if !l.FromSubscription {
		return l
	}
	if l.Purchased == nil {
		l.Purchased = subscription.Purchased
	}
	if l.Renews.IsZero() {
		l.Renews = subscription.Renews
	}
	l.Currency = cmp.Or(l.Currency, subscription.Currency)
	// A price in another currency would be another amount.
	if l.Price == "" && l.Currency == subscription.Currency {
		l.Price = subscription.Price
	}
	return l
}
