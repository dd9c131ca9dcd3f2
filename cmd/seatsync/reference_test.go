package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
	"github.com/seatsync/seatsync/reconcile/report"
)

// The tables of the docs are held to the program, in both directions: a word that one of
// them has and the other has not fails.

// tableOf returns the rows of the table of a page whose header begins with a cell, and
// fails the test where there is none.
func tableOf(t *testing.T, page, header string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../../" + page)
	check(t, err)
	_, table, found := strings.Cut("\n"+string(text), "\n| "+header+" |")
	if !found {
		t.Fatalf("%s has no table of %q", page, header)
	}
	lines := strings.Split(table, "\n")
	for _, line := range lines[2:] { // after the header and the rule under it
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), " | ")
		for i := range cells {
			cells[i] = strings.ReplaceAll(strings.Trim(cells[i], "| "), "\x00", "|")
		}
		rows = append(rows, cells)
	}
	return rows
}

var inBackticks = regexp.MustCompile("`([^`]+)`")

// wordsOf returns what is in backticks in a column of a table, or its cells where nothing is.
func wordsOf(rows [][]string, column int) (words []string) {
	for _, row := range rows {
		marked := inBackticks.FindAllStringSubmatch(row[column], -1)
		for _, one := range marked {
			words = append(words, one[1])
		}
		if len(marked) == 0 && row[column] != "" {
			words = append(words, strings.ToLower(row[column]))
		}
	}
	return words
}

// wantSame fails the test for every word that one list has alone.
func wantSame(t *testing.T, what string, documented, real []string) {
	t.Helper()
	for _, word := range documented {
		if !slices.Contains(real, word) {
			t.Errorf("%s: %q is in the docs alone", what, word)
		}
	}
	for _, word := range real {
		if !slices.Contains(documented, word) {
			t.Errorf("%s: %q is not in the docs", what, word)
		}
	}
}

func TestTheTablesOfTheDocsHaveTheWordsOfTheProgram(t *testing.T) {
	t.Parallel()
	without := func(words []reconcile.Result, left ...reconcile.Result) []string {
		return texts(slices.DeleteFunc(words, func(word reconcile.Result) bool { return slices.Contains(left, word) }))
	}
	for what, words := range map[string]struct {
		page, header string
		column       int
		row          string // of this first cell alone; "" for all
		real         []string
	}{
		"kinds":    {"docs/reference.md", "of", 1, "kinds", texts(reconcile.Kinds())},
		"reasons":  {"docs/reference.md", "of", 1, "reasons", append(texts(reconcile.Reasons()), "--revert")},
		"holds":    {"docs/reference.md", "of", 1, "holds", texts(reconcile.Holds())},
		"statuses": {"docs/reference.md", "of", 1, "outcomes", texts(reconcile.Statuses())},
		"findings": {"docs/reference.md", "finding", 0, "", texts(reconcile.Codes())},
		"outcomes": {"docs/apply.md", "outcome", 0, "", texts(reconcile.Statuses())},
		// A skipped run has no record, and what metrics count is over.
		"results of records": {"docs/apply.md", "result", 0, "", without(reconcile.Results(), reconcile.ResultSkipped)},
		"results of metrics": {"docs/operations.md", "metric", 1, "`seatsync_runs_total{mode,result}`", without(reconcile.Results(), reconcile.ResultRunning, reconcile.ResultKilled)},
		"formats":            {"docs/performance.md", "format", 0, "", texts(report.Formats())},
		"exit codes":         {"docs/reference.md", "code", 0, "", exitCodes(codeOK, codeError, codePending, codeHeld, codePartial)},
		"codes of apply":     {"docs/apply.md", "code", 0, "", exitCodes(codeOK, codeError, codeHeld, codePartial)},
		"variables":          {"docs/reference.md", "variable", 0, "", variablesOfTheProgram(t)},
		"commands":           {"docs/reference.md", "command", 0, "", slices.Collect(maps.Keys(commandsByName(newTestApp().rootCommand())))},
		"metrics":            {"docs/operations.md", "metric", 0, "", metricsOfTheProgram(t)},
		"alerts":             {"docs/operations.md", "alert", 0, "", found(t, "../../deploy/prometheus/seatsync.rules.yaml", `alert: (\w+)`)},
		"events":             {"docs/operations.md", "event", 0, "", found(t, "../../reconcile/daemon/notification.go", `Event = "(\w+)"`)},
		"endpoints":          {"docs/operations.md", "path", 0, "", endpointsOfTheProgram(t)},
	} {
		rows := tableOf(t, words.page, words.header)
		if words.row != "" {
			rows = slices.DeleteFunc(rows, func(row []string) bool { return row[0] != words.row })
		}
		documented := wordsOf(rows, words.column)
		if what == "commands" {
			for i := range documented {
				documented[i], _, _ = strings.Cut(documented[i], " ") // from its arguments
			}
		}
		wantSame(t, words.page+", "+what, documented, words.real)
	}
}

func exitCodes(codes ...int) (list []string) {
	for _, code := range codes {
		list = append(list, fmt.Sprint(code))
	}
	return list
}

// found returns the groups of a pattern in a file.
func found(t *testing.T, path, pattern string) (words []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	check(t, err)
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		words = append(words, match[1])
	}
	return words
}

// variablesOfTheProgram returns the environment variables that the source names.
func variablesOfTheProgram(t *testing.T) (names []string) {
	t.Helper()
	for _, root := range []string{".", "../../reconcile/zerotrust", "../../reconcile/desired", "../../reconcile/runner", "../../reconcile/daemon"} {
		check(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				names = append(names, found(t, path, `"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"`)...)
				names = append(names, found(t, path, `getenv\("([A-Z]+)"\)`)...)
			}
			return err
		}))
	}
	return names
}

// metricsOfTheProgram returns every metric with its labels but the account's, as the docs write them.
func metricsOfTheProgram(t *testing.T) (metrics []string) {
	t.Helper()
	samples, err := os.ReadFile("../../reconcile/daemon/testdata/metrics.golden")
	check(t, err)
	for _, sample := range regexp.MustCompile(`(?m)^(\w+)\{(.*)\}$`).FindAllStringSubmatch(string(samples), -1) {
		name := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(sample[1], "")
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(sample[2], -1) {
			if label[1] != "account" && label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		if slices.Equal(labels, []string{"code", "method"}) {
			slices.Reverse(labels) // people ask with which method first
		}
		if len(labels) > 0 {
			name += "{" + strings.Join(labels, ",") + "}"
		}
		metrics = append(metrics, name)
	}
	return metrics
}

// endpointsOfTheProgram returns the paths that the daemon serves, as the docs write them.
func endpointsOfTheProgram(t *testing.T) (paths []string) {
	t.Helper()
	for _, path := range found(t, "../../reconcile/daemon/server.go", `mux\.Handle(?:Func)?\("([^"]+)"`) {
		paths = append(paths, strings.NewReplacer("{$}", "", "{id}", "ID").Replace(path))
	}
	return paths
}

func newTestApp() *app {
	return &app{getenv: func(string) string { return "" }, clock: time.Now}
}

// commandsByName returns the commands that help lists.
func commandsByName(root *cobra.Command) map[string]*cobra.Command {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	commands := make(map[string]*cobra.Command)
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() || command.Name() == "help" {
			commands[command.Name()] = command
		}
	}
	return commands
}

var flagWord = regexp.MustCompile(`(?:^|[ "|])--([a-z][a-z-]+)`)

func TestTheFlagsInTheDocsAreThoseOfTheProgram(t *testing.T) {
	t.Parallel()
	root := newTestApp().rootCommand()
	commands := commandsByName(root)
	for _, row := range tableOf(t, "docs/reference.md", "command") {
		name, _, _ := strings.Cut(strings.Trim(row[0], "`"), " ")
		command := commands[strings.Trim(name, "`,")]
		for _, flag := range flagWord.FindAllStringSubmatch(strings.Join(wordsOf([][]string{row}, 1), " ")+" "+row[0], -1) {
			if command == nil || command.Flags().Lookup(flag[1]) == nil {
				t.Errorf("docs/reference.md: %s has no flag --%s", name, flag[1])
			}
		}
	}
	var global []string
	root.PersistentFlags().VisitAll(func(flag *pflag.Flag) { global = append(global, flag.Name) })
	named := flagWord.FindAllStringSubmatch(strings.Join(wordsOf(tableOf(t, "docs/reference.md", "variable"), 1), " "), -1)
	for _, name := range global {
		if !slices.ContainsFunc(named, func(match []string) bool { return match[1] == name }) {
			t.Errorf("docs/reference.md: the table of variables has no --%s", name)
		}
	}
	// What pages say of flags in passing, with the default in brackets after it.
	all := flagsByName(root)
	for _, page := range pagesOfTheDocs(t) {
		_, prose := readPage(t, page)
		for _, span := range inBackticks.FindAllStringSubmatch(prose, -1) {
			for _, flag := range flagWord.FindAllStringSubmatch(span[1], -1) {
				if all[flag[1]] == nil && !slices.Contains([]string{"tmpfs"}, flag[1]) { // docker's
					t.Errorf("%s: no command has a flag --%s", page, flag[1])
				}
			}
		}
		for _, said := range regexp.MustCompile("`--([a-z-]+)` \\((\\d[^ ),]*)").FindAllStringSubmatch(prose, -1) {
			if !slices.ContainsFunc(all[said[1]], func(flag *pflag.Flag) bool { return isDefault(flag, said[2]) }) {
				t.Errorf("%s: --%s is not %s by default", page, said[1], said[2])
			}
		}
	}
}

// isDefault reports whether a text says the default of a flag, durations in any unit.
func isDefault(flag *pflag.Flag, said string) bool {
	a, errA := desired.ParseDuration(said)
	b, errB := desired.ParseDuration(flag.DefValue)
	return flag.DefValue == said || errA == nil && errB == nil && a == b
}

// flagsByName returns the flags of every command.
func flagsByName(root *cobra.Command) map[string][]*pflag.Flag {
	all := make(map[string][]*pflag.Flag)
	var visit func(*cobra.Command)
	visit = func(command *cobra.Command) {
		command.NonInheritedFlags().VisitAll(func(flag *pflag.Flag) { all[flag.Name] = append(all[flag.Name], flag) })
		for _, sub := range command.Commands() {
			visit(sub)
		}
	}
	visit(root)
	return all
}

// flagTable writes every flag with its default, the commands that have it, and what it
// does. A flag that differs between commands has a row for each of its meanings.
func flagTable(root *cobra.Command) string {
	type row struct{ flag, fallback, usage string }
	commands := make(map[row][]string)
	add := func(command string, flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		one := row{flag: strings.TrimSpace("--" + flag.Name + " " + value), usage: usage}
		if flag.Shorthand != "" {
			one.flag = "-" + flag.Shorthand + ", " + one.flag
		}
		if fallback := defaultOf(flag); fallback != "" {
			one.fallback = "`" + fallback + "`"
		}
		commands[one] = append(commands[one], command)
	}
	root.PersistentFlags().VisitAll(func(flag *pflag.Flag) { add("all", flag) })
	for _, name := range slices.Sorted(maps.Keys(commandsByName(root))) {
		command, _, _ := root.Find([]string{name})
		command.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
			if flag.Name != "help" {
				add("`"+name+"`", flag)
			}
		})
	}
	name := func(one row) string { return one.flag[strings.Index(one.flag, "--"):] }
	rows := slices.SortedFunc(maps.Keys(commands), func(a, b row) int {
		return strings.Compare(name(a)+commands[a][0], name(b)+commands[b][0])
	})
	var table strings.Builder
	table.WriteString("| flag | default | of | meaning |\n| --- | --- | --- | --- |\n")
	for _, one := range rows {
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", one.flag, one.fallback, strings.Join(commands[one], ", "), strings.ReplaceAll(one.usage, "|", `\|`))
	}
	return table.String()
}

func TestTheTableOfFlagsIsThatOfTheProgram(t *testing.T) {
	t.Parallel()
	const page, begin, end = "../../docs/reference.md", "<!-- written by: go test ./cmd/seatsync -update -->\n\n", "\n<!-- end -->\n"
	text, err := os.ReadFile(page)
	check(t, err)
	head, rest, found := strings.Cut(string(text), begin)
	documented, tail, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("docs/reference.md has no place for the table of flags")
	}
	table := flagTable(newTestApp().rootCommand())
	if *updateScripts && table != documented {
		check(t, os.WriteFile(page, []byte(head+begin+table+end+tail), 0o644))
		return
	}
	if table != documented {
		t.Error("the table of flags in docs/reference.md is not that of the program: make golden, and look at the difference")
	}
}
