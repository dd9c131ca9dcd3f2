package desired

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

func TestGroupsWithProblemsSayWhereAndWhatToDo(t *testing.T) {
	tests := []struct {
		name, policy string
		want         []string
	}{
		{"no name", "{groups: [{match: ['*@b.c']}]}", []string{"f.yaml:2:19: the group has no name: write one, reports show it"}},
		{"an empty name", "{groups: [{name: '', match: ['*@b.c']}]}", []string{"f.yaml:2:26: name: is empty: write a value, or remove the key"}},
		{"a name of two lines", `{groups: [{name: "a\nb", match: ['*@b.c']}]}`, []string{`f.yaml:2:26: name: "a\nb" is not a name: write at most 64 bytes of visible text`}},
		{
			"a name twice", "{groups: [{name: Sales, match: ['*@b.c']}, {name: sales, match: [a@b.c]}]}",
			[]string{`f.yaml:2:59: name: duplicate group "sales", first defined on line 2: give each a name of its own`},
		},
		{"nobody", "{groups: [{name: g, match: [], inactive: never}]}", []string{"f.yaml:2:19: the group g has nobody: say who is in it with match, files or roster"}},
		{"a pattern that can match no email", "{groups: [{name: g, match: ['*@']}]}", []string{`f.yaml:2:37: match: "*@" can match no email: write an email, or a pattern such as *@board.example.com`}},
		{"a pattern that is no list", "{groups: [{name: g, match: '*@b.c'}]}", []string{"f.yaml:2:36: expected a list of emails or patterns, got \"*@b.c\""}},
		{
			"a file that is neither root nor included", "{groups: [{name: g, files: [f.yaml, teams/a.yaml]}]}",
			[]string{`f.yaml:2:45: files: "teams/a.yaml" is neither this file nor one that it includes: correct it, or add it to include`},
		},
		{"a rule that is neither never nor keys", "{inactive: {after: 9d}, groups: [{name: g, match: ['*@b.c'], inactive: always}]}", []string{`f.yaml:2:80: inactive: expected never, or keys such as {after: 30d}, got "always"`}},
		{
			"no threshold of its own nor of the policy", "{groups: [{name: g, match: ['*@b.c'], inactive: {notice: 7d}}]}",
			[]string{"f.yaml:2:57: inactive: after is missing: write how long someone may show no activity, for instance after: 90d"},
		},
		{
			"announced without notice", "{inactive: {after: 9d}, groups: [{name: g, match: ['*@b.c'], inactive: {announced: true}}]}",
			[]string{"f.yaml:2:92: announced: notice is missing: write how long before their release people are named, for instance notice: 7d"},
		},
		{
			"announced in the policy and no notice in the group", "{inactive: {after: 9d, notice: 7d, announced: true}, groups: [{name: g, match: ['*@b.c'], inactive: {notice: 0d}}]}",
			[]string{"f.yaml:2:118: announced: notice is missing: write how long before their release people are named, for instance notice: 7d"},
		},
		{"a bad price", "{groups: [{name: g, match: ['*@b.c'], price: cheap}]}", []string{`f.yaml:2:54: price: "cheap" is not a price: write a plain decimal number, for instance 7.00`}},
		{"an unknown key", "{groups: [{name: g, match: ['*@b.c'], protect: true}]}", []string{`f.yaml:2:47: unknown key "protect" in a group: did you mean "protected"?`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			desired, err := parseText(t, "version: 1\npolicy: "+test.policy+"\n")
			var problems reconcile.Problems
			if !errors.As(err, &problems) || desired != nil {
				t.Fatalf("got %v, %v; want problems and nothing else", desired, err)
			}
			if diff := cmp.Diff(strings.Join(test.want, "\n"), problems.Error()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAGroupInheritsKeyByKey(t *testing.T) {
	groups := mustParse(t, `version: 1
policy:
  groups:
    - {name: none, match: [a@b.c]}
    - {name: some, match: [b@b.c], inactive: {after: 30d}, price: 2.5}
    - {name: empty, match: [c@b.c], inactive: {}}
    - {name: never, match: [d@b.c], inactive: never, protected: true}
    - {name: spared, match: [e@b.c], inactive: {never_after: never}}
  inactive: {after: 90d, never_after: 20d, notice: 7d, announced: true}
`).Groups
	at := func(line, column int) reconcile.Position {
		return reconcile.Position{File: "f.yaml", Line: line, Column: column}
	}
	usual := &reconcile.InactivePolicy{
		After: 90 * reconcile.Day, AfterAt: at(9, 21), NeverAfter: 20 * reconcile.Day, NeverAfterAt: at(9, 39),
		Notice: 7 * reconcile.Day, Announced: true,
	}
	shorter := *usual
	shorter.After, shorter.AfterAt = 30*reconcile.Day, at(5, 54)
	spared := *usual
	spared.NeverAfter, spared.NeverAfterAt = 0, at(8, 62)
	var got []*reconcile.InactivePolicy
	for i := range groups {
		got = append(got, groups[i].Inactive)
	}
	if diff := cmp.Diff([]*reconcile.InactivePolicy{usual, &shorter, usual, nil, &spared}, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if groups[1].Price != "2.50" || !groups[3].Protected || groups[3].ProtectedAt.Line != 7 || groups[0].Protected {
		t.Errorf("groups: %+v", groups)
	}
}

func TestFilesOfAGroupAreRelativeToTheRootFile(t *testing.T) {
	writeFiles(t, map[string]string{
		"conf/d.yaml":       "version: 1\ninclude: [teams/*.yaml]\npolicy: {groups: [{name: g, files: [./teams/a.yaml, d.yaml]}]}\nusers: []\n",
		"conf/teams/a.yaml": "users: []\n",
	})
	for _, root := range []string{"conf/d.yaml", "./conf/d.yaml"} {
		desired, err := Load(t.Context(), Origin{Path: root, StrictAt: time.Time{}})
		if err != nil {
			t.Fatal(err)
		}
		if files := desired.Groups[0].Files; len(files) != 2 || files[0].Text != desired.Files[1] || files[1].Text != root {
			t.Errorf("%s: %+v of %q", root, files, desired.Files)
		}
	}
}
