package desired

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// commit makes a repository of the folder, or of what changed in it.
func commit(t *testing.T) {
	t.Helper()
	for _, arguments := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "x"}} {
		if output, err := exec.Command("git", arguments...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", arguments, err, output)
		}
	}
}

func TestARevisionIsReadWhateverLiesInTheFolder(t *testing.T) {
	for _, directory := range []string{"", "sub/"} {
		files := map[string]string{}
		for name, text := range twoTeams() {
			files[directory+name] = text
		}
		writeFiles(t, files)
		commit(t)
		write(t, directory+"d.yaml", "nonsense")
		if err := os.RemoveAll(directory + "teams"); err != nil {
			t.Fatal(err)
		}
		write(t, ".git/index.lock", "") // which keeps nobody from reading objects
		reading, err := Load(t.Context(), Origin{Path: directory + "d.yaml", Revision: "HEAD"})
		if err != nil || len(reading.Users) != 3 || len(reading.Commit) != 40 {
			t.Fatalf("got %v, %v", reading, err)
		}
		if at := reading.Users[1].Position(); at.File != directory+"teams/b.yaml" || at.Line != 2 {
			t.Errorf("at %v", at)
		}
		if err := reading.Still(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestRevisionsThatCannotBeRead(t *testing.T) {
	writeFiles(t, twoTeams())
	if err := os.Symlink("d.yaml", "link.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, revision, want string }{
		{"d.yaml", "HEAD", "not a git repository"},
		{"d.yaml", "nothing", `"nothing" is not a git revision of the repository here: fetch it first`},
		{"d.yaml", "--help", `"--help" is not a git revision`},
		{"none.yaml", "HEAD", "none.yaml: no such file at HEAD"},
		{"link.yaml", "HEAD", "link.yaml is a symbolic link at HEAD"},
	} {
		if _, err := Load(t.Context(), Origin{Path: test.path, Revision: test.revision}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s at %s: %v, want %s", test.path, test.revision, err, test.want)
		}
		if _, err := os.Stat(".git"); errors.Is(err, fs.ErrNotExist) {
			commit(t)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Load(t.Context(), Origin{Path: "d.yaml", Revision: "HEAD"}); err == nil || !strings.Contains(err.Error(), "git is not installed here") {
		t.Errorf("without git: %v", err)
	}
}

func TestACleanTreeIsRequired(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T)
		want   string // "" for clean
	}{
		"nothing changed":           {func(*testing.T) {}, ""},
		"another file is new":       {func(t *testing.T) { write(t, "plan.json", "{}") }, ""},
		"the root file differs":     {func(t *testing.T) { write(t, "d.yaml", "version: 1\ninclude: ['teams/*.yaml']\n") }, `"d.yaml" differs`},
		"an included file is new":   {func(t *testing.T) { write(t, "teams/d.yaml", "users: []\n") }, `"teams/d.yaml" differs`},
		"an included file is gone":  {func(t *testing.T) { _ = os.Remove("teams/c.yaml") }, `"teams/c.yaml" differs`},
		"an included file, ignored": {func(t *testing.T) { write(t, ".git/info/exclude", "x.yaml"); write(t, "teams/x.yaml", "users: []\n") }, `"teams/x.yaml" differs`},
	} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, twoTeams())
			commit(t)
			test.change(t)
			_, err := Load(t.Context(), Origin{Path: "d.yaml", RequireClean: true})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	writeFiles(t, twoTeams())
	if _, err := Load(t.Context(), Origin{Path: "d.yaml", RequireClean: true}); err == nil {
		t.Error("files in no repository are clean")
	}
}
