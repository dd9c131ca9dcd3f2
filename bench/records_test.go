package bench_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/seatsync/seatsync/bench"
	"github.com/seatsync/seatsync/bench/inmemory"
	"github.com/seatsync/seatsync/reconcile/record"
	"github.com/seatsync/seatsync/reconcile/report"
)

// BenchmarkRecords reads what pages and savings are made from.
func BenchmarkRecords(b *testing.B) {
	for _, runs := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("runs=%d", runs), func(b *testing.B) {
			directory := b.TempDir()
			if _, err := inmemory.WriteRecords(directory, runs); err != nil {
				b.Fatal(err)
			}
			b.Run("savings", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					history := record.Open(directory, Account).History(time.Time{})
					if found := report.NewSavingsReport(Account, &history, history.Taken[len(history.Taken)-1].At); found.Total.Freed == 0 {
						b.Fatal("nobody was released")
					}
				}
			})
			b.Run("latest", func(b *testing.B) {
				b.ReportAllocs()
				archive, err := record.OpenArchive(directory, Account)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					count := 0
					if err := archive.Latest(50, func(*record.Record) { count++ }); err != nil || count != 50 {
						b.Fatal(count, err)
					}
				}
			})
		})
	}
}
