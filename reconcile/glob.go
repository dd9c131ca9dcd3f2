package reconcile

import (
	"fmt"
	"path"
	"strings"
)

// Glob is a pattern over emails, compared without regard to case: `*` stands
// for any text, `?` for one character, `[a-c]` for one of several.
type Glob struct {
	// Text is the pattern as written.
	Text string
	// At is where it stands.
	At Position
}

// ParseGlob reads a pattern.
func ParseGlob(text string, at Position) (Glob, error) {
	pattern := withoutSlash(EmailKey(text))
	if pattern == "" {
		return Glob{}, fmt.Errorf("the pattern is empty: write an email, or a pattern such as *@board.example.com")
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return Glob{}, fmt.Errorf("%q is not a pattern: close every [ and escape special characters with \\", text)
	}
	if err := checkGlob(text); err != nil {
		return Glob{}, err
	}
	return Glob{Text: text, At: at}, nil
}

// checkGlob returns an error for a pattern that can cover no email: it would look
// as if it protected someone.
func checkGlob(text string) error {
	switch {
	case strings.ContainsFunc(text, isInvisible) || strings.ContainsAny(text, "<>;,"):
		return fmt.Errorf("%q is not a pattern: write one email or pattern, without spaces, brackets or separators", text)
	case !strings.ContainsAny(text, "*?["):
		return checkEmail(text)
	case !strings.ContainsAny(text, "*@"):
		return fmt.Errorf("%q covers no email: it has neither @ nor *", text)
	}
	return nil
}

// matches reports whether the pattern covers an email key.
func (g Glob) matches(key string) bool {
	matched, err := path.Match(withoutSlash(EmailKey(g.Text)), withoutSlash(key))
	return matched || err != nil // in doubt it is covered
}

// withoutSlash replaces slashes, which are letters like any other in an email
// but which `*` of path.Match would stop at: someone at */ would go unprotected.
func withoutSlash(text string) string { return strings.ReplaceAll(text, "/", "\x00") }

// protectedBy returns the first pattern that covers the email, or nil.
func (p *Policy) protectedBy(key string) *Glob {
	for i := range p.Protected {
		if p.Protected[i].matches(key) {
			return &p.Protected[i]
		}
	}
	return nil
}
