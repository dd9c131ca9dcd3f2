package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// rootWithOthers is a file that comes with others.
const rootWithOthers = `version: 1
account: ` + sandbox.MainAccount + `
include: [teams/*.yaml]
roster: {file: people.csv, email: Email}
users:
  - {email: ada@example.com}
`

func TestEveryFileIsReadAgainThatHasChanged(t *testing.T) {
	const broken = "users: ["
	for _, test := range []struct {
		name   string
		change func(t *testing.T, directory string)
		anew   bool
		want   string // of the error; "" for none
	}{
		{"nothing", func(*testing.T, string) {}, false, ""},
		{"the root file", func(t *testing.T, directory string) { writeFile(t, filepath.Join(directory, "root.yaml"), broken) }, false, "root.yaml:1"},
		{"an included file", func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "teams", "a.yaml"), broken)
		}, false, "teams/a.yaml:1"},
		{"an included file that comes", func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "teams", "b.yaml"), broken)
		}, false, "teams/b.yaml:1"},
		{"the last included file that goes", func(t *testing.T, directory string) {
			if err := os.Remove(filepath.Join(directory, "teams", "a.yaml")); err != nil {
				t.Fatal(err)
			}
		}, false, "finds no file"},
		{"the roster", func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "people.csv"), "Name\nAda\n")
		}, false, "people.csv"},
		{"a file of the same size and time, unasked", sameButBroken, false, ""},
		{"a file of the same size and time, asked", sameButBroken, true, "teams/a.yaml:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			if err := os.Mkdir(filepath.Join(directory, "teams"), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(directory, "root.yaml"), rootWithOthers)
			writeFile(t, filepath.Join(directory, "teams", "a.yaml"), "users: []\n")
			writeFile(t, filepath.Join(directory, "people.csv"), "Email\nada@example.com\n")
			longAgo(t, directory, "root.yaml", "teams/a.yaml", "people.csv", "teams", ".")
			r := &accountRunner{app: &app{clock: time.Now}, file: filepath.Join(directory, "root.yaml"), log: slog.New(slog.DiscardHandler)}
			if _, err := r.Settings(false); err != nil {
				t.Fatal(err)
			}
			test.change(t, directory)
			settings, err := r.Settings(test.anew)
			if test.want == "" && err == nil && settings.AccountID == sandbox.MainAccount {
				return
			}
			if err == nil || test.want == "" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %+v and %v, want %q", settings, err, test.want)
			}
		})
	}
}

// sameButBroken breaks an included file so that nobody can see it who does not read it.
func sameButBroken(t *testing.T, directory string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, "teams", "a.yaml"), []byte("users: [[\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	longAgo(t, directory, "teams/a.yaml")
}

// longAgo dates files and folders before everything that a test does.
func longAgo(t *testing.T, directory string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.Chtimes(filepath.Join(directory, filepath.FromSlash(name)), time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
}
