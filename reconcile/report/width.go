package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columns returns the number of terminal columns that text takes up. Chinese,
// Japanese and Korean characters and emoji take two, combining marks none.
// Characters that would not show have been escaped before.
func columns(text string) int {
	total := 0
	for _, r := range text {
		total += runeColumns(r)
	}
	return total
}

// runeColumns returns the number of terminal columns of one character.
func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me),
		r >= 0x1160 && r <= 0x11ff, // the later parts of a Korean syllable stand on the first
		r >= 0xd7b0 && r <= 0xd7ff:
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// padded returns text with spaces up to a number of columns. A longer text is
// left as it is.
func padded(text string, to int) string {
	if missing := to - columns(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}
