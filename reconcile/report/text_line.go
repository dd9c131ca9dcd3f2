package report

import (
	"bufio"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// The colours of a terminal, as parameters of its SGR sequence.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// textWriter writes lines of text for a terminal.
type textWriter struct {
	out     *bufio.Writer
	options Options
}

// paint colours text if the options allow it.
func (t *textWriter) paint(color, text string) string {
	if !t.options.Color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// sign paints a sign in its colour.
func (t *textWriter) sign(sign string) string {
	color := map[string]string{
		markBroken: red, markDone: green, markInfo: cyan,
		symbol(reconcile.Release): red, symbol(reconcile.Grant): green, symbol(reconcile.Rename): cyan,
	}[sign]
	if color == "" {
		color = yellow
	}
	return t.paint(color, sign)
}

// line writes a line. Where a line was broken, a word of someone else's may
// begin it; GitHub Actions must not take that for a workflow command.
func (t *textWriter) line(text string) {
	if bare := strings.TrimLeft(text, " "); strings.HasPrefix(bare, "::") {
		text = text[:len(text)-len(bare)] + `\u003a` + bare[1:]
	}
	_, _ = t.out.WriteString(text)
	_ = t.out.WriteByte('\n')
}

// heading writes a line that opens a part.
func (t *textWriter) heading(title string) {
	t.line("")
	t.line(t.paint(bold, title))
}

// wrap writes text, of which foreign parts are inert, in lines that fit, the
// later ones set in.
func (t *textWriter) wrap(indent, text string) { t.block(indent, indent+"    ", text) }

// block writes text in lines that fit, the first one after first and the later
// ones after rest, which is at least as wide.
func (t *textWriter) block(first, rest, text string) {
	limit := 0
	if t.options.Width > 0 {
		limit = max(1, t.options.Width-columns(rest))
	}
	for _, line := range wrapped(text, limit) {
		t.line(first + line)
		first = rest
	}
}

// Wrap breaks text at its spaces into lines of at most limit columns, as reports do.
func Wrap(text string, limit int) []string { return wrapped(text, limit) }

// wrapped breaks text at its spaces into lines of at most limit columns. A word
// that is longer has a line of its own. Our own colours take no columns. A limit
// of 0 sets no bound.
func wrapped(text string, limit int) []string {
	if limit <= 0 {
		return []string{text}
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Split(text, " ") {
		size := columns(unpainted(word))
		if used > 0 && used+1+size > limit {
			lines = append(lines, strings.TrimRight(line, " "))
			line, used = "", 0
			if word == "" {
				continue
			}
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += size
	}
	return append(lines, strings.TrimRight(line, " "))
}

// unpainted returns text without the colours that paint gave it. Foreign text
// holds none, since inert escapes them.
func unpainted(text string) string {
	for {
		start := strings.Index(text, "\x1b[")
		if start < 0 {
			return text
		}
		end := strings.IndexByte(text[start:], 'm')
		text = text[:start] + text[start+end+1:]
	}
}
