package desired

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seatsync/seatsync/reconcile"
)

func TestNamesInAFileAreBroughtToTheAccounts(t *testing.T) {
	live := &reconcile.Live{Users: []reconcile.User{
		{ID: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415", Email: "ada@b.c", Name: "Ada King"},
		{ID: "1", Email: "Bob@b.c", Name: "Bob, the: #1"},
		{ID: "2", Email: "cy@b.c", Name: ""},
		{ID: "3", Email: "two@b.c", Name: "One"},
		{ID: "4", Email: "two@b.c", Name: "Two"},
		{ID: "5", Email: "yes@b.c", Name: "Yes"},
	}}
	for _, test := range []struct{ name, text, want string }{
		{"a plain name, with comments and layout", "version: 1\n# all of us\nusers:\n\n  - email: ada@b.c   # first\n    name:   Ada Lovelace   # née Byron\n    access_seat: true\n", "version: 1\n# all of us\nusers:\n\n  - email: ada@b.c   # first\n    name:   Ada King   # née Byron\n    access_seat: true\n"},
		{"in braces, behind letters of several bytes", "users: [{email: ada@b.c, exempt: {reason: ürlaub}, name: Ada}, {email: bob@b.c, name: 'It''s Bob', access_seat: true}]\n", "users: [{email: ada@b.c, exempt: {reason: ürlaub}, name: Ada King}, {email: bob@b.c, name: \"Bob, the: #1\", access_seat: true}]\n"},
		{"in double quotes", "users:\n  - {name: \"A \\\" B\", email: ada@b.c}\n", "users:\n  - {name: \"Ada King\", email: ada@b.c}\n"},
		{"what YAML takes for a boolean", "users:\n  - {email: yes@b.c, name: No One}\n", "users:\n  - {email: yes@b.c, name: \"Yes\"}\n"},
		{"no name in the account, no name in the file, several users, nobody", "users:\n  - {email: cy@b.c, name: Cy}\n  - {email: ada@b.c}\n  - {email: two@b.c, name: T}\n  - {email: x@b.c, name: X}\n", ""},
		{"the same name", "users:\n  - {email: ada@b.c, name: 'Ada King'}\n", ""},
		{"lines that end as on Windows", "users:\r\n  - email: ada@b.c\r\n    name: Ada\r\n", "users:\r\n  - email: ada@b.c\r\n    name: Ada King\r\n"},
		{"an id that says who", "users:\n  - {email: two@b.c, name: T, id: 4}\n", "users:\n  - {email: two@b.c, name: Two, id: 4}\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, changed, err := UpdateNames("f.yaml", []byte(test.text), live)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want == "" {
				want = test.text
			}
			if diff := cmp.Diff(want, string(got)); diff != "" || (changed > 0) != (want != test.text) {
				t.Errorf("%d changed (-want +got):\n%s", changed, diff)
			}
		})
	}
	var problems reconcile.Problems
	if _, _, err := UpdateNames("f.yaml", []byte("users:\n  - email: ada@b.c\n    name: >-\n      Ada\n      L\n"), live); !errors.As(err, &problems) || problems[0].At.Line != 3 {
		t.Errorf("a name over several lines: %v", err)
	}
}

func TestAnyNameOfTheAccountReadsBackWhereItIsPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 20, -1).Filter(func(text string) bool {
			return strings.TrimSpace(text) != "" && strings.ToValidUTF8(text, "") == text && !strings.ContainsRune(text, 0)
		}).Draw(t, "name")
		old := rapid.SampledFrom([]string{"Ada", "'A, d''a'", `"A \" da"`}).Draw(t, "old")
		form := rapid.SampledFrom([]string{"users:\n  - {email: a@b.c, name: NAME, access_seat: true}\n", "users:\n  - email: a@b.c\n    name: NAME # who\n"}).Draw(t, "form")
		live := &reconcile.Live{Users: []reconcile.User{{ID: "1", Email: "a@b.c", Name: name}}}
		got, _, err := UpdateNames("f.yaml", []byte("version: 1\n"+strings.Replace(form, "NAME", old, 1)), live)
		if err != nil {
			t.Fatal(err)
		}
		read, err := Parse(File{Name: "f.yaml", Data: got}, InMemory(nil), time.Time{})
		if err != nil || read.Users[0].Name != name {
			t.Fatalf("%q is read as %v (%v) from\n%s", name, read, err, got)
		}
	})
}
