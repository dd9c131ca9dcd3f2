package main

import (
	"os"
	"runtime"
	"strconv"
	"testing"
)

// manyRuns is how many runs the test of memory makes: a few hundred show a leak
// as well as the 10,000 that SEATSYNC_TEST_RUNS=10000 asks for.
func manyRuns(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SEATSYNC_TEST_RUNS")
	if text == "" {
		return 400
	}
	runs, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SEATSYNC_TEST_RUNS: %v", err)
	}
	return runs
}

// heapInUse returns the bytes that are reachable.
func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
