package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// shellBlock is a block of commands in a page. A comment before it that begins with
// "not run" says why no test runs it.
var shellBlock = regexp.MustCompile("(?m)^(<!-- not run: .+ -->\n)?( *)```(sh|yaml)\n((?s:.*?))^ *```$")

// runPage runs the commands of a page word for word, one block after another, on the
// sandbox. A block of YAML with a policy is what the page asks to add to the file.
func runPage(t *testing.T, page string, skip func(command string) bool) (ran int) {
	t.Helper()
	box, env := accountForRuns(t, sandbox.Options{Users: 40})
	box.Put(sandbox.MainAccount, sandbox.Record{
		ID: sandbox.Value("ceo"), SeatUID: sandbox.Value("ceo-seat"), Email: sandbox.Value("ceo@example.com"), Name: sandbox.Value("Grace"),
		AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false), LastSuccessfulLogin: sandbox.At(time.Now()), CreatedAt: sandbox.At(time.Now()),
	})
	text, err := os.ReadFile(page)
	check(t, err)
	directory := t.TempDir()
	program, err := exec.LookPath("seatsync")
	check(t, err)
	env = append(env, "CLOUDFLARE_ACCOUNT_ID="+sandbox.MainAccount, "HOME="+directory, "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		if block[3] == "yaml" {
			if strings.Contains(block[4], "policy:") {
				addToFile(t, filepath.Join(directory, "desired-state.yaml"), strings.ReplaceAll(block[4], "\n"+block[2], "\n"), block[2])
			}
			continue
		}
		for command := range strings.Lines(block[4]) {
			command = strings.TrimSpace(command)
			if block[1] != "" || skip(command) {
				continue
			}
			ran++
			typed := command
			if strings.HasPrefix(command, "seatsync apply") {
				typed += " --yes" // what somebody answers on a terminal
			}
			shell := exec.CommandContext(t.Context(), "bash", "-c", typed)
			shell.Dir, shell.Env = directory, env
			output, err := shell.CombinedOutput()
			code := shell.ProcessState.ExitCode()
			if isHeld := code == codeHeld || code == codePending && strings.Contains(command, "--detailed-exitcode"); err != nil && !isHeld {
				t.Errorf("%s: %s: exit code %d\n%s", filepath.Base(page), command, code, output)
			}
		}
	}
	return ran
}

// addToFile adds keys to a desired state, in place of those of that name.
func addToFile(t *testing.T, path, text, indent string) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	text = strings.TrimPrefix(text, indent)
	for _, key := range regexp.MustCompile(`(?m)^\w+:`).FindAllString(text, -1) {
		data = regexp.MustCompile(`(?m)^`+key+`.*\n(?:[ #-].*\n)*`).ReplaceAll(data, nil)
	}
	head, users, found := strings.Cut(string(data), "\nusers:")
	if !found {
		t.Fatalf("the exported file has no users:\n%.300s", data)
	}
	check(t, os.WriteFile(path, fmt.Appendf(nil, "%s\n%susers:%s", head, text, users), 0o600))
}

func TestTheFiveStepsOfTheREADMEWorkWordForWord(t *testing.T) {
	t.Parallel()
	ran := runPage(t, "../../README.md", func(command string) bool {
		// make is what CI runs; the credentials are those of the sandbox.
		return strings.HasPrefix(command, "make ") || strings.HasPrefix(command, "export ")
	})
	if ran < 5 {
		t.Errorf("%d commands were run", ran)
	}
}

func TestTheFirstWeekWorksWordForWord(t *testing.T) {
	t.Parallel()
	if ran := runPage(t, "../../docs/first-week.md", func(string) bool { return false }); ran < 10 {
		t.Errorf("%d commands were run", ran)
	}
}
