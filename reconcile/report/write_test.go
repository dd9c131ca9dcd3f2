package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/seatsync/seatsync/reconcile"
)

func TestAFormatIsFoundByItsName(t *testing.T) {
	for _, format := range Formats() {
		if got, err := ParseFormat(string(format)); err != nil || got != format {
			t.Errorf("ParseFormat(%q) = %q, %v", format, got, err)
		}
	}
	_, err := ParseFormat("yaml")
	if want := `unknown format "yaml": use one of text, json, markdown, html, csv, github`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := Write(io.Discard, "yaml", emptyPlan(), Options{}); err == nil {
		t.Error("an unknown format is written")
	}
}

// brokenWriter takes some bytes and then fails, as a full disk does.
type brokenWriter struct{ left int }

var errFull = errors.New("no space left on device")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestAReportThatCannotBeWrittenIsAnError(t *testing.T) {
	plan := manyChanges(2000)
	for _, format := range Formats() {
		for _, room := range []int{0, 10_000} {
			if err := Write(&brokenWriter{left: room}, format, plan, Options{}); !errors.Is(err, errFull) && (room == 0 || format != GitHub) {
				t.Errorf("%s with room for %d bytes: %v", format, room, err)
			}
		}
	}
	if err := WriteStepSummary(&brokenWriter{}, plan); !errors.Is(err, errFull) {
		t.Errorf("the step summary: %v", err)
	}
}

func TestJSONIsWhatASavedPlanIsReadBackFrom(t *testing.T) {
	for name, plan := range samplePlans() {
		first := written(t, JSON, plan, Options{})
		back := new(reconcile.Plan)
		decoder := json.NewDecoder(strings.NewReader(first))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(back); err != nil {
			t.Fatal(err)
		}
		if second := written(t, JSON, back, Options{}); second != first {
			t.Errorf("%s is not the same after it was read back", name)
		}
		if strings.Contains(first, `: null,`+"\n"+`  "findings"`) || !strings.HasSuffix(first, "}\n") {
			t.Errorf("%s is not as promised", name)
		}
	}
}

func TestJSONIsWhatMarshalIndentWrites(t *testing.T) {
	// The pieces that are written one by one have to add up to the whole.
	plan := partialPlan()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(plan); err != nil {
		t.Fatal(err)
	}
	if got := written(t, JSON, plan, Options{}); got != want.String() {
		t.Error("the pieces do not add up")
	}
}

func TestMarkdownFitsACommentHoweverLongThePlan(t *testing.T) {
	for _, n := range []int{1, 100, 150, 1000, 5000} {
		for name, plan := range map[string]*reconcile.Plan{"": manyChanges(n), " redacted": NewMasker("").Plan(manyChanges(n))} {
			got := written(t, Markdown, plan, Options{})
			if units := len(utf16.Encode([]rune(got))); len(got) > 65_536 || units > 65_536 {
				t.Errorf("%d changes%s: %d bytes, %d UTF-16 units", n, name, len(got), units)
			}
			if n >= 1000 && len(got) < 60_000 {
				t.Errorf("%d changes%s: only %d bytes are used", n, name, len(got))
			}
			checkCounts(t, got, n)
			if strings.Count(got, "<details") != strings.Count(got, "</details>") {
				t.Errorf("%d changes%s: a fold is not closed", n, name)
			}
		}
		var summary bytes.Buffer
		if err := WriteStepSummary(&summary, manyChanges(n)); err != nil {
			t.Fatal(err)
		}
		if summary.Len() > 1<<20 {
			t.Errorf("%d changes: a step summary of %d bytes", n, summary.Len())
		}
		checkCounts(t, summary.String(), n)
	}
}

// checkCounts checks that the rows that are shown and those that are counted
// as left out add up.
func checkCounts(t *testing.T, markdown string, n int) {
	t.Helper()
	findings := len(demoPlan().Findings)
	rows := strings.Count(markdown, "\n| `user-") // rows of changes begin with the user
	left := 0
	for line := range strings.SplitSeq(markdown, "\n") {
		if count, found := strings.CutPrefix(line, "… and "); found {
			count, _, _ = strings.Cut(strings.ReplaceAll(count, ",", ""), " ")
			number := 0
			for _, digit := range count {
				number = number*10 + int(digit-'0')
			}
			left += number
		}
	}
	if rows+left != n {
		t.Errorf("%d changes are shown and %d counted, of %d (and %d findings)", rows, left, n, findings)
	}
}

func TestGitHubGetsNoMoreAnnotationsThanItTakes(t *testing.T) {
	plan := manyChanges(500)
	for range 30 {
		plan.Findings = append(plan.Findings, partialPlan().Findings...)
	}
	got := written(t, GitHub, plan, Options{})
	for _, level := range []string{"warning", "error", "notice"} {
		if n := strings.Count(got, "::"+level+" "); n > 10 {
			t.Errorf("%d annotations of level %s", n, level)
		}
	}
	if !strings.Contains(got, "title=unknown-user") || !strings.Contains(got, "title=release") {
		t.Error("either changes or findings take all the room")
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "warnings, ") || !strings.Contains(last, "notices left out") || strings.HasPrefix(last, "::") {
		t.Errorf("the last line does not count what was left out: %s", last)
	}
}

func TestChangesFromOneLineShareAnAnnotation(t *testing.T) {
	got := written(t, GitHub, trippedPlan(), Options{})
	if !strings.Contains(got, "24 users from this line, person-a@example.com") || strings.Count(got, "line=9,") != 1 {
		t.Errorf("got:\n%s", got)
	}
}

func TestCSVHasARowForEveryChangeAndSumsThatAddUp(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(written(t, CSV, demoPlan(), Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := make(map[string]int)
	for i, name := range rows[0] {
		column[name] = i
	}
	saved := 0
	for _, row := range rows[1:] {
		if row[column["monthly_cost_before"]] == "7.00" && row[column["monthly_cost_after"]] == "0.00" {
			saved++
		}
	}
	if len(rows) != 1+len(demoPlan().Changes) || saved != demoPlan().Live.SeatsUsed-demoPlan().Summary.SeatsAfter {
		t.Errorf("%d rows, %d seats saved", len(rows), saved)
	}
}

func TestTextCollapsesLongGroupsAndSaysWhereTheRestIs(t *testing.T) {
	plan := trippedPlan()
	held := func(options Options) int {
		return strings.Count(written(t, Text, plan, options), "- person-")
	}
	if n := held(Options{}); n != 10 {
		t.Errorf("%d rows by default", n)
	}
	if n := held(Options{Rows: 3}); n != 3 {
		t.Errorf("%d rows of 3", n)
	}
	if n := held(Options{Rows: 23}); n != 24 {
		t.Errorf("%d rows of 23: a line that says '1 more' is as long as the row", n)
	}
	if n := held(Options{Rows: -1}); n != 24 {
		t.Errorf("%d rows of all", n)
	}
	if !strings.Contains(written(t, Text, plan, Options{}), "… and 14 more: --format csv shows all") {
		t.Error("it does not say where the rest is")
	}
}

func TestALongPlanIsWrittenInEveryFormat(t *testing.T) {
	plan := manyChanges(21_000)
	for _, format := range Formats() {
		var size counter
		if err := Write(&size, format, plan, Options{}); err != nil {
			t.Fatal(err)
		}
		if format == HTML && size > 20<<20 {
			t.Errorf("a page of %d bytes", size)
		}
	}
	if page := written(t, HTML, plan, Options{}); !strings.Contains(page, "1,000 changes are left out of this page, which holds 20,000") {
		t.Error("the page does not say what it leaves out")
	}
}

// counter counts bytes.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

func TestEveryFormatShowsSeveralAccountsOrSaysThatItCannot(t *testing.T) {
	several := Several{Plans: []*reconcile.Plan{partialPlan(), trippedPlan()}}
	for _, format := range FileFormats() {
		var out bytes.Buffer
		err := WriteSeveral(&out, format, several, Options{})
		if cannot := CheckSeveral(format); (err == nil) == (cannot != nil) || (out.Len() > 0) != (err == nil) {
			t.Errorf("%s: %d bytes, %v, and the check says %v", format, out.Len(), err, cannot)
		}
	}
}
