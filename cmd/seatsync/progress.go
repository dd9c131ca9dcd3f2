package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	// progressDelay is how long work may take before a bar appears.
	progressDelay = 700 * time.Millisecond
	// progressInterval is the least time between two drawings.
	progressInterval = 100 * time.Millisecond
	// progressBar is how many columns the bar takes up.
	progressBar = 30
)

// progress returns a function that shows how far work has come, and one that
// clears the bar. Where standard error is no terminal both do nothing. The
// estimate, which may be nil, is the least time that the rest takes whatever the
// speed so far: behind a quota, a fast start says nothing about the end.
func (a *app) progress(what string, estimate func(done, total int) time.Duration) (advance func(done, total int), finish func()) {
	if !isTerminal(a.stderr) {
		return func(int, int) {}, func() {}
	}
	line := &progressLine{out: a.stderr, width: cmp.Or(columnsOf(a.stderr), 80) - 1, clock: a.clock, started: a.clock(), what: what, estimate: estimate}
	return line.advance, line.clear
}

// progressLine draws on the last line of a terminal. It is not safe for concurrent use.
type progressLine struct {
	out io.Writer
	// width is how many columns it may fill: one less than there are, or the line would wrap.
	width          int
	clock          func() time.Time
	started, drawn time.Time
	what           string
	estimate       func(done, total int) time.Duration
}

func (p *progressLine) advance(done, total int) {
	now := p.clock()
	elapsed := now.Sub(p.started)
	if elapsed < progressDelay || now.Sub(p.drawn) < progressInterval {
		return
	}
	left := elapsed * time.Duration(total-done) / time.Duration(max(1, done))
	if p.estimate != nil {
		left = max(left, p.estimate(done, total))
	}
	full := progressBar * min(done, total) / max(1, total)
	bar := strings.Repeat("=", full) + strings.Repeat(" ", progressBar-full)
	p.drawn = now
	p.draw(fmt.Sprintf("%s [%s] %d/%d, about %s left", p.what, bar, done, total, left.Round(time.Second)))
}

// clear removes the line where there is one.
func (p *progressLine) clear() {
	if !p.drawn.IsZero() {
		p.draw("")
		fmt.Fprint(p.out, "\r")
	}
	p.drawn = time.Time{}
}

// draw writes a line over the one before. A line that cannot be drawn is no reason to stop.
func (p *progressLine) draw(text string) {
	fmt.Fprintf(p.out, "\r%-*.*s", p.width, p.width, text)
}
