package main

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatsync/seatsync"
	"github.com/seatsync/seatsync/reconcile/sandbox"
)

// TestTheSampleInTheREADMEIsRealOutput plans the example against the fixed cast
// of the sandbox, as the README shows it; a line with nothing but an ellipsis
// stands for lines left out.
func TestTheSampleInTheREADMEIsRealOutput(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sample, found := strings.Cut(string(readme), "```text\n")
	if !found {
		t.Fatal("the README has no sample")
	}
	sample, _, _ = strings.Cut(sample, "```")
	real := planOfTheCast(t)
	next := 0
	for _, line := range strings.Split(strings.TrimSpace(sample), "\n") {
		if strings.TrimSpace(line) == "…" {
			continue
		}
		at := strings.Index(real[next:], line+"\n")
		if at < 0 {
			t.Fatalf("this line of the sample is not in the output, or not in this order:\n%s\nthe output:\n%s", line, real)
		}
		next += at
	}
}

// planOfTheCast returns what plan prints for the example and its cast.
func planOfTheCast(t *testing.T) string {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Users: 32, Now: demoClock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(func() {
		box.Close()
		server.Close()
	})
	example, err := filepath.Abs("../../desired-state.yaml")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := errors.Join(os.WriteFile("desired-state.yaml", data, 0o600), os.WriteFile("people.csv", seatsync.ExampleRoster, 0o600)); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	environment := map[string]string{
		"CLOUDFLARE_BASE_URL": server.URL + sandbox.BasePath, "CLOUDFLARE_API_TOKEN": "token-of-the-readme",
	}
	args := []string{"plan", "--now", demoClock().Format(time.RFC3339)}
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(name string) string { return environment[name] }); code != codeOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	return stdout.String()
}
