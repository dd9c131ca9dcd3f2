package desired

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile"
)

// exportAndRead writes an account with one user of a name, and reads that back.
func exportAndRead(t interface{ Fatalf(string, ...any) }, name string) string {
	live := &reconcile.Live{AccountID: "a", Users: []reconcile.User{{ID: "x", Email: "a@b.c", Name: name}}}
	var file bytes.Buffer
	if err := Export(&file, live, false); err != nil {
		t.Fatalf("export %q: %v", name, err)
	}
	state, err := Parse(File{Name: "f.yaml", Data: file.Bytes()}, nil, testNow)
	if err != nil || len(state.Users) != 1 {
		t.Fatalf("%q cannot be read back: %v\n%s", name, err, file.String())
	}
	return state.Users[0].Name
}

func TestExportedNamesReadBack(t *testing.T) {
	for _, name := range []string{
		"<<", "~", "0x1", "2026-01-01", "null", "true", "yes", "1_000", "0o17", ".inf", ".nan", "1e3", "1:30", "=", "!x", "&a", "*a", "- a", "? a",
		"a: b", "a #b", "#a", "@a", "`a", "%a", "{a", "[a", "a\tb", "a\nb", " a", "a ", "'", "\"", "\\", "|", ">", "---", "...", "\ufeffa", "a\u2028b", "\U0001f600",
	} {
		if got := exportAndRead(t, name); got != name {
			t.Errorf("%q is read back as %q", name, got)
		}
	}
}

func TestEveryNameReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-+0-9a-fox:._~<=TZ ]{1,12}`)).Draw(t, "name")
		if strings.TrimSpace(name) == "" {
			return
		}
		if got := exportAndRead(t, name); got != name {
			t.Fatalf("%q is read back as %q", name, got)
		}
	})
}
