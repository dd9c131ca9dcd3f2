package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLintFindsWhatIsWrongWithADescription(t *testing.T) {
	sound, err := os.ReadFile("../seats.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		old, new string
		code     int
		output   string
	}{
		{name: "a sound description has no findings"},
		{
			name: "an operation without an id", code: 1, output: "semantic-operation-operation-id",
			old: "      operationId: listUsers\n", new: "",
		},
		{
			name: "a path parameter that nothing declares", code: 1, output: "semantic-path-params",
			old: `      - $ref: "#/components/parameters/UserID"` + "\n", new: "",
		},
		{
			name: "a reference to nothing", code: 1, output: "SeatUpdateLisp",
			old: `$ref: "#/components/schemas/SeatUpdateList"`, new: `$ref: "#/components/schemas/SeatUpdateLisp"`,
		},
		{
			name: "an example that does not fit its schema", code: 1, output: "per_page",
			old: "                  per_page: 20\n", new: "                  per_page: twenty\n",
		},
		{
			name: "a tag without a description", code: 1, output: "style-tag-description",
			old: "    description: Whether the API token in use is valid.\n", new: "",
		},
		{
			name: "a file that is no YAML", code: 1, output: "yaml",
			old: "openapi: 3.0.3", new: "openapi: [",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(string(sound), test.old, test.new, 1)
			if test.old != "" && text == string(sound) {
				t.Fatalf("seats.yaml no longer has %q: adapt this test", test.old)
			}
			file := filepath.Join(t.TempDir(), "seats.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr strings.Builder
			if code := run(t.Context(), []string{file}, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d\n%s%s", code, test.code, &stdout, &stderr)
			}
			if !strings.Contains(stdout.String(), test.output) {
				t.Errorf("the findings do not mention %q:\n%s", test.output, &stdout)
			}
		})
	}
}

func TestLintSaysSoWhenItCannotTell(t *testing.T) {
	var stdout, stderr strings.Builder
	if code := run(t.Context(), nil, &stdout, &stderr); code != 2 || stderr.Len() == 0 {
		t.Errorf("without a file: exit code %d, want 2 and a message, got %q", code, &stderr)
	}
	if code := run(t.Context(), []string{"no such file"}, &stdout, &stderr); code != 2 {
		t.Errorf("with a file that is not there: exit code %d, want 2", code)
	}
}
