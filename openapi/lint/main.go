// Command lint checks OpenAPI descriptions: against the specification, against the rules in its rules.yaml, and every
// example against the schema it stands beside. It exits with 1 when it has found anything, and prints where.
//
//	go -C openapi/lint run . ../seats.yaml
//
// It is a module of its own, so that a machine with nothing but Go can run it while none of what it needs becomes a
// dependency of seatsync. It must never change the files it reads.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/linter"
	"github.com/speakeasy-api/openapi/openapi"
	rules "github.com/speakeasy-api/openapi/openapi/linter"
)

//go:embed rules.yaml
var rulesYAML []byte

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run checks the files named and returns the exit code: 0 for no finding, 1 for findings, 2 for no way to tell.
func run(ctx context.Context, files []string, stdout, stderr io.Writer) int {
	if len(files) == 0 {
		fmt.Fprintln(stderr, "lint: name at least one OpenAPI file")
		return 2
	}
	code := 0
	for _, file := range files {
		findings, err := check(ctx, file)
		if err != nil {
			fmt.Fprintf(stderr, "lint: %s: %v\n", file, err)
			return 2
		}
		for _, finding := range findings {
			fmt.Fprintf(stdout, "%s: %s\n", file, finding)
			code = 1
		}
	}
	return code
}

// check returns what is wrong with a file. Two libraries read it: one knows good descriptions from bad ones, the
// other holds examples against their schemas and reads the file just as the code generator does.
func check(ctx context.Context, file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	findings, err := checkRules(ctx, file, text)
	if err != nil {
		return nil, err
	}
	return append(findings, checkExamples(ctx, text)...), nil
}

func checkRules(ctx context.Context, file string, text []byte) ([]string, error) {
	config, err := linter.LoadConfig(bytes.NewReader(rulesYAML))
	if err != nil {
		return nil, fmt.Errorf("read rules.yaml: %w", err)
	}
	document, problems, err := openapi.Unmarshal(ctx, bytes.NewReader(text))
	if err != nil {
		return []string{err.Error()}, nil
	}
	checker, err := rules.NewLinter(config)
	if err != nil {
		return nil, err
	}
	output, err := checker.Lint(ctx, linter.NewDocumentInfo(document, file), problems, nil)
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, result := range output.Results {
		findings = append(findings, result.Error())
	}
	return findings, nil
}

func checkExamples(ctx context.Context, text []byte) []string {
	loader := openapi3.NewLoader()
	loader.Context = ctx
	document, err := loader.LoadFromData(text)
	if err == nil {
		err = document.Validate(ctx, openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation())
	}
	var several openapi3.MultiError
	if errors.As(err, &several) {
		var findings []string
		for _, err := range several {
			findings = append(findings, err.Error())
		}
		return findings
	}
	if err != nil {
		return []string{err.Error()}
	}
	return nil
}
