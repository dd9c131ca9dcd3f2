package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

var update = flag.Bool("update", false, "rewrite the golden files: go test ./reconcile/report -update")

// golden compares what a report wrote with what it wrote when a person last
// looked at it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is meant, run the test with -update:\n%s", path, diff)
	}
}

func suffix(format Format) string {
	return map[Format]string{Text: "txt", JSON: "json", Markdown: "md", HTML: "html", CSV: "csv", GitHub: "github"}[format]
}

// written returns a report.
func written(t testing.TB, format Format, plan *reconcile.Plan, options Options) string {
	t.Helper()
	var got bytes.Buffer
	if err := Write(&got, format, plan, options); err != nil {
		t.Fatal(err)
	}
	return got.String()
}

// withoutSources puts names for the style, the script and their hashes, which
// have files of their own, so that a golden page changes with its content only.
func withoutSources(page string) string {
	return strings.NewReplacer(
		pageFile("page/page.css"), "[page.css]", pageFile("page/page.js"), "[page.js]",
		strings.ReplaceAll(sourceHash("page/page.css"), "+", "&#43;"), "[hash of page.css]",
		strings.ReplaceAll(sourceHash("page/page.js"), "+", "&#43;"), "[hash of page.js]",
	).Replace(page)
}

func TestEveryFormatWritesWhatAPersonLookedAt(t *testing.T) {
	for name, plan := range samplePlans() {
		for _, format := range Formats() {
			t.Run(name+" as "+string(format), func(t *testing.T) {
				got := written(t, format, plan, Options{})
				if format == HTML {
					got = withoutSources(got)
				}
				golden(t, name+"."+suffix(format), []byte(got))
			})
		}
	}
}

func TestTextFitsATerminal(t *testing.T) {
	for name, plan := range samplePlans() {
		t.Run(name, func(t *testing.T) {
			got := written(t, Text, plan, Options{Width: 80})
			golden(t, name+".80.txt", []byte(got))
			for _, line := range strings.Split(got, "\n") {
				if columns(line) > 80 && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("a line of %d columns: %s", columns(line), line)
				}
			}
			colored := written(t, Text, plan, Options{Width: 80, Color: true})
			if bare := unpainted(colored); bare != got {
				t.Errorf("colours change more than colours:\n%s", cmp.Diff(got, bare))
			}
		})
	}
}

func TestABriefReportLeavesOutWhatWasJustShown(t *testing.T) {
	for name, plan := range samplePlans() {
		golden(t, name+".brief.txt", []byte(written(t, Text, plan, Options{Brief: true})))
	}
}

func TestARedactedPlanReadsWellInEveryFormat(t *testing.T) {
	for _, format := range []Format{Text, JSON, Markdown, CSV, GitHub} {
		golden(t, "redacted."+suffix(format), []byte(written(t, format, NewMasker("a key").Plan(partialPlan()), Options{})))
	}
}

func TestADifferenceReadsWellInEveryFormat(t *testing.T) {
	d := Diff(trippedPlanOfYesterday(), trippedPlan())
	for _, format := range []Format{Text, JSON, Markdown} {
		var got bytes.Buffer
		if err := WriteDifference(&got, format, &d, Options{}); err != nil {
			t.Fatal(err)
		}
		golden(t, "difference."+suffix(format), got.Bytes())
	}
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	for name, plan := range samplePlans() {
		for _, format := range Formats() {
			before := written(t, JSON, plan, Options{})
			first, second := written(t, format, plan, Options{}), written(t, format, plan, Options{})
			if first != second {
				t.Errorf("%s as %s differs from itself", name, format)
			}
			if written(t, JSON, plan, Options{}) != before {
				t.Errorf("writing %s as %s changed the plan", name, format)
			}
		}
	}
}
