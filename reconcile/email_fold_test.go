package reconcile

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Cherokee is left out: golang.org/x/text/cases makes small letters of its capitals and capitals of its small letters.
func TestCaseIsFoldedAsUnicodeDoes(t *testing.T) {
	keys, folded := make(map[string]string), make(map[string]string)
	folder := cases.Fold()
	for r := range rune(0x20000) { // letters beyond have no case
		if !utf8.ValidRune(r) || unicode.Is(unicode.Cherokee, r) {
			continue
		}
		text := norm.NFD.String(string(r))
		key, want := foldCase(text), folder.String(text)
		if other, ok := keys[want]; ok && other != key {
			t.Errorf("%q and another letter of its kind have the keys %q and %q", r, key, other)
		}
		if other, ok := folded[key]; ok && other != want {
			t.Errorf("%q has the key %q, as has a letter of another kind: %q, %q", r, key, want, other)
		}
		keys[want], folded[key] = key, want
	}
	if foldCase("\u13d5") != foldCase("\uaba5") {
		t.Error("the two cases of a Cherokee letter are told apart")
	}
}
