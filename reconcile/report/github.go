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

// level is how prominently GitHub shows an annotation.
type level string

const (
	levelError   level = "error"
	levelWarning level = "warning"
	levelNotice  level = "notice"
)

// annotation is a note on a line of a file in a pull request.
type annotation struct {
	Level    level
	Position reconcile.Position
	Title    string
	// Users are those whom the note is about, Text is the rest of it.
	Users []string
	Text  string
}

// writeGitHub writes workflow commands that put the changes and findings on
// their lines of a pull request: the verdict, then as many of each level as
// GitHub takes, then in plain words how many were left out.
func writeGitHub(out *bufio.Writer, plan *reconcile.Plan) {
	verdict := annotation{Level: levelNotice, Title: "seatsync", Text: judge(plan).Sentence}
	writeAnnotation(out, &verdict)
	changes, findings := changeAnnotations(plan), findingAnnotations(plan)
	var left []string
	for _, level := range [...]level{levelError, levelWarning, levelNotice} {
		room := mostAnnotations
		if level == levelNotice {
			room-- // the verdict is one
		}
		ofLevel := func(a annotation) bool { return a.Level != level }
		some := slices.DeleteFunc(slices.Clone(changes), ofLevel)
		others := slices.DeleteFunc(slices.Clone(findings), ofLevel)
		all := len(some) + len(others)
		// A long list of changes leaves room for a few findings.
		forFindings := min(len(others), max(room-len(some), 3))
		shown := slices.Concat(some[:min(len(some), room-forFindings)], others[:forFindings])
		for i := range shown {
			writeAnnotation(out, &shown[i])
		}
		if all > len(shown) {
			left = append(left, count(all-len(shown), string(level), string(level)+"s"))
		}
	}
	if len(left) > 0 {
		_, _ = fmt.Fprintf(out, "%s left out, because GitHub shows %d of a kind: the job summary and --format text have them\n",
			strings.Join(left, ", "), mostAnnotations)
	}
}

// changeAnnotations returns a note for each line of a file and kind of change
// on it: first what will be done, or was, then what is held.
func changeAnnotations(plan *reconcile.Plan) []annotation {
	type key struct {
		level    level
		position reconcile.Position
		title    string
	}
	at := make(map[key]int)
	var notes []annotation
	results := outcomes(plan)
	for _, pending := range [...]bool{true, false} {
		for i := range plan.Changes {
			change := &plan.Changes[i]
			if change.WillBeDone() != pending {
				continue
			}
			note := changeAnnotation(plan, results, i)
			k := key{note.Level, note.Position, note.Title}
			known, found := at[k]
			if !found {
				at[k] = len(notes)
				notes = append(notes, note)
				continue
			}
			notes[known].Users = append(notes[known].Users, note.Users...)
			if notes[known].Text != note.Text {
				notes[known].Text = "" // each has a reason of their own
			}
		}
	}
	return notes
}

// changeAnnotation returns the note about one change.
func changeAnnotation(plan *reconcile.Plan, results []*reconcile.Outcome, i int) annotation {
	change := &plan.Changes[i]
	note := annotation{
		Level: levelNotice, Position: change.Source, Title: value(string(change.Kind)),
		Users: []string{person(change)}, Text: effect(change) + "; " + sentence(change.Because),
	}
	if change.TakesAway() {
		note.Level = levelWarning
	}
	if !change.WillBeDone() {
		note.Level = levelNotice
		note.Title += " held: " + value(string(change.Held))
		note.Text = effect(change) + "; held back: " + heldBecause(change)
		return note
	}
	if results == nil || results[i] == nil {
		return note
	}
	status := results[i].Status
	note.Title += " " + statusWords(status)
	switch status {
	case reconcile.Applied:
		note.Level = levelNotice
	case reconcile.Stale, reconcile.NotReached:
		note.Level = levelWarning
	case reconcile.Failed, reconcile.NotTaken:
		note.Level = levelError
	default:
		note.Level = levelError
	}
	if why := failure(plan, results[i]); why != "" {
		note.Text = effect(change) + "; " + why
	}
	return note
}

// findingAnnotations returns a note for each finding, the most severe first.
func findingAnnotations(plan *reconcile.Plan) []annotation {
	var notes []annotation
	for _, group := range findingsByCode(plan) {
		for _, i := range group.Members {
			finding := &plan.Findings[i]
			note := annotation{Level: levelWarning, Title: value(string(finding.Code)), Text: findingText(finding)}
			switch finding.Severity {
			case reconcile.SeverityError:
				note.Level = levelError
			case reconcile.SeverityInfo:
				note.Level = levelNotice
			case reconcile.SeverityWarning:
			}
			if finding.Source != nil {
				note.Position = *finding.Source
			}
			notes = append(notes, note)
		}
	}
	return notes
}

// message is the text of an annotation.
func (a *annotation) message() string {
	switch len(a.Users) {
	case 0:
		return a.Text
	case 1:
		return a.Users[0] + ": " + a.Text
	}
	named := a.Users
	rest := ""
	if len(named) > mostNamed {
		rest = " and " + number(len(named)-mostNamed) + " more"
		named = named[:mostNamed]
	}
	if a.Text != "" {
		rest += ": " + a.Text
	}
	return count(len(a.Users), "user", "users") + " from this line, " + strings.Join(named, ", ") + rest
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
