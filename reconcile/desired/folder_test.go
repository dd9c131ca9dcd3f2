package desired

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// twoTeams are files that list three people.
func twoTeams() map[string]string {
	return map[string]string{
		"d.yaml":       "version: 1\ninclude: ['teams/*.yaml']\nusers:\n  - {email: a@b.c}\n",
		"teams/b.yaml": "users:\n  - {email: b@b.c}\n",
		"teams/c.yaml": "users:\n  - {email: c@b.c}\n",
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestACheckoutLosesNoTeam(t *testing.T) {
	writeFiles(t, twoTeams())
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			// As git does: lock, remove, write anew, unlock.
			err := errors.Join(os.WriteFile(".git/index.lock", nil, 0o644), os.Remove("teams/c.yaml"),
				os.WriteFile("teams/c.yaml", []byte("users:\n  - {email: c@b.c}\n"+strings.Repeat("#\n", i%3)), 0o644), os.Remove(".git/index.lock"))
			if err != nil {
				done <- err
				return
			}
			time.Sleep(time.Millisecond)
		}
		done <- nil
	}()
	read := 0
	for range 100 {
		reading, err := Load(t.Context(), Origin{Path: "d.yaml"})
		if err != nil {
			if !strings.Contains(err.Error(), "are changing") {
				t.Errorf("a problem that is none: %v", err)
			}
			continue
		}
		read++
		if len(reading.Users) != 3 {
			t.Fatalf("%d users of 3 were read", len(reading.Users))
		}
		if read == 20 {
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if read == 0 {
		t.Error("the files were never read")
	}
}

func TestALockOfGitIsWaitedForAndThenRefused(t *testing.T) {
	for name, git := range map[string]string{"a repository": ".git", "a worktree": "elsewhere"} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, twoTeams())
			if err := os.Mkdir(git, 0o755); err != nil {
				t.Fatal(err)
			}
			if git != ".git" {
				write(t, ".git", "gitdir: "+git+"\n")
			}
			lock := filepath.Join(git, "index.lock")
			write(t, lock, "")
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, err := Load(t.Context(), Origin{Path: "d.yaml"})
				if err == nil || !strings.Contains(err.Error(), "index.lock is there: git is at work") {
					t.Errorf("got %v", err)
				}
				if waited := time.Since(begun); waited != patience {
					t.Errorf("waited %s, want %s", waited, patience)
				}
				time.AfterFunc(patience/2, func() { _ = os.Remove(lock) })
				if reading, err := Load(t.Context(), Origin{Path: "d.yaml"}); err != nil || len(reading.Users) != 3 {
					t.Errorf("got %v, %v", reading, err)
				}
			})
		})
	}
}

func TestFilesThatChangeAfterTheyWereReadAreNoticed(t *testing.T) {
	for name, change := range map[string]func(t *testing.T){
		"a file is gone":     func(t *testing.T) { _ = os.Remove("teams/c.yaml") },
		"a file is new":      func(t *testing.T) { write(t, "teams/new.yaml", "users: []\n") },
		"a file is longer":   func(t *testing.T) { write(t, "teams/c.yaml", "users: []\n") },
		"the root file":      func(t *testing.T) { write(t, "d.yaml", "version: 1\n") },
		"the folder is gone": func(t *testing.T) { _ = os.RemoveAll("teams") },
		"the same size and time": func(t *testing.T) {
			info, err := os.Stat("teams/c.yaml")
			if err != nil {
				t.Fatal(err)
			}
			write(t, "teams/c.yaml", "users:\n  - {email: x@b.c}\n")
			if err := os.Chtimes("teams/c.yaml", info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, twoTeams())
			reading, err := Load(t.Context(), Origin{Path: "d.yaml"})
			if err != nil {
				t.Fatal(err)
			}
			if err := reading.Still(t.Context()); err != nil {
				t.Errorf("nothing has changed, and yet: %v", err)
			}
			change(t)
			if err := reading.Still(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was changed; run again") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestIncludesStayInTheFolder(t *testing.T) {
	for name, test := range map[string]struct {
		include string
		make    func() error
		want    string
	}{
		"the folder above": {"../*.yaml", func() error { return nil }, "leads out of the folder of this file"},
		"a link to a file elsewhere": {"teams/*.yaml", func() error {
			return errors.Join(os.WriteFile("../token.yaml", []byte("users: []\n"), 0o644), os.Symlink("../../token.yaml", "teams/x.yaml"))
		}, "teams/x.yaml leads out of the folder of this file"},
		"a link that the file names": {"teams/x.yaml", func() error {
			return os.Symlink("/etc/hostname", "teams/x.yaml")
		}, "teams/x.yaml leads out of the folder of this file"},
		"a link to a folder elsewhere": {"more/*.yaml", func() error {
			return errors.Join(os.Mkdir("../elsewhere", 0o755), os.WriteFile("../elsewhere/x.yaml", []byte("users: []\n"), 0o644),
				os.Symlink("../elsewhere", "more"))
		}, "leads out of the folder of this file"},
		"a folder": {"teams", func() error { return nil }, "teams is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFiles(t, map[string]string{
				"in/d.yaml":       "version: 1\ninclude: ['" + test.include + "']\n",
				"in/teams/a.yaml": "users: []\n",
			})
			t.Chdir("in")
			if err := test.make(); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(t.Context(), Origin{Path: "d.yaml"}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// A volume of Kubernetes has its files in a folder that a link leads to, and links to them beside it.
func TestAMountedConfigMapIsRead(t *testing.T) {
	writeFiles(t, map[string]string{
		"..2026_11_22/d.yaml": "version: 1\ninclude: ['*.yaml']\nusers:\n  - {email: a@b.c}\n",
		"..2026_11_22/b.yaml": "users:\n  - {email: b@b.c}\n",
		"..2026_11_23/d.yaml": "version: 1\n",
	})
	for link, target := range map[string]string{"..data": "..2026_11_22", "d.yaml": "..data/d.yaml", "b.yaml": "..data/b.yaml"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	reading, err := Load(t.Context(), Origin{Path: "d.yaml"})
	if err != nil || len(reading.Users) != 2 {
		t.Fatalf("got %v, %v", reading, err)
	}
	if err := errors.Join(os.Symlink("..2026_11_23", "..data_tmp"), os.Rename("..data_tmp", "..data")); err != nil {
		t.Fatal(err)
	}
	if err := reading.Still(t.Context()); err == nil {
		t.Error("the config map was replaced, and nobody noticed")
	}
}

func TestNoProblemQuotesAFileThatIsNoDesiredState(t *testing.T) {
	for name, text := range map[string]string{
		"a token": "s3cr3t-t0ken\n", "a list": "- s3cr3t\n", "settings": "password: s3cr3t\nkey:\n  s3cr3t: 1\n",
		"broken YAML": "*s3cr3t\n: s3cr3t: [\n", "JSON": "{\"s3cr3t\": \"s3cr3t\"}\n", "an anchor": "a: *s3cr3t\n",
	} {
		t.Run(name, func(t *testing.T) {
			files := twoTeams()
			files["teams/x.yaml"] = "# note\n" + text
			writeFiles(t, files)
			_, err := Load(t.Context(), Origin{Path: "d.yaml"})
			if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "teams/x.yaml:1:1: this is not a desired-state file") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheTimeoutEndsReadingToo(t *testing.T) {
	read, feed := io.Pipe()
	defer feed.Close()
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errors.New("the time is over"))
	defer cancel()
	if _, err := Load(ctx, Origin{Path: "-", Stdin: read}); err == nil || !strings.Contains(err.Error(), "the time is over") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(t.Context(), Origin{Path: "-", Stdin: bytes.NewReader(nil), Revision: "HEAD"}); err == nil {
		t.Error("standard input was read at a revision")
	}
}
