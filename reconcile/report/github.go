package report

import (
	"bufio"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seatsync/seatsync/reconcile"
)

// mostAnnotations is how many annotations of each level GitHub takes from one
// step; it drops the rest without a word.
const mostAnnotations = 10

// mostNamed is how many users one annotation names when several changes come
// from the same line of a file, as those of a policy do.
const mostNamed = 5

// The levels: how prominently GitHub shows an annotation.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

// annotation is a note on a line of a file in a pull request.
type annotation struct {
	Level    string
	Position reconcile.Position
	Title    string
	// Users are the first of those whom the note is about, About is how many
	// there are, Text is the rest of it.
	Users []string
	About int
	Text  string
}

// writeGitHub writes workflow commands that put the changes and findings on
// their lines of a pull request: the verdict, then as many of each level as
// GitHub takes, then in plain words how many were left out.
func writeGitHub(out *bufio.Writer, view *View) {
	writeAnnotation(out, &annotation{Level: levelNotice, Title: "seatsync", Text: view.Verdict.Sentence})
	verdicts := 1
	if view.Review != nil && view.Review.Anyway != "" {
		writeAnnotation(out, &annotation{Level: levelNotice, Title: "seatsync", Text: view.Review.Anyway})
		verdicts++
	}
	changes, findings := view.changeAnnotations(), view.findingAnnotations()
	var left []string
	for _, level := range [...]string{levelError, levelWarning, levelNotice} {
		room := mostAnnotations
		if level == levelNotice {
			room -= verdicts
		}
		some, others := changes[level], findings[level]
		// A long list of changes leaves room for a few findings.
		forFindings := min(others.total, max(room-some.total, 3))
		shown := slices.Concat(some.first[:min(some.total, room-forFindings)], others.first[:forFindings])
		for _, note := range shown {
			writeAnnotation(out, note)
		}
		if all := some.total + others.total; all > len(shown) {
			left = append(left, reconcile.Count(all-len(shown), level))
		}
	}
	if len(left) > 0 {
		_, _ = fmt.Fprintf(out, "%s left out, because GitHub shows %d of a kind: the job summary and --format text have them\n",
			strings.Join(left, ", "), mostAnnotations)
	}
}

// annotations are the first notes of a level, and how many there are.
type annotations struct {
	first []*annotation
	total int
}

// add keeps a note if GitHub could show it.
func (a *annotations) add(note *annotation) {
	if a.total++; a.total <= mostAnnotations {
		a.first = append(a.first, note)
	}
}

// levels returns an empty list for each level.
func levels() map[string]*annotations {
	return map[string]*annotations{levelError: {}, levelWarning: {}, levelNotice: {}}
}

// changeAnnotations returns a note for each line of a file and kind of change
// on it: first what will be done, or was, then what is held.
func (v *View) changeAnnotations() map[string]*annotations {
	type key struct {
		level    string
		position reconcile.Position
		title    string
	}
	at := make(map[key]*annotation)
	notes := levels()
	add := func(row *Row, position reconcile.Position, level, title, text string) {
		k := key{level, position, title}
		note := at[k]
		if note == nil {
			note = &annotation{Level: level, Position: position, Title: title, Text: text}
			at[k] = note
			notes[level].add(note)
		}
		if note.About++; note.About <= mostNamed {
			note.Users = append(note.Users, row.Person)
		}
		if note.Text != text {
			note.Text = "" // each has a reason of their own
		}
	}
	for _, i := range append(allMembers(v.Pending), allMembers(v.Held)...) {
		row := v.Row(i)
		level, title, text := row.annotate()
		add(&row, row.Source, level, title, text)
	}
	if v.Review != nil && v.Review.Gone != nil {
		for _, i := range v.Review.Gone.members() {
			row := v.Review.Gone.Row(i)
			_, title, text := row.annotate()
			add(&row, reconcile.Position{}, levelNotice, "gone: "+title, text) // its line is one of the base
		}
	}
	return notes
}

// annotate says how an annotation shows a change.
func (r *Row) annotate() (level, title, text string) {
	level, title, text = levelNotice, value(string(r.Kind)), r.Effect+"; "+r.Why
	switch {
	case r.Hold != "":
		return level, title + " " + r.State, r.Effect + "; held back: " + r.Hold
	case r.Mark == markBroken:
		level = levelError
	case r.Mark == markWaiting, r.Mark != markDone && r.TakesAway():
		level = levelWarning
	}
	if r.Mark != "" && r.Mark != markMissing {
		title += " " + r.State
	}
	if r.Failure != "" {
		text = r.Effect + "; " + r.Failure
	}
	return level, title, text
}

// findingAnnotations returns a note for each finding, the most severe first.
func (v *View) findingAnnotations() map[string]*annotations {
	notes := levels()
	for _, group := range v.Findings {
		for _, i := range group.Members {
			row := v.Finding(i)
			level := map[string]string{markBroken: levelError, markInfo: levelNotice, markWarning: levelWarning}[row.Mark]
			note := &annotation{Level: level, Title: group.Key, Text: row.Text}
			if source := v.plan.Findings[i].Source; source != nil {
				note.Position = *source
			}
			notes[level].add(note)
		}
	}
	return notes
}

// message is the text of an annotation.
func (a *annotation) message() string {
	switch a.About {
	case 0:
		return a.Text
	case 1:
		return a.Users[0] + ": " + a.Text
	}
	rest := ""
	if a.About > mostNamed {
		rest = " and " + reconcile.Number(a.About-mostNamed) + " more"
	}
	if a.Text != "" {
		rest += ": " + a.Text
	}
	from := " from this line, "
	if a.Position.IsZero() {
		from = ", "
	}
	return reconcile.Count(a.About, "user") + from + strings.Join(a.Users, ", ") + rest
}

// writeAnnotation writes one workflow command.
func writeAnnotation(out *bufio.Writer, a *annotation) {
	properties := "title=" + property(a.Title)
	if a.Position.File != "" {
		place := "file=" + property(value(a.Position.File))
		if a.Position.Line > 0 {
			place += ",line=" + strconv.Itoa(a.Position.Line)
		}
		properties = place + "," + properties
	}
	_, _ = fmt.Fprintf(out, "::%s %s::%s\n", a.Level, properties, commandData(a.message()))
}

// commandData escapes the message of a workflow command, as the runner decodes
// it. Line breaks have become visible escapes before; they are here so that the
// function is right by itself.
func commandData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// property escapes a property of a workflow command.
func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
