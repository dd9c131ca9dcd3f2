package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// What the linker sets in release builds (-X main.version=0.2.0). A build without
// them says what Go's own tool chain recorded.
var (
	version = ""
	commit  = ""
	date    = "" // of the commit, RFC 3339
)

func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return a.writeVersionJSON(readBuild())
			}
			_, err := fmt.Fprintf(a.stdout, "seatsync %s %s %s/%s\n", readBuild(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// writeVersionJSON writes what there is to know about the program, for scripts.
func (a *app) writeVersionJSON(b build) error {
	encoder := json.NewEncoder(a.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Version string `json:"version"`
		Commit  string `json:"commit"`
		Date    string `json:"date"`
		Go      string `json:"go"`
		OS      string `json:"os"`
		Arch    string `json:"arch"`
	}{b.version, b.commit, b.date, runtime.Version(), runtime.GOOS, runtime.GOARCH})
}

// build says which source the program was built from; commit and date are "" where
// nobody recorded them.
type build struct{ version, commit, date string }

// readBuild returns what the linker was told and, for what it was not, what go build
// and go install recorded.
func readBuild() build {
	b := build{version: version, commit: commit, date: date}
	info, ok := debug.ReadBuildInfo()
	if ok {
		b.fill(info)
	}
	if b.version == "" {
		b.version = developmentVersion
	}
	return b
}

// developmentVersion is that of a build of which nobody knows more.
const developmentVersion = "0.2.0-dev"

// fill sets what is still empty.
func (b *build) fill(info *debug.BuildInfo) {
	// 'go install …@v0.2.0' records the tag; a build in a checkout "(devel)" or a pseudo-version.
	if b.version == "" && len(info.Main.Version) > 1 && info.Main.Version[0] == 'v' {
		b.version = info.Main.Version[1:]
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision" && b.commit == "":
			b.commit = setting.Value
		case setting.Key == "vcs.time" && b.date == "":
			b.date = setting.Value
		}
	}
}

// String writes "0.2.0 (85c899e51ae1, 2026-11-24)".
func (b build) String() string {
	text, more := b.version, b.commit[:min(len(b.commit), 12)]
	if at, err := time.Parse(time.RFC3339, b.date); err == nil {
		if more != "" {
			more += ", "
		}
		more += at.UTC().Format(time.DateOnly)
	}
	if more != "" {
		text += " (" + more + ")"
	}
	return text
}
