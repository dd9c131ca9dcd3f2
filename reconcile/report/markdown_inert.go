package report

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Whatever comes from other people stands in code spans: nothing in a code span
// is a link, a mention, an issue, an image or HTML, not even to GitHub, which
// looks for mentions only after the Markdown has become HTML, where an escaped
// @ is as good as a plain one.

// code writes text, which is inert, as a code span outside of tables.
func code(text string) string {
	if text == "" {
		return "(empty)"
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// codeCell writes text as a code span in a table. A table is cut into cells
// before its code spans are looked for, so a bar needs a backslash even there.
func codeCell(text string) string { return inCell(code(text)) }

// inCell escapes the bars of Markdown that is to be a cell of a table.
func inCell(markdown string) string { return strings.ReplaceAll(markdown, "|", `\|`) }

// longestRun returns the length of the longest run of c in text.
func longestRun(text string, c byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if text[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// prose writes inert free text as Markdown outside of tables. Words that are
// plainly words stay as they are; the others, which may be names or anything
// else, become code spans, neighbours together.
func prose(text string) string {
	if text != "" && strings.Trim(text, " ") == "" {
		return code(text)
	}
	var parts, odd []string
	flush := func() {
		if len(odd) > 0 {
			parts = append(parts, code(strings.Join(odd, " ")))
			odd = nil
		}
	}
	for _, word := range strings.Split(text, " ") {
		lead, core, tail := trimmed(word)
		switch {
		case isWord(core) && !reference().MatchString(word) && !reference().MatchString(core):
			flush()
			parts = append(parts, word)
		case lead == "" && tail == "":
			odd = append(odd, word)
		case lead != "" && tail != "":
			flush()
			parts = append(parts, lead+code(core)+tail)
		case lead != "":
			flush()
			parts = append(parts, lead+code(core))
		default:
			odd = append(odd, core)
			joined := code(strings.Join(odd, " "))
			odd = nil
			parts = append(parts, joined+tail)
		}
	}
	flush()
	return strings.Join(parts, " ")
}

// trimmed splits the punctuation of our own sentences off a word.
func trimmed(word string) (lead, core, tail string) {
	core = strings.TrimLeft(word, `("`)
	lead = word[:len(word)-len(core)]
	bare := strings.TrimRight(core, `.,;:)"`)
	return lead, bare, core[len(bare):]
}

// reference matches words that GitHub and GitLab make links or pictures of:
// addresses, commits, issues by key, emoji by name.
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)://|\bwww\.|\bgh-[0-9]|\b[0-9a-f]{7,}\b|:[a-z0-9_+-]*:|^--`)
})

// isWord reports whether a word is of letters, digits and a little punctuation
// that mean nothing to Markdown wherever they stand within a line.
func isWord(word string) bool {
	for _, r := range word {
		if !unicode.In(r, unicode.L, unicode.N, unicode.M) && !strings.ContainsRune(".,;:()%'\"/?+=-→…’“”✓✗○", r) {
			return false
		}
	}
	return true
}
