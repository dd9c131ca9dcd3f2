package desired

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// parseGlob reads a pattern.
func parseGlob(text string, at reconcile.Position) (reconcile.Glob, error) {
	if reconcile.EmailKey(text) == "" {
		return reconcile.Glob{}, fmt.Errorf("the pattern is empty: write an email, or a pattern such as *@board.example.com")
	}
	if _, err := path.Match(text, ""); err != nil {
		return reconcile.Glob{}, fmt.Errorf("%q is not a pattern: close every [ and escape special characters with \\", text)
	}
	if err := checkGlob(text); err != nil {
		return reconcile.Glob{}, err
	}
	return reconcile.Glob{Text: text, At: at}, nil
}

// checkGlob returns an error for a pattern that can match no email: it would look
// as if it protected someone.
func checkGlob(text string) error {
	switch {
	case strings.ContainsFunc(text, isInvisible) || strings.ContainsAny(text, "<>;,"):
		return fmt.Errorf("%q is not a pattern: write one email or pattern, without spaces, brackets or separators", text)
	case !strings.ContainsAny(text, "*?["):
		return checkEmail(text)
	case !canMatchEmail(text):
		return fmt.Errorf("%q can match no email: write an email, or a pattern such as *@board.example.com", text)
	}
	return nil
}

// emailPart is how far into an email its characters lead.
type emailPart uint8

// The parts: nothing yet, the local part, in which accounts have dots anywhere, the @,
// the domain, in which an email may end, and a dot between two words of that.
const (
	emailStart emailPart = 1 << iota
	emailLocal
	emailAt
	emailDomain
	emailDomainDot
)

// after returns where a character leads from any of some parts.
func (from emailPart) after(r rune) (to emailPart) {
	switch r {
	case '@':
		if from&emailLocal != 0 {
			to |= emailAt
		}
	case '.':
		if from&(emailStart|emailLocal) != 0 {
			to |= emailLocal
		}
		if from&emailDomain != 0 {
			to |= emailDomainDot
		}
	default:
		if from&(emailStart|emailLocal) != 0 {
			to |= emailLocal
		}
		if from&(emailAt|emailDomain|emailDomainDot) != 0 {
			to |= emailDomain
		}
	}
	return to
}

// canMatchEmail reports whether a pattern that path.Match reads matches any email. It
// follows all that the pattern could match at once.
func canMatchEmail(pattern string) bool {
	parts := emailStart
	for len(pattern) > 0 && parts != 0 {
		token := firstToken(pattern)
		pattern = pattern[len(token):]
		var next emailPart
		for _, r := range [...]rune{'@', '.', 'a'} {
			if canBe(token, r) {
				next |= parts.after(r)
			}
		}
		if token != "*" {
			parts = next
			continue
		}
		for next&^parts != 0 {
			parts |= next
			next = parts.after('@') | parts.after('.') | parts.after('a')
		}
	}
	return parts&emailDomain != 0
}

// firstToken returns the first of what a pattern is made of: a character, escaped or
// not, a class, ? or *.
func firstToken(pattern string) string {
	_, size := utf8.DecodeRuneInString(pattern)
	switch pattern[0] {
	case '\\':
		_, escaped := utf8.DecodeRuneInString(pattern[size:])
		return pattern[:size+escaped]
	case '[':
		for end := 1; ; end++ { // path.Match has found the end
			switch pattern[end] {
			case '\\':
				end++
			case ']':
				return pattern[:end+1]
			}
		}
	}
	return pattern[:size]
}

// canBe reports whether a token can stand for a character, where 'a' is any that is
// neither @ nor a dot.
func canBe(token string, r rune) bool {
	if r != 'a' {
		matched, err := path.Match(token, string(r))
		return matched || err != nil
	}
	for _, r := range token { // the ends of ranges are in the token
		if matched, _ := path.Match(token, string(r)); matched && r != '@' && r != '.' {
			return true
		}
	}
	for r := rune('!'); r <= '~'; r++ {
		if matched, _ := path.Match(token, string(r)); matched && r != '@' && r != '.' {
			return true
		}
	}
	return false
}
