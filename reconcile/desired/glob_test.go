package desired

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile"
)

func TestAPatternMustBeAbleToMatchAnEmail(t *testing.T) {
	for text, want := range map[string]bool{
		"*": true, "*@*": true, "*@b.c": true, "a?b.c": true, "ada*": true, "*.c": true, "?[@]?": true, "[!-~]@b": true, "a[^x]b": true,
		"ö*@b.c": true, "[α-ω]@b.c": true, `\*@*`: true, "*-*": true, "*@[a-c].d": true, "*.@b.c": true, ".*@b.c": true,
		"*@": false, "@*": false, "@b.*": false, "*@*@*": false, "*@.b.c": false, "*@b..c": false, "*@.": false,
		"[a-z]b.c": false, "[z-a]@b.c": false, "*@b.": false, "?": false, "??": false, "[ab]": false, "[^@]b.c": false,
	} {
		_, err := parseGlob(text, reconcile.Position{})
		if (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A pattern that an email was seen to match is never refused.
func TestAPatternThatMatchesAnEmailIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"*", "?", "[a@]", "[^.]", "a", "b", "@", ".", `\a`}), 1, 7).Draw(t, "pattern"), "")
		email := rapid.StringMatching(`[ab]{1,2}(\.[ab])?@[ab](\.[ab]{1,2})?`).Draw(t, "email")
		if matched, _ := path.Match(pattern, email); matched && !canMatchEmail(pattern) {
			t.Fatalf("%s matches %s", pattern, email)
		}
	})
}
