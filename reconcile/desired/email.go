package desired

import (
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode"

	"github.com/seatsync/seatsync/reconcile"
)

// isInvisible reports whether a character cannot be seen, so that two texts with
// and without it look the same.
func isInvisible(r rune) bool {
	return reconcile.IsInvisible(r) || unicode.IsSpace(r)
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
