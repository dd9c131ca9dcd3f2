package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestADifferenceTellsWhatIsNewAndGone(t *testing.T) {
	tests := map[string]struct {
		edit                 func(plan *reconcile.Plan)
		added, gone, same    int
		newFindings, oldOnes int
		was                  string
	}{
		"nothing":           {edit: func(*reconcile.Plan) {}, same: 9},
		"another day":       {edit: func(p *reconcile.Plan) { p.Changes[0].Because = "no sign of activity for 113 days (limit 90)" }, same: 9},
		"a file line moved": {edit: func(p *reconcile.Plan) { p.Changes[0].Source.Line = 99 }, same: 9},
		"a new change": {edit: func(p *reconcile.Plan) {
			change := p.Changes[0]
			change.UserID, change.Email = "x", "new@example.com"
			p.Changes = append(p.Changes, change)
		}, added: 1, same: 9},
		"a change that is gone": {edit: func(p *reconcile.Plan) { p.Changes = p.Changes[1:] }, gone: 1, same: 8},
		"a hold that ended":     {edit: func(p *reconcile.Plan) { p.Changes[6].Held = "" }, added: 1, same: 8, was: "was held: protected"},
		"a new hold":            {edit: func(p *reconcile.Plan) { p.Changes[0].Held = reconcile.HeldLimit }, added: 1, same: 8, was: "was not held"},
		"another new name":      {edit: func(p *reconcile.Plan) { p.Changes[4].After.Name = "Ada L." }, added: 1, same: 8, was: `was "ada" to "Ada Lovelace"`},
		"another hold":          {edit: func(p *reconcile.Plan) { p.Changes[6].Held = reconcile.HeldLimit }, added: 1, same: 8, was: "was held: protected"},
		"an email that changed": {edit: func(p *reconcile.Plan) { p.Changes[0].Email = "jane@example.com" }, same: 9},
		"users without ids": {edit: func(p *reconcile.Plan) {
			p.Changes[0].UserID, p.Changes[0].Email = "", "JDOE@example.com"
		}, added: 1, gone: 1, same: 8},
		"a rename becomes a release": {edit: func(p *reconcile.Plan) { p.Changes[4].Kind = reconcile.Release }, added: 1, gone: 1, same: 8},
		"a new finding": {edit: func(p *reconcile.Plan) {
			p.Findings = append(p.Findings, reconcile.Finding{Severity: "info", Code: "notice", Email: "x@example.com"})
		}, same: 9, newFindings: 1},
		"a finding that is gone":   {edit: func(p *reconcile.Plan) { p.Findings = p.Findings[1:] }, same: 9, oldOnes: 1},
		"a finding in other words": {edit: func(p *reconcile.Plan) { p.Findings[1].Message = "falls due in 3 days" }, same: 9},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changed := demoPlan()
			test.edit(changed)
			d := Diff(demoPlan(), changed)
			if len(d.Changes.New) != test.added || len(d.Changes.Gone) != test.gone || d.Changes.Unchanged != test.same {
				t.Errorf("%d new, %d gone, %d unchanged", len(d.Changes.New), len(d.Changes.Gone), d.Changes.Unchanged)
			}
			if len(d.Findings.New) != test.newFindings || len(d.Findings.Gone) != test.oldOnes {
				t.Errorf("%d new findings, %d gone", len(d.Findings.New), len(d.Findings.Gone))
			}
			if test.was != "" && d.Changes.New[0].was() != test.was {
				t.Errorf("it %s, want %s", d.Changes.New[0].was(), test.was)
			}
			back := Diff(changed, demoPlan())
			if len(back.Changes.New) != len(d.Changes.Gone)+replaced(&d) || len(back.Findings.New) != len(d.Findings.Gone) {
				t.Error("the way back is not the reverse")
			}
		})
	}
}

// replaced counts the new changes that stand in the place of an old one.
func replaced(d *Difference) int {
	n := 0
	for i := range d.Changes.New {
		if d.Changes.New[i].Was != nil {
			n++
		}
	}
	return n
}

func TestMasksOfTwoRedactedPlansStillMatch(t *testing.T) {
	d := Diff(NewMasker("key").Plan(demoPlan()), NewMasker("key").Plan(demoPlan()))
	if len(d.Changes.New)+len(d.Changes.Gone) != 0 || d.Changes.Unchanged != 9 {
		t.Errorf("%d new, %d gone", len(d.Changes.New), len(d.Changes.Gone))
	}
}

func TestADifferenceOfTwoAccountsSaysSo(t *testing.T) {
	other := demoPlan()
	other.AccountID = "ffffffffffffffffffffffffffffffff"
	d := Diff(demoPlan(), other)
	var got bytes.Buffer
	if err := WriteDifference(&got, Text, &d, Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.String(), "careful: the old plan is for account 023e") {
		t.Errorf("got %s", got.String())
	}
}

func TestADifferenceHasThreeFormats(t *testing.T) {
	d := Diff(demoPlan(), demoPlan())
	for _, format := range Formats() {
		err := WriteDifference(new(bytes.Buffer), format, &d, Options{})
		if wanted := format == Text || format == JSON || format == Markdown; (err == nil) != wanted {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestALongDifferenceFitsAComment(t *testing.T) {
	d := Diff(emptyPlan(), manyChanges(5000))
	var got bytes.Buffer
	if err := WriteDifference(&got, Markdown, &d, Options{}); err != nil {
		t.Fatal(err)
	}
	if got.Len() > commentLimit {
		t.Errorf("%d bytes", got.Len())
	}
	checkCounts(t, got.String(), 5000)
}
