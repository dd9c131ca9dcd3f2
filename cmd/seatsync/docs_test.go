package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/desired"
)

// block is a fenced block of a page. A comment before it may name the script that shows
// what is in it, or say why no test runs its commands.
type block struct {
	language string
	text     string // without the indentation of a list
	script   string
	notRun   string
}

var (
	fencedBlock = regexp.MustCompile("(?m)^(?: *<!-- (.+) -->\n\n?)?( *)```(\\w*)\n((?s:.*?))^ *```$")
	fenceAlone  = regexp.MustCompile("(?m)^ *```")
)

// pagesOfTheDocs returns the pages that show commands, below the root of the repository.
func pagesOfTheDocs(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	check(t, err)
	return append(pages, "../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md")
}

// readPage returns the blocks of a page and the text around them.
func readPage(t *testing.T, page string) (blocks []block, prose string) {
	t.Helper()
	data, err := os.ReadFile(page)
	check(t, err)
	text := string(data)
	for _, match := range fencedBlock.FindAllStringSubmatch(text, -1) {
		one := block{language: match[3], text: strings.TrimPrefix(strings.ReplaceAll("\n"+match[4], "\n"+match[2], "\n"), "\n")}
		if strings.HasPrefix(match[1], "testdata/") {
			one.script = match[1]
		}
		one.notRun, _ = strings.CutPrefix(match[1], "not run: ")
		if one.notRun == match[1] {
			one.notRun = ""
		}
		blocks = append(blocks, one)
	}
	if alone := fenceAlone.FindAllString(text, -1); len(alone) != 2*len(blocks) {
		t.Fatalf("%s has %d fences for %d blocks", page, len(alone), len(blocks))
	}
	return blocks, fencedBlock.ReplaceAllString(text, "")
}

// TestTheBlocksOfThePagesAreHeldToTheProgram looks at what is not a command. Output is
// that of a script, which runs as a test of its own; YAML is a desired state, or the part
// of one. A line with nothing but an ellipsis stands for lines left out.
func TestTheBlocksOfThePagesAreHeldToTheProgram(t *testing.T) {
	t.Parallel()
	for _, page := range pagesOfTheDocs(t) {
		blocks, _ := readPage(t, page)
		for _, block := range blocks {
			switch {
			case block.script != "":
				checkSample(t, page, block)
			case strings.HasPrefix(block.text, "# web.yaml"): // container_test.go serves with it
			case block.language == "yaml" && !strings.Contains(block.text, "roster:"): // those are read with their roster, where that is read
				if err := readsAsDesiredState(block.text); err != nil {
					t.Errorf("%s: %v, in\n%s", page, err, block.text)
				}
			case block.language == "text" && page != "../../README.md": // of which readme_test.go has the sample
				t.Errorf("%s: no script shows this output:\n%s", page, block.text)
			case !slices.Contains([]string{"sh", "text", "yaml", "csv"}, block.language):
				t.Errorf("%s: nothing checks a block of %q:\n%s", page, block.language, block.text)
			}
		}
	}
}

// checkSample looks for the lines of a block in a script, in their order.
func checkSample(t *testing.T, page string, sample block) {
	t.Helper()
	script, err := os.ReadFile(sample.script)
	check(t, err)
	rest := string(script)
	for line := range strings.SplitSeq(strings.Trim(sample.text, "\n"), "\n") {
		if strings.TrimSpace(line) == "…" {
			continue
		}
		at := strings.Index(rest, "\n"+line+"\n")
		if at < 0 { // a command
			line = "exec " + line
			at = strings.Index(rest, "\n"+line+"\n")
		}
		if at < 0 {
			t.Errorf("%s: this line is not in %s, or not in this order:\n%s", page, sample.script, line)
			return
		}
		rest = rest[at+len(line)+1:]
	}
}

// readsAsDesiredState reads an example of YAML, with what surrounds it in a file.
func readsAsDesiredState(example string) error {
	example = strings.ReplaceAll(example, "…\n", "\n")
	if strings.HasPrefix(strings.TrimSpace(example), "- ") {
		example = "users:\n" + example
	}
	if !strings.Contains(example, "version:") {
		example = "version: 1\n" + example
	}
	_, err := desired.Parse(desired.File{Name: "desired-state.yaml", Data: []byte(example)}, desired.InMemory{}, time.Time{})
	return err
}
