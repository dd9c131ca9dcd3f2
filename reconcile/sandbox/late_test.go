package sandbox_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatsync/seatsync/reconcile/sandbox"
)

func TestAnEffectCanLandLate(t *testing.T) {
	var later atomic.Int64 // the sandbox asks from its own goroutines
	fault, err := sandbox.ParseFault("PATCH:late-effect(delay=90s):once")
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, sandbox.Options{
		Users: 50, Faults: []sandbox.Fault{fault},
		Quota: &sandbox.Quota{Now: func() time.Time { return noon.Add(time.Duration(later.Load())) }},
	})
	if answer, err := c.release(); err == nil {
		t.Fatalf("a response came: %+v", answer)
	}
	later.Store(int64(89 * time.Second))
	if c.released() {
		t.Error("the effect was there at once")
	}
	later.Store(int64(90 * time.Second))
	if !c.released() {
		t.Error("the effect never came")
	}
}

func TestALateEffectNeedsThePermission(t *testing.T) {
	fault, err := sandbox.ParseFault("PATCH:late-effect(delay=1ns):once")
	if err != nil {
		t.Fatal(err)
	}
	c := serve(t, sandbox.Options{Users: 50, Faults: []sandbox.Fault{fault}, Deny: []sandbox.Operation{sandbox.OperationSeats}})
	if answer, err := c.release(); err == nil {
		t.Fatalf("a response came: %+v", answer)
	}
	if c.released() {
		t.Error("the effect came without the permission")
	}
}

func TestTheDateIsThatOfTheData(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "Sun, 22 Nov 2026 12:00:00 GMT",
		"GET:skewed-date":                 "Sun, 22 Nov 2026 12:10:00 GMT",
		"users:skewed-date(offset=-1h)":   "Sun, 22 Nov 2026 11:00:00 GMT",
		"users:missing-date":              "",
		"devices:missing-date":            "Sun, 22 Nov 2026 12:00:00 GMT",
		"users:short-page":                "Sun, 22 Nov 2026 12:00:00 GMT",
		"users:502":                       "Sun, 22 Nov 2026 12:00:00 GMT",
		"users:slow(delay=1ms)":           "Sun, 22 Nov 2026 12:00:00 GMT",
		"registrations:missing-date:once": "Sun, 22 Nov 2026 12:00:00 GMT",
	} {
		t.Run(text, func(t *testing.T) {
			var faults []string
			if text != "" {
				faults = append(faults, text)
			}
			if got := faulty(t, faults...).do("GET", usersPath, "").header.Get("Date"); got != want {
				t.Errorf("Date: %s, want %s", got, want)
			}
		})
	}
}
