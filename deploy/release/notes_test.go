package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
)

func TestNotesComeFromTheChangelog(t *testing.T) {
	const text = "# Changelog\n\nWords.\n\n## [Unreleased]\n\n### Added\n\n- new\n\n## 0.2.0 - 2026-11-24\n\n- two\n\n## [0.1.0]\n\n- one\n\n[Unreleased]: https://example.com\n"
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "CHANGELOG.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{
		"0.2.0": "- two\n", "v0.2.0": "- two\n", "0.1.0": "- one\n", "0.3.0-rc.1": "### Added\n\n- new\n", "0.0.0-feed": "### Added\n\n- new\n", "0.3.0": "",
	} {
		got, err := releaseNotes(directory, version)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("the notes of %s are %q, %v, want %q", version, got, err, want)
		}
	}
}

func TestTheListsOfComponentsNameEveryModule(t *testing.T) {
	for _, target := range targets() {
		t.Run(target.String(), func(t *testing.T) {
			var bom cyclonedx.BOM
			data := read(t, built.artifact(built.archiveName(target)+".cdx.json"))
			if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
				t.Fatal(err)
			}
			listed := make(map[string]bool)
			for _, component := range *bom.Components {
				listed[component.PackageURL] = true
			}
			info, err := buildinfo.ReadFile(filepath.Join(unpackArchive(t, target), filepath.Base(built.program(target))))
			if err != nil {
				t.Fatal(err)
			}
			for _, module := range info.Deps {
				if url := "pkg:golang/" + module.Path + "@" + module.Version; !listed[url] {
					t.Errorf("%s is not listed", url)
				}
			}
			if len(listed) != len(info.Deps)+1 {
				t.Errorf("%d components, want the %d modules and Go's library", len(listed), len(info.Deps))
			}
		})
	}
}

// An editor fetches a schema from its $id: it has to be there that a release puts it.
func TestAReleaseAnswersForTheIDsOfItsSchemas(t *testing.T) {
	for _, name := range []string{"desired-state.schema.json", "plan.schema.json"} {
		var schema struct {
			ID string `json:"$id"`
		}
		if err := json.Unmarshal(read(t, built.artifact(name)), &schema); err != nil {
			t.Fatal(err)
		}
		if want := "https://github.com/seatsync/seatsync/releases/latest/download/" + name; schema.ID != want {
			t.Errorf("the $id of %s is %s, want %s", name, schema.ID, want)
		}
	}
}
