package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// expression evaluates what GitHub Actions writes between ${{ and }}: the part of
// its language that our workflows use. Unknown names are "", as there.
type expression struct {
	words  []string
	lookup func(name string) string // of github.ref_name, steps.plan.outputs.code, always()
}

var expressionWord = regexp.MustCompile(`'[^']*'|[\w.-]+(?:\(\))?|==|!=|&&|\|\||!|\(|\)`)

func evaluate(text string, lookup func(string) string) string {
	e := &expression{words: expressionWord.FindAllString(text, -1), lookup: lookup}
	value := e.either()
	if len(e.words) > 0 {
		panic(fmt.Sprintf("the stand-in for GitHub does not understand %q from %q on", text, e.words))
	}
	return value
}

func (e *expression) next() string {
	if len(e.words) == 0 {
		return ""
	}
	return e.words[0]
}

func (e *expression) take() string {
	word := e.next()
	e.words = e.words[min(1, len(e.words)):]
	return word
}

func holds(value string) bool { return value != "" && value != "false" }

func truth(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

func (e *expression) either() string {
	value := e.both()
	for e.next() == "||" {
		e.take()
		if other := e.both(); !holds(value) {
			value = other
		}
	}
	return value
}

func (e *expression) both() string {
	value := e.comparison()
	for e.next() == "&&" {
		e.take()
		if other := e.comparison(); holds(value) {
			value = other
		}
	}
	return value
}

func (e *expression) comparison() string {
	value := e.single()
	for e.next() == "==" || e.next() == "!=" {
		wantsSame := e.take() == "=="
		value = truth((value == e.single()) == wantsSame)
	}
	return value
}

func (e *expression) single() string {
	switch word := e.take(); {
	case word == "!":
		return truth(!holds(e.single()))
	case word == "(":
		value := e.either()
		e.take()
		return value
	case strings.HasPrefix(word, "'"):
		return strings.Trim(word, "'")
	default:
		return e.lookup(word)
	}
}

var placeholder = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// filledIn replaces every ${{ … }} in a text.
func filledIn(text string, lookup func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		return evaluate(placeholder.FindStringSubmatch(found)[1], lookup)
	})
}

func TestExpressionsOfWorkflowsAreEvaluated(t *testing.T) {
	t.Parallel()
	lookup := func(name string) string {
		return map[string]string{"github.ref": "main", "steps.plan.outputs.code": "3", "always()": "true", "cancelled()": "false"}[name]
	}
	for text, want := range map[string]string{
		"github.ref == 'main'":      "true",
		"github.ref != 'main'":      "false",
		"!cancelled()":              "true",
		"inputs.none":               "",
		"inputs.none || github.ref": "main",
		"steps.plan.outputs.code == '3' && github.ref == 'other'": "false",
		"(inputs.none || always()) && github.ref":                 "main",
	} {
		if got := evaluate(text, lookup); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	if got := filledIn("a ${{ github.ref }} b ${{inputs.none}}c", lookup); got != "a main b c" {
		t.Errorf("got %q", got)
	}
}
