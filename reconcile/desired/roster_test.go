package desired

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatsync/seatsync/reconcile"
)

// parseRoster reads a file with the given lines under roster, and its roster.
func parseRoster(t testing.TB, keys, csv string) (*reconcile.Roster, error) {
	t.Helper()
	desired, err := Parse(File{Name: "f.yaml", Data: []byte("version: 1\nroster:\n  file: people.csv\n  email: Login\n" + keys)},
		InMemory{{Name: "people.csv", Data: []byte(csv)}}, testNow)
	if err != nil {
		return nil, err
	}
	return desired.Roster, nil
}

const withStatus = "  status: Status\n  active: [ACTIVE, Provisioned]\n"

func TestARosterSaysWhoWorksHere(t *testing.T) {
	const works, gone, unsaid = reconcile.True, reconcile.False, reconcile.Unknown
	for _, test := range []struct {
		name, keys, csv string
		want            map[string]reconcile.RosterPerson
	}{
		{"without a status column everybody in it works here", "", "Login\nada@b.c\n", map[string]reconcile.RosterPerson{"ada@b.c": {Works: works, Line: 2}}},
		{"a byte order mark, CRLF, quotes and an email in capitals", "", "\ufeffName,Login\r\n\"Lovelace, Ada\",\" ADA@b.c\"\r\n", map[string]reconcile.RosterPerson{"ada@b.c": {Works: works, Line: 2}}},
		{"without a line end at the end", "", "Login\nada@b.c", map[string]reconcile.RosterPerson{"ada@b.c": {Works: works, Line: 2}}},
		{
			"the status is compared without case and outer spaces", withStatus, "Login,Status\na@b.c, active \nb@b.c,PROVISIONED\nc@b.c,ACTIVE-ISH\n",
			map[string]reconcile.RosterPerson{"a@b.c": {Works: works, Says: "active", Line: 2}, "b@b.c": {Works: works, Says: "PROVISIONED", Line: 3}, "c@b.c": {Works: gone, Says: "ACTIVE-ISH", Line: 4}},
		},
		{
			"a blank status says nothing", withStatus, "Login,Status\na@b.c,ACTIVE\nb@b.c,\nc@b.c,  \n",
			map[string]reconcile.RosterPerson{"a@b.c": {Works: works, Says: "ACTIVE", Line: 2}, "b@b.c": {Works: unsaid, Line: 3}, "c@b.c": {Works: unsaid, Line: 4}},
		},
		{
			"of several rows one active one is enough, wherever it is", withStatus, "Login,Status\na@b.c,GONE\nA@b.c,ACTIVE\na@b.c,GONE\n",
			map[string]reconcile.RosterPerson{"a@b.c": {Works: works, Says: "ACTIVE", Line: 3}},
		},
		{
			"a blank row does not bring back who is gone", withStatus, "Login,Status\nz@b.c,ACTIVE\na@b.c,GONE\na@b.c,\nb@b.c,\nb@b.c,GONE\n",
			map[string]reconcile.RosterPerson{"z@b.c": {Works: works, Says: "ACTIVE", Line: 2}, "a@b.c": {Works: gone, Says: "GONE", Line: 3}, "b@b.c": {Works: gone, Says: "GONE", Line: 6}},
		},
		{
			"a value of active that YAML takes for a boolean", "  status: accountEnabled\n  active: [true]\n", "Login,accountEnabled\na@b.c,True\nb@b.c,False\n",
			map[string]reconcile.RosterPerson{"a@b.c": {Works: works, Says: "True", Line: 2}, "b@b.c": {Works: gone, Says: "False", Line: 3}},
		},
		{
			"groups, and those of the row that counts", withStatus + "  group: Team\n", "Login,Status,Team\na@b.c,GONE,Sales\na@b.c,ACTIVE,Ops\na@b.c,ACTIVE, Board \nb@b.c,ACTIVE,\nc@b.c,GONE,Ops\nc@b.c,GONE,Ops\n",
			map[string]reconcile.RosterPerson{
				"a@b.c": {Works: works, Says: "ACTIVE", Line: 3, Groups: []string{"Ops", "Board"}}, "b@b.c": {Works: works, Says: "ACTIVE", Line: 5},
				"c@b.c": {Works: gone, Says: "GONE", Line: 6, Groups: []string{"Ops"}},
			},
		},
		{"a row over two lines", "", "Note,Login\n\"one\ntwo\",a@b.c\nx,b@b.c\n", map[string]reconcile.RosterPerson{"a@b.c": {Works: works, Line: 3}, "b@b.c": {Works: works, Line: 4}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			roster, err := parseRoster(t, test.keys, test.csv)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, roster.People); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARosterThatIsWrongIsRefusedAtItsLine(t *testing.T) {
	for _, test := range []struct{ name, keys, csv, want string }{
		{"empty", "", "", "people.csv:1:1: the roster is empty: it needs a header line and a row for each person"},
		{"a header alone", "", "Login\n", "people.csv:1:1: the roster is empty: it has a header line and names nobody"},
		{"no column for the email", "", "login,Status\na@b.c,x\n", `people.csv:1:1: the roster has no column "Login" (f.yaml:4): did you mean "login"?`},
		{"separated by semicolons", "", "Name;Login\nAda;a@b.c\n", `people.csv:1:1: the roster has no column "Login" (f.yaml:4): the header has a single cell: separate the columns by commas`},
		{"no column for the status", withStatus, "Login\na@b.c\n", `people.csv:1:1: the roster has no column "Status" (f.yaml:5): the header has a single cell: separate the columns by commas`},
		{"a column twice", "", "Login,Login\na@b.c,b@b.c\n", `people.csv:1:1: the roster has two columns "Login": rename one`},
		{"a row without an email", "", "Name,Login\nAda,a@b.c\nGrace,  \n", `people.csv:3:7: the row has no email in the column "Login": fill it in, or leave the row out of the export`},
		{"an email that is none", "", "Name,Login\nAda,a@b.c\nSam,Sam Smith <sam@b.c>\nGrace,n/a\n", "people.csv:3:5: \"Sam Smith <sam@b.c>\" is not an email address: correct the column \"Login\", or leave the row out of the export\n" +
			"people.csv:4:7: \"n/a\" is not an email address: correct the column \"Login\", or leave the row out of the export"},
		{"a quote that swallows a row", "", "Name,Login\nAda,\"a@b.c\nGrace,g@b.c\"\n", "people.csv:2:5: \"a@b.c\\nGrace,g@b.c\" is not an email address: correct the column \"Login\", or leave the row out of the export"},
		{"too few cells", "", "Name,Login\na@b.c\n", "people.csv:2:1: the row has another number of cells than the header: put a cell that has a comma in it in quotes"},
		{"too many cells", "", "Name,Login\nLovelace, Ada,a@b.c\n", "people.csv:2:1: the row has another number of cells than the header: put a cell that has a comma in it in quotes"},
		{"a quote that is not closed", "", "Name,Login\n\"Ada,a@b.c\n", `people.csv:2:12: not valid CSV: extraneous or missing " in quoted-field`},
		{"not UTF-8", "", "Login\nad\xe4@b.c\n", "people.csv:2:3: the roster is not UTF-8: export it as CSV in UTF-8"},
		{"UTF-16", "", "\xff\xfeL\x00o\x00", "people.csv:1:1: the roster is not UTF-8: export it as CSV in UTF-8"},
		{"nobody active", withStatus, "Login,Status\na@b.c,DEPROVISIONED\nb@b.c,STAGED\nc@b.c,\n", `people.csv:1:1: nobody in the roster is active: the column "Status" has DEPROVISIONED, STAGED, and active (f.yaml:5) none of them`},
		{"only blank statuses", withStatus, "Login,Status\na@b.c,\n", `people.csv:1:1: nobody in the roster is active: the column "Status" has only blank cells, and active (f.yaml:5) none of them`},
		{"a date that may mean two days", "  as_of: On\n", "Login,On\na@b.c,03/04/2026\n", `people.csv:2:7: as_of: "03/04/2026" is not a date: write for instance 2027-03-31 or 2027-03-31T06:00:00Z`},
		{"a row without a date", "  as_of: On\n", "Login,On\na@b.c,2026-11-21\nb@b.c,\n", `people.csv:3:7: as_of: "" is not a date: write for instance 2027-03-31 or 2027-03-31T06:00:00Z`},
		{"older than it may be", "  as_of: On\n  max_age: 7d\n", "Login,On\na@b.c,2026-11-21\nb@b.c,2026-11-14\n", "f.yaml:6:12: max_age: the roster people.csv is of 2026-11-14T00:00:00Z and at most 7 days old is allowed: export it again"},
		{"from the future", "  as_of: On\n  max_age: 7d\n", "Login,On\na@b.c,2027-11-21 06:00:00\n", "f.yaml:6:12: max_age: the roster people.csv is of 2027-11-21T06:00:00Z, which is in the future: correct its date or the clock"},
		{"of an age that nobody knows", "  max_age: 7d\n", "Login\na@b.c\n", "f.yaml:5:12: max_age: the age of the roster people.csv is not known, since it is in no commit: name the column with the date of the export in as_of, or commit the file"},
		{"a status without its values", "  status: Status\n", "", `f.yaml:3:3: roster: active is missing: write the values of the column "Status" that mean that someone works here`},
		{"values without their column", "  active: [x]\n", "", "f.yaml:3:3: roster: status is missing: write the name of the column that has the values of active"},
		{"no share", "  at_least: most\n", "", `f.yaml:5:13: at_least: "most" is not a number of seat holders: write a percentage such as 50%, or a count`},
		{"no age", "  max_age: 0\n", "", "f.yaml:5:12: max_age: a roster is never that young: write for instance 7d, or remove the key"},
		{"an unknown key", "  colour: red\n", "", `f.yaml:5:3: unknown key "colour" in roster: known are file, email, status, active, group, complete, at_least, as_of, max_age`},
		{"a value of departed", "policy: {departed: fire}\n", "Login\na@b.c\n", `f.yaml:5:20: departed: expected keep or report or release, got "fire"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			roster, err := parseRoster(t, test.keys, test.csv)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v and\n%v\nwant\n%s", roster, err, test.want)
			}
		})
	}
}

func TestEveryProblemOfARosterIsListed(t *testing.T) {
	_, err := parseRoster(t, "", "Login,N\n,1\na@b.c\n,2\n")
	if want := 3; err == nil || strings.Count(err.Error(), "people.csv:") != want {
		t.Errorf("want %d problems, got\n%v", want, err)
	}
	_, err = parseRoster(t, "", "Login,N\n"+strings.Repeat(",1\n", 5000))
	var problems reconcile.Problems
	if !errors.As(err, &problems) || len(problems) > maxProblems+1 {
		t.Errorf("%d problems are listed", len(problems))
	}
}

func TestRulesThatNeedARoster(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"policy: {departed: release}\n", "f.yaml:2:20: departed: no roster says who is gone: add the key roster, or remove this one"},
		{"policy: {groups: [{name: sales, roster: [Sales]}]}\n", "f.yaml:2:42: roster: this file has no roster with groups: add the key roster, or remove this one"},
		{
			"policy: {groups: [{name: sales, roster: [Sales]}]}\nroster: {file: people.csv, email: Login}\n",
			"f.yaml:2:42: roster: the column with the group is not known: name it as group under roster",
		},
	} {
		_, err := Parse(File{Name: "f.yaml", Data: []byte("version: 1\n" + test.text)}, InMemory{{Name: "people.csv", Data: []byte("Login\na@b.c\n")}}, testNow)
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestAProblemQuotesNothingOfAFileThatIsNoRoster(t *testing.T) {
	for _, secret := range []string{"tok-3n\n", "a,tok-3n\n", "x\n\"tok-3n\n", "{\"token\": \"tok-3n\"}\n", "\"tok-3n\nx"} {
		if _, err := parseRoster(t, withStatus, secret); err == nil || strings.Contains(err.Error(), "tok-3n") {
			t.Errorf("got %v", err)
		}
	}
}

// withRoster are a root file and its roster.
func withRoster(keys string) map[string]string {
	return map[string]string{
		"d.yaml":     "version: 1\nroster: {file: people.csv, email: Login" + keys + "}\n",
		"people.csv": "Login\nada@b.c\n",
	}
}

func TestARosterBelongsToWhatIsRead(t *testing.T) {
	writeFiles(t, withRoster(""))
	reading, err := Load(t.Context(), Origin{Path: "d.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	before := reading.SHA256
	if diff := cmp.Diff([]string{"d.yaml", "people.csv"}, reading.Files); diff != "" {
		t.Error(diff)
	}
	if err := reading.Still(t.Context()); err != nil {
		t.Error(err)
	}
	write(t, "people.csv", "Login\nbob@b.c\n")
	if err := reading.Still(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "people.csv has changed") {
		t.Errorf("got %v", err)
	}
	if reading, err = Load(t.Context(), Origin{Path: "d.yaml"}); err != nil || reading.SHA256 == before {
		t.Errorf("got %v, %v", reading, err)
	}
}

func TestARosterStaysInTheFolderOfTheRootFile(t *testing.T) {
	writeFiles(t, map[string]string{"in/d.yaml": "", "out.csv": "Login\nada@b.c\n"})
	absolute, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink("../out.csv", "in/link.csv"), os.Mkdir("in/dir.csv", 0o755)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ file, want string }{
		{"../out.csv", `"../out.csv" leads out of the folder of this file: keep the roster below it`},
		{absolute + "/out.csv", "is an absolute path: write it relative to this file"},
		{"link.csv", "link.csv leads out of the folder of this file"},
		{"dir.csv", "dir.csv is a directory: name a file"},
		{"none.csv", "in/d.yaml:2:16: roster: none.csv: no such file beside this one: export it first"},
	} {
		write(t, "in/d.yaml", "version: 1\nroster: {file: "+test.file+", email: Login}\n")
		if _, err := Load(t.Context(), Origin{Path: "in/d.yaml"}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.file, err)
		}
	}
}

func TestARosterAtARevision(t *testing.T) {
	writeFiles(t, withRoster(""))
	commit(t)
	write(t, "people.csv", "Login\nada@b.c\nbob@b.c\n")
	reading, err := Load(t.Context(), Origin{Path: "d.yaml", Revision: "HEAD"})
	if err != nil || len(reading.Roster.People) != 1 || reading.Roster.Commit != reading.Commit {
		t.Fatalf("one that git tracks is read from git: %v, %v", reading, err)
	}
	if output, err := exec.Command("git", "rm", "-q", "--cached", "people.csv").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	write(t, ".gitignore", "people.csv\n")
	commit(t)
	reading, err = Load(t.Context(), Origin{Path: "d.yaml", Revision: "HEAD"})
	if err != nil || len(reading.Roster.People) != 2 || reading.Roster.Commit != "" {
		t.Fatalf("one that git does not track is read from the folder: %v, %v", reading, err)
	}
	if err := reading.Still(t.Context()); err != nil {
		t.Error(err)
	}
	write(t, "people.csv", "Login\n")
	if err := reading.Still(t.Context()); err == nil {
		t.Error("a roster in the folder is looked at again before the first write")
	}
}

func TestTheCommitIsNotDirtyForARosterThatGitDoesNotTrack(t *testing.T) {
	writeFiles(t, withRoster(""))
	write(t, ".gitignore", "people.csv\n")
	commit(t)
	reading, err := Load(t.Context(), Origin{Path: "d.yaml"})
	if err != nil || strings.HasSuffix(reading.Commit, "-dirty") {
		t.Errorf("got %v, %v", reading, err)
	}
	if _, err := Load(t.Context(), Origin{Path: "d.yaml", RequireClean: true}); err == nil || !strings.Contains(err.Error(), "people.csv") {
		t.Errorf("--require-clean: got %v", err)
	}
}

func TestTheAgeOfARosterIsThatOfItsCommit(t *testing.T) {
	writeFiles(t, withRoster(", max_age: 7d"))
	unknown := "the age of the roster people.csv is not known, since "
	strict := func(revision string, at time.Time) error {
		_, err := Load(t.Context(), Origin{Path: "d.yaml", Revision: revision, StrictAt: at})
		return err
	}
	if err := strict("", testNow); err == nil || !strings.Contains(err.Error(), unknown+"git status: not a git repository") {
		t.Errorf("outside of a repository: got %v", err)
	}
	t.Setenv("GIT_COMMITTER_DATE", testNow.Add(-6*reconcile.Day).Format(time.RFC3339))
	commit(t)
	t.Setenv("GIT_COMMITTER_DATE", testNow.Format(time.RFC3339))
	write(t, "other", "a later commit of something else")
	commit(t)
	for _, revision := range []string{"", "HEAD"} {
		if err := strict(revision, testNow); err != nil {
			t.Errorf("at %q, young enough: got %v", revision, err)
		}
		if err := strict(revision, testNow.Add(2*reconcile.Day)); err == nil || !strings.Contains(err.Error(), "is of 2026-11-16T06:00:00Z and at most 7 days old is allowed") {
			t.Errorf("at %q, too old: got %v", revision, err)
		}
	}
	if output, err := exec.Command("git", "clone", "-q", "--depth=1", "file://"+mustGetwd(t), "shallow").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if _, err := Load(t.Context(), Origin{Path: "shallow/d.yaml", StrictAt: testNow}); err == nil || !strings.Contains(err.Error(), "shallow clone") {
		t.Errorf("in a shallow clone: got %v", err)
	}
	write(t, "people.csv", "Login\nada@b.c\nbob@b.c\n")
	if err := strict("", testNow); err == nil || !strings.Contains(err.Error(), unknown+"it is not committed as it is") {
		t.Errorf("with changes: got %v", err)
	}
}

func mustGetwd(t *testing.T) string {
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return directory
}
