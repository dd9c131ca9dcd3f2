package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// Emails, names, ids and error messages come from other people. This file
// decides how they are shown: every character that does not print as itself, or
// that makes its neighbours print as something else, becomes an escape in the
// manner of Go and JSON (\n, \u202e, \xff). Two values that differ therefore
// also look different, and no value can move a cursor, hide, or reverse the
// line it stands on.
//
// What is left is ordinary printable text; turning that into a cell, a field
// or a paragraph of its format is the business of each format.

const (
	// longestValue is the most characters that are shown of a name, an email or
	// an id. The longest valid email has 254, real ones far fewer.
	longestValue = 128
	// longestSentence is the most that is shown of free text: a reason, an error.
	longestSentence = 600
	// mostMarks is the most combining marks that may follow one letter. Living
	// scripts need up to three; beyond that they smear over the lines around.
	mostMarks = 4
	// oldCommand starts a workflow command of GitHub Actions, which reads it out
	// of any output, wherever in a line it stands. The newer kind, ::…::, counts
	// only at the start of a line; see [textReport.line].
	oldCommand = "##["
)

// value shows a name, an email, an id or a file name. A backslash is doubled,
// so that a name which contains the letters \u202e is told from one which
// contains that character.
func value(text string) string { return inert(text, longestValue, true) }

// sentence shows free text that was composed by seatsync or by the API and may
// have foreign parts.
func sentence(text string) string { return inert(text, longestSentence, false) }

// quoted shows a name in quotation marks, which make its ends visible.
func quoted(text string) string {
	return `"` + strings.ReplaceAll(value(text), `"`, `\"`) + `"`
}

// inert returns text with everything escaped that is not plainly visible, cut
// after limit characters with the number of those left out.
func inert(text string, limit int, doubleBackslash bool) string {
	if isPlain(text, limit) {
		return text
	}
	var b strings.Builder
	marks := mostMarks // a mark without a letter before it would join our own text
	for shown := 0; len(text) > 0; shown++ {
		if shown == limit {
			fmt.Fprintf(&b, "… (%s more)", reconcile.Count(utf8.RuneCountInString(text), "character"))
			break
		}
		r, size := utf8.DecodeRuneInString(text)
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case !isVisible(r) || marks > mostMarks:
			writeEscape(&b, r)
		case r == '\\' && doubleBackslash:
			b.WriteString(`\\`)
		case strings.HasPrefix(text, oldCommand):
			writeEscape(&b, r)
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}

// isPlain reports whether text, as most texts, needs no treatment at all.
func isPlain(text string, limit int) bool {
	if len(text) > limit {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == '\\' || c == '#' {
			return false
		}
	}
	return true
}

// isVisible reports whether a character shows as itself. Spaces other than the
// common one and the wide one of Japanese names look like the common one, so
// they are not visible in this sense.
func isVisible(r rune) bool {
	switch {
	case r == '\u3000':
		return true
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), // fillers that look like nothing
		unicode.Is(unicode.Variation_Selector, r) && r != '\ufe0e' && r != '\ufe0f',
		r == '\u2800': // the empty pattern of Braille
		return false
	}
	// IsPrint is false for control and format characters (bidi controls and
	// zero-width joiners among them), for private use and for what is unassigned.
	return unicode.IsPrint(r)
}

// writeEscape writes the escape for a character.
func writeEscape(b *strings.Builder, r rune) {
	switch {
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	default:
		fmt.Fprintf(b, `\u%04x`, r)
	}
}
