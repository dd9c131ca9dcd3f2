package desired

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// A file that lists 100,000 users is nearly all entries such as
//
//   - email: ada@example.com
//     name: Ada Lovelace
//     access_seat: true
//
// for which a parser of all of YAML takes most of the time and of the memory of
// a run. They are read here line by line, as the nodes that yaml.v3 makes of
// them, and everything after that is the same: the same checks, problems and
// places. Entries in any other form (a comment after a value, quotes, an
// exemption) are left to yaml.v3, together with their neighbours of the kind.
// Where that is not certain to mean the same as the file does as a whole,
// yaml.v3 reads all of it. A fuzz test compares the two ways.

// parseTop returns the top node of the file, or nil when there is none. The
// users may have been read already, into p.entries; their node is then null.
func (p *fileParser) parseTop(data []byte) *yaml.Node {
	if bytes.Contains(data, []byte("\r\n")) {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	if top, entries := readAhead(p.file, data, p.parts); entries != nil {
		p.entries = entries
		return top
	}
	return p.parse(data)
}

// readAhead reads a file whose last key is users, in up to so many parts side by side.
// Entries is nil where the file has to be read as a whole.
func readAhead(file string, data []byte, parts int) (top *yaml.Node, entries []*fileParser) {
	const key = "users:\n"
	start := bytes.Index(data, []byte("\n"+key)) + 1
	if start == 0 && !bytes.HasPrefix(data, []byte(key)) || len(data) > maxFileSize || !isPlainText(data) {
		return nil, nil
	}
	head, block := data[:start+len(key)], data[start+len(key):]
	rest := document{file: file}
	top = rest.parse(head)
	line := bytes.Count(head, []byte("\n"))
	if top == nil || len(rest.problems) > 0 || !endsInUsers(top, line) {
		return nil, nil
	}
	var group errgroup.Group
	for _, part := range partsOf(block, parts) {
		reader := entryReader{parser: &fileParser{document: document{file: file}}, rest: part, line: line}
		entries = append(entries, reader.parser)
		line += bytes.Count(part, []byte("\n"))
		group.Go(func() error {
			if !reader.readAll() {
				return errNotAhead
			}
			return nil
		})
	}
	if group.Wait() != nil {
		return nil, nil
	}
	return top, entries
}

// errNotAhead is behind a part whose entries cannot be read ahead.
var errNotAhead = errors.New("the entries have to be read with the rest of the file")

// smallestPart is how many bytes are worth reading side by side with others.
const smallestPart = 128 << 10

// partsOf cuts a block of entries into up to so many parts of about the same size. Each
// begins with a line that looks as the first one does.
func partsOf(block []byte, most int) (parts [][]byte) {
	dash := append([]byte{'\n'}, block[:len(block)-len(bytes.TrimLeft(block, " "))]...)
	dash = append(dash, "- "...)
	for n := most; n > 1; n-- {
		from := len(block) / n
		end := bytes.Index(block[from:], dash)
		if end < 0 {
			break
		}
		parts = append(parts, block[:from+end+1])
		block = block[from+end+1:]
	}
	return append(parts, block)
}

// isPlainText reports whether a file is UTF-8 without any character that YAML
// forbids or takes for the end of a line, but for the usual one.
func isPlainText(data []byte) bool {
	for i := 0; i < len(data); {
		if c := data[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError || r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' || !unicode.IsPrint(r) {
			return false
		}
		i += size
	}
	return true
}

// endsInUsers reports whether the only key users is the last one, in a line of
// its own.
func endsInUsers(top *yaml.Node, line int) bool {
	if top.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if isLast := i+2 == len(top.Content); isLast != (key.Value == "users") ||
			isLast && (key.Line != line || key.Column != 1 || !isNull(value)) {
			return false
		}
	}
	return len(top.Content) > 0
}

// entryReader reads the entries of a file one by one.
type entryReader struct {
	parser *fileParser
	rest   []byte // begins with a line
	line   int    // the number of the line before it
	indent int    // of the dashes

	// The entry at hand, as yaml.v3 would have it; used again for the next.
	mapping yaml.Node
	nodes   [2 * maxPlainFields]yaml.Node
	content [2 * maxPlainFields]*yaml.Node
}

// maxOthers is about how many bytes yaml.v3 reads at a time: its nodes take far more
// memory than the text.
const maxOthers = 1 << 20

// maxPlainFields is more keys than an entry can have.
const maxPlainFields = 8

// readAll reads all entries, and reports whether that was possible.
func (r *entryReader) readAll() bool {
	r.indent = len(r.rest) - len(bytes.TrimLeft(r.rest, " "))
	if !r.isStart(r.rest) {
		return false
	}
	// Each entry has an address, and is no shorter than one; that sign alone is cheap to write.
	entries := min(bytes.Count(r.rest, []byte("@")), len(r.rest)/len("- email: a@b"))
	r.parser.users = make([]reconcile.DesiredUser, 0, entries)
	var others []byte // begins with entries that are left to yaml.v3
	othersLine := 0
	for len(r.rest) > 0 {
		before, line := r.rest, r.line
		if r.readPlain() {
			if others != nil && !r.readOthers(others[:len(others)-len(before)], othersLine) {
				return false
			}
			others = nil
			r.parser.addUser(&r.mapping)
			continue
		}
		if r.rest, r.line = before, line; !r.skipEntry() {
			return false
		}
		if others == nil {
			others, othersLine = before, line
		}
		if size := len(others) - len(r.rest); size > maxOthers {
			if !r.readOthers(others[:size], othersLine) {
				return false
			}
			others = nil
		}
	}
	return others == nil || r.readOthers(others, othersLine)
}

// takeLine takes a line, without its end, off the text.
func (r *entryReader) takeLine() []byte {
	line, rest, _ := bytes.Cut(r.rest, []byte("\n"))
	r.rest = rest
	r.line++
	return line
}

// isStart reports whether an entry begins with a line.
func (r *entryReader) isStart(line []byte) bool {
	if len(line) < r.indent+2 || line[r.indent] != '-' || line[r.indent+1] != ' ' {
		return false
	}
	return isBlank(line[:r.indent])
}

// isBlank reports whether there is nothing in a line.
func isBlank(line []byte) bool { return len(bytes.TrimLeft(line, " ")) == 0 }

// skipEntry takes the lines of an entry. It returns false where the list of
// users may be at an end.
func (r *entryReader) skipEntry() bool {
	for first := true; len(r.rest) > 0; first = false {
		if !first && r.isStart(r.rest) {
			return true
		}
		if line := r.takeLine(); len(line) > 0 && line[0] != ' ' && line[0] != '#' && !r.isStart(line) {
			return false
		}
	}
	return true
}

// readOthers reads entries with yaml.v3, as the list that they are. It returns
// false unless that is certain to mean what they mean within the file.
func (r *entryReader) readOthers(text []byte, line int) bool {
	if len(text) > maxYAMLSize || nodesAtMost(text) > maxYAMLNodes {
		return false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	root, err := decodeNode(decoder)
	if err != nil || len(root.Content) != 1 {
		return false
	}
	list := root.Content[0]
	if list.Kind != yaml.SequenceNode || list.Column != r.indent+1 || list.Style&yaml.FlowStyle != 0 {
		return false
	}
	if _, err := decodeNode(decoder); !errors.Is(err, io.EOF) {
		return false
	}
	const depth = 2 // of the list within the file
	if !new(document).inspect(list, depth) {
		return false
	}
	moveDown(list, line)
	for _, entry := range list.Content {
		r.parser.addUser(entry)
	}
	return true
}

// moveDown adds to the lines of a node and of all that are in it.
func moveDown(node *yaml.Node, lines int) {
	node.Line += lines
	for _, child := range node.Content {
		moveDown(child, lines)
	}
}

// readPlain reads an entry into mapping, and reports whether it is plain: one
// key and its value a line, as in the example above.
func (r *entryReader) readPlain() bool {
	fields := 0
	for len(r.rest) > 0 {
		if fields > 0 && r.isStart(r.rest) {
			break
		}
		line := r.takeLine()
		if text := bytes.TrimLeft(line, " "); len(text) == 0 || text[0] == '#' {
			continue
		}
		prefix := r.indent + 2
		if fields == 0 && !r.isStart(line) || fields > 0 && (len(line) < prefix || !isBlank(line[:prefix])) {
			return false
		}
		if fields == maxPlainFields || !r.readField(fields, line[prefix:]) {
			return false
		}
		fields++
	}
	if fields == 0 {
		return false
	}
	first := &r.nodes[0]
	r.mapping = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: first.Line, Column: first.Column, Content: r.content[:2*fields]}
	return true
}

// plainKeys are the keys of a plain entry.
var plainKeys = [...]string{"email", "name", "access_seat", "gateway_seat", "until", "id"}

// readField reads a key and its value into the nodes with a number.
func (r *entryReader) readField(number int, text []byte) bool {
	colon := bytes.IndexByte(text, ':')
	if colon < 0 || colon+1 == len(text) || text[colon+1] != ' ' {
		return false
	}
	value := text[colon+2:]
	i := slices.IndexFunc(plainKeys[:], func(key string) bool { return key == string(text[:colon]) }) // without an allocation
	if i < 0 || !isPlainValue(value) {
		return false
	}
	key := plainKeys[i]
	column := r.indent + 3
	keyNode, valueNode := &r.nodes[2*number], &r.nodes[2*number+1]
	keyNode.Kind, keyNode.Tag, keyNode.Value, keyNode.Line, keyNode.Column = yaml.ScalarNode, "!!str", key, r.line, column
	valueNode.Kind, valueNode.Tag, valueNode.Line, valueNode.Column = yaml.ScalarNode, "", r.line, column+len(key)+2
	switch string(value) {
	case "true":
		valueNode.Tag, valueNode.Value = "!!bool", "true"
	case "false":
		valueNode.Tag, valueNode.Value = "!!bool", "false"
	default:
		valueNode.Value = string(value)
		// Nothing but text has one of these, given the characters of a plain value.
		if bytes.ContainsAny(value, "@ ") {
			valueNode.Tag = "!!str"
		}
	}
	r.content[2*number], r.content[2*number+1] = keyNode, valueNode
	return true
}

// isPlainValue reports whether a value stands for itself: it begins with a
// letter or digit and has no character that means something to YAML.
func isPlainValue(value []byte) bool {
	if len(value) == 0 || value[len(value)-1] == ' ' {
		return false
	}
	for i := 0; i < len(value); {
		r, size := rune(value[i]), 1
		switch {
		case r >= utf8.RuneSelf:
			if r, size = utf8.DecodeRune(value[i:]); !unicode.IsLetter(r) {
				return false
			}
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case i == 0 || strings.IndexByte(" @._+-'", value[i]) < 0:
			return false
		}
		i += size
	}
	return true
}
