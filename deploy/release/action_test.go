package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// installScript is what deploy/github/setup runs.
func installScript(t *testing.T) string {
	t.Helper()
	var action struct {
		Runs struct {
			Steps []struct {
				Run string `yaml:"run"`
			} `yaml:"steps"`
		} `yaml:"runs"`
	}
	if err := yaml.Unmarshal(read(t, filepath.Join(built.source, "deploy/github/setup/action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	if len(action.Runs.Steps) != 1 {
		t.Fatalf("the action has %d steps, want one", len(action.Runs.Steps))
	}
	return action.Runs.Steps[0].Run
}

// standInForGh downloads from a directory and verifies whatever it is told to: the attestations themselves are GitHub's.
// What it was asked is written to $ASKED.
const standInForGh = `#!/bin/sh
echo "$@" >>"$ASKED"
case "$1 $2" in
'release download')
	shift 3
	while [ $# -gt 0 ]; do
		[ "$1" != --pattern ] || { cp "$RELEASE/$2" . || exit 1; }
		shift
	done ;;
'attestation verify') exit "$VERDICT" ;;
*) exit 64 ;;
esac
`

func TestTheActionInstallsOnlyWhatPassesBothChecks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the action's script is run as on a runner with Linux")
	}
	script := installScript(t)
	archive := built.archiveName(target{runtime.GOOS, runtime.GOARCH}) + ".tar.gz"
	for name, c := range map[string]struct {
		version, verdict string
		tampered         bool
		installs         bool
		asks             int // of gh
	}{
		"a release":                             {"1.2.3-rc.1", "0", false, true, 2},
		"a release by its tag":                  {"v1.2.3-rc.1", "0", false, true, 2},
		"one that the workflow did not build":   {"1.2.3-rc.1", "1", false, false, 2},
		"an archive that somebody has changed":  {"1.2.3-rc.1", "0", true, false, 1},
		"no version":                            {"", "0", false, false, 0},
		"a version that is a command":           {"1.2.3$(touch probe)", "0", false, false, 0},
		"a version that leads out of the place": {"1.2.3/../x", "0", false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			release := filepath.Join(directory, "release")
			data := read(t, built.artifact(archive))
			if c.tampered {
				data[len(data)/2]++
			}
			for path, content := range map[string][]byte{
				filepath.Join(release, archive):         data,
				filepath.Join(release, checksumFile):    read(t, built.artifact(checksumFile)),
				filepath.Join(directory, "path"):        nil,
				filepath.Join(directory, "output"):      nil,
				filepath.Join(directory, "asked"):       nil,
				filepath.Join(directory, "bin", "gh"):   []byte(standInForGh),
				filepath.Join(directory, "temp", "own"): nil,
			} {
				if err := writeUnder(path, content, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			command := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
			command.Dir = directory
			command.Env = append(os.Environ(), "PATH="+filepath.Join(directory, "bin")+":"+os.Getenv("PATH"), "VERSION="+c.version, "VERDICT="+c.verdict,
				"REPOSITORY=seatsync/seatsync", "SYSTEM=Linux", "ARCHITECTURE="+map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH],
				"RELEASE="+release, "ASKED="+filepath.Join(directory, "asked"), "RUNNER_TEMP="+filepath.Join(directory, "temp"),
				"GITHUB_PATH="+filepath.Join(directory, "path"), "GITHUB_OUTPUT="+filepath.Join(directory, "output"))
			text, err := command.CombinedOutput()
			if (err == nil) != c.installs {
				t.Fatalf("%v\n%s", err, text)
			}
			asked := string(read(t, filepath.Join(directory, "asked")))
			if got := strings.Count(asked, "\n"); got != c.asks {
				t.Errorf("gh was asked %d times, want %d:\n%s", got, c.asks, asked)
			}
			path := strings.TrimSpace(string(read(t, filepath.Join(directory, "path"))))
			if !c.installs {
				if path != "" {
					t.Errorf("%s is on the path", path)
				}
				return
			}
			if !strings.Contains(asked, "--signer-workflow seatsync/seatsync/.github/workflows/release.yml --source-ref refs/tags/v1.2.3-rc.1\n") {
				t.Errorf("gh was not asked for this workflow and tag:\n%s", asked)
			}
			if text := start(t, exec.Command(filepath.Join(path, "seatsync"), "version")); !strings.HasPrefix(text, "seatsync 1.2.3-rc.1 ") {
				t.Errorf("version says %q", text)
			}
		})
	}
}

// A tag can be moved by whoever takes over an action's repository; a commit cannot.
func TestActionsArePinnedByCommit(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (\S+)(.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w.-]+@[0-9a-f]{40}$`)
	ours := regexp.MustCompile(`^\./\.github/actions/seatsync-(setup|state)$`) // copied into the repository
	found := 0
	for _, pattern := range []string{".github/workflows/*.yml", "deploy/github/*.yml", "deploy/github/*/action.yml"} {
		files, err := filepath.Glob(filepath.Join(built.source, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, match := range uses.FindAllStringSubmatch(string(read(t, file)), -1) {
				found++
				if !pinned.MatchString(match[1]) && !ours.MatchString(match[1]) {
					t.Errorf("%s: %s is not pinned by a commit", file, match[1])
				}
				if pinned.MatchString(match[1]) && !regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`).MatchString(match[2]) {
					t.Errorf("%s: no comment says which version %s is", file, match[1])
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d steps use an action", found)
	}
}
