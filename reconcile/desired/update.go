package desired

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// UpdateNames returns a file of the desired state, the root or one that it includes,
// with each name in it as the account has it, and how many differed. Everything else
// stays to the byte. A name stays too where the entry has none, the account has none,
// and where it is not certain who is meant. Problems of the file are [reconcile.Problems].
func UpdateNames(path string, data []byte, live *reconcile.Live) (updated []byte, changed int, err error) {
	d := &document{file: path}
	top := d.parse(data)
	if top == nil && len(d.problems) == 0 {
		return data, 0, nil
	}
	u := nameUpdate{document: d, lines: bytes.SplitAfter(data, []byte("\n")), live: usersByKey(live)}
	if top != nil {
		u.users(top)
	}
	if len(d.problems) > 0 {
		return nil, 0, listed(d.problems, d.unlisted)
	}
	return bytes.Join(u.lines, nil), u.changed, nil
}

// usersByKey returns the live users by email and by id. Nobody is meant by an email
// that several have.
func usersByKey(live *reconcile.Live) map[string]*reconcile.User {
	users := make(map[string]*reconcile.User, 2*len(live.Users))
	for i := range live.Users {
		user := &live.Users[i]
		key := "email " + reconcile.EmailKey(user.Email)
		if _, shared := users[key]; shared {
			users[key] = nil
		} else {
			users[key] = user
		}
		users["id "+user.ID] = user
	}
	return users
}

// nameUpdate edits the lines of a file.
type nameUpdate struct {
	*document
	lines   [][]byte
	live    map[string]*reconcile.User
	changed int
}

// users edits the entries. Those of one line are edited from its end, so that the
// columns of the others stay true.
func (u *nameUpdate) users(top *yaml.Node) {
	entries := valueOf(top, "users")
	if entries == nil {
		return
	}
	for i := len(entries.Content) - 1; i >= 0; i-- {
		entry := entries.Content[i]
		name, email, id := valueOf(entry, "name"), valueOf(entry, "email"), valueOf(entry, "id")
		if name == nil || email == nil || name.Kind != yaml.ScalarNode || isNull(name) {
			continue
		}
		user := u.live["email "+reconcile.EmailKey(email.Value)]
		if id != nil {
			user = u.live["id "+id.Value]
		}
		if user == nil || reconcile.EmailKey(user.Email) != reconcile.EmailKey(email.Value) ||
			strings.TrimSpace(user.Name) == "" || user.Name == name.Value {
			continue
		}
		u.replace(name, user.Name)
	}
}

// valueOf returns the value of a key of a mapping, nil where there is none.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	if mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// replace puts a name in the place of a value, quoted as the value is or as it needs to be.
func (u *nameUpdate) replace(node *yaml.Node, name string) {
	line := u.lines[node.Line-1]
	start := 0
	for range node.Column - 1 {
		start += len(string([]rune(string(line[start:]))[:1]))
	}
	length := lengthOf(node, string(line[start:]))
	if length == 0 {
		u.problem(node, "the name is written in a way that is not edited: write it on one line, plainly or in quotes")
		return
	}
	u.lines[node.Line-1] = append(append(bytes.Clone(line[:start]), written(name, node.Style)...), line[start+length:]...)
	u.changed++
}

// lengthOf returns how many bytes of a line a value takes, 0 where it is not all there.
func lengthOf(node *yaml.Node, text string) int {
	switch {
	case node.Style&yaml.DoubleQuotedStyle != 0:
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
	case node.Style&yaml.SingleQuotedStyle != 0:
		for i := 1; i < len(text); i++ {
			if text[i] == '\'' {
				if i+1 == len(text) || text[i+1] != '\'' {
					return i + 1
				}
				i++
			}
		}
	case node.Style == 0 && node.Value != "" && strings.HasPrefix(text, node.Value):
		return len(node.Value)
	}
	return 0
}

// written writes a name as a value: plainly where that is read as the same text within
// braces too, else in double quotes.
func written(name string, style yaml.Style) []byte {
	plain := !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" .'-", r)
	}) && isReadAsText(name) && name == strings.TrimSpace(name) && unicode.IsLetter([]rune(name)[0])
	if node := new(yaml.Node); plain && style == 0 && yaml.Unmarshal([]byte(name), node) == nil && node.Content[0].Tag == "!!str" {
		return []byte(name)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return []byte(strconv.QuoteToASCII(name)) // whose escapes are those of YAML
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b) // whose strings YAML reads as the same text
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(name) // a text always can be
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
