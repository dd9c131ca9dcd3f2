package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// Format is a way to write a plan. Its value is what users pass to --format.
type Format string

// The formats.
const (
	// Text is for an administrator in a terminal.
	Text Format = "text"
	// JSON is for programs, and the form in which a plan is saved.
	JSON Format = "json"
	// Markdown is for a pull-request comment or a job summary.
	Markdown Format = "markdown"
	// HTML is one page that needs nothing beside itself.
	HTML Format = "html"
	// CSV is for a spreadsheet: one row a change.
	CSV Format = "csv"
	// FindingsCSV is CSV with one row a finding, all of them; for files only.
	FindingsCSV Format = "findings-csv"
	// GitHub is workflow commands that annotate the lines of a pull request.
	GitHub Format = "github"
)

// Formats lists the formats in the order in which help shows them.
func Formats() []Format { return []Format{Text, JSON, Markdown, HTML, CSV, GitHub} }

// FileFormats lists the formats of files: those of [Formats], and [FindingsCSV].
func FileFormats() []Format { return append(Formats(), FindingsCSV) }

// ProseFormats lists the formats of what is read and not counted: explanations and the
// difference of two plans.
func ProseFormats() []Format { return []Format{Text, JSON, Markdown} }

// ParseFormat returns the format of that name. The error lists the valid ones.
func ParseFormat(name string) (Format, error) { return parseFormat(name, Formats()) }

// ParseFileFormat is [ParseFormat] for [FileFormats].
func ParseFileFormat(name string) (Format, error) { return parseFormat(name, FileFormats()) }

func parseFormat(name string, formats []Format) (Format, error) {
	if slices.Contains(formats, Format(name)) {
		return Format(name), nil
	}
	return "", fmt.Errorf("unknown format %q: use one of %s", name, listFormats(formats))
}

func listFormats(formats []Format) string {
	names := make([]string, len(formats))
	for i, format := range formats {
		names[i] = string(format)
	}
	return strings.Join(names, ", ")
}

// checkFormat returns an error for a format that something does not have.
func checkFormat(what string, format Format, formats ...Format) error {
	if slices.Contains(formats, format) {
		return nil
	}
	return fmt.Errorf("%s has no format %q: use one of %s", what, format, listFormats(formats))
}

// Options say how a report is to look. The zero value is right for a file.
type Options struct {
	// Color lets text use the colours of a terminal.
	Color bool
	// Width is the number of columns that text may use; 0 sets no bound, which
	// is right for files and pipes.
	Width int
	// Rows is the most rows that text shows of one group of held changes or
	// findings: 0 is 10, and a negative number is all. Changes that will be
	// carried out are always shown.
	Rows int
	// Brief leaves out of text what a reader has seen a moment ago in the plan:
	// the held changes and the findings, and of a run what was applied. Their
	// numbers stay.
	Brief bool
}

// Write writes the plan, and its run if it has one, to w in the given format.
// It writes as it goes, so a report of 100,000 changes is never held in memory
// whole; after an error of w, w holds the beginning of a report.
func Write(w io.Writer, format Format, plan *reconcile.Plan, options Options) error {
	return buffered(w, fmt.Sprintf("the %s report", format), func(out *bufio.Writer) error { return writeTo(out, format, plan, options) })
}

// buffered writes through a buffer. Its error says what was written.
func buffered(w io.Writer, what string, write func(out *bufio.Writer) error) error {
	out := bufio.NewWriterSize(w, 64<<10)
	err := write(out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}

// writeTo picks the writer of the format. A bufio.Writer remembers its first
// error, so the writers need not look at each result; Flush returns it.
func writeTo(out *bufio.Writer, format Format, plan *reconcile.Plan, options Options) error {
	switch format {
	case Text:
		writeText(out, NewView(plan), options)
	case JSON:
		return writeJSON(out, plan)
	case Markdown:
		writeMarkdown(out, NewView(plan), commentLimit)
	case HTML:
		return writeHTML(out, NewView(plan))
	case CSV:
		writeCSV(out, NewView(plan))
	case FindingsCSV:
		writeFindingsCSV(out, plan)
	case GitHub:
		writeGitHub(out, NewView(plan))
	default:
		_, err := ParseFormat(string(format))
		return err
	}
	return nil
}
