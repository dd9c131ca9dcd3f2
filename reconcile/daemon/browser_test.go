package daemon

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts a browser and returns the context of a tab. Without a browser
// the test is skipped, and fails in CI, where one has to be there.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "no browser found, so the status page is NOT tested: install chromium (apt-get install -y chromium)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log(err)
		}
		cancel()
	})
	return ctx
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return result
}

func TestTheStatusPageInABrowser(t *testing.T) {
	ctx := browser(t)
	d, _ := newDaemon(t, Options{}, storied(time.Now()))
	d.accounts[0].look(time.Now())
	server := httptest.NewServer(d.Handler())
	defer server.Close()

	var mu sync.Mutex
	var elsewhere, exceptions []string
	if err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch event := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(event.Request.URL, server.URL+"/") {
				elsewhere = append(elsewhere, event.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			exceptions = append(exceptions, event.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}), chromedp.Navigate(server.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#runs")))

	if text := eval[string](t, ctx, `document.querySelector("h1").textContent`); !strings.HasPrefix(text, "All is well: the last run succeeded 2 hours ago") && !strings.HasPrefix(text, "All is well: the last run succeeded 149 minutes ago") {
		t.Errorf("it says %q", text)
	}
	for what, expression := range map[string]string{
		"the style does not apply":          `getComputedStyle(document.querySelector(".card")).borderTopStyle === "solid"`,
		"two pictures":                      `document.querySelectorAll("svg.chart").length === 2 && document.querySelectorAll("#saved-chart rect.saved").length >= 3`,
		"a picture is empty":                `document.querySelector("polyline.line").getBBox().width > 400 && document.querySelector("polyline.line").getBBox().height > 10`,
		"the purchased seats are drawn":     `document.querySelectorAll("polyline.bound").length === 1`,
		"25 runs":                           `document.querySelectorAll("#runs tbody tr").length === 25`,
		"the failed run is told":            `document.getElementById("runs").textContent.includes("503 after 5 attempts")`,
		"a report is linked":                `document.querySelector("#runs a").getAttribute("href").startsWith("/runs/")`,
		"what is held":                      `document.getElementById("waiting").textContent.includes("twin@example.com")`,
		"what the next apply would do":      `document.getElementById("will").textContent.includes("nothing to change") || document.getElementById("will").textContent.includes("release 1 seat")`,
		"a hostile name is text":            `window.pwned === undefined && document.querySelectorAll("img, script").length === 0 && document.body.textContent.includes("<script>window.pwned=1</script>")`,
		"a script that is added runs":       `(() => { const s = document.createElement("script"); s.textContent = "window.ran = 1"; document.head.append(s); s.remove(); return window.ran === undefined; })()`,
		"the page is wider than the window": `document.documentElement.scrollWidth <= window.innerWidth`,
	} {
		if !eval[bool](t, ctx, expression) {
			t.Errorf("not so: %s", what)
		}
	}
	shots(t, ctx, "wide")

	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 800, DeviceScaleFactor: 2, Mobile: true})
		return err
	}), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}), chromedp.Navigate(server.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#runs")))
	if !eval[bool](t, ctx, `document.documentElement.scrollWidth <= window.innerWidth`) {
		t.Error("on a phone the page scrolls sideways")
	}
	if background := eval[string](t, ctx, `getComputedStyle(document.body).backgroundColor`); background != "rgb(20, 23, 27)" {
		t.Errorf("in the dark the page is %s", background)
	}
	shots(t, ctx, "phone")
	mu.Lock()
	defer mu.Unlock()
	if len(elsewhere) > 0 || len(exceptions) > 0 {
		t.Errorf("the page asks %v and throws %v", elsewhere, exceptions)
	}
}

// shots writes a picture of the page where SHOTS names a directory, for people
// who change the style.
func shots(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	directory := os.Getenv("SHOTS")
	if directory == "" {
		return
	}
	do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		result, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		if err != nil {
			return err
		}
		return os.WriteFile(directory+"/"+name+".png", result.Data, 0o600)
	}))
}
