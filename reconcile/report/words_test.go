package report

import (
	"strings"
	"testing"

	"github.com/seatsync/seatsync/reconcile"
)

func TestVerdictsReadAsSentences(t *testing.T) {
	tests := map[string]struct {
		plan func() *reconcile.Plan
		want string
		tone Tone
	}{
		"nothing to do": {emptyPlan, "nothing to change for account 023e105f4ecef8ad9ca31a8372d0c353", Calm},
		"changes and held ones": {demoPlan,
			"6 changes for account ACME production (023e105f4ecef8ad9ca31a8372d0c353): release 2 seats, narrow 1 seat, grant 1 seat, rename 2 users; 3 changes are held", Busy},
		"only held ones": {func() *reconcile.Plan {
			plan := demoPlan()
			plan.Changes = plan.Changes[6:7]
			plan.Summary = reconcile.Summary{Held: 1}
			return plan
		}, "nothing to change for account ACME production (023e105f4ecef8ad9ca31a8372d0c353); 1 change is held", Calm},
		"the limit": {trippedPlan,
			"1 change for account 023e105f4ecef8ad9ca31a8372d0c353: rename 1 user; 24 releases are held by the limit of 15; --allow-releases 24 releases them", Held},
		"the limit and others": {func() *reconcile.Plan {
			plan := trippedPlan()
			plan.Changes[0].Held = reconcile.HeldProtected
			plan.Limit.Releases = 1
			return plan
		}, "1 change for account 023e105f4ecef8ad9ca31a8372d0c353: rename 1 user; 23 releases are held by the limit of 1; --allow-releases 23 releases them; 1 other change is held", Held},
		"the limit holds everything": {func() *reconcile.Plan {
			plan := trippedPlan()
			plan.Changes = plan.Changes[:24]
			plan.Summary = reconcile.Summary{Held: 24}
			return plan
		}, "24 releases are held by the limit of 15; --allow-releases 24 releases them; nothing else to change for account 023e105f4ecef8ad9ca31a8372d0c353", Held},
		"the limit holds one of three, and the others need room too": {func() *reconcile.Plan {
			plan := trippedPlan()
			plan.Changes = plan.Changes[:3]
			plan.Changes[0].Held, plan.Changes[1].Held = "", ""
			plan.Summary = reconcile.Summary{Release: 2, Held: 1}
			return plan
		}, "2 changes for account 023e105f4ecef8ad9ca31a8372d0c353: release 2 seats; 1 release is held by the limit of 15; --allow-releases 3 releases it", Held},
		"the limit held one of three, and two are done": {func() *reconcile.Plan {
			plan := trippedPlan()
			plan.Changes = plan.Changes[:3]
			plan.Changes[0].Held, plan.Changes[1].Held = "", ""
			plan.Summary = reconcile.Summary{Release: 2, Held: 1}
			plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.Applied}, {Change: 1, Status: reconcile.Applied}}}
			return plan
		}, "applied 2 changes to account 023e105f4ecef8ad9ca31a8372d0c353: released 2 seats; 1 release is held by the limit of 15; --allow-releases 1 releases it", Held},
		"a run cut short": {partialPlan,
			"applied 2 of 6 changes to account ACME production (023e105f4ecef8ad9ca31a8372d0c353): 1 failed, 1 not taken, 1 stale, 1 not reached; 3 changes are held", Broken},
		"a run that did all": {func() *reconcile.Plan {
			plan := partialPlan()
			plan.Changes = plan.Changes[:6]
			plan.Summary.Held = 0
			for i := range plan.Run.Outcomes {
				plan.Run.Outcomes[i] = reconcile.Outcome{Change: i, Status: reconcile.Applied}
			}
			return plan
		}, "applied 6 changes to account ACME production (023e105f4ecef8ad9ca31a8372d0c353): released 2 seats, narrowed 1 seat, granted 1 seat, renamed 2 users", Calm},
		"a grant that was not taken": {func() *reconcile.Plan {
			plan := demoPlan()
			plan.Changes = plan.Changes[3:4]
			plan.Summary.Held = 0
			plan.Run = &reconcile.Run{Outcomes: []reconcile.Outcome{{Change: 0, Status: reconcile.NotTaken}}}
			return plan
		}, "applied 0 of 1 change to account ACME production (023e105f4ecef8ad9ca31a8372d0c353): 1 not taken", Held},
		"a run with nothing to do": {func() *reconcile.Plan {
			plan := emptyPlan()
			plan.Run = &reconcile.Run{ID: "x"}
			return plan
		}, "nothing to change for account 023e105f4ecef8ad9ca31a8372d0c353", Calm},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := NewView(test.plan()).Verdict; got.Sentence != test.want || got.Tone != test.tone {
				t.Errorf("got %s: %s\nwant %s: %s", got.Tone, got.Sentence, test.tone, test.want)
			}
		})
	}
}

func TestSeatsAfterARunAreThoseThatItsOutcomesShow(t *testing.T) {
	if got := NewView(demoPlan()).Seats.After; got != 1498 {
		t.Errorf("planned: %d", got)
	}
	if got := NewView(partialPlan()).Seats.After; got != 1499 {
		t.Errorf("after one of two releases: %d", got)
	}
}

func TestEveryKindHasASignOfItsOwn(t *testing.T) {
	seen := make(map[string]reconcile.Kind)
	for _, kind := range reconcile.Kinds() {
		sign := symbol(kind)
		if other, isTaken := seen[sign]; isTaken || sign == symbol("unheard-of") {
			t.Errorf("%s has %q, as %q has", kind, sign, other)
		}
		seen[sign] = kind
	}
}

func TestADifferenceHasItsSign(t *testing.T) {
	for difference, want := range map[string]string{"0": "0", "0.00": "0", "-14.00": "−14.00", "2": "+2"} {
		if got := signed(difference); got != want {
			t.Errorf("signed(%q) = %q, want %q", difference, got, want)
		}
	}
}

func TestInvisibleCharactersBecomeEscapes(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"an ordinary name":            {"Zoë O’Neill", "Zoë O’Neill"},
		"a Japanese name":             {"山田　太郎", "山田　太郎"},
		"an Arabic name":              {"محمد", "محمد"},
		"a decomposed name":           {"Zoe\u0308", "Zoe\u0308"},
		"an emoji":                    {"Ada ❤\ufe0f", "Ada ❤\ufe0f"},
		"line breaks and tabs":        {"a\r\n\tb", `a\r\n\tb`},
		"an escape sequence":          {"\x1b[31m", `\u001b[31m`},
		"a reversing control":         {"a\u202eb", `a\u202eb`},
		"a joiner":                    {"a\u200db", `a\u200db`},
		"a space that is not one":     {"a\u00a0b", `a\u00a0b`},
		"a tag character":             {"a\U000e0041", `a\U000e0041`},
		"invalid UTF-8":               {"a\xff", `a\xff`},
		"a backslash":                 {`a\u202e`, `a\\u202e`},
		"a mark without a letter":     {"\u0301a", `\u0301a`},
		"five marks":                  {"a\u0301\u0301\u0301\u0301\u0301", "a\u0301\u0301\u0301\u0301\\u0301"},
		"an old workflow command":     {"##[x", `\u0023#[x`},
		"exactly as long as is shown": {strings.Repeat("a", longestValue), strings.Repeat("a", longestValue)},
		"longer than is shown":        {strings.Repeat("a", longestValue+1000), strings.Repeat("a", longestValue) + "… (1,000 characters more)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := value(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestColumnsAreCountedAsATerminalShowsThem(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "Ada": 3, "Zoë": 3, "Zoe\u0308": 3, "山田": 4, "한국": 4, "\u1112\u1161\u11ab": 2, "ｱ": 1, "Ａ": 2, "😀": 2, "→": 1, "نور": 3,
	} {
		if got := columns(text); got != want {
			t.Errorf("columns(%q) = %d, want %d", text, got, want)
		}
	}
	if got := padded("山田", 6); got != "山田  " {
		t.Errorf("padded to %q", got)
	}
	if got := strings.Join(wrapped("one two three", 7), "|"); got != "one two|three" {
		t.Errorf("wrapped to %q", got)
	}
}

func TestProseLeavesWordsAloneAndPutsTheRestInCode(t *testing.T) {
	for text, want := range map[string]string{
		"no sign of activity for 112 days (limit 90)": "no sign of activity for 112 days (limit 90)",
		"gateway_seat is false":                       "`gateway_seat` is false",
		"ask hr@example.com, or @everyone <b>":        "ask `hr@example.com`, or `@everyone <b>`",
		`says "a|b"`:                                  "says \"`a|b`\"",
		"see https://example.com.":                    "see `https://example.com`.",
		"at 4f1d0c2b9a8e":                             "at `4f1d0c2b9a8e`",
		"made 2026-11-22":                             "made 2026-11-22",
		"tick ` tock":                                 "tick `` ` `` tock",
		"":                                            "",
	} {
		if got := prose(text); got != want {
			t.Errorf("prose(%q) = %q, want %q", text, got, want)
		}
	}
}
