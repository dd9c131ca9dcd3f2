package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestEmailsAreComparedAsPeopleReadThem(t *testing.T) {
	for _, pair := range [][2]string{
		{"Ada@Example.com", "ada@example.com"}, {" ada@example.com\t", "ada@example.com"}, {"\u00a0ada@example.com", "ada@example.com"},
		{"jos\u00e9@b.c", "jose\u0301@b.c"}, {"STRASSE@b.c", "stra\u00dfe@b.c"}, {"bo\u017f@b.c", "bos@b.c"}, {"\u03b1\u03c3@b.c", "\u03b1\u03c2@b.c"},
		{"ada@b\u00fccher.example", "ada@xn--bcher-kva.example"}, {"ada@B\u00dcCHER.example", "ADA@XN--BCHER-KVA.EXAMPLE"},
		{"ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"}, {"ada@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "ada@xn--e1afmkfd.xn--p1ai"},
		{"ada@\u65e5\u672c\u8a9e\u3002jp", "ada@xn--wgv71a119e.jp"}, {"ada@\uff45xample.com", "ada@example.com"},
		{"ada@example.com.", "ada@example.com"}, {"ada@xn--bcher-kva.example.", "ada@b\u00fccher.example"},
	} {
		if EmailKey(pair[0]) != EmailKey(pair[1]) {
			t.Errorf("%q and %q are told apart: %q, %q", pair[0], pair[1], EmailKey(pair[0]), EmailKey(pair[1]))
		}
	}
	for _, pair := range [][2]string{
		{"jos\u00e9@b.c", "jose@b.c"}, {"m\u00fcller@b.c", "mueller@b.c"}, {"ada@b\u00fccher.example", "ada@bucher.example"},
		{"a.da@b.c", "ada@b.c"}, {"ada+x@b.c", "ada@b.c"}, {"xn--bcher-kva@b.c", "b\u00fccher@b.c"}, {"ada@xn--example-.com", "ada@example.com"},
		{"ada@xn--.com", "ada@.com"}, {"ada.@b.c", "ada@b.c"},
	} {
		if EmailKey(pair[0]) == EmailKey(pair[1]) || LookalikeKey(pair[0]) == LookalikeKey(pair[1]) {
			t.Errorf("%q and %q are one", pair[0], pair[1])
		}
	}
}

func TestWhatCannotBeSeenIsNoMatchAndLooksAlike(t *testing.T) {
	for _, hidden := range []string{"\u200b", "\u00ad", "\u034f", "\ufeff", "\u2060", "\ufe0f", "\u180e", "\u3164", "\U000e0041", "\U000e0100", "\u202e", "\x00"} {
		for _, other := range []string{"a" + hidden + "da@b.c", hidden + "ada@b.c", "ada@b.c" + hidden, "ada@" + hidden + "b.c"} {
			if EmailKey(other) == "ada@b.c" || LookalikeKey(other) != "ada@b.c" {
				t.Errorf("%q has the key %q and looks like %q", other, EmailKey(other), LookalikeKey(other))
			}
		}
	}
	if LookalikeKey("\uff41d a@b.c") != "ada@b.c" {
		t.Error("other widths and inner space do not look alike")
	}
}

// drawText draws text of letters that are awkward to compare.
func drawText(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.OneOf(
		rapid.RuneFrom([]rune("abzAKS.-@xn\u00e9e\u0301\u00fcu\u0308\u00dfs\u017f\u212a\u0130i\u0131\u03c3\u03c2\ufb01\uff41\u0345\u1fb3\u3002\u200b\u00ad 1")),
		rapid.Rune(),
	), 0, 12, -1).Draw(t, label)
}

func TestKeysOfEmailsAreKeysOfThemselves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		email := drawText(t, "local") + "@" + drawText(t, "host") + rapid.SampledFrom([]string{"", ".xn--bcher-kva", ".xn--99999999", "."}).Draw(t, "label")
		key := EmailKey(email)
		if EmailKey(key) != key {
			t.Errorf("%q has the key %q, which has %q", email, key, EmailKey(key))
		}
		if LookalikeKey(key) != LookalikeKey(email) {
			t.Errorf("%q looks like %q, and its key %q like %q", email, LookalikeKey(email), key, LookalikeKey(key))
		}
		if got := LookalikeKey(email); strings.ContainsFunc(got, IsInvisible) || strings.ContainsFunc(got, unicode.IsSpace) {
			t.Errorf("%q looks like %q", email, got)
		}
	})
}

// spellings are ways to write an email that a person would call the same.
func spellings() map[string]func(string) string {
	return map[string]func(string) string{
		"as it is":               func(s string) string { return s },
		"in capitals":            strings.ToUpper,
		"in small letters":       strings.ToLower,
		"composed":               norm.NFC.String,
		"decomposed":             norm.NFD.String,
		"with space around":      func(s string) string { return " " + s + "\u00a0" },
		"with a dot at the end":  func(s string) string { return s + "." },
		"with a hidden letter":   func(s string) string { return s[:1] + "\u200b" + s[1:] },
		"with a selector":        func(s string) string { return s[:1] + "\ufe0f" + s[1:] },
		"with the host in ASCII": func(s string) string { return strings.ReplaceAll(s, "@b\u00fccher.example", "@xn--bcher-kva.example") },
		"with a long s":          func(s string) string { return strings.ReplaceAll(s, "s", "\u017f") },
		"in wide letters":        func(s string) string { return strings.ReplaceAll(s, "a", "\uff41") },
	}
}

// Two spellings of one email never lead to a release of someone for what a file or
// a roster says, or does not say, of the other: they match, or are held.
func TestSpellingsNeverSeparatePeople(t *testing.T) {
	for one, write := range spellings() {
		for other, writeOther := range spellings() {
			for _, email := range []string{"jos\u00e9@b\u00fccher.example", "ada.sch\u00e4fer@b\u00fccher.example"} {
				live := liveOf(person(write(email), withID("id"), seat("seat")), person("other@b.c"))
				for _, rules := range []string{
					"policy: {unlisted: release}\nusers: [{email: other@b.c}, {email: %q}]\n",
					"policy: {departed: release}\nroster: {file: people.csv, email: Login, complete: true}\n",
				} {
					entry := writeOther(email)
					if strings.Contains(rules, "users") {
						rules = fmt.Sprintf(rules, entry)
					}
					file, err := parseWithRoster("version: 1\n"+rules, "Login\n"+entry+"\nother@b.c\n")
					if err != nil {
						continue // such an entry is refused
					}
					for _, change := range planOf(t, file, live, noLimit).Changes {
						if change.Held != HeldAmbiguous {
							t.Errorf("%s in the account, %s in the file: %s", one, other, line(&change))
						}
					}
				}
			}
		}
	}
}

// A pattern of a group may cover an email only as it looks. Whoever that takes a seat from is held, and who is in the
// group by their entry or the roster as well is not.
func TestAnEmailThatOnlyLooksLikeThoseOfAGroupIsHeldFromItsPolicy(t *testing.T) {
	const alike = "\uff43ontractor-1@b.c" // a wide c
	for _, test := range []struct{ name, file, want string }{
		{"a harsher rule", "policy: {inactive: {after: 150d}, groups: [{name: g, match: [contractor-*], inactive: {after: 30d}}]}\n", "ambiguous"},
		{"the same rule", "policy: {inactive: {after: 30d}, groups: [{name: g, match: [contractor-*], price: 1}]}\n", "ambiguous"},
		{"a rule for the group alone", "policy: {groups: [{name: g, match: [contractor-*], inactive: {after: 30d}}]}\n", "ambiguous"},
		{"another rule", "policy: {inactive: {after: 150d}, groups: [{name: g, match: [contractor-*], inactive: {after: 30d}}], unlisted: release}\nusers: [{email: other@b.c}]\n", "ambiguous"},
		{"a protected group", "policy: {inactive: {after: 30d}, groups: [{name: g, match: [contractor-*], protected: true}]}\n", "ambiguous"},
		{"a rule that spares the group", "policy: {inactive: {after: 30d}, groups: [{name: g, match: [contractor-*], inactive: never}]}\n", "none"},
		{"a pattern that covers the email itself", "policy: {groups: [{name: g, match: [contractor-*, '*@b.c'], inactive: {after: 30d}}]}\n", ""},
		{"an entry in a file of the group", "policy: {groups: [{name: g, match: [contractor-*], files: [f.yaml], inactive: {after: 30d}}]}\nusers: [{email: '" + alike + "'}]\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planOf(t, mustParse(t, "version: 1\n"+strings.Replace(test.file, "contractor-*", "'contractor-*@b.c'", 1)), liveOf(person(alike, login(ago(days(100))))))
			got := "none"
			if len(plan.Changes) > 0 {
				got = string(plan.Changes[0].Held)
			}
			if got != test.want {
				t.Errorf("got %q, want %q: %v", got, test.want, linesOf(plan))
			}
		})
	}
}

func TestAnEmailWithAHiddenCharacterIsHeldFromEveryRule(t *testing.T) {
	const hidden = "a\u200bda@b.c"
	for _, test := range []struct{ name, file string }{
		{"unlisted", "policy: {unlisted: release}\nusers: [{email: ada@b.c}]\n"},
		{"unlisted, and nobody looks like them", "policy: {unlisted: release}\nusers: [{email: other@b.c}]\n"},
		{"inactive", "policy: {inactive: {after: 90d}}\n"},
		{"departed", "policy: {departed: release}\nroster: {file: people.csv, email: Login, complete: true, at_least: 0}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := parseWithRoster("version: 1\n"+test.file, "Login\nother@b.c\n")
			if err != nil {
				t.Fatal(err)
			}
			plan := planOf(t, file, liveOf(person(hidden, login(ago(days(200))))))
			if len(plan.Changes) != 1 || plan.Changes[0].Held != HeldAmbiguous {
				t.Errorf("got %v", linesOf(plan))
			}
		})
	}
}
