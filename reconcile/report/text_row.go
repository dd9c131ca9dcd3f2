package report

import (
	"cmp"
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

// paint colours text if the options allow it.
func (t *textReport) paint(color, text string) string {
	if !t.options.Color || color == "" || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// line writes a line. Where a line was broken, a word of someone else's may
// begin it; GitHub Actions must not take that for a workflow command.
func (t *textReport) line(text string) {
	if bare := strings.TrimLeft(text, " "); strings.HasPrefix(bare, "::") {
		text = text[:len(text)-len(bare)] + `\u003a` + bare[1:]
	}
	_, _ = t.out.WriteString(text)
	_ = t.out.WriteByte('\n')
}

// wrap writes text, of which foreign parts are inert, in lines that fit, the
// later ones set in.
func (t *textReport) wrap(indent, text string) {
	if t.options.Width <= 0 {
		t.line(indent + text)
		return
	}
	for i, line := range wrapPainted(text, t.options.Width-len(indent)-4) {
		if i > 0 {
			line = "    " + line
		}
		t.line(indent + line)
	}
}

// wrapPainted wraps text that may hold our own colours, which take no columns.
func wrapPainted(text string, limit int) []string {
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

// The widest that a column gets. A cell beyond it pushes the rest of its own
// row to the right and leaves the other rows aligned.
const (
	widestPerson  = 40
	widestEffect  = 44
	widestBecause = 72
	widestCode    = 24
)

// rowLayout is how the rows of a table are set: in columns, or, where those do
// not fit, with the reason on a line of its own.
type rowLayout struct {
	indent string
	// why returns the reason to show, which is inert.
	why                     func(*reconcile.Change) string
	person, effect, because int
	stacked                 bool
}

// layOut measures the rows of a table.
func (t *textReport) layOut(indent string, why func(*reconcile.Change) string, members []int) rowLayout {
	layout := rowLayout{indent: indent, why: why}
	longest, position := 0, 0
	for _, i := range members {
		change := &t.plan.Changes[i]
		layout.person = max(layout.person, min(columns(person(change)), widestPerson))
		layout.effect = max(layout.effect, min(columns(effect(change)), widestEffect))
		because := columns(why(change))
		layout.because = max(layout.because, min(because, widestBecause))
		longest, position = max(longest, because), max(position, columns(place(change.Source)))
	}
	total := len(indent) + 2 + layout.person + 2 + layout.effect + 2 + longest + 2 + position
	if t.results != nil {
		total += 2
	}
	layout.stacked = t.options.Width > 0 && total > t.options.Width
	return layout
}

// row writes one change.
func (t *textReport) row(layout *rowLayout, i int) {
	change := &t.plan.Changes[i]
	start := layout.indent + t.mark(i) + t.paint(kindColor(change.Kind), symbol(change.Kind)) + " " +
		padded(person(change), layout.person) + "  "
	because, where := layout.why(change), place(change.Source)
	switch {
	case layout.stacked:
		t.line(start + effect(change))
		if text := strings.TrimSpace(because + "  " + t.paint(dim, where)); text != "" {
			t.wrap(layout.indent+"  ", text)
		}
	case where == "":
		t.line(strings.TrimRight(start+padded(effect(change), layout.effect)+"  "+because, " "))
	default:
		t.line(start + padded(effect(change), layout.effect) + "  " + padded(because, layout.because) + "  " + t.paint(dim, where))
	}
}

// mark is what became of a change, as a sign before its row; empty without a
// run and for changes that were not to be made.
func (t *textReport) mark(i int) string {
	switch {
	case t.results == nil || !t.plan.Changes[i].WillBeDone():
		return ""
	case t.results[i] == nil:
		return t.paint(yellow, "?") + " "
	}
	mark, color := statusMark(t.results[i].Status)
	return t.paint(color, mark) + " "
}

// outcome writes, under its row, why a change was not made.
func (t *textReport) outcome(i int) {
	if t.results == nil {
		return
	}
	outcome := t.results[i]
	switch {
	case outcome == nil:
		t.line("      " + t.paint(yellow, "no outcome recorded"))
	case outcome.Status != reconcile.Applied:
		_, color := statusMark(outcome.Status)
		text := t.paint(color, statusWords(outcome.Status))
		if why := failure(t.plan, outcome); why != "" {
			text += ": " + why
		}
		t.wrap("      ", text)
	}
}

// statusMark returns the sign of a status and its colour.
func statusMark(status reconcile.Status) (mark, color string) {
	switch status {
	case reconcile.Applied:
		return "✓", green
	case reconcile.Failed, reconcile.NotTaken:
		return "✗", red
	case reconcile.Stale, reconcile.NotReached:
	}
	return "○", yellow
}

// kindColor returns the colour of a kind of change.
func kindColor(kind reconcile.Kind) string {
	return cmp.Or(map[reconcile.Kind]string{
		reconcile.Release: red,
		reconcile.Narrow:  yellow,
		reconcile.Grant:   green,
		reconcile.Rename:  cyan,
	}[kind], yellow)
}
