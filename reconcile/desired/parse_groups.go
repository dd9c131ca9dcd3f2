package desired

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// groupParts is a group as it is written, until everything is read that it inherits
// from or refers to.
type groupParts struct {
	reconcile.Group
	// inactive is the rule about inactivity; nil where the group does not speak of it,
	// or says never.
	inactive *yaml.Node
}

// never is the value of inactive for people who are never released for inactivity.
const never = "never"

// longestGroupName keeps tables readable, in bytes.
const longestGroupName = 64

func (p *fileParser) parseGroups(node *yaml.Node, name string) {
	p.items(node, name, func(value *yaml.Node) {
		p.groups = append(p.groups, p.parseGroup(value))
	})
}

func (p *fileParser) parseGroup(node *yaml.Node) groupParts {
	group := groupParts{Group: reconcile.Group{At: p.position(node)}}
	problems := len(p.problems)
	p.mapping(node, "a group",
		key{"name", into(&group.Name, p.parseGroupName)},
		key{"match", into(&group.Match, p.parsePatterns)},
		key{"files", into(&group.Files, p.parseTexts)},
		key{"roster", into(&group.Roster, p.parseTexts)},
		key{"inactive", p.at(&group.InactiveAt, func(value *yaml.Node, name string) {
			if value.Kind == yaml.MappingNode {
				group.Inactive, group.inactive = p.parseInactive(value, name), value
			} else if value.Kind != yaml.ScalarNode || value.Value != never {
				p.problem(value, "inactive: expected never, or keys such as {after: 30d}, got %s", kindOf(value))
			}
		})},
		key{"protected", p.at(&group.ProtectedAt, into(&group.Protected, p.isTrue))},
		key{"price", into(&group.Price, p.parsePrice)},
	)
	p.require(node, "name", "the group has no name: write one, reports show it")
	if len(group.Match)+len(group.Files)+len(group.Roster) == 0 && len(p.problems) == problems {
		p.problem(node, "the group %s has nobody: say who is in it with match, files or roster", group.Name)
	}
	return group
}

// parseGroupName reads a name, which must differ from all others in more than case.
func (p *fileParser) parseGroupName(node *yaml.Node, key string) string {
	name, ok := p.text(node, key)
	if !ok {
		return ""
	}
	isOther := func(r rune) bool { return r != ' ' && isInvisible(r) || r == utf8.RuneError }
	if len(name) > longestGroupName || strings.ContainsFunc(name, isOther) || strings.TrimSpace(name) != name {
		p.problem(node, "name: %q is not a name: write at most %d bytes of visible text", name[:min(len(name), longestGroupName)], longestGroupName)
		return ""
	}
	for i := range p.groups {
		if strings.EqualFold(p.groups[i].Name, name) {
			p.problem(node, "name: duplicate group %q, first defined on line %d: give each a name of its own", name, p.groups[i].At.Line)
		}
	}
	return name
}

// parseTexts reads a list of texts with their places.
func (p *fileParser) parseTexts(node *yaml.Node, what string) (texts []reconcile.Located) {
	p.items(node, what, func(value *yaml.Node) {
		if text, ok := p.text(value, what); ok {
			texts = append(texts, reconcile.Located{Text: text, At: p.position(value)})
		}
	})
	return texts
}

// resolveGroups completes the groups, once the files are known and all of the policy
// is read.
func (p *fileParser) resolveGroups(files []string) {
	for i := range p.groups {
		group := p.groups[i].Group
		group.Files = p.resolveFiles(group.Files, files)
		group.Inactive = p.inherit(&p.groups[i])
		p.desired.Groups = append(p.desired.Groups, group)
	}
}

// resolveFiles returns the files that a group names, as they are spelled elsewhere.
// Like those of include, their names are relative to the folder of the root file.
func (p *fileParser) resolveFiles(named []reconcile.Located, files []string) (found []reconcile.Located) {
	root := files[0]
	for _, name := range named {
		wanted := path.Clean(filepath.ToSlash(name.Text))
		i := slices.IndexFunc(files, func(file string) bool { return relativeTo(root, file) == wanted })
		if i < 0 {
			p.problemAt(name.At.Line, name.At.Column, "files: %q is neither this file nor one that it includes: correct it, or add it to include", name.Text)
			continue
		}
		found = append(found, reconcile.Located{Text: files[i], At: name.At})
	}
	return found
}

// relativeTo returns the path of a file within the folder of the root file.
func relativeTo(root, file string) string {
	relative, err := filepath.Rel(filepath.Dir(root), file)
	if err != nil {
		return file
	}
	return filepath.ToSlash(relative)
}

// inherit returns the rule about inactivity of a group, nil for none: what it does not
// say the policy says, key by key.
func (p *fileParser) inherit(group *groupParts) *reconcile.InactivePolicy {
	usual := p.desired.Policy.Inactive
	switch {
	case group.InactiveAt.IsZero():
		return usual
	case group.Inactive == nil:
		return nil
	}
	own, notice, announced := *group.Inactive, valueOf(group.inactive, "notice"), valueOf(group.inactive, "announced")
	if usual != nil {
		if own.AfterAt.IsZero() {
			own.After, own.AfterAt = usual.After, usual.AfterAt
		}
		if own.NeverAfterAt.IsZero() {
			own.NeverAfter, own.NeverAfterAt = usual.NeverAfter, usual.NeverAfterAt
		}
		if notice == nil {
			own.Notice = usual.Notice
		}
		if announced == nil {
			own.Announced = usual.Announced
		}
	}
	p.checkInactive(&own, group.inactive, cmp.Or(announced, notice, group.inactive))
	return &own
}
