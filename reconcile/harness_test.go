package reconcile_test

import (
	"testing"
	"time"

	. "github.com/seatsync/seatsync/reconcile"
	"github.com/seatsync/seatsync/reconcile/desired"
)

// testNow is the clock of the tests: a Sunday morning.
var testNow = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// parseText reads one file from memory.
func parseText(t testing.TB, text string) (*Desired, error) {
	t.Helper()
	return desired.Parse(desired.File{Name: "f.yaml", Data: []byte(text)}, nil, time.Time{})
}

// mustParse reads one file that must be right.
func mustParse(t testing.TB, text string) *Desired {
	t.Helper()
	desired, err := parseText(t, text)
	if err != nil {
		t.Fatalf("parse:\n%v", err)
	}
	return desired
}

// lineOf returns the line of a place, 0 for none.
func lineOf(at *Position) int {
	if at == nil {
		return 0
	}
	return at.Line
}
