package reconcile

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Emails, names, ids, file names, parts of files and error messages come from
// other people. This file is the one place that decides how such text is shown:
// every character that does not print as itself, or that makes its neighbours
// print as something else, becomes an escape in the manner of Go and JSON (\n,
// \u202e, \xff). Two values that differ therefore also look different, and no value
// can move a cursor, hide, reverse its line, or command the runner that reads it.
//
// What is left is ordinary printable text; turning that into a cell, a field
// or a paragraph of its format is the business of each format.

const (
	// mostMarks is the most combining marks that may follow one letter. Living
	// scripts need up to three; beyond that they smear over the lines around.
	mostMarks = 4
	// oldCommand starts a workflow command of GitHub Actions, which reads it out
	// of any output, wherever in a line it stands. The newer kind counts only at
	// the start of a line.
	oldCommand, newCommand = "##[", "::"
)

// Inert returns free text with everything escaped that is not plainly visible,
// cut after limit characters with the number of those left out; 0 is no limit.
func Inert(text string, limit int) string { return inert(text, limit, false) }

// InertLines is [Inert] for text of several lines, such as joined errors.
func InertLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Inert(line, 0)
	}
	return strings.Join(lines, "\n")
}

// InertValue returns a name, an email, an id or a file name as [Inert] does, with
// each backslash doubled: a name which contains the letters \u202e looks different
// from one which contains that character.
func InertValue(text string, limit int) string { return inert(text, limit, true) }

func inert(text string, limit int, doubleBackslash bool) string {
	if limit == 0 {
		limit = math.MaxInt
	}
	if isPlain(text, limit) {
		return text
	}
	var b strings.Builder
	marks := mostMarks // a mark without a letter before it would join our own text
	for shown := 0; len(text) > 0; shown++ {
		if shown == limit {
			fmt.Fprintf(&b, "… (%s more)", Count(utf8.RuneCountInString(text), "character"))
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
		case !IsVisible(r) || marks > mostMarks:
			writeEscape(&b, r)
		case r == '\\' && doubleBackslash:
			b.WriteString(`\\`)
		case strings.HasPrefix(text, oldCommand), shown == 0 && strings.HasPrefix(text, newCommand):
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
		if c < ' ' || c > '~' || c == '\\' || c == '#' || c == ':' && i == 0 {
			return false
		}
	}
	return true
}

// IsVisible reports whether a character shows as itself. Spaces other than the
// common one and the wide one of Japanese names look like the common one, so
// they are not visible in this sense.
func IsVisible(r rune) bool {
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
