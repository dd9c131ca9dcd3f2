package reconcile

import (
	"path"
	"strings"
)

// Glob is a pattern over emails, as written, compared without regard to case: `*`
// stands for any text, `?` for one character, `[a-c]` for one of several.
type Glob Located

// matches reports whether the pattern covers an email key, or what looks like it.
func (g Glob) matches(key string) bool {
	matched, err := path.Match(withoutSlash(EmailKey(g.Text)), withoutSlash(key))
	if matched || err != nil { // in doubt it is covered
		return true
	}
	alike := LookalikeKey(key)
	pattern := LookalikeKey(g.Text)
	if alike == key && pattern == EmailKey(g.Text) {
		return false
	}
	matched, err = path.Match(withoutSlash(pattern), withoutSlash(alike))
	return matched || err != nil
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
