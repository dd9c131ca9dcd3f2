package main

import (
	"runtime/debug"
	"testing"
)

func TestABuildIsNamed(t *testing.T) {
	install := &debug.BuildInfo{Main: debug.Module{Version: "v0.2.0"}}
	checkout := &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.time", Value: "2026-11-24T23:30:00-02:00"},
	}}
	for name, c := range map[string]struct {
		linker build
		info   *debug.BuildInfo
		want   string
	}{
		"by its tag after go install":              {build{}, install, "0.2.0"},
		"by commit and day, in UTC, in a checkout": {build{version: "0.1.0-5-g0123456"}, checkout, "0.1.0-5-g0123456 (0123456789ab, 2026-11-25)"},
		"by what the linker was told":              {build{version: "0.3.0", commit: "feed", date: "2026-12-01T00:00:00Z"}, checkout, "0.3.0 (feed, 2026-12-01)"},
		"by its commit where the day is not known": {build{version: "0.3.0", commit: "feed"}, install, "0.3.0 (feed)"},
	} {
		t.Run(name, func(t *testing.T) {
			c.linker.fill(c.info)
			if got := c.linker.String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
