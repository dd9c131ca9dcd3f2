package reconcile_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/seatsync/seatsync/reconcile"
)

// growing returns readings of so many seats, one a week, up to a week ago.
func growing(used ...int) (readings []SeatReading) {
	for i, n := range used {
		readings = append(readings, SeatReading{At: testNow.Add(-days(7 * (len(used) - i))), Used: n})
	}
	return readings
}

func TestTheBudgetAndTheLastSeatAreForeseenByThePace(t *testing.T) {
	tests := []struct {
		name     string
		license  string
		readings []SeatReading
		used     int
		want     []string // code, severity and a part of the message
	}{
		{"above it now needs no pace", "price: 7.00, purchased: 20, budget: 139.99, currency: EUR", nil, 10,
			[]string{"budget-exceeded-soon warning the bill of 140.00 EUR a month is above the budget of 139.99 EUR a month"}},
		{"the bill is exactly the budget", "price: 7.00, purchased: 20, budget: 140.00", nil, 10, nil},
		{"more seats than the budget has", "budget: 9 seats", nil, 10, []string{"budget-exceeded-soon warning 10 seats are in use, above the budget of 9 seats"}},
		{"one more seat a week, of money", "price: 7.00, budget: 84.00", growing(6, 7, 8, 9), 10,
			[]string{"budget-exceeded-soon warning at the present pace (4.3 more a month, by 5 readings since 2026-10-25) the seats in use pass the budget of 84.00 a month on 2026-12-13"}},
		{"one more seat a week, of seats", "budget: 12 seats", growing(6, 7, 8, 9), 10, []string{"budget-exceeded-soon warning on 2026-12-13"}},
		{"far ahead is no warning", "budget: 40 seats", growing(6, 7, 8, 9), 10, []string{"budget-exceeded-soon info on 2027-06-27"}},
		{"too far ahead is nothing", "budget: 100 seats", growing(6, 7, 8, 9), 10, nil},
		{"two readings are no pace", "budget: 12 seats", growing(8, 9), 10, nil},
		{"no growth, no day", "budget: 12 seats", growing(10, 10, 10, 10), 10, nil},
		{"fewer every week, no day", "budget: 12 seats", growing(14, 13, 12, 11), 10, nil},
		{"money without a price", "budget: 84.00, currency: EUR", growing(6, 7, 8, 9), 10,
			[]string{"budget-unknown warning whether the bill is within the budget of 84.00 EUR a month is not known, since the price of a seat is not: write license.price, or a budget in seats"}},
		{"seats need no price", "budget: 10 seats", nil, 10, nil},
		{"the last seat is taken soon", "purchased: 13", growing(6, 7, 8, 9), 10,
			[]string{"seats-exhausted-soon warning 10 of 13 purchased seats are in use and 3 are free", "that is on 2026-12-13"}},
		{"the last seat is far", "purchased: 40", growing(6, 7, 8, 9), 10, nil},
		{"too few are free, and nobody knows the pace", "purchased: 10", nil, 10, []string{"seats-exhausted-soon warning when none is left"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var users []User
			for i := range test.used {
				users = append(users, person(fmt.Sprintf("u%d@b.c", i)))
			}
			plan := planOf(t, mustParse(t, text("license: {%s}\n", test.license)), liveOf(users...), withHistory(History{Readings: test.readings}))
			found := ""
			for _, finding := range plan.Findings {
				if finding.Code != CodeLowerPurchased {
					found += fmt.Sprint(finding.Code, " ", finding.Severity, " ", finding.Message, "\n")
				}
			}
			if test.want == nil && found != "" {
				t.Errorf("found %s", found)
			}
			for _, want := range test.want {
				for _, part := range strings.SplitN(want, " ", 3) {
					if !strings.Contains(found, part) {
						t.Errorf("found %q, want %q", found, want)
					}
				}
			}
		})
	}
}

// It is the evening before in Honolulu.
func TestForeseenDatesAreThoseOfTheTimezoneOfTheFile(t *testing.T) {
	plan := planOf(t, mustParse(t, text("timezone: Pacific/Honolulu\nlicense: {purchased: 13, budget: 9 seats}\n")),
		liveOf(peopleOf("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")...), withHistory(History{Readings: growing(6, 7, 8, 9)}))
	if got := plan.Money.BudgetExceededOn; got == nil || got.String() != "2026-11-21" {
		t.Errorf("budget passed on %s", got)
	}
	if got := plan.Money.SeatsExhaustedOn; got == nil || got.String() != "2026-12-12" {
		t.Errorf("last seat taken on %s", got)
	}
	if got := fmt.Sprint(plan.Findings); !strings.Contains(got, "since 2026-10-24) that is on 2026-12-12") {
		t.Errorf("found %s", got)
	}
}

func TestAPaceNeedsMoreThanAFewDays(t *testing.T) {
	var readings []SeatReading
	for i := range 10 {
		readings = append(readings, SeatReading{At: testNow.Add(-days(5) + days(i)/2), Used: i})
	}
	plan := planOf(t, mustParse(t, text("license: {purchased: 15}\n")), liveOf(peopleOf("a", "b", "c", "d", "e", "f", "g", "h", "i", "j")...),
		withHistory(History{Readings: readings}))
	if plan.Money.SeatsExhaustedOn != nil {
		t.Errorf("five days foresee %s", plan.Money.SeatsExhaustedOn)
	}
}
