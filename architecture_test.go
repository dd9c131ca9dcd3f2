// Package seatsync_test holds the rules of the house that no compiler knows: which package may import which, and that
// nothing happens at start-up or behind the caller's back. It reads the code and must never run it. Where a rule stands
// in the way of a good idea, change the rule here, in the same commit, and say why.
package seatsync_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seatsync/seatsync"

// mayImport says for each package of the module which others it may import. Imports run one way:
// cmd → daemon, runner, report, sandbox → record, zerotrust, desired → reconcile; cmd connects them.
var mayImport = map[string][]string{
	".":              {},
	"bench":          {}, // its tests import what they measure; nothing of the product imports it
	"generated":      {},
	"bench/inmemory": {"bench", "reconcile", "reconcile/desired", "reconcile/record"},
	"cmd/seatsync": {
		".", "reconcile",
		"reconcile/daemon", "reconcile/daemon/webconfig", "reconcile/desired", "reconcile/record", "reconcile/report",
		"reconcile/runner", "reconcile/sandbox", "reconcile/zerotrust",
	},
	"reconcile":         {},
	"reconcile/browser": {}, // for tests alone
	"reconcile/daemon": {"reconcile", "reconcile/daemon/exposition", "reconcile/desired", "reconcile/record", "reconcile/report",
		"reconcile/runner"},
	"reconcile/daemon/exposition": {},
	"reconcile/daemon/webconfig":  {},
	"reconcile/desired":           {"reconcile"},
	"reconcile/record":            {"reconcile"},
	"reconcile/report":            {"reconcile"},
	"reconcile/runner":            {"reconcile", "reconcile/desired", "reconcile/record"}, // not zerotrust: it does not know which API it speaks to
	"reconcile/sandbox":           {"generated"},                                          // not reconcile: it would share the mistakes that it is there to find
	"reconcile/simulation": {"reconcile", "reconcile/daemon", "reconcile/desired", "reconcile/record", "reconcile/runner",
		"reconcile/sandbox", "reconcile/simulation/judge", "reconcile/zerotrust"},
	"reconcile/simulation/judge": {}, // nothing of ours: it would share the mistakes that it is there to find
	"reconcile/zerotrust":        {"generated", "reconcile"},
}

// mustNotReach says what a package may not import even through others.
var mustNotReach = map[string][]string{
	"reconcile":        {"net", module + "/generated", "os/exec", "gopkg.in/yaml.v3", "github.com/robfig/cron/v3"},
	"reconcile/report": {"net", module + "/generated", "os/exec", "gopkg.in/yaml.v3", "github.com/robfig/cron/v3"},
	"reconcile/runner": {"net/http", module + "/generated"}, // os/exec is reached through desired, which asks git
}

// mustNotOpen are the packages that open no files: they may not import os, which fmt reaches too.
var mustNotOpen = []string{"reconcile", "reconcile/report"}

// mustNotUse says which functions a package may not mention, called or not. The clock is an argument; a timer that
// gives a request in flight some time to finish decides nothing.
var mustNotUse = map[string][]string{
	"reconcile":        {"time.Now", "time.Since", "time.Until"},
	"reconcile/report": {"time.Now", "time.Since", "time.Until"},
}

// mayDecideVisibility are the files that may ask which characters print: the one that makes text from outside safe to
// show, and those that refuse such characters in input.
var mayDecideVisibility = []string{"reconcile/inert.go", "reconcile/desired/entries.go", "reconcile/desired/update.go"}

// mayWriteErrors are the files of the command that may touch standard error; the others call what these offer, which
// makes text from outside inert. A report makes its own so.
var mayWriteErrors = []string{"ui.go", "progress.go", "main.go", "root.go", "apply.go"}

// mayFillVariables are the calls that may stand behind a package-level variable: what they return never changes, nor what
// sync.OnceValue returns of them when it is first asked.
var mayFillVariables = []string{
	"errors.New", "fmt.Errorf", "netip.MustParsePrefix", "regexp.MustCompile", "strings.NewReplacer", "sync.OnceValue", "template.Must",
}

// mayVary are the package-level variables that do change: the linker sets them.
var mayVary = []string{"cmd/seatsync version", "cmd/seatsync commit", "cmd/seatsync date"}

const parserMode = parser.ParseComments | parser.SkipObjectResolution

// goPackage is what go list tells about a package that these tests need.
type goPackage struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
	Deps       []string

	TestImports, XTestImports []string
}

func (p goPackage) name() string { return nameOf(p.ImportPath) }

// nameOf returns the path of a package within the module, "." for its root, "" for a package from elsewhere.
func nameOf(importPath string) string {
	if importPath == module {
		return "."
	}
	name, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	return name
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list",
		"-json=ImportPath,Dir,Doc,GoFiles,Imports,Deps,TestImports,XTestImports", "./...")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatalf("read what go list said: %v", err)
		}
		packages = append(packages, p)
	}
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range listPackages(t) {
		allowed, known := mayImport[p.name()]
		if !known {
			t.Errorf("%s is new: say in mayImport, in architecture_test.go, which packages it may know", p.name())
			continue
		}
		for _, path := range p.Imports {
			if name := nameOf(path); name != "" && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s; of ours it may import %q", p.name(), name, allowed)
			}
		}
		if slices.Contains(mustNotOpen, p.name()) && slices.Contains(p.Imports, "os") {
			t.Errorf("%s imports os: package desired reads files", p.name())
		}
		for _, path := range mustNotReach[p.name()] {
			if slices.Contains(p.Deps, path) {
				t.Errorf("%s reaches %s; go list -deps -f '{{.ImportPath}}: {{.Imports}}' says through whom", p.name(), path)
			}
		}
	}
}

func TestTheTestsLeaveTheWireToTheEdge(t *testing.T) {
	for _, p := range listPackages(t) {
		edge := p.name() == "generated" || slices.Contains(mayImport[p.name()], "generated")
		if !edge && slices.Contains(slices.Concat(p.TestImports, p.XTestImports), module+"/generated") {
			t.Errorf("the tests of %s import generated: speak to the sandbox or send raw text", p.name())
		}
	}
}

// outputLine is where a config of oapi-codegen names the file that it writes.
var outputLine = regexp.MustCompile(`(?m)^output: *(\S+)`)

func TestGeneratedHoldsOnlyWhatTheConfigsWrite(t *testing.T) {
	configs, err := filepath.Glob("openapi/*.cfg.yaml")
	if err != nil || len(configs) == 0 {
		t.Fatalf("no openapi/*.cfg.yaml (%v)", err)
	}
	expected := []string{"generate.go"}
	for _, config := range configs {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		output := outputLine.FindSubmatch(text)
		if output == nil {
			t.Fatalf("%s names no output", config)
		}
		expected = append(expected, string(output[1]))
	}
	entries, err := os.ReadDir("generated")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !slices.Contains(expected, entry.Name()) && !strings.HasSuffix(entry.Name(), "_test.go") {
			t.Errorf("generated/%s is written by none of %q: move or delete it", entry.Name(), configs)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range listPackages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package comment: what it is for, what it must never do, where to read on", p.name())
		}
	}
}

func TestNothingHappensBehindTheCallersBack(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.name() == "generated" {
			continue
		}
		for _, file := range p.GoFiles {
			files := token.NewFileSet()
			syntax, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parserMode)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for _, problem := range hiddenEffects(p.name(), syntax) {
				t.Errorf("%s/%s:%d: %s", p.name(), file, files.Position(problem.at).Line, problem.text)
			}
		}
	}
}

func TestTextFromOutsideHasOneBoundary(t *testing.T) {
	for _, p := range listPackages(t) {
		for _, file := range p.GoFiles {
			syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parserMode)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(syntax, func(node ast.Node) bool {
				selector, ok := node.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				name := inFull(syntax, selector)
				if (name == "unicode.IsPrint" || name == "unicode.IsGraphic") && !slices.Contains(mayDecideVisibility, p.name()+"/"+file) {
					t.Errorf("%s/%s decides which characters are shown: call reconcile.Inert", p.name(), file)
				}
				touches := name == "os.Stderr" || selector.Sel.Name == "stderr"
				if p.name() == "cmd/seatsync" && touches && !slices.Contains(mayWriteErrors, file) {
					t.Errorf("%s touches standard error: call note, printError or the log", file)
				}
				return true
			})
		}
	}
}

type problem struct {
	at   token.Pos
	text string
}

// hiddenEffects finds init functions, package-level variables that can change, and uses of what mustNotUse names.
func hiddenEffects(name string, file *ast.File) []problem {
	var problems []problem
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == "init" {
				problems = append(problems, problem{d.Pos(), "an init function: construct it where it is used"})
			}
		case *ast.GenDecl:
			if d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				if !isEmbedded(d.Doc) && !isEmbedded(v.Doc) {
					problems = append(problems, variables(name, v)...)
				}
			}
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if ok && slices.Contains(mustNotUse[name], inFull(file, selector)) {
			problems = append(problems, problem{selector.Pos(), inFull(file, selector) + ": take it as an argument"})
		}
		return true
	})
	return problems
}

// variables finds the package-level variables that are more than a constant that Go cannot write as one: a table, a
// compiled pattern, an error, or the check that a type has the methods of an interface.
func variables(name string, spec *ast.ValueSpec) []problem {
	var problems []problem
	for i, ident := range spec.Names {
		if ident.Name == "_" || slices.Contains(mayVary, name+" "+ident.Name) {
			continue
		}
		if i >= len(spec.Values) || !isFixed(spec.Values[i]) {
			problems = append(problems, problem{ident.Pos(), "the variable " + ident.Name +
				" is neither a table nor a call in mayFillVariables, in architecture_test.go: pass it as an argument"})
		}
	}
	return problems
}

// isEmbedded reports whether a declaration gets its value from a file, at build time.
func isEmbedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(comment *ast.Comment) bool {
		return strings.HasPrefix(comment.Text, "//go:embed ")
	})
}

// isFixed reports whether a value is a table, or comes from a call in mayFillVariables, perhaps through methods of what
// the call returned.
func isFixed(value ast.Expr) bool {
	if _, table := value.(*ast.CompositeLit); table {
		return true
	}
	for {
		call, ok := value.(*ast.CallExpr)
		if !ok {
			return false
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		if x, ok := selector.X.(*ast.Ident); ok {
			return slices.Contains(mayFillVariables, x.Name+"."+selector.Sel.Name)
		}
		value = selector.X
	}
}

// inFull returns a selector such as time.Now with the path of the package that the file imports under that name, or ""
// where it is no such thing.
func inFull(file *ast.File, selector *ast.SelectorExpr) string {
	x, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for _, spec := range file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == x.Name {
			return path + "." + selector.Sel.Name
		}
	}
	return ""
}

func TestTheRulesSeeWhatTheyForbid(t *testing.T) {
	tests := []struct {
		name, code string
		want       string
	}{
		{"an init function", "func init() {}", "init function"},
		{"a method called init is no init function", "func (t T) init() {}", ""},
		{"a counter", "var count int", "count"},
		{"a cache made at start-up", "var cache = make(map[string]int)", "cache"},
		{"a pointer", "var shared = &T{}", "shared"},
		{"the second of two", "var a, b = errors.New(``), f()", "variable b"},
		{"a mutex in a group", "var (\n x = []int{1}\n mutex sync.Mutex\n)", "mutex"},
		{"the clock, called", "func f() { _ = time.Now() }", "time.Now"},
		{"the clock, handed on", "func f() { g(time.Now) }", "time.Now"},
		{"the clock under another name", "func f() { later.Since(x) }", "time.Since"},
		{"a table", "var table = map[string]int{`a`: 1}", ""},
		{"a pattern", "var pattern = regexp.MustCompile(`a`)", ""},
		{"a template, built in a chain", "var page = template.Must(f()).Funcs(nil)", ""},
		{"an interface check", "var _ I = T{}", ""},
		{"an embedded file", "//go:embed page.html\nvar page string", ""},
		{"a duration of package time", "const day = 24 * time.Hour", ""},
		{"a field called Now", "func f() { _ = options.Now() }", ""},
		{"a variable in a function", "func f() { var count int; _ = count }", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			code := "package x\nimport (\n\"time\"\nlater \"time\"\n)\n" + test.code
			file, err := parser.ParseFile(token.NewFileSet(), "x.go", code, parserMode)
			if err != nil {
				t.Fatal(err)
			}
			found := fmt.Sprint(hiddenEffects("reconcile", file))
			if test.want == "" && found != "[]" || !strings.Contains(found, test.want) {
				t.Errorf("found %s, want %q", found, test.want)
			}
		})
	}
}
