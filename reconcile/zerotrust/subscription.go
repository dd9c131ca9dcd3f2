package zerotrust

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/generated"
	"github.com/seatsync/seatsync/reconcile"
)

// wireSubscription is the part of [generated.Subscription] that seatsync looks at.
// The price stays as it is written, since a float is no amount of money.
type wireSubscription struct {
	State      string           `json:"state"`
	Frequency  string           `json:"frequency"`
	Price      decimal          `json:"price"`
	Currency   string           `json:"currency"`
	PeriodEnd  reconcile.Moment `json:"current_period_end"`
	Plan       wirePlan         `json:"rate_plan"`
	Components []wireComponent  `json:"component_values"`
}

// wirePlan is the part of [generated.RatePlan] that seatsync looks at.
type wirePlan struct {
	ID         string `json:"id"`
	PublicName string `json:"public_name"`
	Currency   string `json:"currency"`
}

// wireComponent is the part of [generated.ComponentValue] that seatsync looks at.
type wireComponent struct {
	Name  string  `json:"name"`
	Value count   `json:"value"`
	Price decimal `json:"price"`
}

// decimal is a number as it is written; empty when there is none.
type decimal string

// notPlain stands for a number that is there and is not read.
const notPlain decimal = "not plain"

// amount returns the number, if there is one that was read.
func (d decimal) amount() (*big.Rat, bool) { return new(big.Rat).SetString(string(d)) }

// UnmarshalJSON keeps a plain decimal number. One with an exponent, which nobody
// pays with, is not read.
func (d *decimal) UnmarshalJSON(data []byte) error {
	*d = ""
	switch text := string(data); {
	case text == "null":
	case text[0] != '-' && (text[0] < '0' || text[0] > '9'):
		return fmt.Errorf("%s where a price should be", inert(text))
	case len(text) <= 20 && !strings.ContainsAny(text, "eE"):
		*d = decimal(text)
	default:
		*d = notPlain
	}
	return nil
}

// subscription reads what the account pays for Zero Trust.
func (r *settingsReader) subscription(ctx context.Context) reconcile.Subscription {
	all, err := readSetting[[]wireSubscription](ctx, r.caller, generated.NewListSubscriptionsRequest, PermissionBilling)
	if err != nil {
		return reconcile.Subscription{Err: fmt.Errorf("list subscriptions: %w", err)}
	}
	found := zeroTrustSubscription(all)
	found.Plan, found.State = r.caller.connection.mask(found.Plan), r.caller.connection.mask(found.State)
	found.Currency = r.caller.connection.mask(found.Currency)
	return found
}

// zeroTrustSubscription finds the subscription to Zero Trust, and what of it can be
// told for certain. Paid plans have not been seen by whoever documented this, so
// whatever is not as expected stays unknown.
func zeroTrustSubscription(all []wireSubscription) reconcile.Subscription {
	var counting []*wireSubscription
	for i := range all {
		if all[i].isZeroTrust() && all[i].counts() {
			counting = append(counting, &all[i])
		}
	}
	switch len(counting) {
	case 0:
		return reconcile.Subscription{Unknown: "no subscription to Zero Trust is in force"}
	case 1:
		return counting[0].read()
	}
	return reconcile.Subscription{Unknown: fmt.Sprintf("%d subscriptions to Zero Trust are in force: which one has the seats cannot be determined", len(counting))}
}

// isZeroTrust recognizes the plan by its identifier or its name.
func (w *wireSubscription) isZeroTrust() bool {
	id, name := strings.ToLower(w.Plan.ID), strings.ToLower(w.Plan.PublicName)
	return strings.Contains(id, "teams") || strings.Contains(name, "teams") || strings.Contains(name, "zero trust")
}

// counts reports whether the subscription is in force.
func (w *wireSubscription) counts() bool {
	return slices.Contains([]string{"paid", "trial", "provisioned", "awaitingpayment"}, strings.ToLower(w.State))
}

// read returns what of the subscription is certain.
func (w *wireSubscription) read() reconcile.Subscription {
	result := reconcile.Subscription{Plan: cmp.Or(w.Plan.ID, w.Plan.PublicName, unnamed), State: w.State}
	var unknown []string
	if w.PeriodEnd.IsKnown() {
		// A day that cannot be read back does not exist.
		result.Renews, _ = reconcile.ParseDate(w.PeriodEnd.Time().UTC().Format(time.DateOnly))
	} else {
		unknown = append(unknown, "the day of renewal")
	}
	seats, ok := w.seats()
	if ok {
		result.Purchased = &seats
	} else {
		unknown = append(unknown, "the number of seats")
	}
	if result.Currency = w.currency(); result.Currency == "" {
		unknown = append(unknown, "the currency")
	}
	// A price without its currency is none.
	if price, ok := w.pricePerSeat(seats); ok && result.Currency != "" {
		result.Price = price
	} else {
		unknown = append(unknown, "the price of a seat")
	}
	if len(unknown) > 0 {
		result.Unknown = "the subscription does not state " + strings.Join(unknown, " and ")
	}
	return result
}

// isSeats reports whether the part of the plan is its seats.
func (w *wireComponent) isSeats() bool { return strings.EqualFold(w.Name, "users") }

// seats returns the number of seats, where exactly one component says it.
func (w *wireSubscription) seats() (int, bool) {
	seats, found := 0, 0
	for _, component := range w.Components {
		if component.isSeats() {
			seats = component.Value.value
			found++
			if !component.Value.known {
				return 0, false
			}
		}
	}
	if found != 1 {
		return 0, false
	}
	return seats, true
}

// currency returns that of the price, unless the plan has another one.
func (w *wireSubscription) currency() string {
	if w.Plan.Currency != "" && !strings.EqualFold(w.Plan.Currency, w.Currency) {
		return ""
	}
	return w.Currency
}

// pricePerSeat returns the price of a seat for a month, where nothing but seats is paid
// for, and where that is a whole number of cents.
func (w *wireSubscription) pricePerSeat(seats int) (reconcile.Amount, bool) {
	months := map[string]int64{"monthly": 1, "quarterly": 3, "yearly": 12}[strings.ToLower(w.Frequency)]
	whole, ok := w.Price.amount()
	if !ok || seats < 1 || months == 0 || whole.Sign() < 0 {
		return "", false
	}
	each := new(big.Rat).Quo(whole, big.NewRat(int64(seats), 1))
	if !w.isForSeats(whole, each) {
		return "", false
	}
	monthly := each.Quo(each, big.NewRat(months, 1))
	if cents := new(big.Rat).Mul(monthly, big.NewRat(100, 1)); !cents.IsInt() {
		return "", false
	}
	amount, err := reconcile.ParseAmount(monthly.FloatString(2))
	return amount, err == nil
}

// isForSeats reports whether the whole price is that of the seats, which is so much for
// each of them: no other part of the plan has a price, and that of the seats, of one or of
// all of them, is no other one. Nobody documents which of the two it is.
func (w *wireSubscription) isForSeats(whole, each *big.Rat) bool {
	for _, component := range w.Components {
		if component.Price == "" {
			continue
		}
		own, ok := component.Price.amount()
		isRight := ok && (own.Sign() == 0 || component.isSeats() && (own.Cmp(each) == 0 || own.Cmp(whole) == 0))
		if !isRight {
			return false
		}
	}
	return true
}
