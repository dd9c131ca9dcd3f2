package desired

import (
	"fmt"
	"net/mail"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/seatsync/seatsync/reconcile"
)

// isInvisible reports whether a character cannot be seen, so that two texts with
// and without it look the same.
func isInvisible(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r)
}

// maxEmailLength is the longest address that mail can be sent to (RFC 5321),
// with some room.
const maxEmailLength = 320

// checkEmail returns an error when text is not a plain email address.
func checkEmail(text string) error {
	if isPlainAddress(text) {
		return nil
	}
	if len(text) <= maxEmailLength && !strings.ContainsFunc(text, isInvisible) {
		address, err := mail.ParseAddress(text)
		if err == nil && address.Name == "" && address.Address == text {
			return nil
		}
	}
	return fmt.Errorf("%s is not an email address", strconv.Quote(text[:min(len(text), maxEmailLength)]))
}

// isPlainAddress recognizes what nearly every address looks like: letters, digits
// and a few signs, with single dots between them. For such a text checkEmail
// need not ask the parser of whole mail headers.
func isPlainAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && len(text) <= maxEmailLength && isDotted(local, "_+-") && isDotted(domain, "-")
}

// isDotted reports whether a text is made of words with single dots between them.
func isDotted(text, signs string) bool {
	previous := byte('.')
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(signs, c) >= 0:
		case c != '.' || previous == '.':
			return false
		}
		previous = c
	}
	return previous != '.'
}

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
