package desired

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seatsync/seatsync/reconcile"
)

// A parser of YAML gives up where it can no longer go on, which may be a thousand
// lines after the fault or, since it names the block that it was in, before it. What
// people get wrong are few things, and the text shows them: a line that is indented
// otherwise than its neighbours, a tab, a space that is missing. This file reads the
// text again, line by line, once the parser has given up, and never decides by itself
// whether a file is right.

// fault is what is wrong in a line.
type fault struct {
	line, column int
	message      string
	// misplaced is true for a line of a block that is indented otherwise than the
	// block, which the reader has at the top.
	misplaced bool
	indent    int
	// confirm is true where the line may be right: it counts only when what ends with
	// it is not YAML.
	confirm bool
}

// findFault returns the first line that explains why data is not YAML, or nil. What
// stands before that line must be YAML, or else the fault is earlier and unknown.
func findFault(data []byte) *fault {
	reader := faultReader{}
	end := 0
	for line := range bytes.Lines(data) {
		reader.number++
		reader.starts = append(reader.starts, end)
		end += len(line)
		found := reader.read(strings.TrimRight(string(line), "\r\n"))
		if found == nil || found.confirm && isYAML(data[:end]) {
			continue
		}
		if found.misplaced {
			found = reader.outlier(found, data[end:])
		}
		return reader.proven(found, data)
	}
	return reader.proven(reader.open, data)
}

// proven returns the fault if what stands before it is YAML, or else nil.
func (r *faultReader) proven(found *fault, data []byte) *fault {
	if found == nil || !isYAML(data[:r.starts[found.line-1]]) {
		return nil
	}
	return found
}

// isYAML reports whether data can be read.
func isYAML(data []byte) bool {
	_, err := decodeNode(newDecoder(data))
	return err == nil || errors.Is(err, io.EOF)
}

// block is a list or a mapping that is not finished: its lines have one indentation.
type block struct {
	indent  int
	isList  bool
	isEntry bool // a mapping that begins behind a dash
	members int
	first   int // the line of the first member
}

// faultReader follows the indentation of a text.
type faultReader struct {
	number int
	starts []int   // where each line begins
	blocks []block // from the outermost to the one of the line before
	// opens is true where the line before may be followed by a deeper block: it
	// ended with a key without a value, or a dash.
	opens bool
	// text is true inside a block of text (| or >), whose lines are deeper than indent.
	text   bool
	indent int
	// open is the line of the bracket or quote that is not closed yet; nil where none is.
	open  *fault
	depth int  // of brackets
	quote rune // that is not closed; 0 where none is
}

// read takes one line and returns what is wrong in it.
func (r *faultReader) read(line string) *fault {
	bare := strings.TrimLeft(line, " \t")
	if r.text {
		if bare == "" || len(line)-len(bare) > r.indent {
			return nil
		}
		r.text = false
	}
	isOpen := r.open != nil
	if bare == "" || bare[0] == '#' && !isOpen {
		return nil
	}
	if isOpen {
		return r.goOn(line, bare)
	}
	if at := strings.IndexByte(line[:len(line)-len(bare)], '\t'); at >= 0 {
		return r.at(at, "the line is indented with a tab: use spaces")
	}
	if bare == "---" || bare == "..." || bare[0] == '%' {
		r.blocks, r.opens = nil, false
		return nil
	}
	return r.place(len(line)-len(bare), bare)
}

// at returns a fault in the line at hand, at an index of it.
func (r *faultReader) at(index int, format string, arguments ...any) *fault {
	return &fault{line: r.number, column: index + 1, message: fmt.Sprintf(format, arguments...)}
}

// goOn takes a line inside of brackets or quotes.
func (r *faultReader) goOn(line, bare string) *fault {
	if isEntry(bare) {
		return r.open // an entry begins where a bracket or a quote should have ended
	}
	r.scan(line, 0)
	return nil
}

var (
	// missingSpace finds a dash that a key follows without a space, entryStart what
	// begins an entry.
	missingSpace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-[A-Za-z_]+:(\s|$)`) })
	entryStart   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-[ \t]*\{? *["']?(email|cron|name|from)["']?:`) })
	keyPattern   = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^("[^"]*"|'[^']*'|[A-Za-z0-9_][^:#"'{}\[\],]*?) *:( |$)`)
	})
	gluedKey  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([a-z_]+):[^\s/]`) })
	gluedDash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-["'@*A-Za-z]`) })
)

// isEntry reports whether a line begins an entry of a list.
func isEntry(bare string) bool { return entryStart().MatchString(bare) }

// isItem reports whether a line is one of a list.
func isItem(bare string) bool {
	return bare == "-" || strings.HasPrefix(bare, "- ") || strings.HasPrefix(bare, "-\t")
}

// place finds where a line belongs by its indentation.
func (r *faultReader) place(indent int, bare string) *fault {
	if missingSpace().MatchString(bare) || gluedDash().MatchString(bare) && r.inList(indent) {
		return r.at(indent, "a space is missing after -")
	}
	isList := isItem(bare)
	isKey := keyPattern().MatchString(bare)
	top := r.top()
	switch {
	case top == nil || r.opens && indent > top.indent:
		r.blocks = append(r.blocks, block{indent: indent, isList: isList, first: r.number})
	case r.opens && isList && !top.isList && indent == top.indent:
		r.blocks = append(r.blocks, block{indent: indent, isList: true, first: r.number})
	case indent > top.indent && !isList && !isKey:
		return nil // it goes on with the text of the line before
	case indent > top.indent:
		return r.misplaced(indent, isList)
	default:
		if found := r.leave(indent, isList, isKey, bare); found != nil {
			return found
		}
	}
	r.top().members++
	return r.value(indent, bare)
}

// inList reports whether a list has this indentation.
func (r *faultReader) inList(indent int) bool {
	return slices.ContainsFunc(r.blocks, func(b block) bool { return b.isList && b.indent == indent })
}

func (r *faultReader) top() *block {
	if len(r.blocks) == 0 {
		return nil
	}
	return &r.blocks[len(r.blocks)-1]
}

// leave ends the blocks that are deeper than a line.
func (r *faultReader) leave(indent int, isList, isKey bool, bare string) *fault {
	inner := slices.Clone(r.blocks)
	for r.top() != nil && (r.top().indent > indent || r.top().indent == indent && r.top().isList && !isList && r.sameBelow(indent)) {
		r.blocks = r.blocks[:len(r.blocks)-1]
	}
	top := r.top()
	if top != nil && top.indent == indent && top.isList == isList && !(isKey && r.isStray(inner, indent, bare)) {
		return nil
	}
	r.blocks = inner
	return r.misplaced(indent, isList)
}

// sameBelow reports whether the block below the innermost has the indentation too: a
// list may stand right under its key.
func (r *faultReader) sameBelow(indent int) bool {
	below := len(r.blocks) - 2
	return below >= 0 && r.blocks[below].indent == indent && !r.blocks[below].isList
}

// isStray reports whether a key at the margin can only be one of the entry before.
func (r *faultReader) isStray(inner []block, indent int, bare string) bool {
	key := strings.Trim(keyPattern().FindStringSubmatch(bare)[1], `"'`)
	return indent == 0 && len(inner) > 2 && slices.Contains(userKeys, key) && !slices.Contains(rootKeys(), key)
}

// misplaced says how a line is indented, and how its neighbours are. Their block is
// then the innermost.
func (r *faultReader) misplaced(indent int, isList bool) *fault {
	blocks := r.blocks
	for len(blocks) > 1 && blocks[len(blocks)-1].isList != isList {
		blocks = blocks[:len(blocks)-1]
	}
	r.blocks = blocks
	found := r.at(indent, "%s", indentedAs(indent, r.top().indent))
	found.misplaced, found.indent = true, indent
	return found
}

// indentedAs compares two indentations.
func indentedAs(indent, neighbours int) string {
	return fmt.Sprintf("indented with %s where its neighbours have %d", reconcile.Count(indent, "space"), neighbours)
}

// outlier returns the fault, or, where its line is as those after it and only the
// first line of the block is not, that one.
func (r *faultReader) outlier(found *fault, rest []byte) *fault {
	at := len(r.blocks) - 1
	top := r.blocks[at]
	isEntry := top.isEntry && at > 0
	if isEntry {
		at-- // the dash in front of the keys may be what is wrong
	}
	b := r.blocks[at]
	if b.members != 1 || at == 0 {
		return found
	}
	for line := range bytes.Lines(rest) {
		bare := bytes.TrimLeft(line, " ")
		indent := len(line) - len(bare)
		if bytes.HasPrefix(bare, []byte("- ")) != b.isList || len(bytes.TrimSpace(bare)) == 0 || bare[0] == '#' || indent > max(found.indent, b.indent) {
			continue
		}
		fits := indent == found.indent
		if isEntry {
			fits = found.indent-indent == top.indent-b.indent
		}
		if fits && indent != b.indent && indent >= r.blocks[at-1].indent {
			return &fault{line: b.first, column: b.indent + 1, message: indentedAs(b.indent, indent)}
		}
		break
	}
	return found
}

// value looks at what stands in a line after its dashes and its key.
func (r *faultReader) value(indent int, bare string) *fault {
	for isItem(bare) {
		rest := strings.TrimLeft(bare[1:], " ")
		indent += len(bare) - len(rest)
		bare = rest
		if r.opens = strings.TrimSpace(bare) == "" || bare[0] == '#'; r.opens {
			return nil
		}
		if bare[0] == '\t' {
			return r.at(indent, "a tab follows the dash: use a space")
		}
		if isKey := keyPattern().MatchString(bare); isKey || isItem(bare) {
			r.blocks = append(r.blocks, block{indent: indent, isList: !isKey, isEntry: isKey, members: 1, first: r.number})
		}
	}
	key := keyPattern().FindString(bare)
	if glued := gluedKey().FindStringSubmatch(bare); key == "" && glued != nil && isKnownKey(glued[1]) {
		return r.at(indent+len(glued[1])+1, "a space is missing after %s:", glued[1])
	}
	rest := strings.TrimLeft(bare[len(key):], " ")
	indent += len(bare) - len(rest)
	r.opens = key != "" && (rest == "" || rest[0] == '#')
	if r.opens || rest == "" {
		return nil
	}
	return r.plain(indent, rest)
}

// isKnownKey reports whether a word is a key of an entry or of the root file.
func isKnownKey(word string) bool {
	return slices.Contains(userKeys, word) || slices.Contains(rootKeys(), word)
}

// plain looks at a value.
func (r *faultReader) plain(indent int, value string) *fault {
	switch value[0] {
	case '|', '>':
		r.text, r.indent = true, r.top().indent
		return nil
	case '@', '`', '*', '%', '&', '!':
		return confirmed(r.at(indent, "a value that begins with %c must be in quotes", value[0]))
	case '"', '\'', '[', '{':
		r.scan(value, indent)
		return nil
	}
	if at := strings.IndexByte(value, '#'); at > 0 && value[at-1] == ' ' {
		value = value[:at]
	}
	if at := strings.Index(value, ": "); at >= 0 {
		return confirmed(r.at(indent+at, "a value with a colon and a space in it must be in quotes"))
	}
	return nil
}

// confirmed marks a fault that a line of YAML may have.
func confirmed(found *fault) *fault {
	found.confirm = true
	return found
}

// scan follows the brackets and quotes of a line, or of its part from an index on.
func (r *faultReader) scan(text string, index int) {
	for i, c := range text {
		switch {
		case r.quote == '"' && c == '\\':
		case r.quote != 0 && c == r.quote && !(c == '"' && i > 0 && text[i-1] == '\\'):
			r.quote = 0
		case r.quote != 0:
		case c == '#' && i > 0 && text[i-1] == ' ':
			return
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" [{,:", text[i-1]) >= 0):
			if r.quote = c; r.open == nil {
				r.open = r.at(index+i, "the quote %c is not closed", c)
			}
		case c == '[' || c == '{':
			if r.depth++; r.open == nil {
				r.open = r.at(index+i, "the bracket %c is not closed", c)
			}
		case c == ']' || c == '}':
			r.depth = max(0, r.depth-1)
		}
	}
	if r.quote == 0 && r.depth == 0 {
		r.open = nil
	}
}
