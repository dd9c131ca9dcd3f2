package desired

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What editors complete and what is read are one list of keys.
func TestTheSchemaHasTheKeysThatTheParserReads(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := make(map[string]bool)
	for _, key := range userKeys {
		read[key] = true
	}
	entry := regexp.MustCompile(`(?m)(?:\bkey|^\t+)\{"([a-z_]+)", (?:into\(|p\.|func\()`)
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range entry.FindAllStringSubmatch(string(text), -1) {
			read[key[1]] = true
		}
	}
	var schema any
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	described := make(map[string]bool)
	addProperties(schema, described)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(read))); diff != "" {
		t.Errorf("keys (-schema +parser):\n%s", diff)
	}
}

// addProperties adds the names of all properties in a part of a schema.
func addProperties(part any, names map[string]bool) {
	switch part := part.(type) {
	case []any:
		for _, one := range part {
			addProperties(one, names)
		}
	case map[string]any:
		for key, value := range part {
			if properties, ok := value.(map[string]any); ok && key == "properties" {
				for name := range properties {
					names[name] = true
				}
			}
			addProperties(value, names)
		}
	}
}
