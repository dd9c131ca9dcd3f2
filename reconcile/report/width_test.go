package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// checkWidths asks of a text that it fits terminals of 80 and 200 columns: no line is
// longer than the terminal, but for a word that is, and no word is broken or lost.
func checkWidths(t *testing.T, name string, write func(Options) string) {
	t.Helper()
	all := strings.Fields(write(Options{}))
	slices.Sort(all)
	for _, width := range []int{80, 200} {
		text := write(Options{Width: width})
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); columns(line) > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%s: %d columns in a terminal of %d: %s", name, columns(line), width, line)
			}
		}
		words := strings.Fields(text)
		slices.Sort(words)
		if !slices.Equal(all, words) {
			t.Errorf("%s: other words at %d columns:\n%s", name, width, text)
		}
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	grouped := demoPlan()
	grouped.Groups[0].Name = "a group of people with quite a long name, in the north and the south of it"
	for i := range grouped.Changes {
		if grouped.Changes[i].Group == "sales" {
			grouped.Changes[i].Group = grouped.Groups[0].Name
		}
	}
	plans := map[string]*reconcile.Plan{"grouped": grouped, "many": manyChanges(181)}
	for name, plan := range samplePlans() {
		plans[name] = plan
	}
	for name, plan := range plans {
		checkWidths(t, name, func(options Options) string { return written(t, Text, plan, options) })
	}
	history := pastYear()
	checkSheetWidths(t, "savings", "seat-months", func(options Options) string {
		var out bytes.Buffer
		if err := WriteSavings(&out, Text, NewSavingsReport("", &history, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)), options); err != nil {
			t.Fatal(err)
		}
		return out.String()
	})
	rows := groupedWhatIf()
	checkSheetWidths(t, "whatif", "saves a year", func(options Options) string {
		var out bytes.Buffer
		if err := WriteWhatIf(&out, Text, &WhatIfTable{AccountID: "a", AccountName: "ACME", AfterDays: 90, Currency: "USD", Rows: rows}, options); err != nil {
			t.Fatal(err)
		}
		return out.String()
	})
}

// groupedWhatIf is the table of thresholds for everybody and by group.
func groupedWhatIf() []reconcile.WhatIf {
	rows := whatIf()
	for _, group := range []string{"contractors of the north", ""} {
		for _, row := range whatIf() {
			row.Group = &group
			rows = append(rows, row)
		}
	}
	return rows
}

// pastYear is what a run in each of fourteen months released.
func pastYear() (history reconcile.History) {
	for i := range 14 {
		at := time.Date(2025, time.Month(1+i), 3, 0, 0, 0, 0, time.UTC)
		history.Add(reconcile.PastRun{FinishedAt: at, Taken: []reconcile.PastRelease{{
			UserID: string(rune('a' + i)), Reason: reconcile.Inactive, Group: "contractors of the north", Price: "12345.67", Currency: "USD", At: at,
		}}})
	}
	return history
}

// checkSheetWidths is the same for a table, which names the column that it leaves out of
// a narrow terminal and draws its bars as long as there is room.
func checkSheetWidths(t *testing.T, name, spare string, write func(Options) string) {
	t.Helper()
	isKnown := make(map[string]bool)
	for _, word := range strings.Fields(write(Options{})) {
		isKnown[word] = true
	}
	for _, width := range []int{80, 200} {
		text := write(Options{Width: width})
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\n"); columns(line) > width {
				t.Errorf("%s: %d columns in a terminal of %d: %s", name, columns(line), width, line)
			}
		}
		note := "A wider terminal, and every other format, has more: "
		if isNarrow := width == 80; strings.Contains(text, note) != isNarrow || isNarrow && !strings.Contains(text, spare) {
			t.Errorf("%s: at %d columns:\n%s", name, width, text)
		}
		text, _, _ = strings.Cut(text, note)
		for _, word := range strings.Fields(text) {
			if !isKnown[word] && strings.Trim(word, "█") != "" {
				t.Errorf("%s: %q is no word of the table at %d columns", name, word, width)
			}
		}
	}
}

func TestNoPriceIsNoMoney(t *testing.T) {
	rows := whatIf()
	for i := range rows {
		rows[i].MonthlySaving = ""
	}
	var out bytes.Buffer
	if err := WriteWhatIf(&out, Text, &WhatIfTable{AccountID: "a", AfterDays: 90, Currency: "USD", Rows: rows}, Options{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "USD") {
		t.Errorf("money without a price:\n%s", out.String())
	}
}
