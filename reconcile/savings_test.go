package reconcile_test

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
)

// on returns six o'clock of a day.
func on(day string) time.Time {
	at, err := time.Parse("2006-01-02T15:04", day+"T06:00")
	if err != nil {
		panic(err)
	}
	return at
}

// freedOn returns a seat that was released on a day.
func freedOn(name, day string, price Amount) PastRelease {
	return PastRelease{UserID: "id-" + name, Email: name + "@b.c", At: on(day), Kind: Release, Reason: Inactive, Price: price, Currency: "USD"}
}

func TestSavingsAreThePriceForTheDaysThatASeatWasFree(t *testing.T) {
	tests := []struct {
		name    string
		taken   []PastRelease
		holding map[string][]time.Time
		now     string
		want    []string
	}{
		{"nothing before the first day is over", []PastRelease{freedOn("a", "2026-11-10", "7.00")}, nil, "2026-11-10",
			[]string{"2026-11 inactive 1 0 1 0.00 USD"}},
		{"half of November, and half of its price", []PastRelease{freedOn("a", "2026-11-10", "7.00")}, nil, "2026-11-25",
			[]string{"2026-11 inactive 1 0 1 3.50 USD"}},
		{"each day is a part of its own month", []PastRelease{freedOn("a", "2026-01-31", "7.00")}, nil, "2026-03-02",
			[]string{"2026-01 inactive 1 0 1 7.45 USD"}}, // 1/31 + 28/28 + 1/31 of 7
		{"until someone is seen in a seat again", []PastRelease{freedOn("a", "2026-11-01", "7.00")},
			map[string][]time.Time{"id-a": {on("2026-11-16"), on("2026-11-20")}}, "2026-11-25",
			[]string{"2026-11 inactive 1 1 0 3.50 USD"}},
		{"who was seen before the release is not back", []PastRelease{freedOn("a", "2026-11-10", "7.00")},
			map[string][]time.Time{"id-a": {on("2026-11-01"), on("2026-11-10")}}, "2026-11-25",
			[]string{"2026-11 inactive 1 0 1 3.50 USD"}},
		{"each release of one person by itself", []PastRelease{freedOn("a", "2026-11-01", "7.00"), freedOn("a", "2026-11-21", "7.00")},
			map[string][]time.Time{"id-a": {on("2026-11-11"), on("2026-11-21")}}, "2026-11-26",
			[]string{"2026-11 inactive 2 1 1 3.50 USD"}},
		{"rounded once a row", []PastRelease{freedOn("a", "2026-11-01", "7.00"), freedOn("b", "2026-11-01", "7.00"), freedOn("c", "2026-11-01", "7.00")}, nil, "2026-11-02",
			[]string{"2026-11 inactive 3 0 3 0.70 USD"}},
		{"a seat without a price is counted and not valued", []PastRelease{freedOn("a", "2026-11-01", ""), freedOn("b", "2026-11-01", "7.00")}, nil, "2026-11-16",
			[]string{"2026-11 inactive 1 0 1 -", "2026-11 inactive 1 0 1 3.50 USD"}},
		{"half a seat is none", []PastRelease{{UserID: "id-n", At: on("2026-11-01"), Kind: Narrow, Reason: Listed, Price: "7.00"}}, nil, "2026-11-16", nil},
		{"what is dated later than now is not there yet", []PastRelease{freedOn("a", "2026-12-01", "7.00")}, nil, "2026-11-16", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			history := History{Taken: test.taken, Returned: test.holding}
			savings := history.Savings(on(test.now))
			var got []string
			for _, row := range savings.Rows {
				saved := "-"
				if row.Saved != "" {
					saved = string(row.Saved) + " " + row.Currency
				}
				got = append(got, fmt.Sprint(row.Month, " ", row.Reason, row.Group, " ", row.Freed, " ", row.Returned, " ", row.StillFree, " ", saved))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDaysAndMonthsOfSavingsAreThoseOfTheTimezoneOfNow(t *testing.T) {
	taken := []PastRelease{freedOn("a", "2026-11-01", "7.00")}
	taken[0].At = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC) // 1 December in Tokyo, where it is one o'clock
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	history := History{Taken: taken}
	now := time.Date(2026, 12, 2, 14, 59, 0, 0, time.UTC) // a minute to midnight there
	for zone, want := range map[*time.Location]string{time.UTC: "2026-11 0.46", tokyo: "2026-12 0.23"} {
		rows := history.Savings(now.In(zone)).Rows
		if len(rows) != 1 || rows[0].Month+" "+string(rows[0].Saved) != want {
			t.Errorf("%s: %+v, want %s", zone, rows, want)
		}
	}
}

func TestSavingsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history, now := drawReleases(t)
		savings := history.Savings(now)
		total, months, seats, returned := new(big.Rat), new(big.Rat), 0, 0
		for _, row := range savings.Rows {
			if row.Freed != row.Returned+row.StillFree {
				t.Fatalf("%+v does not add up", row)
			}
			seats, returned = seats+row.Freed, returned+row.Returned
			total.Add(total, rat(row.Saved))
			// The row again, seat by seat and day by day.
			if want := savedDayByDay(&history, now, row.Month, row.Reason, row.Group); want != row.Saved {
				t.Fatalf("%s %s saved %s, day by day %s", row.Month, row.Reason, row.Saved, want)
			}
		}
		if savings.Total.Freed != seats || savings.Total.Returned != returned || savings.Total.StillFree != seats-returned {
			t.Fatalf("%+v of %d seats", savings.Total, seats)
		}
		if seats > 0 && rat(savings.Total.Saved).Cmp(total) != 0 {
			t.Fatalf("the total is %s, the rows come to %s", savings.Total.Saved, total.FloatString(2))
		}
		for _, month := range savings.Months {
			months.Add(months, rat(month.Saved))
		}
		if months.Cmp(total) != 0 {
			t.Fatalf("the months come to %s, the rows to %s", months.FloatString(2), total.FloatString(2))
		}
		runs, ids := new(big.Rat), []string{}
		for _, seat := range history.Taken {
			ids = append(ids, seat.RunID)
		}
		for id, run := range history.SavedRuns(now, ids) {
			if alone := history.SavedRuns(now, []string{id}); len(alone) != 1 || alone[id] != run {
				t.Fatalf("run %s alone is %+v, among all %+v", id, alone, run)
			}
			freed := 0
			for _, seat := range history.Taken {
				if seat.RunID == id && !seat.At.After(now) {
					freed++
				}
			}
			if run.Freed != freed {
				t.Fatalf("run %s freed %d, its record says %d", id, run.Freed, freed)
			}
			runs.Add(runs, rat(run.Saved))
		}
		if runs.Cmp(total) != 0 {
			t.Fatalf("the runs come to %s, the rows to %s", runs.FloatString(2), total.FloatString(2))
		}
	})
}

func rat(amount Amount) *big.Rat {
	value, ok := new(big.Rat).SetString(string(amount))
	if !ok {
		return new(big.Rat)
	}
	return value
}

// drawReleases draws what runs of a year and a half did.
func drawReleases(t *rapid.T) (History, time.Time) {
	history := History{Returned: make(map[string][]time.Time)}
	day := func(name string, from int) int { return rapid.IntRange(from, 540).Draw(t, name) }
	for i := range rapid.IntRange(0, 12).Draw(t, "seats") {
		name, released := fmt.Sprintf("p%d", i%5), day("released", 0)
		seat := freedOn(name, "2025-06-01", rapid.SampledFrom([]Amount{"7.00", "6.30", "0.333333"}).Draw(t, "price"))
		seat.At = seat.At.Add(days(released) + time.Duration(rapid.IntRange(0, 23).Draw(t, "hour"))*time.Hour + time.Duration(i)*time.Second)
		seat.RunID = rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "run")
		seat.Reason = rapid.SampledFrom([]Reason{Inactive, Listed}).Draw(t, "reason")
		seat.Group = rapid.SampledFrom([]string{"", "sales"}).Draw(t, "group")
		history.Taken = append(history.Taken, seat)
		if rapid.Bool().Draw(t, "comes back") {
			history.Returned[seat.UserID] = append(history.Returned[seat.UserID], on("2025-06-01").Add(days(day("back", released))))
		}
	}
	return history, on("2025-06-01").Add(days(day("now", 0)))
}

// savedDayByDay adds a row up by looking at each day of each seat.
func savedDayByDay(history *History, now time.Time, month string, reason Reason, group string) Amount {
	sum := new(big.Rat)
	for _, seat := range history.Taken {
		if seat.At.After(now) || seat.At.Format("2006-01") != month || seat.Reason != reason || seat.Group != group {
			continue
		}
		end := now
		for _, seen := range history.Returned[seat.UserID] {
			if seen.After(seat.At) && seen.Before(end) {
				end = seen
			}
		}
		for _, again := range history.Taken {
			if again.UserID == seat.UserID && again.At.After(seat.At) && again.At.Before(end) {
				end = again.At
			}
		}
		for day := seat.At.Truncate(Day); day.Before(end.Truncate(Day)); day = day.Add(Day) {
			length := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
			sum.Add(sum, new(big.Rat).Mul(rat(seat.Price), big.NewRat(1, int64(length))))
		}
	}
	return Amount(sum.FloatString(2))
}

func TestTheCentsOfTheRowsGoToTheMonthsThatLostMost(t *testing.T) {
	// Two rows of 41.533… + 623.00 + 623.00: 2 × 1287.53 by rows, and 2575.07 by months.
	inGroup := freedOn("b", "2026-11-29", "623.00")
	inGroup.Group = "sales"
	history := History{Taken: []PastRelease{freedOn("a", "2026-11-29", "623.00"), inGroup}}
	savings := history.Savings(on("2027-02-01"))
	var got []Amount
	for _, month := range savings.Months {
		got = append(got, month.Saved)
	}
	if diff := cmp.Diff([]Amount{"83.06", "1246.00", "1246.00", "0.00"}, got); diff != "" || savings.Total.Saved != "2575.06" {
		t.Errorf("the total is %s; %s", savings.Total.Saved, diff)
	}
}

func TestSeveralCurrenciesAreNotAddedUp(t *testing.T) {
	euro := freedOn("b", "2026-11-01", "6.00")
	euro.Currency = "EUR"
	history := History{Taken: []PastRelease{freedOn("a", "2026-11-01", "7.00"), euro}}
	total := history.Savings(on("2026-11-16")).Total
	want := []CurrencySavings{{Currency: "EUR", Saved: "3.00", Monthly: "6.00"}, {Currency: "USD", Saved: "3.50", Monthly: "7.00"}}
	if diff := cmp.Diff(want, total.Currencies); diff != "" || total.Saved != "" || total.Currency != "" {
		t.Errorf("%+v\n%s", total, diff)
	}
}

// A run sees who came back, long after thirty days too, and says it once.
func TestAPlanNamesWhoCameBackOnce(t *testing.T) {
	history := History{Runs: 1, Taken: []PastRelease{freedOn("a", "2026-06-01", "7.00"), freedOn("gone", "2026-06-01", "7.00")}}
	live := liveOf(person("a@b.c"), person("gone@b.c", access(False)))
	plan := planOf(t, mustParse(t, "version: 1\n"), live, withHistory(history))
	want := []CameBack{{UserID: "id-a", Email: "a@b.c", ReleasedAt: on("2026-06-01")}}
	if diff := cmp.Diff(want, plan.CameBack); diff != "" {
		t.Error(diff)
	}
	history.Add(PastRunOf(plan, testNow, testNow))
	if again := planOf(t, mustParse(t, "version: 1\n"), live, withHistory(history)); len(again.CameBack) != 0 {
		t.Errorf("again: %+v", again.CameBack)
	}
	if freed := history.Freed(); !freed[0].Back.Equal(testNow) || !freed[1].Back.IsZero() {
		t.Errorf("%+v", freed)
	}
}

// An account makes people anew, under another id. Whoever has the email is the same person then, unless the
// account still has the old id, or had the other one before: a double that was tidied up.
func TestWhoComesBackUnderAnotherIDHasComeBack(t *testing.T) {
	anew := func(id string) func(*User) { return func(u *User) { u.ID, u.CreatedAt = id, ago(days(1)) } }
	history := History{Runs: 1, Taken: []PastRelease{
		freedOn("a", "2026-11-01", "7.00"), freedOn("b", "2026-11-01", "7.00"), freedOn("c", "2026-11-01", "7.00"), freedOn("twin", "2026-11-01", "7.00"), freedOn("double", "2026-11-01", "7.00"),
		{UserID: "id-unnamed", At: on("2026-11-01"), Kind: Release, Reason: Inactive},
	}}
	history.Taken[1].Email = "B@b.c"
	live := liveOf(
		person("a@b.c", anew("new-a")), person("b@b.c", anew("new-b")), person("c@b.c", anew("new-c"), access(False)),
		person("twin@b.c", access(False)), person("twin@b.c", anew("id-other-twin")), person("", anew("id-nobody")),
		person("double@b.c", withID("id-first-double")),
	)
	plan := planOf(t, mustParse(t, "version: 1\n"), live, withHistory(history))
	want := []CameBack{{UserID: "id-a", Email: "a@b.c", ReleasedAt: on("2026-11-01")}, {UserID: "id-b", Email: "b@b.c", ReleasedAt: on("2026-11-01")}}
	if diff := cmp.Diff(want, plan.CameBack); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&Returns{Days: 30, Released: 6, Returned: 2, Share: "33.3%"}, plan.Returns); diff != "" {
		t.Errorf("returns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"returned", "returned a@b.c", "returned b@b.c"}, codesOf(plan)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	history.Add(PastRunOf(plan, testNow, testNow))
	if total := history.Savings(testNow).Total; total.Returned != 2 || total.StillFree != 4 {
		t.Errorf("%+v", total)
	}
	if again := planOf(t, mustParse(t, "version: 1\n"), live, withHistory(history)); len(again.CameBack) != 0 {
		t.Errorf("again: %+v", again.CameBack)
	}
}
