package desired

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatsync/seatsync/reconcile"
)

// FuzzFilesReadAheadMeanTheSame holds the quick way and that of yaml.v3 together: the same users, problems and places.
func FuzzFilesReadAheadMeanTheSame(f *testing.F) {
	for _, text := range []string{
		"version: 1\nusers:\n  - email: ada@example.com\n    name: Ada Lovelace\n    access_seat: true\n  - email: alan@example.com\n",
		"users:\n- email: a@b\n  name: x\n\n# more\n- email: c@d\n  until: 2027-03-31\n  id: 7\n",
		"users:\n  - email: a@b\n    name: \"quoted # not a comment\"\n  - email: c@d # a comment\n  - email: e@f\n",
		"users:\n  - email: a@b\n    exempt: {from: inactive, until: 2027-01-15, owner: h@b, reason: leave}\n  - email: c@d\n",
		"users:\n  - email: a@b\n    exempt:\n      from: inactive\n  - email: c@d\n",
		"users:\n  - email: a@b\n    name: \"open\n  - email: c@d\n    name: \"close\"\n",
		"users:\n  - email: a@b\n    name: |\n      text\n  - email: c@d\n",
		"users:\n  - email: a@b\n    name: one\n      more\n  - email: c@d\n",
		"users:\n  - email: a@b\n  - email: a@b\n    name: null\n    name: yes\n", "users:\n  - email: a@b\n---\nusers:\n",
		"users:\n  - email: a@b\nversion: 1\n", "users: []\nusers:\n  - email: a@b\n", "users:\n  -\n    email: a@b\n  - name: x\n",
		"users:\n  - &a email: a@b\n  - *a\n", "users:\n  - [email, name]\n  - email: 1\n", "users:\n  - email: a@b\n   name: x\n",
		"a: |\n  b\nusers:\n  - emial: a@b\n", "users:\n  - {email: a@b,\n  - email: c@d}\n", "users:\n  - email: a@b\n...\n",
		"account: \"\nusers:\n  - email: a@b\n\"\n", "users:\n  - email: zoë@example.com\n    name: Zoë Müller\n    gateway_seat: True\n",
	} {
		f.Add([]byte(text))
	}
	same := cmp.Options{
		cmp.AllowUnexported(reconcile.Date{}), cmpopts.EquateEmpty(),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := &fileParser{}
		whole.readTeam(whole.parse(data))
		for _, parts := range []int{1, 2, 5} {
			quick := &fileParser{parts: parts}
			quick.readTeam(quick.parseTop(data))
			if quick.entries == nil {
				continue
			}
			if diff := cmp.Diff(sorted(whole.problems, nil), sorted(quick.problems, nil), same); diff != "" {
				t.Errorf("problems of %q in %d parts (-whole +quick):\n%s", data, parts, diff)
			}
			if diff := cmp.Diff(whole.users, quick.users, same); diff != "" {
				t.Errorf("users of %q in %d parts (-whole +quick):\n%s", data, parts, diff)
			}
		}
	})
}
