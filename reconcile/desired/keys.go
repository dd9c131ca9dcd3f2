package desired

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// reader reads the value of a key, and puts it where it belongs. It is given the name
// of the key too, for messages.
type reader func(value *yaml.Node, name string)

// key is one key of a mapping.
type key struct {
	name string
	read reader
}

// namesOf lists the names of keys.
func namesOf(keys []key) []string {
	names := make([]string, len(keys))
	for i := range keys {
		names[i] = keys[i].name
	}
	return names
}

// mapping reads a mapping by the list of its keys.
func (d *document) mapping(node *yaml.Node, what string, keys ...key) {
	d.fields(node, what, namesOf(keys), func(name string, value *yaml.Node) bool {
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		if i >= 0 {
			keys[i].read(value, name)
		}
		return i >= 0
	})
}

// require records a problem of a mapping without a key.
func (d *document) require(node *yaml.Node, name, problem string) {
	if node.Kind == yaml.MappingNode && valueOf(node, name) == nil {
		d.problem(node, "%s", problem)
	}
}

// into returns what reads a value into a variable.
func into[T any](variable *T, read func(value *yaml.Node, name string) T) reader {
	return func(value *yaml.Node, name string) { *variable = read(value, name) }
}

// at returns what notes the place of a value too.
func (d *document) at(place *reconcile.Position, read reader) reader {
	return func(value *yaml.Node, name string) {
		*place = d.position(value)
		read(value, name)
	}
}

// oneOf returns what reads one of some words, or "" after recording a problem.
func oneOf[T ~string](d *document, words ...T) func(*yaml.Node, string) T {
	return func(value *yaml.Node, name string) T {
		texts := make([]string, len(words))
		for i, word := range words {
			if texts[i] = string(word); value.Kind == yaml.ScalarNode && value.Value == texts[i] {
				return word
			}
		}
		d.problem(value, "%s: expected %s, got %s", name, strings.Join(texts, " or "), kindOf(value))
		return ""
	}
}
