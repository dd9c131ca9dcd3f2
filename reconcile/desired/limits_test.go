package desired

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

func TestOfManyProblemsTheFirstAreListed(t *testing.T) {
	var file, team strings.Builder
	file.WriteString("version: 1\ninclude: [team.yaml]\nusers:\n")
	for i := range 5000 {
		fmt.Fprintf(&file, "  - emial: person.%d@example.com\n", i) // two problems each
	}
	team.WriteString("users:\n")
	for range 70 {
		team.WriteString("  - email: someone@example.com\n")
	}
	_, err := Parse(File{Name: "f.yaml", Data: []byte(file.String())}, InMemory{{Name: "team.yaml", Data: []byte(team.String())}}, time.Time{})
	var problems reconcile.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	if len(problems) != maxProblems+1 || problems.Count() != 10_000+69 {
		t.Errorf("%d problems are listed, for %d", len(problems), problems.Count())
	}
	if last := problems[maxProblems].String(); last != "f.yaml: 9,969 problems more: correct the first ones, and look again" {
		t.Errorf("the last: %s", last)
	}
	if got := problems[0].String(); !strings.HasPrefix(got, "f.yaml:4:5: ") {
		t.Errorf("the first: %s", got)
	}
}

func TestHostileFilesTakeLittleMemory(t *testing.T) {
	for name, text := range map[string]string{
		"a list without an end":   "version: 1\nusers: [" + strings.Repeat("a,", 20<<20),
		"keys without an end":     "version: 1\n" + strings.Repeat("? a\n", 8<<20),
		"a text without an end":   "version: 1\naccount: " + strings.Repeat("a", 70<<20),
		"brackets without an end": "version: 1\nusers: " + strings.Repeat("[", 40<<20),
	} {
		t.Run(name, func(t *testing.T) {
			debug.FreeOSMemory()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse(File{Name: "f.yaml", Data: []byte(text)}, nil, time.Time{})
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), "split it with include") {
				t.Errorf("got %.200v", err)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 200<<20 {
				t.Errorf("%d MiB were allocated", taken>>20)
			}
		})
	}
}

func TestNodesAreNeverMoreThanWasThought(t *testing.T) {
	for _, text := range []string{
		"", "a", "a: b\n", "- a\n- b\n", "[a, b, {c: d}]", "{\"a\":\"b\",\"c\":[1,2]}", "? a\n: b\n", "- - - a\n", "-\n-\n-", "a:\n- b\n- c:\n    d: e\n", "[[[]]]", "{a, b}", "? \n? \n",
	} {
		var root yaml.Node
		if err := yaml.Unmarshal([]byte(text), &root); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var count func(node *yaml.Node) int
		count = func(node *yaml.Node) int {
			n := 1
			for _, child := range node.Content {
				n += count(child)
			}
			return n
		}
		if nodes := count(&root); root.Kind != 0 && nodes-1 > nodesAtMost([]byte(text)) {
			t.Errorf("%q has %d nodes, thought were %d", text, nodes-1, nodesAtMost([]byte(text)))
		}
	}
}

func TestLineEndsOfWindowsChangeNothing(t *testing.T) {
	text := "version: 1\nusers:\n  - email: a@b.c\n    name: Ada\n  - email: b@b.c\n    name: \"x\"\n"
	unix, err := Parse(File{Name: "f.yaml", Data: []byte(text)}, nil, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	windows, err := Parse(File{Name: "f.yaml", Data: bytes.ReplaceAll([]byte(text), []byte("\n"), []byte("\r\n"))}, nil, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(unix.Users) != fmt.Sprint(windows.Users) {
		t.Errorf("%v and %v", unix.Users, windows.Users)
	}
}
