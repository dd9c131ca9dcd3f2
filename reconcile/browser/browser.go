// Package browser opens the pages of other packages in a real browser, for their tests:
// only a browser knows what a policy forbids, what a name does to the markup, where text
// overflows, and what assistive technology finds. Nothing but tests may import it, and it
// must never be part of the program. A browser, or axe-core, that cannot be had skips
// the test loudly, and fails it where CI is true.
//
// Read on in page.go for what is asked of every page.
package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Open starts a browser and returns the context of a tab.
func Open(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		missing(t, "no browser found, so the pages are NOT tested: install chromium (apt-get install -y chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		// Waits until the browser has gone, and with it the directory's last file. One
		// that was never started, as in a test that is skipped, would be waited for ever.
		if chromedp.FromContext(ctx).Browser != nil {
			if err := chromedp.Cancel(ctx); err != nil {
				t.Log(err)
			}
		}
		cancel()
	})
	return ctx
}

// missing skips the test for want of a tool, or fails it where all of them have to be there.
func missing(t *testing.T, text string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// Do runs steps in the tab.
func Do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// Eval returns what a JavaScript expression gives in the page.
func Eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression[:min(len(expression), 200)], err)
	}
	return result
}

// Size makes the window so large, in pixels, and lets the page be light or dark.
func Size(t *testing.T, ctx context.Context, width, height int, scheme string) {
	t.Helper()
	Do(t, ctx, chromedp.EmulateViewport(int64(width), int64(height)), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// Shot writes a picture of the page where SHOTS names a directory, for people who
// change the style.
func Shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	directory := os.Getenv("SHOTS")
	if directory == "" {
		return
	}
	Do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		result, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(directory, name+".png"), result.Data, 0o600)
	}))
}
