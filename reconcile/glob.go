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
	if g.isExact(key) {
		return true
	}
	alike := LookalikeKey(key)
	pattern := LookalikeKey(g.Text)
	if alike == key && pattern == EmailKey(g.Text) {
		return false
	}
	return covers(pattern, alike)
}

// isExact reports whether the pattern covers the email key itself.
func (g Glob) isExact(key string) bool { return covers(EmailKey(g.Text), key) }

// covers reports whether a pattern matches a text; one that cannot be read matches
// everything. Most patterns are a * and the end of a text, which needs no search.
func covers(pattern, text string) bool {
	if end, found := strings.CutPrefix(pattern, "*"); found && !strings.ContainsAny(end, `*?[\`) {
		return strings.HasSuffix(text, end)
	}
	matched, err := path.Match(withoutSlash(pattern), withoutSlash(text))
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
