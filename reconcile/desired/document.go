package desired

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// Limits of one file. They are far above what people write, and keep a file
// that someone else wrote from taking the machine down.
const (
	maxFileSize  = 256 << 20
	maxYAMLSize  = 64 << 20 // of what is not read ahead, line by line
	maxYAMLNodes = 1_400_000
	maxYAMLDepth = 16
	maxKeys      = 50
)

// maxProblems is how many problems are listed. Of more, people read none.
const maxProblems = 100

// document reads one YAML file into nodes and collects what is wrong with it.
// It walks the nodes itself rather than decoding into structs: every value then
// knows its place, every problem is found in one pass, and nothing is guessed
// (yaml.v3 turns `yes` into true and 0o17 into 15 when a struct asks for it).
type document struct {
	file     string
	problems reconcile.Problems
	unlisted int // problems beyond maxProblems
}

// problem records something wrong at a node.
func (d *document) problem(node *yaml.Node, format string, args ...any) {
	if len(d.problems) >= maxProblems {
		d.unlisted++
		return
	}
	d.problems = append(d.problems, reconcile.Problem{
		At:      d.position(node),
		Message: fmt.Sprintf(format, args...),
	})
}

// position returns the place of a node.
func (d *document) position(node *yaml.Node) reconcile.Position {
	return reconcile.Position{File: d.file, Line: node.Line, Column: node.Column}
}

// problemAt records something wrong at a line and column.
func (d *document) problemAt(line, column int, format string, args ...any) {
	d.problem(&yaml.Node{Line: line, Column: column}, format, args...)
}

// parse returns the top node of the file, or nil when there is none.
func (d *document) parse(data []byte) *yaml.Node {
	if len(data) > maxFileSize {
		d.problemAt(0, 0, "the file is larger than %d MiB: split it with include", maxFileSize>>20)
		return nil
	}
	if line, column := invalidUTF8(data); line > 0 {
		d.problemAt(line, column, "the file is not UTF-8: save it as UTF-8 without other encodings")
		return nil
	}
	if line, column, r := hiddenCharacter(data); line > 0 {
		d.problemAt(line, column, "the character %U cannot be seen, and may hide what the file does: write it as an escape in double quotes, \"%s\"",
			r, strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		return nil
	}
	if len(data) > maxYAMLSize || nodesAtMost(data) > maxYAMLNodes {
		d.problemAt(0, 0, "the file has more than %d MiB or %d values outside of plain entries: split it with include", maxYAMLSize>>20, maxYAMLNodes)
		return nil
	}
	decoder := newDecoder(data)
	root, err := decodeNode(decoder)
	if err != nil {
		if !errors.Is(err, io.EOF) {
			d.syntaxProblem(data, err)
		}
		return nil
	}
	if next, err := decodeNode(decoder); err == nil {
		d.problem(next, "a second YAML document begins here: keep one document a file and use include for more")
	} else if !errors.Is(err, io.EOF) {
		d.syntaxProblem(data, err)
	}
	if len(root.Content) == 0 {
		return nil
	}
	top := root.Content[0]
	if !d.inspect(top, 1) {
		return nil
	}
	return top
}

// nodesAtMost returns a number that the nodes of a text do not exceed: nearly each
// begins with a sign of its own. The parser cannot be stopped once it has begun.
func nodesAtMost(data []byte) int {
	signs := 0
	for i, c := range data {
		switch c {
		case ',', '[', '{', ':', '?':
			signs++
		case '-':
			if i+1 == len(data) || data[i+1] <= ' ' {
				signs++
			}
		}
	}
	return 2*signs + 2
}

// newDecoder returns a decoder of the documents in data.
func newDecoder(data []byte) *yaml.Decoder { return yaml.NewDecoder(bytes.NewReader(data)) }

// decodeNode reads the next document. The parser of yaml.v3 reports errors by
// panicking inside; what it fails to catch itself must not end a daemon.
func decodeNode(decoder *yaml.Decoder) (node *yaml.Node, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("yaml: the parser cannot read this file: %v", cause)
		}
	}()
	node = new(yaml.Node)
	return node, decoder.Decode(node)
}

var syntaxLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`) })

// countsFromZero finds the messages of yaml.v3 whose line it does not count from 1:
// those of its parser, and not those of its scanner.
var countsFromZero = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^did not find expected (node content|key|<.*>|'-' indicator|',' or '[\]}]')$`)
})

// syntaxProblem records an error of the YAML parser: what is wrong in the text where
// that can be found, or else what the parser says at the line it names.
func (d *document) syntaxProblem(data []byte, err error) {
	if found := findFault(data); found != nil {
		d.problemAt(found.line, found.column, "not valid YAML: %s", found.message)
		return
	}
	line, message := 1, err.Error()
	if match := syntaxLine().FindStringSubmatch(message); match != nil {
		message = match[2]
		if match[1] != "" {
			line, _ = strconv.Atoi(match[1])
		}
	}
	if countsFromZero().MatchString(message) {
		line++
	}
	if message == "did not find expected alphabetic or numeric character" {
		message = "a value that begins with * or & must be in quotes"
	}
	d.problemAt(line, 1, "not valid YAML: %s", message)
}

// inspect refuses what would make a value stand in two places or change its
// meaning, and reports whether the rest may be read.
func (d *document) inspect(node *yaml.Node, depth int) bool {
	if depth > maxYAMLDepth {
		d.problem(node, "nested deeper than %d levels", maxYAMLDepth)
		return false
	}
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		d.problem(node, "anchors and aliases are not supported, since a value must have one place: write it out")
		return false
	}
	if node.Style&yaml.TaggedStyle != 0 {
		d.problem(node, "tags such as %s are not supported: remove it", node.Tag)
		return false
	}
	sound := true
	for _, child := range node.Content {
		sound = d.inspect(child, depth+1) && sound
	}
	return sound
}

// fields calls visit for each key of a mapping, once a key. Unknown keys are for
// visit to report by returning false.
func (d *document) fields(node *yaml.Node, what string, known []string, visit func(name string, value *yaml.Node) bool) {
	if key := gluedTo(node, known); key != "" {
		d.problem(node, "a space is missing after %s:", key)
		return
	}
	if node.Kind != yaml.MappingNode {
		d.problem(node, "expected %s as keys and values, got %s", what, kindOf(node))
		return
	}
	if len(node.Content) > 2*maxKeys {
		d.problem(node, "%s has more than %d keys", what, maxKeys)
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if d.isRepeated(node, i) {
			continue
		}
		if visit(key.Value, value) {
			continue
		}
		if i > 0 && isNull(value) && decimalPoint(node.Content[i-1].Value+","+key.Value) != "" {
			number := node.Content[i-1] // within braces a comma ends the value
			d.problem(number, "%s,%s has a decimal comma: write %[1]s.%[2]s", number.Value, key.Value)
			continue
		}
		if suggestion := nearest(key.Value, known); suggestion != "" {
			d.problem(key, "unknown key %q in %s: did you mean %q?", key.Value, what, suggestion)
		} else {
			d.problem(key, "unknown key %q in %s: known are %s", key.Value, what, strings.Join(known, ", "))
		}
	}
}

// gluedTo returns the known key that a text begins with, where a colon follows it
// without a space; or "".
func gluedTo(node *yaml.Node, known []string) string {
	word, _, found := strings.Cut(node.Value, ":")
	if found && node.Kind == yaml.ScalarNode && node.Style == 0 && slices.Contains(known, word) {
		return word
	}
	return ""
}

// isRepeated records a problem when the i-th node is a key that stands before.
func (d *document) isRepeated(node *yaml.Node, i int) bool {
	for j := 0; j < i; j += 2 {
		if node.Content[j].Value == node.Content[i].Value {
			d.problem(node.Content[i], "duplicate key %q, first defined on line %d: keep one", node.Content[i].Value, node.Content[j].Line)
			return true
		}
	}
	return false
}

// items calls visit for each value of a list. An absent list is empty.
func (d *document) items(node *yaml.Node, what string, visit func(value *yaml.Node)) {
	switch {
	case isNull(node):
	case node.Kind == yaml.MappingNode && len(node.Content) > 0 && strings.HasPrefix(node.Content[0].Value, "-"):
		d.problem(node, "a space is missing after -")
	case node.Kind != yaml.SequenceNode:
		d.problem(node, "expected a list of %s, got %s", what, kindOf(node))
	default:
		for _, item := range node.Content {
			visit(item)
		}
	}
}

// text returns a value that must be text. What YAML takes for a number, a
// boolean or nothing must be quoted, so that nobody is renamed to "null".
func (d *document) text(node *yaml.Node, what string) (string, bool) {
	if node.Kind != yaml.ScalarNode {
		d.problem(node, "%s: expected text, got %s", what, kindOf(node))
		return "", false
	}
	if tag := node.ShortTag(); tag != "!!str" {
		d.problem(node, "%s: expected text, got %s: put it in quotes, or remove the key", what, kindOf(node))
		return "", false
	}
	if strings.TrimSpace(node.Value) == "" {
		d.problem(node, "%s: is empty: write a value, or remove the key", what)
		return "", false
	}
	return node.Value, true
}

// literal returns a plain value as it is written, whatever type YAML gives it:
// an account id made of digits, a date, a price.
func (d *document) literal(node *yaml.Node, what string) (string, bool) {
	if node.Kind != yaml.ScalarNode || isNull(node) || strings.TrimSpace(node.Value) == "" {
		d.problem(node, "%s: expected a value, got %s: write one, or remove the key", what, kindOf(node))
		return "", false
	}
	return node.Value, true
}

// plainText is text without whether there is any.
func (d *document) plainText(node *yaml.Node, what string) string {
	text, _ := d.text(node, what)
	return text
}

// flag returns a boolean.
func (d *document) flag(node *yaml.Node, what string) reconcile.Flag {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!bool" {
		return reconcile.FlagOf(strings.EqualFold(node.Value, "true"))
	}
	d.problem(node, "%s: expected true or false, got %s", what, kindOf(node))
	return reconcile.Unknown
}

// isTrue returns a boolean that is false where it cannot be read.
func (d *document) isTrue(node *yaml.Node, what string) bool {
	return d.flag(node, what) == reconcile.True
}

// isNull reports whether a value is absent: nothing, ~ or null.
func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// kindOf names a value for people, cut where it is long.
func kindOf(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "keys and values"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(node):
		return "nothing"
	}
	return strconv.Quote(shortened(node.Value))
}

// hiddenCharacter returns the place of the first character that ends a line for
// YAML and not for an editor, or that changes the order in which a line is read;
// or 0, 0. In a review such a file looks other than it is.
func hiddenCharacter(data []byte) (line, column int, hidden rune) {
	if isASCII(data) {
		return 0, 0, 0
	}
	line, column = 1, 1
	for _, r := range string(data) {
		switch {
		case r == '\u0085', r == '\u2028', r == '\u2029',
			r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f', r == '\u061c':
			return line, column, r
		case r == '\n':
			line, column = line+1, 0
		}
		column++
	}
	return 0, 0, 0
}

// isASCII reports whether data has nothing but ASCII.
func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// invalidUTF8 returns the place of the first byte that is not UTF-8, or 0, 0.
func invalidUTF8(data []byte) (line, column int) {
	if utf8.Valid(data) {
		return 0, 0
	}
	line, column = 1, 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			return line, column
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		data = data[size:]
	}
	return 0, 0
}
