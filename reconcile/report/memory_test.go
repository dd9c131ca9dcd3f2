//go:build !race

// The race detector lets sync.Pool drop what it holds at random, so allocations are
// counted without it: make unit runs this test by itself.

package report

import (
	"io"
	"runtime"
	"testing"
)

func TestAReportOfThirtyThousandChangesTakesLittleMemory(t *testing.T) {
	const most = 32 << 20
	plan := manyChanges(30_000)
	for _, format := range Formats() {
		t.Run(string(format), func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if err := Write(io.Discard, format, plan, Options{Width: 120}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			// All that was ever allocated bounds what was held at once, whenever the
			// collector ran.
			total := after.TotalAlloc - before.TotalAlloc
			t.Logf("%.1f MiB allocated", float64(total)/(1<<20))
			if total > most {
				t.Errorf("%d bytes allocated, want at most %d", total, most)
			}
		})
	}
}
