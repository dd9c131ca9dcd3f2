package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// releaseNotes returns what CHANGELOG.md says of a version. A version that has no section yet has what is unreleased,
// but only if it is a preview (0.3.0-rc.1, 0.0.0-COMMIT): a release says what is in it.
func releaseNotes(source, version string) (string, error) {
	data, err := os.ReadFile(filepath.Join(source, "CHANGELOG.md"))
	if err != nil {
		return "", err
	}
	version = strings.TrimPrefix(version, "v")
	if text, found := section(string(data), version); found {
		return text, nil
	}
	if text, found := section(string(data), "Unreleased"); found && strings.Contains(version, "-") {
		return text, nil
	}
	return "", fmt.Errorf("CHANGELOG.md has no section '## %s'", version)
}

// section returns the text below a heading such as '## [0.2.0] - 2026-11-24' or '## 0.2.0', up to the next of its level
// or to the list of links.
func section(text, name string) (string, bool) {
	var lines []string
	inside := false
	for line := range strings.Lines(text) {
		heading, isHeading := strings.CutPrefix(line, "## ")
		switch {
		case isHeading && inside, inside && strings.HasPrefix(line, "[") && strings.Contains(line, "]: "):
			return trimmed(lines), true
		case isHeading:
			title, _, _ := strings.Cut(strings.TrimSpace(heading), " ")
			inside = strings.EqualFold(strings.Trim(title, "[]"), name)
		case inside:
			lines = append(lines, line)
		}
	}
	return trimmed(lines), inside
}

func trimmed(lines []string) string { return strings.TrimSpace(strings.Join(lines, "")) + "\n" }
