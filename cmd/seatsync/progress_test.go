package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgressIsDrawnOverItselfAndLeavesNothing(t *testing.T) {
	now := time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)
	var screen strings.Builder
	line := &progressLine{out: &screen, width: 79, clock: func() time.Time { return now }, started: now, what: "reading users"}
	steps := []struct {
		after       time.Duration
		done, total int
		// want is what is on the line afterwards; empty where nothing is drawn.
		want string
	}{
		{100 * time.Millisecond, 1, 10, ""},
		{900 * time.Millisecond, 2, 10, "reading users [======                        ] 2/10, about 4s left"},
		{50 * time.Millisecond, 3, 10, ""},
		{950 * time.Millisecond, 5, 10, "reading users [===============               ] 5/10, about 2s left"},
		{time.Second, 10, 10, "reading users [==============================] 10/10, about 0s left"},
	}
	for _, step := range steps {
		now = now.Add(step.after)
		screen.Reset()
		line.advance(step.done, step.total)
		if got := strings.TrimRight(strings.TrimPrefix(screen.String(), "\r"), " "); got != step.want {
			t.Errorf("at %d of %d there is %q, want %q", step.done, step.total, got, step.want)
		}
	}
	screen.Reset()
	line.clear()
	if want := "\r" + strings.Repeat(" ", 79) + "\r"; screen.String() != want {
		t.Errorf("it is cleared with %q, want %q", screen.String(), want)
	}
}

func TestProgressBelievesTheEstimateAndFitsTheTerminal(t *testing.T) {
	now := time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)
	var screen strings.Builder
	line := &progressLine{
		out: &screen, width: 65, clock: func() time.Time { return now }, started: now.Add(-time.Second), what: "applying",
		estimate: func(done, total int) time.Duration { return 5 * time.Minute },
	}
	line.advance(1, 2)
	if want := "\rapplying [===============               ] 1/2, about 5m0s left   "; screen.String() != want {
		t.Errorf("the line is %q, want %q", screen.String(), want)
	}
	screen.Reset()
	now, line.width = now.Add(time.Second), 20
	line.advance(2, 2)
	if want := "\rapplying [=========="; screen.String() != want {
		t.Errorf("the line is %q, want %q", screen.String(), want)
	}
}

func TestProgressThatWasNeverShownClearsNothing(t *testing.T) {
	now := time.Date(2026, 11, 29, 6, 0, 0, 0, time.UTC)
	var screen strings.Builder
	line := &progressLine{out: &screen, width: 79, clock: func() time.Time { return now }, started: now, what: "reading users"}
	line.advance(1, 2)
	line.clear()
	if screen.Len() > 0 {
		t.Errorf("it wrote %q", screen.String())
	}
}
