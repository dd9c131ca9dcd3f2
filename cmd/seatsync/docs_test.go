package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sampleOf finds the samples of a page that are those of a script: a comment names
// it, and the block after it has lines of the script, which runs as a test of its
// own. A line with nothing but an ellipsis stands for lines left out.
var sampleOf = regexp.MustCompile("(?s)<!-- (testdata/[a-z_]+\\.txtar) -->\n\n?```[a-z]*\n(.*?)```")

func TestSamplesInTheDocsAreWhatScriptsShow(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	samples := 0
	for _, path := range pages {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := sampleOf.FindAllStringSubmatch(string(page), -1)
		if named := strings.Count(string(page), "<!-- testdata/"); named != len(found) {
			t.Errorf("%s names %d scripts and has %d samples of them", path, named, len(found))
		}
		for _, sample := range found {
			samples++
			script, err := os.ReadFile(sample[1])
			if err != nil {
				t.Fatal(err)
			}
			rest := string(script)
			for line := range strings.SplitSeq(strings.TrimSpace(sample[2]), "\n") {
				if strings.TrimSpace(line) == "…" {
					continue
				}
				at := strings.Index(rest, "\n"+line+"\n")
				if at < 0 { // a command
					line = "exec " + line
					at = strings.Index(rest, "\n"+line+"\n")
				}
				if at < 0 {
					t.Fatalf("%s: this line is not in %s, or not in this order:\n%s", path, sample[1], line)
				}
				rest = rest[at+len(line)+1:]
			}
		}
	}
	if samples == 0 {
		t.Error("no page has a sample of a script")
	}
}
