package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// freed is a history of one run for each seat, which released it for a price.
func freed(seats ...reconcile.PastRelease) *reconcile.History {
	var history reconcile.History
	for i := range seats {
		seats[i].Reason = reconcile.Inactive
		history.Add(reconcile.PastRun{FinishedAt: seats[i].At, Taken: seats[i : i+1]})
	}
	return &history
}

// seat is one that was released at midnight.
func seat(user, day string, price reconcile.Amount, currency string) reconcile.PastRelease {
	return reconcile.PastRelease{UserID: user, At: midnight(day), Price: price, Currency: currency}
}

func midnight(day string) time.Time {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return at
}

// savingsText is the report as text until its table, and the last row of that.
func savingsText(t *testing.T, r *SavingsReport) []string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteSavings(&out, Text, r, Options{}); err != nil {
		t.Fatal(err)
	}
	head, table, _ := strings.Cut(out.String(), "\n  Month ")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "  Total") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return lines
}

func TestSavingsSayWhichMoneyIsKnown(t *testing.T) {
	tests := []struct {
		name    string
		history *reconcile.History
		want    []string
		words   string
	}{
		{
			"one price", freed(seat("a", "2026-10-01", "7.00", "USD"), seat("b", "2026-11-01", "7.00", "USD")),
			[]string{
				"14.00 USD saved by 2 seats freed since 2026-10-01, as last read on 2026-11-01",
				"2 of them are still free, 0 people came back; the run rate is 14.00 USD a month, 168.00 USD a year.",
				"",
				"Saved in each month, in USD",
				"  2026-10  ████████████████████████████████████████ 7.00",
				"  2026-11  ████████████████████████████████████████ 7.00",
				"Total 2 0 2 2.00 14.00 USD",
			},
			"14.00 USD by 2 seats freed, 2 still free",
		},
		{
			"another currency since", freed(seat("a", "2026-10-01", "7.00", "USD"), seat("b", "2026-11-01", "6.00", "EUR")),
			[]string{
				"3.00 EUR + 10.50 USD saved by 2 seats freed since 2026-10-01, as last read on 2026-11-01",
				"2 of them are still free, 0 people came back; the run rate is 6.00 EUR + 7.00 USD a month, 72.00 EUR + 84.00 USD a year.",
				"",
				"Seats that runs freed, free at the end of each month",
				"  2026-10  ████████████████████ 1",
				"  2026-11  ████████████████████████████████████████ 2",
				"Total 2 0 2 2.00 3.00 EUR + 10.50 USD",
			},
			"3.00 EUR + 10.50 USD by 2 seats freed, 2 still free",
		},
		{
			"a currency since", freed(seat("a", "2026-10-01", "7.00", ""), seat("b", "2026-11-01", "7.00", "USD")),
			[]string{
				"10.50 of no currency + 3.50 USD saved by 2 seats freed since 2026-10-01, as last read on 2026-11-01",
				"2 of them are still free, 0 people came back; the run rate is 7.00 of no currency + 7.00 USD a month, 84.00 of no currency + 84.00 USD a year.",
				"",
				"Seats that runs freed, free at the end of each month",
				"  2026-10  ████████████████████ 1",
				"  2026-11  ████████████████████████████████████████ 2",
				"Total 2 0 2 2.00 10.50 of no currency + 3.50 USD",
			},
			"10.50 of no currency + 3.50 USD by 2 seats freed, 2 still free",
		},
		{
			"a price since", freed(seat("a", "2026-10-01", "", ""), seat("b", "2026-11-01", "7.00", "USD")),
			[]string{
				"3.50 USD saved by the 1 of 2 seats freed since 2026-10-01 whose price is known, as last read on 2026-11-01",
				"2 of them are still free, 0 people came back; the run rate is 7.00 USD a month, 84.00 USD a year, of those whose price is known.",
				"",
				"Saved in each month, in USD",
				"  2026-10",
				"  2026-11  ████████████████████████████████████████ 3.50",
				"Total 2 0 2 2.00 3.50 USD",
			},
			"3.50 USD by the 1 of 2 seats freed whose price is known, 2 still free",
		},
		{
			"no price", freed(seat("a", "2026-10-16", "", "")),
			[]string{
				"1 seat freed since 2026-10-16, as last read on 2026-10-16",
				"1 of them is still free, 0 people came back.",
				"",
				"Seats that runs freed, free at the end of each month",
				"  2026-10  ████████████████████████████████████████ 1",
				"  2026-11  ████████████████████████████████████████ 1",
				"Total 1 0 1 1.02",
			},
			"1 seat freed 1 still free",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewSavingsReport("", test.history, midnight("2026-11-16"))
			if diff := cmp.Diff(test.want, savingsText(t, r)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if saved, detail := r.Words(); saved+" "+detail != test.words {
				t.Errorf("words %q, want %q", saved+" "+detail, test.words)
			}
		})
	}
}

func TestThePictureSaysNothingOfAMonthWithoutAPrice(t *testing.T) {
	history := freed(seat("a", "2026-10-01", "", ""), seat("b", "2026-11-01", "7.00", "USD"))
	chart := NewSavingsReport("", history, midnight("2026-11-16")).Chart()
	if want := "Saved in each month, in USD. First, 2026-10: not known. Last, 2026-11: 3.50."; chart.Sentence != want {
		t.Errorf("got  %s\nwant %s", chart.Sentence, want)
	}
}

func TestSavingsSayWhenTheAccountWasLastRead(t *testing.T) {
	history := freed(seat("a", "2026-01-01", "7.00", "USD"), seat("b", "2026-02-20", "7.00", "USD"))
	history.Add(reconcile.PastRun{FinishedAt: midnight("2026-02-25")})
	for now, want := range map[string][]string{
		"2026-01-20": {"as last read on 2026-01-01", ""},
		"2026-03-28": {"as last read on 2026-02-25", ""},
		"2026-03-29": {"as last read on 2026-02-25", "No run has read the account since 2026-02-25, 32 days ago: whoever came back since then counts as still free."},
		"2029-03-02": {"as last read on 2026-02-25", "No run has read the account since 2026-02-25, 1,101 days ago: whoever came back since then counts as still free."},
	} {
		r := NewSavingsReport("a", history, midnight(now))
		r.Account = "a"
		if !strings.HasSuffix(r.Headline(), want[0]) {
			t.Errorf("%s: headline %q, want %q", now, r.Headline(), want[0])
		}
		if lead := strings.Join(r.lead()[2:], " "); lead != want[1] {
			t.Errorf("%s: lead %q, want %q", now, lead, want[1])
		}
	}
	if r := NewSavingsReport("a", history, midnight("2025-12-01")); r.LastRead != nil {
		t.Errorf("read on %s, before the first run", r.LastRead)
	}
	if lead := NewSavingsReport("a", freed(), midnight("2029-03-02")).lead(); len(lead) > 0 {
		t.Errorf("nothing is recorded: %q", lead)
	}
	nobody := reconcile.History{Readings: []reconcile.SeatReading{{At: midnight("2026-01-05")}}}
	if lead := NewSavingsReport("a", &nobody, midnight("2029-03-02")).lead(); len(lead) != 1 {
		t.Errorf("nobody can have come back: %q", lead)
	}
}

// Of several accounts the one counts that was read longest ago.
func TestSavingsOfSeveralAccountsAreAsOldAsTheOldestReading(t *testing.T) {
	history := reconcile.History{Taken: []reconcile.PastRelease{seat("a", "2026-01-05", "", "")}, Readings: []reconcile.SeatReading{
		{At: midnight("2026-01-05"), Account: "a"}, {At: midnight("2026-06-05"), Account: "b"}, {At: midnight("2026-03-05"), Account: "a"},
	}}
	r := NewSavingsReport("", &history, midnight("2026-06-06"))
	if got, want := strings.Join(r.lead(), " "), "No run has read one of the accounts since 2026-03-05, 93 days ago"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestThePictureSaysThatItShowsTheLastMonths(t *testing.T) {
	r := NewSavingsReport("", freed(seat("a", "2026-01-01", "7.00", "USD")), midnight("2027-12-31"))
	if got := r.bars(); got.title != "Saved in each month, in USD" || len(got.items) != 24 {
		t.Errorf("%d months: %s", len(got.items), got.title)
	}
	r = NewSavingsReport("", freed(seat("a", "2026-01-01", "7.00", "USD")), midnight("2028-01-01"))
	if got := r.bars(); got.title != "Saved in each of the last 24 months, in USD" || len(got.items) != 24 {
		t.Errorf("%d months: %s", len(got.items), got.title)
	}
	r = NewSavingsReport("", freed(seat("a", "2026-01-01", "", "")), midnight("2028-01-01"))
	if got := r.bars(); got.title != "Seats that runs freed, free at the end of each of the last 24 months" {
		t.Error(got.title)
	}
}
