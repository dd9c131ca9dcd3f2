package desired

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seatsync/seatsync/reconcile"
)

// Limits of a roster, far above what organisations have, that keep its memory bounded.
const (
	maxRosterSize   = 128 << 20
	maxRosterRows   = 1_500_000
	maxRosterRecord = 1 << 20
	shownStatuses   = 5
)

// rosterReader reads a roster: CSV as in RFC 4180, with a header line, and with or
// without a byte order mark. What is wrong in it is a problem at its line, and then
// nothing of it counts. No problem quotes anything of a file without the column of
// the emails, which may be the wrong file, with secrets in it.
type rosterReader struct {
	document
	spec *rosterSpec
	zone *time.Location

	email, status, group, asOf int                 // columns; -1 where there is none
	groups                     map[string][]string // one for each name, shared
	statuses                   map[string]string   // one for each spelling, shared
	oldest                     time.Time
}

const byteOrderMark = "\ufeff"

// read reads all rows into the roster.
func (r *rosterReader) read(data []byte) {
	if len(data) > maxRosterSize {
		r.problemAt(0, 0, "the roster is larger than %d MiB: export fewer columns", maxRosterSize>>20)
		return
	}
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if line, column := invalidUTF8(data); line > 0 {
		r.problemAt(line, column, "the roster is not UTF-8: export it as CSV in UTF-8")
		return
	}
	limited := &recordLimit{from: bytes.NewReader(data)}
	rows := csv.NewReader(limited)
	rows.ReuseRecord = true
	header := r.next(rows, limited)
	switch {
	case len(r.problems) > 0:
		return
	case header == nil:
		r.problemAt(1, 1, "the roster is empty: it needs a header line and a row for each person")
		return
	case !r.findColumns(header, rows):
		return
	}
	r.groups, r.statuses = make(map[string][]string), make(map[string]string)
	r.spec.roster.People = make(map[string]reconcile.RosterPerson, min(bytes.Count(data, []byte("\n")), maxRosterRows))
	count := 0
	for record := r.next(rows, limited); record != nil && r.unlisted == 0; record = r.next(rows, limited) {
		if count++; count > maxRosterRows {
			line, _ := rows.FieldPos(0)
			r.problemAt(line, 1, "the roster has more than %d rows", maxRosterRows)
			return
		}
		r.readRow(record, rows)
	}
	if len(r.problems) == 0 {
		r.finish(count)
	}
}

// next returns the next row that has as many cells as the header, and nil at the
// end or where nothing more can be read.
func (r *rosterReader) next(rows *csv.Reader, limited *recordLimit) []string {
	for {
		limited.left = maxRosterRecord
		record, err := rows.Read()
		switch {
		case err == nil:
			return record
		case errors.Is(err, io.EOF):
			return nil
		}
		r.csvProblem(err)
		if !errors.Is(err, csv.ErrFieldCount) || r.unlisted > 0 {
			return nil
		}
	}
}

// recordLimit ends a reading in which one record is longer than it may be.
type recordLimit struct {
	from io.Reader
	left int
}

var errRecordTooLong = errors.New("a row is longer than 1 MiB: a quote that is not closed may be the cause")

func (l *recordLimit) Read(buffer []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRecordTooLong
	}
	n, err := l.from.Read(buffer[:min(len(buffer), l.left)])
	l.left -= n
	return n, err
}

// csvProblem records why a row cannot be read.
func (r *rosterReader) csvProblem(err error) {
	line, column := 1, 1
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		line, column, err = parse.Line, max(1, parse.Column), parse.Err
	}
	if errors.Is(err, csv.ErrFieldCount) {
		r.problemAt(line, column, "the row has another number of cells than the header: put a cell that has a comma in it in quotes")
		return
	}
	r.problemAt(line, column, "not valid CSV: %v", err)
}

// findColumns finds the columns in the header, and reports whether all are there.
func (r *rosterReader) findColumns(header []string, rows *csv.Reader) bool {
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	find := func(wanted reconcile.Located) int {
		index := slices.Index(header, wanted.Text)
		switch {
		case wanted.Text == "":
			return -1
		case index < 0:
			hint := "name the column as the header has it"
			if suggestion := nearest(wanted.Text, header); suggestion != "" {
				hint = "did you mean \"" + suggestion + "\"?"
			} else if len(header) == 1 {
				hint = "the header has a single cell: separate the columns by commas"
			}
			line, column := rows.FieldPos(0)
			r.problemAt(line, column, "the roster has no column %q (%s:%d): %s", wanted.Text, wanted.At.File, wanted.At.Line, hint)
		case slices.Contains(header[index+1:], wanted.Text):
			line, column := rows.FieldPos(index)
			r.problemAt(line, column, "the roster has two columns %q: rename one", wanted.Text)
		}
		return index
	}
	r.email, r.status, r.group, r.asOf = find(r.spec.email), find(r.spec.status), find(r.spec.group), find(r.spec.asOf)
	return len(r.problems) == 0
}

// readRow takes in what a row says of its person.
func (r *rosterReader) readRow(record []string, rows *csv.Reader) {
	line, column := rows.FieldPos(r.email)
	key := reconcile.EmailKey(record[r.email])
	if key == "" {
		r.problemAt(line, column, "the row has no email in the column %q: fill it in, or leave the row out of the export", r.spec.email.Text)
		return
	}
	if err := checkEmail(strings.TrimSpace(record[r.email])); err != nil {
		r.problemAt(line, column, "%v: correct the column %q, or leave the row out of the export", err, r.spec.email.Text)
		return
	}
	if r.asOf >= 0 {
		r.readDate(record[r.asOf], rows)
	}
	row := reconcile.RosterPerson{Works: reconcile.True, Line: line}
	if r.status >= 0 {
		row.Says, row.Works = r.readStatus(record[r.status])
	}
	if r.group >= 0 {
		row.Groups = r.groupsOf(record[r.group])
	}
	person, isKnown := r.spec.roster.People[key]
	if !isKnown {
		key = strings.Clone(key) // the record would stay in memory with it
	}
	r.spec.roster.People[key] = merged(person, isKnown, row)
}

// merged adds a row to what the rows before say of a person: one that says that they
// work here is enough, and of those who are gone a blank status takes nothing back.
func merged(person reconcile.RosterPerson, isKnown bool, row reconcile.RosterPerson) reconcile.RosterPerson {
	switch {
	case !isKnown || row.Works == reconcile.True && person.Works != reconcile.True:
		return row
	case person.Works == reconcile.True && row.Works != reconcile.True:
		return person
	case person.Works == reconcile.Unknown && row.Works == reconcile.False:
		row.Groups = union(person.Groups, row.Groups)
		return row
	}
	person.Groups = union(person.Groups, row.Groups)
	return person
}

// union returns the groups of both lists.
func union(groups, more []string) []string {
	for _, group := range more {
		if !slices.Contains(groups, group) {
			groups = append(slices.Clip(groups), group)
		}
	}
	return groups
}

// readStatus returns a status as it is written, and what it says.
func (r *rosterReader) readStatus(cell string) (says string, works reconcile.Flag) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return "", reconcile.Unknown
	}
	says, isKnown := r.statuses[cell]
	if !isKnown {
		says = strings.Clone(cell)
		r.statuses[says] = says
	}
	return says, reconcile.FlagOf(slices.Contains(r.spec.active, statusKey(cell)))
}

// groupsOf returns the group of a cell, if it has one.
func (r *rosterReader) groupsOf(cell string) []string {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	groups, isKnown := r.groups[cell]
	if !isKnown {
		groups = []string{strings.Clone(cell)}
		r.groups[groups[0]] = groups
	}
	return groups
}

// dateForms are the forms of a date or a moment that mean the same everywhere.
var dateForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02 15:04"}

// readDate takes in the date of the export. Where rows have several, the oldest counts.
func (r *rosterReader) readDate(cell string, rows *csv.Reader) {
	cell = strings.TrimSpace(cell)
	var at time.Time
	if day, err := reconcile.ParseDate(cell); err == nil {
		at = day.Begin(r.zone)
	} else {
		for _, form := range dateForms {
			if at, err = time.Parse(form, cell); err == nil {
				break
			}
		}
		if err != nil {
			line, column := rows.FieldPos(r.asOf)
			r.problemAt(line, column, "as_of: %q is not a date: write for instance 2027-03-31 or 2027-03-31T06:00:00Z", shortened(cell))
			return
		}
	}
	if r.oldest.IsZero() || at.Before(r.oldest) {
		r.oldest = at
	}
}

// finish checks what holds for the roster as a whole.
func (r *rosterReader) finish(rows int) {
	if rows == 0 {
		r.problemAt(1, 1, "the roster is empty: it has a header line and names nobody")
		return
	}
	if r.asOf >= 0 {
		r.spec.roster.AsOf = r.oldest
	}
	if r.status < 0 {
		return
	}
	for _, person := range r.spec.roster.People {
		if person.Works == reconcile.True {
			return
		}
	}
	r.problemAt(1, 1, "nobody in the roster is active: the column %q has %s, and active (%s:%d) none of them",
		r.spec.status.Text, r.seenStatuses(), r.spec.status.At.File, r.spec.status.At.Line)
}

// seenStatuses lists the first statuses of the roster, for people.
func (r *rosterReader) seenStatuses() string {
	var seen []string
	for status := range r.statuses {
		seen = append(seen, shortened(status))
	}
	if len(seen) == 0 {
		return "only blank cells"
	}
	slices.Sort(seen)
	if more := len(seen) - shownStatuses; more > 0 {
		seen = append(seen[:shownStatuses], reconcile.Count(more, "other value"))
	}
	return strings.Join(seen, ", ")
}

// shortened cuts a value from outside to what a message needs.
func shortened(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
