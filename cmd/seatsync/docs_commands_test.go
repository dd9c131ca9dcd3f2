package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// TestTheCommandsOfThePagesWork runs every command of a block of shell, in the order of
// the page. A block that cannot be run has a comment before it that says why, and one
// that a script of testdata has is run there.
func TestTheCommandsOfThePagesWork(t *testing.T) {
	t.Parallel()
	for _, page := range pagesOfTheDocs(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			shell := newPageShell(t)
			beginsAtNothing := filepath.Base(page) == "README.md"
			if !beginsAtNothing {
				shell.prepare()
			}
			blocks, prose := readPage(t, page)
			if filepath.Base(page) == "first-week.md" { // first_week_test.go runs them, day by day
				blocks = nil
			}
			for _, block := range blocks {
				switch {
				case block.language == "yaml" && beginsAtNothing:
					addToFile(t, filepath.Join(shell.directory, "desired-state.yaml"), block.text)
				case block.language == "sh" && block.script == "" && block.notRun == "":
					for _, command := range commandsOf(block) {
						shell.want(command)
					}
				}
			}
			// Commands in the text are about an account in use, whatever the page begins with.
			if beginsAtNothing {
				shell = newPageShell(t)
				shell.prepare()
			}
			for _, span := range inBackticks.FindAllStringSubmatch(prose, -1) {
				if command, isOurs := commandIn(span[1]); isOurs {
					shell.want(command)
				}
			}
		})
	}
}

// elsewhere finds commands that need a machine, a container or a cluster of their own.
var elsewhere = regexp.MustCompile(`^(?:sudo|systemctl|docker|kubectl|htpasswd) \S`)

// TestWhatIsRunElsewhereSaysWhyNoTestRunsIt looks at such commands in the text and in comments of examples: the
// paragraph, the table or the example has a comment that says why. In blocks of shell they fail without one.
func TestWhatIsRunElsewhereSaysWhyNoTestRunsIt(t *testing.T) {
	t.Parallel()
	for _, page := range pagesOfTheDocs(t) {
		blocks, prose := readPage(t, page)
		for paragraph := range strings.SplitSeq(prose, "\n\n") {
			for _, span := range inBackticks.FindAllStringSubmatch(paragraph, -1) {
				if _, isOurs := commandIn(span[1]); !isOurs && elsewhere.MatchString(span[1]) && !strings.Contains(paragraph, "<!-- not run: ") {
					t.Errorf("%s: nothing says why no test runs %s", page, span[1])
				}
			}
		}
		for _, block := range blocks {
			for line := range strings.SplitSeq(block.text, "\n") {
				_, comment, _ := strings.Cut(line, "# ")
				if block.language != "sh" && block.notRun == "" && elsewhere.MatchString(comment) {
					t.Errorf("%s: nothing says why no test runs %s", page, comment)
				}
			}
		}
	}
}

// TestTheTargetsOfMakeInThePagesAreThere asks make what it would do.
func TestTheTargetsOfMakeInThePagesAreThere(t *testing.T) {
	t.Parallel()
	for _, page := range pagesOfTheDocs(t) {
		text, err := os.ReadFile(page)
		check(t, err)
		for _, match := range regexp.MustCompile("(?m)(?:`|^ *|&& )make ([a-z][a-z-]*)").FindAllStringSubmatch(string(text), -1) {
			output, err := exec.CommandContext(t.Context(), "make", "--dry-run", "--no-print-directory", "-C", "../..", match[1]).CombinedOutput()
			if err != nil {
				t.Errorf("%s: make %s: %v\n%s", page, match[1], err, output)
			}
		}
	}
}

// commandsOf returns the commands of a block: a line each, or several of which all but
// the last end in a backslash.
func commandsOf(block block) []string {
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(block.text, "\\\n", "")), "\n")
}

// placeholders are what somebody replaces in a command of the text.
var placeholders = map[string]string{
	"EMAIL": "ada@example.com", "RUN": "last", "N": "200", "PATH": "findings.csv", "COMMAND": "plan", "DIR": "man", "…": "json",
}

// commandIn returns the command of ours in a span of text, with something in place of its
// placeholders. The name of a command alone is none.
func commandIn(span string) (command string, isOurs bool) {
	span = regexp.MustCompile(`^docker run \S+/seatsync:\S+ `).ReplaceAllString(span, "seatsync ")
	if !strings.HasPrefix(span, "seatsync ") || slices.Contains([]string{"seatsync explain", "seatsync diff"}, span) {
		return "", false
	}
	return regexp.MustCompile(`\b[A-Z]+\b|…`).ReplaceAllStringFunc(span, func(word string) string {
		if value, known := placeholders[word]; known {
			return value
		}
		return word
	}), true
}

// pageShell is where somebody who follows a page types its commands: a directory, and an
// account in a sandbox.
type pageShell struct {
	t         *testing.T
	box       *sandbox.Sandbox
	directory string
	env       []string
}

func newPageShell(t *testing.T) *pageShell {
	t.Helper()
	shell := newPageShellOf(t, sandbox.Options{Users: 40})
	shell.box.Put(sandbox.MainAccount, seatHolder("ceo", time.Now()))
	return shell
}

// seatHolder is somebody of example.com with a seat and no device.
func seatHolder(name string, lastLogin time.Time) sandbox.Record {
	return sandbox.Record{
		ID: sandbox.Value(name), SeatUID: sandbox.Value(name + "-seat"), Email: sandbox.Value(name + "@example.com"), Name: sandbox.Value(name),
		AccessSeat: sandbox.Value(true), GatewaySeat: sandbox.Value(false), LastSuccessfulLogin: sandbox.At(lastLogin), CreatedAt: sandbox.At(lastLogin),
		ActiveDeviceCount: sandbox.Value(0.0),
	}
}

func newPageShellOf(t *testing.T, options sandbox.Options) *pageShell {
	t.Helper()
	box, env := accountForRuns(t, options)
	program, err := exec.LookPath("seatsync")
	check(t, err)
	directory := t.TempDir()
	return &pageShell{t: t, box: box, directory: directory, env: append(env,
		"CLOUDFLARE_ACCOUNT_ID="+sandbox.MainAccount, "HOME="+directory, "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))}
}

// prepare brings the shell to where a page begins that is about an account in use.
func (s *pageShell) prepare() {
	s.t.Helper()
	check(s.t, os.CopyFS(s.directory, os.DirFS("testdata/pages")))
	s.want("bash prepare.sh")
}

// want runs a command, which must exit with 0.
func (s *pageShell) want(command string) {
	s.t.Helper()
	if code, output := s.run(command); code != codeOK {
		s.t.Errorf("%s: exit code %d\n%s", command, code, output)
	}
}

// run runs a command and returns its exit code and what it wrote. A daemon is stopped
// once it serves.
func (s *pageShell) run(command string) (code int, output string) {
	s.t.Helper()
	words := strings.Fields(command)
	if len(words) > 1 && words[1] == "run" && !slices.Contains(words, "--once") {
		p := startProcess(s.t, s.command(strings.Replace(command, "seatsync run", "exec seatsync run --listen 127.0.0.1:0", 1)))
		p.until(`msg=serving`)
		return p.end(syscall.SIGTERM), strings.Join(p.read, "\n")
	}
	if strings.HasPrefix(command, "seatsync apply") {
		command += " --yes" // what somebody answers on a terminal
	}
	shell := s.command(command)
	written, _ := shell.CombinedOutput() // the code says how it went
	return shell.ProcessState.ExitCode(), string(written)
}

func (s *pageShell) command(line string) *exec.Cmd {
	command := exec.CommandContext(s.t.Context(), "bash", "-c", line)
	command.Dir, command.Env = s.directory, s.env
	return command
}

// addToFile adds keys to a desired state, in place of those of that name.
func addToFile(t *testing.T, path, text string) {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	for _, key := range regexp.MustCompile(`(?m)^\w+:`).FindAllString(text, -1) {
		data = regexp.MustCompile(`(?m)^`+key+`.*\n(?:[ #-].*\n)*`).ReplaceAll(data, nil)
	}
	head, users, found := strings.Cut(string(data), "\nusers:")
	if !found {
		t.Fatalf("the exported file has no users:\n%.300s", data)
	}
	check(t, os.WriteFile(path, fmt.Appendf(nil, "%s\n%susers:%s", head, text, users), 0o600))
}
