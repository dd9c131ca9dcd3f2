package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// axePath is where `make deps` puts axe-core, within the repository.
const axePath = "bin/axe/node_modules/axe-core/axe.min.js"

// axe returns the source of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	directory, err := os.Getwd()
	for ; err == nil; directory = filepath.Dir(directory) {
		if _, found := os.Stat(filepath.Join(directory, "go.mod")); found == nil {
			break
		}
		if directory == filepath.Dir(directory) {
			break
		}
	}
	source, err := os.ReadFile(filepath.Join(directory, axePath))
	if err != nil {
		missing(t, "no axe-core, so accessibility is NOT tested: make deps, which takes npm ("+err.Error()+")")
	}
	return string(source)
}

// phone is the width of one in pixels.
const phone = 390

// CheckPage asks of the page that is open what every page owes its reader, in windows
// of a phone, a tablet and a laptop, light and dark: no text overflows its card or lies
// on another, nothing scrolls sideways, axe-core finds no violation, and the tab key
// reaches everything. Reload opens the page again.
func CheckPage(t *testing.T, ctx context.Context, name string, reload func()) {
	t.Helper()
	source := axe(t)
	for _, width := range []int{phone, 800, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			Size(t, ctx, width, 800, scheme)
			reload()
			at := fmt.Sprintf("%s-%d-%s", name, width, scheme)
			Shot(t, ctx, at)
			if wide := Eval[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s: the page is %d pixels wider than the window", at, wide)
			}
			if width == phone && !Eval[bool](t, ctx, `[...document.querySelectorAll(".scrolls")].every((e) => e.scrollWidth <= e.clientWidth)`) {
				t.Errorf("%s: on a phone a table scrolls sideways", at)
			}
			for _, problem := range Eval[[]string](t, ctx, textProblems) {
				t.Errorf("%s: %s", at, problem)
			}
			for _, violation := range violations(t, ctx, source) {
				t.Errorf("%s: axe-core: %s", at, violation)
			}
			if scheme == "light" {
				checkKeyboard(t, ctx, at)
			}
		}
	}
}

// violations returns what axe-core objects to.
func violations(t *testing.T, ctx context.Context, source string) []string {
	t.Helper()
	Do(t, ctx, chromedp.Evaluate[chromedp.Void](source))
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run({resultTypes: ["violations"]}).then((r) => r.violations.map((v) =>
		v.id + ": " + v.nodes.map((n) => n.html.slice(0, 120)).slice(0, 3).join(" | ")))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// checkKeyboard walks through the page that is open with the tab key: it reaches every
// control, shows where it is, and is caught nowhere.
func checkKeyboard(t *testing.T, ctx context.Context, at string) {
	t.Helper()
	controls := Eval[int](t, ctx, `[...document.querySelectorAll("a[href],button,input,select,summary,[tabindex='0']")].filter((e) => e.checkVisibility()).length`)
	reached := 0
	for range controls + 1 {
		Do(t, ctx, chromedp.KeyEvent("\t"))
		switch Eval[string](t, ctx, `document.activeElement === document.body ? "end" : document.activeElement.dataset.seen ? "again" :
			(document.activeElement.dataset.seen = "yes", getComputedStyle(document.activeElement).outlineStyle === "none" ? "hidden" : "shown")`) {
		case "shown":
			reached++
		case "hidden":
			t.Errorf("%s: the focus does not show on %s", at, Eval[string](t, ctx, `document.activeElement.outerHTML.slice(0, 120)`))
			reached++
		}
	}
	if reached != controls {
		t.Errorf("%s: the tab key reaches %d of %d controls", at, reached, controls)
	}
}

// textProblems lists texts that leave their card or picture, numbers that break over
// lines, words that do in a table that scrolls, and texts that lie on each other.
const textProblems = `(() => {
	const problems = [];
	const short = (text) => JSON.stringify(text.trim().slice(0, 40));
	const rects = (node) => {
		const range = document.createRange();
		range.selectNodeContents(node);
		return [...range.getClientRects()];
	};
	for (const card of document.querySelectorAll(".card, header, footer")) {
		if (!card.checkVisibility()) continue;
		const box = card.getBoundingClientRect();
		const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
		const texts = [];
		for (let node = walker.nextNode(); node; node = walker.nextNode()) {
			const parent = node.parentElement;
			if (!node.data.trim() || !parent.checkVisibility() || parent.closest("title, option, thead")) continue;
			for (const rect of rects(node)) {
				if (rect.width < 1) continue;
				if (!parent.closest(".scrolls") && (rect.right > box.right + 1 || rect.left < box.left - 1)) problems.push("text leaves its card: " + short(node.data));
				const picture = parent.closest("svg")?.getBoundingClientRect();
				if (picture && (rect.right > picture.right + 1 || rect.left < picture.left - 1)) problems.push("text leaves its picture: " + short(node.data));
				texts.push({rect, node});
			}
		}
		if (texts.length > 600) continue;
		for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
			const a = texts[i].rect, b = texts[j].rect;
			if (texts[i].node === texts[j].node) continue;
			const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
			const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
			if (wide > 2 && high > 0.4 * Math.min(a.height, b.height)) problems.push("texts overlap: " + short(texts[i].node.data) + " and " + short(texts[j].node.data));
		}
	}
	for (const cell of document.querySelectorAll(".counts .number, .costs .number")) {
		const line = parseFloat(getComputedStyle(cell).lineHeight) || 24;
		if (cell.getBoundingClientRect().height > 1.7 * line) problems.push("a number breaks over lines: " + short(cell.textContent));
	}
	for (const table of document.querySelectorAll(".scrolls table")) {
		const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
		for (let node = walker.nextNode(); node; node = walker.nextNode()) for (const word of node.data.matchAll(/\S+/g)) {
			const range = document.createRange();
			range.setStart(node, word.index);
			range.setEnd(node, word.index + word[0].length);
			if (new Set([...range.getClientRects()].map((r) => r.top)).size > 1 && !/\w-\w/.test(word[0]) && word[0].length <= 40) problems.push("a word is broken: " + short(word[0]));
		}
	}
	const glance = document.querySelector(".glance");
	if (glance) {
		const cards = [...glance.children].map((c) => c.getBoundingClientRect());
		const row = cards.filter((c) => Math.abs(c.top - cards.at(-1).top) < 2);
		const wanted = cards.filter((c) => Math.abs(c.top - cards[0].top) < 2).length;
		if (row.length === 1 && wanted > 1 && cards.at(-1).right < glance.getBoundingClientRect().right - 4) problems.push("the last card stands alone");
	}
	return problems;
})()`
