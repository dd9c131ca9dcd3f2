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
				"14.00 USD saved by 2 seats freed since 2026-10-01",
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
				"3.00 EUR + 10.50 USD saved by 2 seats freed since 2026-10-01",
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
			"a price since", freed(seat("a", "2026-10-01", "", ""), seat("b", "2026-11-01", "7.00", "USD")),
			[]string{
				"3.50 USD saved by the 1 of 2 seats freed since 2026-10-01 whose price is known",
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
			"no price", freed(seat("a", "2026-10-01", "", "")),
			[]string{
				"1 seat freed since 2026-10-01",
				"1 of them is still free, 0 people came back.",
				"",
				"Seats that runs freed, free at the end of each month",
				"  2026-10  ████████████████████████████████████████ 1",
				"  2026-11  ████████████████████████████████████████ 1",
				"Total 1 0 1 1.50",
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
