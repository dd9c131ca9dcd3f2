package desired

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// rosterKeys are the keys under roster.
var rosterKeys = []string{"file", "email", "status", "active", "group", "complete", "at_least", "as_of", "max_age"}

// rosterSpec is what the desired state says of its roster, before that is read.
type rosterSpec struct {
	file, email, status, group, asOf located
	active                           []string // in the form of statusKey
	roster                           *reconcile.Roster
}

// located is a value with its place.
type located struct {
	text string
	at   reconcile.Position
}

// parseRoster reads the key roster.
func (p *fileParser) parseRoster(node *yaml.Node) {
	spec := &rosterSpec{roster: &reconcile.Roster{At: p.position(node)}}
	problems := len(p.problems)
	p.fields(node, "roster", rosterKeys, func(key string, at, value *yaml.Node) bool {
		return p.parseRosterKey(spec, key, value)
	})
	if len(p.problems) > problems || node.Kind != yaml.MappingNode {
		return
	}
	switch {
	case spec.file.text == "":
		p.problem(node, "roster: file is missing: write the name of the export, for instance file: people.csv")
	case spec.email.text == "":
		p.problem(node, "roster: email is missing: write the name of the column with the email, for instance email: Login")
	case spec.status.text != "" && len(spec.active) == 0:
		p.problem(node, "roster: active is missing: write the values of the column %q that mean that someone works here", spec.status.text)
	case spec.status.text == "" && len(spec.active) > 0:
		p.problem(node, "roster: status is missing: write the name of the column that has the values of active")
	default:
		p.roster = spec
	}
}

// parseRosterKey reads one key under roster.
func (p *fileParser) parseRosterKey(spec *rosterSpec, key string, value *yaml.Node) bool {
	roster := spec.roster
	switch key {
	case "file":
		spec.file = p.locatedText(value, key)
		if err := checkRosterName(spec.file.text); err != nil {
			p.problem(value, "file: %v", err)
		}
	case "email":
		spec.email = p.locatedText(value, key)
	case "status":
		spec.status = p.locatedText(value, key)
	case "active":
		p.items(value, "values", func(item *yaml.Node) {
			if text, ok := p.literal(item, "active"); ok {
				spec.active = append(spec.active, statusKey(text))
			}
		})
	case "group":
		spec.group = p.locatedText(value, key)
	case "complete":
		roster.Complete = p.flag(value, key) == reconcile.True
	case "at_least":
		roster.AtLeastAt = p.position(value)
		if text, ok := p.literal(value, key); ok && addToLimit(&roster.AtLeast, text) != nil {
			p.problem(value, "at_least: %q is not a number of seat holders: write a percentage such as 50%%, or a count", text)
		}
	case "as_of":
		spec.asOf = p.locatedText(value, key)
	case "max_age":
		roster.MaxAge, roster.MaxAgeAt = p.parseDuration(value, key), p.position(value)
		if text := value.Value; text == "0" {
			p.problem(value, "max_age: a roster is never that young: write for instance 7d, or remove the key")
		}
	default:
		return false
	}
	return true
}

// locatedText reads a text with its place.
func (p *fileParser) locatedText(node *yaml.Node, what string) located {
	text, _ := p.text(node, what)
	return located{strings.TrimSpace(text), p.position(node)}
}

// checkRosterName returns an error for a file that is not below the root file's folder.
func checkRosterName(name string) error {
	inside := path.Clean(filepath.ToSlash(name))
	switch {
	case filepath.IsAbs(name):
		return fmt.Errorf("%q is an absolute path: write it relative to this file", name)
	case inside == ".." || strings.HasPrefix(inside, "../"):
		return fmt.Errorf("%q leads out of the folder of this file: keep the roster below it", name)
	}
	return nil
}

// statusKey is the form in which statuses are compared.
func statusKey(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// checkRosterIsThere finds rules that need a roster, or its groups, where there are none.
func (p *fileParser) checkRosterIsThere() {
	if at := p.desired.Policy.DepartedAt; p.roster == nil && p.desired.Policy.Departed == reconcile.DepartedRelease {
		p.problemAt(at.Line, at.Column, "departed: no roster says who is gone: add the key roster, or remove this one")
	}
	for i := range p.groups {
		for _, value := range p.groups[i].Roster {
			switch {
			case p.roster == nil:
				p.problemAt(value.At.Line, value.At.Column, "roster: this file has no roster with groups: add the key roster, or remove this one")
			case p.roster.group.text == "":
				p.problemAt(value.At.Line, value.At.Column, "roster: the column with the group is not known: name it as group under roster")
			}
		}
	}
}

// readRoster reads the roster that the root file names, if it names one. It returns
// nil where there was nothing to read.
func (p *fileParser) readRoster(beside Beside, strictAt time.Time) *File {
	if len(p.problems) == 0 {
		p.checkRosterIsThere()
	}
	spec := p.roster
	if spec == nil {
		return nil
	}
	roster := spec.roster
	isDatedByGit := roster.MaxAge > 0 && spec.asOf.text == ""
	found, err := beside.Roster(path.Clean(filepath.ToSlash(spec.file.text)), isDatedByGit)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: no such file beside this one: export it first", spec.file.text)
	}
	if err != nil {
		p.problemAt(spec.file.at.Line, spec.file.at.Column, "roster: %v", err)
		return nil
	}
	roster.File, roster.Commit, roster.AsOf, roster.Undated = found.Name, found.Commit, found.Committed, found.Undated
	reader := rosterReader{document: document{file: found.Name}, spec: spec, zone: p.desired.Timezone}
	reader.read(found.Data)
	if len(reader.problems) == 0 && !strictAt.IsZero() {
		reader.problems = roster.CheckAge(strictAt)
	}
	p.desired.Roster = roster
	p.problems, p.unlisted = append(p.problems, reader.problems...), p.unlisted+reader.unlisted
	return &found.File
}
