//go:build unix

package desired

import (
	"strings"
	"syscall"
	"testing"
)

func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	files := twoTeams()
	writeFiles(t, files)
	for _, name := range []string{"teams/pipe.yaml", "pipe"} {
		if err := syscall.Mkfifo(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"d.yaml": "teams/pipe.yaml is not a regular file", "pipe": "pipe is not a regular file", "/dev/zero": "/dev/zero is not a regular file",
	} {
		if _, err := Load(t.Context(), Origin{Path: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
