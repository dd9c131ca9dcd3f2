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

// rosterSpec is what the desired state says of its roster, before that is read.
type rosterSpec struct {
	file, email, status, group, asOf reconcile.Located
	active                           []string // in the form of statusKey
	roster                           *reconcile.Roster
}

// parseRoster reads the key roster.
func (p *fileParser) parseRoster(node *yaml.Node, name string) {
	roster := &reconcile.Roster{At: p.position(node)}
	spec := &rosterSpec{roster: roster}
	problems := len(p.problems)
	p.mapping(node, name,
		key{"file", into(&spec.file, p.parseRosterFile)},
		key{"email", into(&spec.email, p.locatedText)},
		key{"status", into(&spec.status, p.locatedText)},
		key{"active", into(&spec.active, p.parseActive)},
		key{"group", into(&spec.group, p.locatedText)},
		key{"complete", into(&roster.Complete, p.isTrue)},
		key{"at_least", p.at(&roster.AtLeastAt, into(&roster.AtLeast, p.parseAtLeast))},
		key{"as_of", into(&spec.asOf, p.locatedText)},
		key{"max_age", p.at(&roster.MaxAgeAt, into(&roster.MaxAge, p.parseMaxAge))},
	)
	if len(p.problems) > problems || node.Kind != yaml.MappingNode {
		return
	}
	switch {
	case spec.file.Text == "":
		p.problem(node, "roster: file is missing: write the name of the export, for instance file: people.csv")
	case spec.email.Text == "":
		p.problem(node, "roster: email is missing: write the name of the column with the email, for instance email: Login")
	case spec.status.Text != "" && len(spec.active) == 0:
		p.problem(node, "roster: active is missing: write the values of the column %q that mean that someone works here", spec.status.Text)
	case spec.status.Text == "" && len(spec.active) > 0:
		p.problem(node, "roster: status is missing: write the name of the column that has the values of active")
	default:
		p.roster = spec
	}
}

func (p *fileParser) parseRosterFile(node *yaml.Node, name string) reconcile.Located {
	file := p.locatedText(node, name)
	if err := checkRosterName(file.Text); err != nil {
		p.problem(node, "file: %v", err)
	}
	return file
}

func (p *fileParser) parseActive(node *yaml.Node, name string) (active []string) {
	p.items(node, "values", func(item *yaml.Node) {
		if text, ok := p.literal(item, name); ok {
			active = append(active, statusKey(text))
		}
	})
	return active
}

func (p *fileParser) parseAtLeast(node *yaml.Node, name string) (least reconcile.ReleaseLimit) {
	if text, ok := p.literal(node, name); ok && addToLimit(&least, text) != nil {
		p.problem(node, "at_least: %q is not a number of seat holders: write a percentage such as 50%%, or a count", text)
	}
	return least
}

func (p *fileParser) parseMaxAge(node *yaml.Node, name string) time.Duration {
	age := p.parseDuration(node, name)
	if node.Value == "0" {
		p.problem(node, "max_age: a roster is never that young: write for instance 7d, or remove the key")
	}
	return age
}

// locatedText reads a text with its place.
func (p *fileParser) locatedText(node *yaml.Node, what string) reconcile.Located {
	return reconcile.Located{Text: strings.TrimSpace(p.plainText(node, what)), At: p.position(node)}
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
	if at := p.desired.Policy.DepartedAt; p.roster == nil && p.desired.Policy.Departed == reconcile.HolderRelease {
		p.problemAt(at.Line, at.Column, "departed: no roster says who is gone: add the key roster, or remove this one")
	}
	for i := range p.groups {
		for _, value := range p.groups[i].Roster {
			switch {
			case p.roster == nil:
				p.problemAt(value.At.Line, value.At.Column, "roster: this file has no roster with groups: add the key roster, or remove this one")
			case p.roster.group.Text == "":
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
	isDatedByGit := roster.MaxAge > 0 && spec.asOf.Text == ""
	found, err := beside.Roster(path.Clean(filepath.ToSlash(spec.file.Text)), isDatedByGit)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: no such file beside this one: export it first", spec.file.Text)
	}
	if err != nil {
		p.problemAt(spec.file.At.Line, spec.file.At.Column, "roster: %v", err)
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
