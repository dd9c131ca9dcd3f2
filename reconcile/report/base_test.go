package report

import (
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestAChangeOfTheFileIsSaidInMoneyThatCanBeCompared(t *testing.T) {
	pricedAt := func(currency string, price, group, cost reconcile.Amount, seats int) *reconcile.Plan {
		return &reconcile.Plan{
			Summary: reconcile.Summary{SeatsAfter: seats, MonthlyCostAfter: cost, Currency: currency},
			Money:   reconcile.Money{Price: price, GroupPrices: map[string]reconcile.Amount{"board": group}},
		}
	}
	base := pricedAt("USD", "7.00", "0.00", "252.00", 36)
	tests := []struct {
		name        string
		plan        *reconcile.Plan
		effect, row string
	}{
		{"fewer seats", pricedAt("USD", "7.00", "0.00", "238.00", 34),
			"2 seats fewer and 14.00 USD a month less than without this change of the file", "Cost a month, USD 252.00 238.00 −14.00"},
		{"nothing", pricedAt("USD", "7.00", "0.00", "252.00", 36), "", "Cost a month, USD 252.00 252.00 0"},
		{"another price", pricedAt("USD", "6.50", "0.00", "234.00", 36),
			"18.00 USD a month less, at other prices, than without this change of the file", "Cost a month at other prices, USD 252.00 234.00 −18.00"},
		{"another price of a group", pricedAt("USD", "7.00", "1.00", "253.00", 36),
			"1.00 USD a month more, at other prices, than without this change of the file", "Cost a month at other prices, USD 252.00 253.00 +1.00"},
		{"another price, and fewer seats", pricedAt("USD", "6.50", "0.00", "221.00", 34),
			"2 seats fewer and 31.00 USD a month less, at other prices, than without this change of the file", "Cost a month at other prices, USD 252.00 221.00 −31.00"},
		{"another currency", pricedAt("EUR", "6.50", "0.00", "234.00", 36), "", ""},
		{"another currency, and fewer seats", pricedAt("EUR", "6.50", "0.00", "221.00", 34), "2 seats fewer than without this change of the file", ""},
		{"no price any more", pricedAt("", "", "", "", 36), "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan := test.plan.Against(base)
			if got := effectOf(plan); got != test.effect {
				t.Errorf("got  %s\nwant %s", got, test.effect)
			}
			row := ""
			for _, cells := range newReviewComparison(plan).rows[1:] {
				row += strings.Join(cells[:], " ")
			}
			if row != test.row {
				t.Errorf("got  %s\nwant %s", row, test.row)
			}
		})
	}
}

func TestWhatWouldLiftALimitSaysWhomElseItReleases(t *testing.T) {
	release := func(user string, held reconcile.Hold) reconcile.Change {
		return reconcile.Change{Kind: reconcile.Release, UserID: user, Held: held}
	}
	plan := func(changes ...reconcile.Change) *reconcile.Plan {
		return &reconcile.Plan{Changes: changes, Limit: reconcile.Limit{Releases: 2, Tripped: true, Wanted: len(changes)}}
	}
	limited, done := reconcile.HeldLimit, reconcile.Hold("")
	tests := []struct {
		name       string
		base, plan *reconcile.Plan
		want       string
	}{
		{"all of them are new", plan(), plan(release("a", limited), release("b", limited), release("c", limited)),
			"3 releases are held by the limit of 2; --allow-releases 3 releases them"},
		{"the others were held anyway", plan(release("a", limited), release("b", limited)), plan(release("a", limited), release("b", limited), release("c", limited)),
			"1 release is held by the limit of 2; --allow-releases 3 releases it and 2 others that were asked for anyway"},
		{"another was pending anyway", plan(release("a", done)), plan(release("a", done), release("b", done), release("c", limited)),
			"1 release is held by the limit of 2; --allow-releases 3 releases it and 1 other that was asked for anyway"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, _ := NewView(test.plan.Against(test.base)).heldNotes(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
