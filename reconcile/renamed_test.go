package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	. "github.com/seatsync/seatsync/reconcile"
)

func TestWhoMayBeSomeoneInTheFilesIsHeldAsRenamed(t *testing.T) {
	const ada = "users: [{email: ada.old@b.c, name: Ada Lovelace}, {email: other@b.c}]\n"
	stranger := person("ada.new@b.c", named("Ada Lovelace"))
	old := login(ago(days(200)))
	for _, test := range []struct {
		name, file string
		live       []User
		want       []string
	}{
		{"from unlisted", "policy: {unlisted: release}\n" + ada, []User{stranger}, []string{"release ada.new@b.c 10>00 unlisted held:renamed"}},
		{"from inactive", "policy: {inactive: {after: 90d}}\n" + ada, []User{person("ada.new@b.c", named("Ada Lovelace"), old)}, []string{"release ada.new@b.c 10>00 inactive held:renamed"}},
		{
			"from departed", "policy: {departed: release}\nroster: {file: people.csv, email: Login, complete: true, at_least: 0}\n" + ada, []User{stranger},
			[]string{"release ada.new@b.c 10>00 departed held:renamed"},
		},
		{"whatever the case and the spaces of the name", "policy: {unlisted: release}\n" + ada, []User{person("ada.new@b.c", named(" ada  LOVELACE"))}, []string{"release ada.new@b.c 10>00 unlisted held:renamed"}},
		{"by the same id, in either case", "policy: {unlisted: release}\nusers: [{email: old@b.c, id: ID-NEW}]\n", []User{person("new@b.c")}, []string{"release new@b.c 10>00 unlisted held:renamed"}},
		{"not where the address of the entry is in the account", "policy: {unlisted: release}\n" + ada, []User{stranger, person("ADA.old@b.c", named("Ada Lovelace"))}, []string{"release ada.new@b.c 10>00 unlisted"}},
		{
			"but as ambiguous where the address is in the account with another id", "policy: {unlisted: release}\nusers: [{email: old@b.c, id: id-new}]\n", []User{person("new@b.c"), person("old@b.c")},
			[]string{"release new@b.c 10>00 unlisted held:ambiguous", "release old@b.c 10>00 unlisted held:ambiguous"},
		},
		{"not by an empty name", "policy: {unlisted: release}\nusers: [{email: old@b.c}]\n", []User{person("new@b.c", named(""))}, []string{"release new@b.c 10>00 unlisted"}},
		{"not by another name", "policy: {unlisted: release}\n" + ada, []User{person("ada.new@b.c", named("Ada King"))}, []string{"release ada.new@b.c 10>00 unlisted"}},
		{"not someone whom the file lists", "users:\n  - {email: ada.old@b.c, name: Ada}\n  - {email: ada.new@b.c, access_seat: false}\n", []User{person("ada.new@b.c", named("Ada"))}, []string{"release ada.new@b.c 10>00 listed"}},
		{
			"rather than as ambiguous, which two with one email are", "policy: {unlisted: release}\n" + ada,
			[]User{stranger, person("ada.new@b.c", named("Ada Lovelace"), withID("id-2"), seat("seat-2"))},
			[]string{"release ada.new@b.c 10>00 unlisted held:renamed", "release ada.new@b.c 10>00 unlisted held:renamed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := parseWithRoster("version: 1\n"+test.file, "Login\nx@b.c\n")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, linesOf(planOf(t, file, liveOf(test.live...), noLimit))); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRenamedNamesTheEntryThatIsProbablyTheirs(t *testing.T) {
	file := mustParse(t, "version: 1\npolicy: {unlisted: release}\nusers:\n  - {email: ada.old@b.c, name: Ada}\n  - {email: ada.older@b.c, name: Ada}\n")
	plan := planOf(t, file, liveOf(person("ada.new@b.c", named("Ada"))), noLimit)
	want := "f.yaml:4 (ada.old@b.c) is probably theirs: it has the same name, and its email is not in the account; correct the email there, or remove the entry"
	if got := plan.Changes[0].HeldBecause; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	want = "no live user has this email; ada.new@b.c (id id-ada.new) is in no file and is probably them: correct the email here"
	if got := plan.Findings[0]; got.Code != CodeUnknownUser || got.Message != want {
		t.Errorf("got %+v\nwant %s", got, want)
	}
}
