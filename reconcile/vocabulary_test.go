package reconcile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

func TestTheVocabularyListsEveryConstantOnceWithASentence(t *testing.T) {
	listed := make(map[string][]string)
	sentences := make(map[string]string)
	list(listed, sentences, "Kind", Kinds())
	list(listed, sentences, "Reason", Reasons())
	list(listed, sentences, "Hold", Holds())
	list(listed, sentences, "Status", Statuses())
	list(listed, sentences, "Result", Results())
	list(listed, sentences, "Code", Codes())
	for _, mode := range Modes() {
		listed["Mode"] = append(listed["Mode"], string(mode))
	}
	for _, severity := range Severities() {
		listed["Severity"] = append(listed["Severity"], string(severity))
	}

	file, err := parser.ParseFile(token.NewFileSet(), "vocabulary.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string][]string)
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		name, isNamed := spec.Type.(*ast.Ident)
		literal, isText := spec.Values[0].(*ast.BasicLit)
		if isNamed && isText {
			word, _ := strconv.Unquote(literal.Value)
			seen[name.Name] = append(seen[name.Name], word)
		}
		return true
	})
	for kind, words := range listed {
		slices.Sort(words)
		slices.Sort(seen[kind])
		if !slices.Equal(words, seen[kind]) {
			t.Errorf("%s: the list has\n%q, the constants are\n%q", kind, words, seen[kind])
		}
	}
	for word, sentence := range sentences {
		if sentence == "" {
			t.Errorf("%s has no sentence", word)
		}
	}
}

// list notes the words of a list and the sentence of each.
func list[T interface {
	~string
	Sentence() string
}](listed map[string][]string, sentences map[string]string, kind string, words []T) {
	for _, word := range words {
		listed[kind] = append(listed[kind], string(word))
		sentences[kind+" "+string(word)] = word.Sentence()
	}
}

func TestNumbersForPeople(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Count(1, "seat"), "1 seat"},
		{Count(0, "seat"), "0 seats"},
		{Count(1200, "seat"), "1,200 seats"},
		{CountOf(1, "seat is", "seats are"), "1 seat is"},
		{CountOf(2, "seat is", "seats are"), "2 seats are"},
		{Thousands("-1234567.50"), "-1,234,567.50"},
		{Thousands("999"), "999"},
		{ShortCommit("85c899e0123456789abcdef0123456789abcdef0"), "85c899e01234"},
		{ShortCommit("85c899e0123456789abcdef0123456789abcdef0-dirty"), "85c899e01234-dirty"},
		{ShortCommit(""), ""},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestEveryKindOfChangeIsCounted(t *testing.T) {
	for _, kind := range Kinds() {
		plan := &Plan{Changes: []Change{{Kind: kind}, {Kind: kind, Held: HeldLimit}}}
		plan.Summary = summarize(plan, DefaultBatchSize)
		if plan.Summary.Pending() != 1 || *plan.Summary.of(kind) != 1 || plan.Summary.Held != 1 {
			t.Errorf("%s: %+v", kind, plan.Summary)
		}
	}
}
