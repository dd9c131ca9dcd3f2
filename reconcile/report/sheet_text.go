package report

import (
	"bufio"
	"slices"
	"strings"
)

// writeText writes the sheet for a terminal, numbers to the right.
func (s *sheet) writeText(out *bufio.Writer, options Options) {
	t := textWriter{out, options}
	for _, line := range wrapped(s.Sentence, options.Width) {
		t.line(t.paint(bold, line))
	}
	for _, text := range s.Lead {
		t.wrap("", text)
	}
	if s.Bars != nil {
		t.heading(s.Bars.title)
		for _, line := range s.Bars.lines(options.Width) {
			t.line("  " + line)
		}
	}
	notes := s.Notes
	if len(s.Rows) > 0 {
		left := t.table(s, "  ", dim)
		if len(left) > 0 {
			notes = append(slices.Clone(notes), "A wider terminal, and every other format, has more: "+strings.Join(left, ", ")+".")
		}
	}
	if len(notes) > 0 {
		t.line("")
	}
	for _, note := range notes {
		t.wrap("", note)
	}
}

// table writes the columns and rows of a sheet, and returns the titles of the columns
// that a narrow terminal has no room for.
func (t *textWriter) table(s *sheet, indent, titleColor string) (left []string) {
	layout, left := s.fit(max(0, t.options.Width-len(indent)))
	t.line("")
	for _, line := range layout.lines(layout.titles) {
		t.line(t.paint(titleColor, indent+line))
	}
	for i, row := range s.Rows {
		color := ""
		if s.Marked[i] {
			color = bold
		}
		for _, line := range layout.lines(layout.folded(row)) {
			t.line(t.paint(color, indent+line))
		}
	}
	return left
}

// sheetLayout is how the table of a sheet is set in columns.
type sheetLayout struct {
	sheet *sheet
	// shown are the columns that there is room for, titles the lines of the title of
	// each, and widths how wide each is.
	shown  []int
	titles [][]string
	widths []int
}

// fit lays the table out for a width, where 0 sets no bound: titles in two lines where
// one is too wide, cells of words in several, and without what a narrow terminal can
// spare. It returns the titles of the columns that it leaves out.
func (s *sheet) fit(width int) (layout sheetLayout, left []string) {
	shown := make([]int, len(s.Columns))
	for i := range shown {
		shown[i] = i
	}
	for {
		layout = s.layout(shown, 1)
		if width == 0 || layout.total() <= width {
			return layout, left
		}
		layout = s.layout(shown, 2)
		if layout.narrow(width) {
			return layout, left
		}
		spare := slices.IndexFunc(shown, func(column int) bool { return s.Columns[column].IsSpare })
		if spare < 0 {
			return layout, left
		}
		left = append(left, strings.ToLower(s.Columns[shown[spare]].Title))
		shown = slices.Delete(shown, spare, spare+1)
	}
}

// layout makes every column as wide as its widest cell, and its title in so many lines.
func (s *sheet) layout(shown []int, titleLines int) sheetLayout {
	l := sheetLayout{sheet: s, shown: slices.Clone(shown)}
	for _, column := range shown {
		widest, title := 1, s.Columns[column].Title
		for _, row := range s.Rows {
			widest = max(widest, columns(row[column]))
		}
		lines := wrapped(title, widest)
		for len(lines) > titleLines {
			widest++
			lines = wrapped(title, widest)
		}
		l.titles, l.widths = append(l.titles, lines), append(l.widths, max(widest, longestOf(lines)))
	}
	return l
}

func longestOf(texts []string) (longest int) {
	for _, text := range texts {
		longest = max(longest, columns(text))
	}
	return longest
}

// total is how wide the table is, with two columns between each.
func (l *sheetLayout) total() int {
	total := -2
	for _, width := range l.widths {
		total += 2 + width
	}
	return total
}

// narrow takes room from columns of words until the table fits, and breaks no word.
func (l *sheetLayout) narrow(width int) bool {
	for l.total() > width {
		most, at := 0, -1
		for i, column := range l.shown {
			if l.sheet.Columns[column].IsNumber {
				continue
			}
			least := longestOf(l.titles[i])
			for _, row := range l.sheet.Rows {
				least = max(least, longestOf(strings.Split(row[column], " ")))
			}
			if room := l.widths[i] - least; room > most {
				most, at = room, i
			}
		}
		if at < 0 {
			return false
		}
		l.widths[at]--
	}
	return true
}

// folded returns the lines of each cell that is shown.
func (l *sheetLayout) folded(row []string) (cells [][]string) {
	for i, column := range l.shown {
		cells = append(cells, wrapped(row[column], l.widths[i]))
	}
	return cells
}

// lines sets cells of several lines side by side.
func (l *sheetLayout) lines(cells [][]string) (lines []string) {
	for at := 0; ; at++ {
		line, isOver := "", true
		for i, cell := range cells {
			text := ""
			if at < len(cell) {
				text, isOver = cell[at], false
			}
			if l.sheet.Columns[l.shown[i]].IsNumber {
				text = strings.Repeat(" ", max(0, l.widths[i]-columns(text))) + text
			}
			if i > 0 {
				line += "  "
			}
			line += padded(text, l.widths[i])
		}
		if isOver {
			return lines
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
}
