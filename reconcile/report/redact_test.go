package report

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

// secrets lists what must not be in a report of a redacted plan.
func secrets(plan *reconcile.Plan) []string {
	var found []string
	for i := range plan.Changes {
		change := &plan.Changes[i]
		found = append(found, change.Email, change.UserID, change.SeatUID, change.Before.Name, change.After.Name)
		if change.Exemption != nil {
			found = append(found, change.Exemption.Owner, change.Exemption.Reason)
		}
	}
	for _, finding := range plan.Findings {
		found = append(found, finding.Email)
	}
	slices.Sort(found)
	return slices.DeleteFunc(slices.Compact(found), func(text string) bool { return text == "" })
}

// talkative is a run that names people wherever there is room for a sentence.
func talkative() *reconcile.Plan {
	plan := partialPlan()
	ada, lin := &plan.Changes[4], &plan.Changes[7]
	ada.Before.Name = "Ada Byron"
	ada.Because = `the file has "Ada Lovelace" for ADA@Example.com, was Ada Byron (` + ada.UserID + ")"
	plan.Changes[0].Because = "like ada lovelace and Lin Wei, of whom jdoe@example.com and B3C1A2D4-7c55-4b7d-9a1e-0c9d8e7f6a05 are known"
	plan.Changes[0].SeatUID = "seat-of-jane-7"
	lin.Exemption.Owner = "Hanna Schmidt"
	lin.HeldBecause = "exempt until 2027-01-15, says Hanna Schmidt: parental leave"
	plan.Changes[6].UserID = "u7"
	plan.Changes[6].HeldBecause = "the user u7 is protected"
	plan.Changes[8].Email = "we;ird user"
	plan.Changes[8].HeldBecause = "we;ird user has a device"
	plan.Findings = append(plan.Findings,
		reconcile.Finding{Code: reconcile.CodeAmbiguousUser, Severity: reconcile.SeverityWarning, Email: "zed@example.com",
			Message: "several live users have the email zed@example.com, one with the id 9a1e7: name an id in the file"},
		reconcile.Finding{Code: reconcile.CodeSharedSeat, Severity: reconcile.SeverityWarning, Email: "jdoe@example.com",
			Message: "the seat seat-of-jane-7 belongs to Jane Doe and Max Müller"},
		reconcile.Finding{Code: "made-up", Severity: reconcile.SeverityInfo, Message: "mail <carol@example.org>, ask%20dan%40example.org or x?email=eve%40example.org&y=1"},
	)
	plan.Run.Outcomes[0].Error = `PATCH: "Jane Doe" <jdoe@example.com> is unknown, seat seat-of-jane-7`
	plan.Run.Stopped = "after Max Müller (m.müller@example.com)"
	plan.Desired.Files = append(plan.Desired.Files, "teams/grace@example.com.yaml")
	plan.Changes[2].Source.File = "teams/grace@example.com.yaml"
	plan.Limit.From = "ask grace@example.com"
	return plan
}

func TestARedactedPlanNamesNobodyInAnyFormat(t *testing.T) {
	plan := talkative()
	hidden := append(secrets(plan), "Hanna", "Schmidt", "Byron", "Lovelace", "9a1e7", "carol", "dan%40", "eve", "example.", "Müller", "grace@")
	redacted := NewMasker("key").Plan(plan)
	for _, format := range Formats() {
		got := written(t, format, redacted, Options{Rows: -1})
		if format == HTML {
			got = withoutSources(got)
		}
		for _, secret := range hidden {
			// A whole word: "ada" is in "adapter", and that is no one's name.
			word := regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(secret) + `([^\pL\pN]|$)`)
			if at := word.FindStringIndex(got); at != nil {
				t.Errorf("%s names %q: …%s…", format, secret, got[max(0, at[0]-60):min(len(got), at[1]+40)])
			}
		}
	}
}

func TestOnePersonHasOneMaskInEveryReport(t *testing.T) {
	mask := func(plan *reconcile.Plan, key string) (email, name, id string) {
		redacted := NewMasker(key).Plan(plan)
		for i := range redacted.Changes {
			if change := &redacted.Changes[i]; change.Because == "the seat was for use until 2026-11-15" {
				return change.Email, change.After.Name, change.UserID
			}
		}
		t.Fatal("the change is gone")
		return "", "", ""
	}
	upper := demoPlan()
	upper.Changes[1].Email = "M.Müller@Example.COM"
	upper.Changes = upper.Changes[:3]
	email, name, id := mask(demoPlan(), "key")
	if otherEmail, otherName, otherID := mask(upper, "key"); otherEmail != email || otherName != name || otherID != id {
		t.Errorf("%s %s %s in one report, %s %s %s in another", email, name, id, otherEmail, otherName, otherID)
	}
	if otherEmail, otherName, otherID := mask(demoPlan(), "another key"); otherEmail == email || otherName == name || otherID == id {
		t.Error("another key gives the same masks")
	}
	if !strings.HasPrefix(email, "user-") || !strings.HasSuffix(email, "@masked.invalid") {
		t.Errorf("a mask of an email is %s", email)
	}
}

func TestDifferentPeopleHaveDifferentMasks(t *testing.T) {
	redacted := NewMasker("").Plan(manyChanges(5000))
	seen := make(map[string]bool)
	for i := range redacted.Changes {
		seen[redacted.Changes[i].Email] = true
	}
	if len(seen) != 5000 {
		t.Errorf("%d masks for 5,000 people", len(seen))
	}
}

func TestRedactingKeepsWhatAReviewerCounts(t *testing.T) {
	plan := partialPlan()
	redacted := NewMasker("").Plan(plan)
	if NewView(plan).Verdict.Tone != NewView(redacted).Verdict.Tone || redacted.Digest != plan.Digest || redacted.Summary != plan.Summary {
		t.Error("the verdict, the digest or the summary is another")
	}
	if NewView(plan).Seats.After != NewView(redacted).Seats.After {
		t.Error("outcomes no longer belong to their changes")
	}
	for _, outcome := range redacted.Run.Outcomes {
		if !redacted.Changes[outcome.Change].WillBeDone() {
			t.Errorf("outcome of a held change: %+v", outcome)
		}
	}
	var withheldReasons int
	for i := range redacted.Changes {
		if exemption := redacted.Changes[i].Exemption; exemption != nil && exemption.Reason == withheld {
			withheldReasons++
		}
	}
	if withheldReasons != 1 {
		t.Errorf("%d reasons of exemptions are withheld, want 1", withheldReasons)
	}
}

func TestTheOrderOfARedactedPlanTellsNothing(t *testing.T) {
	redacted := NewMasker("").Plan(manyChanges(500))
	if !slices.IsSortedFunc(redacted.Changes, func(a, b reconcile.Change) int { return cmp.Compare(a.Email, b.Email) }) {
		t.Error("changes are not in the order of their masks")
	}
}

func TestRedactingDoesNotChangeThePlan(t *testing.T) {
	plan := talkative()
	before := written(t, JSON, plan, Options{})
	NewMasker("key").Plan(plan)
	if written(t, JSON, plan, Options{}) != before {
		t.Error("the plan is another")
	}
}

func TestAWordThatIsAlsoANameStaysAWordInOtherSentences(t *testing.T) {
	plan := demoPlan()
	plan.Changes[1].After.Name, plan.Changes[1].Before.Name = "no", "no"
	redacted := NewMasker("").Plan(plan)
	if !slices.ContainsFunc(redacted.Changes, func(change reconcile.Change) bool {
		return change.Because == "no sign of activity for 112 days (limit 90)"
	}) {
		t.Error("a sentence about someone else is masked")
	}
}
