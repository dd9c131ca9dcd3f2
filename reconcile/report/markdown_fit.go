package report

import (
	"bufio"
	"fmt"

	"github.com/seatsync/seatsync/reconcile"
)

// writeSections writes a report in at most limit bytes. What stands at its head
// and its foot always fits; rows are left out, and counted, where they do not.
func writeSections(out *bufio.Writer, limit int, head string, sections []*section, foot string) {
	fit(sections, limit-len(head)-len(foot))
	_, _ = out.WriteString(head)
	for _, section := range sections {
		section.writeTo(out)
	}
	_, _ = out.WriteString(foot)
}

// section is a table of a Markdown report, of which rows may be left out.
type section struct {
	// Open and Close stand around the rows.
	Open, Close string
	// Rows are the rows that may be shown, Total how many there are in all.
	Rows  []string
	Total int
	// shown is the number of rows that fit; -1 when the whole section does not.
	shown int
}

// fill adds rows until all are there or more than limit bytes are.
func (s *section) fill(limit int, row func(i int) string) {
	size := 0
	for i := range s.Total {
		s.Rows = append(s.Rows, row(i))
		if size += len(s.Rows[i]); size > limit {
			return
		}
	}
}

// leftOut is the line that counts what a section does not show.
func leftOut(n int) string {
	return fmt.Sprintf("\n… and %s left out here: `--format csv` and `--format json` list all\n", reconcile.Count(n, "row"))
}

// frame is the number of bytes that a section takes up without rows.
func (s *section) frame() int { return len(s.Open) + len(s.Close) + len(leftOut(s.Total)) }

// writeTo writes the rows that fit, and how many did not.
func (s *section) writeTo(out *bufio.Writer) {
	if s.shown < 0 {
		return
	}
	_, _ = out.WriteString(s.Open)
	for _, row := range s.Rows[:s.shown] {
		_, _ = out.WriteString(row)
	}
	if left := s.Total - s.shown; left > 0 {
		_, _ = out.WriteString(leftOut(left))
	}
	_, _ = out.WriteString(s.Close)
}

// fit decides how many rows of each section are shown so that all sections
// together take up at most limit bytes. First every section gets rows up to an
// equal part of half the space, so that a long table does not hide that there
// are others; then the sections are filled up in their order.
func fit(sections []*section, limit int) {
	left := limit
	kept := sections[:0:0]
	for _, s := range sections {
		if s.shown = 0; s.frame() > left {
			s.shown = -1
			continue
		}
		left -= s.frame()
		kept = append(kept, s)
	}
	if len(kept) == 0 {
		return
	}
	part := left / 2 / len(kept)
	for _, s := range kept {
		left -= s.take(part)
	}
	for _, s := range kept {
		left -= s.take(left)
	}
}

// take shows as many further rows as fit into space bytes and returns the
// number of bytes that they take up.
func (s *section) take(space int) int {
	used := 0
	for s.shown < len(s.Rows) && used+len(s.Rows[s.shown]) <= space {
		used += len(s.Rows[s.shown])
		s.shown++
	}
	return used
}
