package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/seatsync/seatsync/reconcile/browser"
)

// What a laptop shows of the demo's run without scrolling answers who pays: what the
// account is billed, what is idle, what was freed, and what to do by which date.
func TestTheDemosPageAnswersWhoPaysWithoutScrolling(t *testing.T) {
	ctx := browser.Open(t)
	path := filepath.Join(t.TempDir(), "demo.html")
	a := &app{stdin: new(bytes.Buffer), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), getenv: func(string) string { return "" }, clock: demoClock}
	root := a.rootCommand()
	root.SetArgs([]string{"demo", "--html", path})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := func() {
		browser.Do(t, ctx, chromedp.Navigate("file://"+path), chromedp.WaitVisible(chromedp.CSS("#changes")))
	}
	for _, window := range [][2]int{{1280, 720}, {1440, 900}} {
		browser.Size(t, ctx, window[0], window[1], "light")
		open()
		seen := browser.Eval[string](t, ctx, textInSight)
		for _, want := range []string{
			"Billed 1,400.00", "16,800.00 a year", "Idle 196.00 → 413.00", "2,352.00 → 4,956.00 a year", "of 200 purchased, 59 idle",
			"freed 31", "The freed 31 seats cost 217.00 USD a month, 2,604.00 USD a year",
			"lower the purchased count to 141 before 2027-01-01: saves 413.00 USD a month, 4,956.00 USD a year",
		} {
			if !strings.Contains(seen, want) {
				t.Errorf("%d×%d does not show %q, but: %s", window[0], window[1], want, seen)
			}
		}
		browser.Shot(t, ctx, fmt.Sprintf("demo-%d", window[0]))
	}
	browser.CheckPage(t, ctx, "demo", open)
}

// textInSight is the text of the window that has not been scrolled.
const textInSight = `(() => {
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), words = [];
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const range = document.createRange();
		range.selectNodeContents(node);
		const box = range.getBoundingClientRect();
		if (box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth) words.push(node.data.trim());
	}
	return words.join(" ").replace(/\s+/g, " ");
})()`
