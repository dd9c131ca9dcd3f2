package desired

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// SchemaURL is where editors find the JSON Schema of the desired state.
const SchemaURL = "https://github.com/seatsync/seatsync/releases/latest/download/desired-state.schema.json"

// exportHeader explains what stands below it.
const exportHeader = `# yaml-language-server: $schema=%s
# The users of the account as they are now, made by 'seatsync export'. Planning
# from this file finds nothing to change.
#
# A flag that is false is left out, so that someone who logs in tomorrow keeps
# the seat: write 'false' to take a seat away. Remove whom you do not want to
# manage: 'unlisted: keep' leaves them alone.
version: 1
account: %s
policy:
  unlisted: keep
users:
`

// Export writes the live users as a desired state, ordered by email. Users that
// a file cannot name are listed in a comment at the end. With allFlags, flags
// that are false are written too.
func Export(w io.Writer, live *reconcile.Live, allFlags bool) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, exportHeader, SchemaURL, live.AccountID)
	_, unnamed, err := exportUsers(out, live, allFlags, func(*reconcile.User) bool { return true })
	if err != nil {
		return err
	}
	if len(unnamed) > 0 {
		fmt.Fprintf(out, "# %s left out, since a file cannot name them: no email that is an address. Their ids:\n",
			reconcile.CountOf(len(unnamed), "user is", "users are"))
		for _, id := range unnamed {
			fmt.Fprintf(out, "#   %s\n", strings.Map(printableASCII, id))
		}
	}
	return out.Flush()
}

// exportUsers writes the entries of those who are wanted, ordered by email. It returns how
// many they are, and the ids of others whom a file cannot name.
func exportUsers(out *bufio.Writer, live *reconcile.Live, allFlags bool, isWanted func(*reconcile.User) bool) (listed int, unnamed []string, err error) {
	shared := make(map[string]int)
	for i := range live.Users {
		shared[reconcile.EmailKey(live.Users[i].Email)]++
	}
	for _, user := range sortedUsers(live.Users) {
		switch {
		case !isWanted(&user):
		case checkEmail(user.Email) != nil || !idPattern().MatchString(user.ID):
			unnamed = append(unnamed, user.ID)
		default:
			listed++
			if err := exportUser(out, &user, shared[reconcile.EmailKey(user.Email)] > 1, allFlags); err != nil {
				return 0, nil, err
			}
		}
	}
	if listed == 0 {
		fmt.Fprintln(out, "  []")
	}
	return listed, unnamed, nil
}

// sortedUsers returns users in the order of their emails.
func sortedUsers(users []reconcile.User) []reconcile.User {
	users = slices.Clone(users)
	slices.SortStableFunc(users, func(a, b reconcile.User) int {
		return cmp.Or(cmp.Compare(reconcile.EmailKey(a.Email), reconcile.EmailKey(b.Email)), cmp.Compare(a.ID, b.ID))
	})
	return users
}

// exportUser writes one entry.
func exportUser(out *bufio.Writer, u *reconcile.User, withID, allFlags bool) error {
	fields := []struct {
		key, value string
		skip       bool
	}{
		{"email", u.Email, false},
		{"name", u.Name, strings.TrimSpace(u.Name) == ""},
		{"access_seat", u.AccessSeat.String(), !exportFlag(u.AccessSeat, allFlags)},
		{"gateway_seat", u.GatewaySeat.String(), !exportFlag(u.GatewaySeat, allFlags)},
		{"id", u.ID, !withID},
	}
	indent := "  - "
	for _, field := range fields {
		if field.skip {
			continue
		}
		value := field.value
		if field.key == "email" || field.key == "name" {
			quoted, err := quoteYAML(value)
			if err != nil {
				return fmt.Errorf("export %s: %w", u.ID, err)
			}
			value = quoted
		}
		fmt.Fprintf(out, "%s%s: %s\n", indent, field.key, value)
		indent = "    "
	}
	return nil
}

// exportFlag reports whether a flag is written.
func exportFlag(flag reconcile.Flag, allFlags bool) bool {
	return flag == reconcile.True || allFlags && flag == reconcile.False
}

// quoteYAML writes text so that YAML reads the same text back, on one line.
func quoteYAML(text string) (string, error) {
	if line, _, _ := hiddenCharacter([]byte(text)); line > 0 {
		return strconv.QuoteToASCII(text), nil // whose escapes are those of YAML
	}
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if !isReadAsText(text) {
		node.Style = yaml.DoubleQuotedStyle
	}
	quoted, err := yaml.Marshal(&node)
	return strings.TrimSuffix(string(quoted), "\n"), err
}

// isReadAsText reports whether no reader of YAML takes the text, without quotes,
// for anything but text: the key <<, or what YAML 1.1 calls a boolean.
func isReadAsText(text string) bool {
	if strings.ContainsAny(text, "\n\r\u0085\u2028\u2029") {
		return false
	}
	switch strings.ToLower(text) {
	case "<<", "y", "n", "yes", "no", "on", "off":
		return false
	}
	return true
}

// printableASCII replaces what does not belong into a comment.
func printableASCII(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}
