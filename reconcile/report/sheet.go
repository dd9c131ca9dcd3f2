package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// sheet is a table that is not about the changes of a plan, as every format but JSON
// writes it. Its texts are inert.
type sheet struct {
	// Sentence says what it comes to, and Lead what is to be known beside it.
	Sentence string
	Lead     []string
	// Bars is a picture of it; nil where there is nothing to draw.
	Bars    *bars
	Columns []sheetColumn
	// Rows have a cell for each column. Marked are those that stand out.
	Rows   [][]string
	Marked []bool
	// Notes say how to read it.
	Notes []string
	// data is the same for programs: a header, and rows with plain numbers.
	data [][]string
	// document is what JSON gets.
	document any
}

type sheetColumn struct {
	Title    string
	IsNumber bool
	// IsSpare is true for what a narrow terminal can go without.
	IsSpare bool
}

// SheetFormats lists the formats of what is not a plan, in the order in which help
// shows them.
func SheetFormats() []Format { return []Format{Text, JSON, CSV, Markdown, HTML} }

// write writes the sheet in one of [SheetFormats].
func (s *sheet) write(w io.Writer, what string, format Format, options Options) error {
	return buffered(w, what+" as "+string(format), func(out *bufio.Writer) error {
		switch format {
		case Text:
			s.writeText(out, options)
		case JSON:
			return writeDocument(out, s.document)
		case CSV:
			rows := csv.NewWriter(out)
			rows.UseCRLF = true
			return rows.WriteAll(s.data)
		case Markdown:
			s.writeMarkdown(out)
		case HTML:
			return s.writeHTML(out)
		default:
			return checkFormat("a table", format, SheetFormats()...)
		}
		return nil
	})
}

func (s *sheet) writeMarkdown(out *bufio.Writer) {
	_, _ = fmt.Fprintf(out, "### %s\n\n", prose(s.Sentence))
	for _, text := range s.Lead {
		_, _ = fmt.Fprintf(out, "%s\n\n", prose(text))
	}
	if len(s.Rows) > 0 {
		_, _ = out.WriteString(s.markdownHead())
		for i := range s.Rows {
			_, _ = out.WriteString(s.markdownRow(i))
		}
		_, _ = out.WriteString("\n")
	}
	for _, note := range s.Notes {
		_, _ = fmt.Fprintf(out, "%s\n", prose(note))
	}
}

// markdownHead returns the titles of the columns.
func (s *sheet) markdownHead() string {
	titles, rules := "|", "|"
	for _, column := range s.Columns {
		titles += " " + inCell(prose(column.Title)) + " |"
		if rules += " --- |"; column.IsNumber {
			rules = strings.TrimSuffix(rules, " |") + ": |"
		}
	}
	return titles + "\n" + rules + "\n"
}

// markdownRow returns a row, in bold where it stands out.
func (s *sheet) markdownRow(i int) string {
	line := "|"
	for _, cell := range s.Rows[i] {
		text := inCell(prose(cell))
		if s.Marked[i] && cell != "" {
			text = "**" + text + "**"
		}
		line += " " + text + " |"
	}
	return line + "\n"
}

// writeHTML writes a page of the style of the report, which runs no script.
func (s *sheet) writeHTML(out *bufio.Writer) error {
	pages, err := template.ParseFS(pageFiles, "page/sheet.html")
	if err != nil {
		return err
	}
	var chart *Chart
	if s.Bars != nil {
		chart = s.Bars.chart()
	}
	return pages.ExecuteTemplate(out, "sheet", struct {
		*sheet
		Policy string
		Style  template.CSS
		Chart  *Chart
	}{s, ContentSecurityPolicy(), template.CSS(pageFile("page/page.css")), chart})
}

// sheetCell is a cell with what the page needs to know of it.
type sheetCell struct {
	Label, Text, Class string
	IsHead             bool
}

// Cells are the rows for the page.
func (s *sheet) Cells() [][]sheetCell {
	rows := make([][]sheetCell, len(s.Rows))
	for i, row := range s.Rows {
		for at, text := range row {
			class := ""
			if s.Columns[at].IsNumber {
				class = "number"
			}
			if s.Marked[i] {
				class += " own"
			}
			rows[i] = append(rows[i], sheetCell{Label: s.Columns[at].Title, Text: text, Class: strings.TrimSpace(class), IsHead: at == 0})
		}
	}
	return rows
}

// without drops a column that says nothing in any row.
func (s *sheet) without(title string) {
	at := slices.IndexFunc(s.Columns, func(c sheetColumn) bool { return c.Title == title })
	if at < 0 || slices.ContainsFunc(s.Rows, func(row []string) bool { return row[at] != "" }) {
		return
	}
	s.Columns = slices.Delete(slices.Clone(s.Columns), at, at+1)
	for i := range s.Rows {
		s.Rows[i] = slices.Delete(s.Rows[i], at, at+1)
	}
}
