package daemon

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/seatsync/seatsync/reconcile/browser"
)

func TestTheStatusPageInABrowser(t *testing.T) {
	ctx := browser.Open(t)
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
	browser.Do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}), chromedp.Navigate(server.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#runs")))

	if text := browser.Eval[string](t, ctx, `document.querySelector("h1").textContent`); !strings.HasPrefix(text, "All is well: the last run succeeded 2 hours ago") && !strings.HasPrefix(text, "All is well: the last run succeeded 149 minutes ago") {
		t.Errorf("it says %q", text)
	}
	for what, expression := range map[string]string{
		"the style does not apply":          `getComputedStyle(document.querySelector(".card")).borderTopStyle === "solid"`,
		"two pictures":                      `document.querySelectorAll("svg.chart").length === 2 && document.querySelectorAll("#saved-chart rect.saved").length >= 3`,
		"a picture is empty":                `document.querySelector("polyline.line").getBBox().width > 400 && document.querySelector("polyline.line").getBBox().height > 10`,
		"savings are the first picture":     `document.querySelector(".charts figure").id === "saved-chart"`,
		"the bill, and the year beside it":  `/Billed a month3,500.00 USD42,000.00 a year; [\d,.]+ idle; [\d,.]+ used/.test(document.getElementById("cost").textContent)`,
		"what to do to save":                `/To save: lower the purchased count to \d+ for the next billing period: saves [\d,.]+ USD a month, [\d,.]+ USD a year/.test(document.querySelector("header").textContent)`,
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
		if !browser.Eval[bool](t, ctx, expression) {
			t.Errorf("not so: %s", what)
		}
	}
	browser.Shot(t, ctx, "wide")

	browser.Do(t, ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 800, DeviceScaleFactor: 2, Mobile: true})
		return err
	}), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}), chromedp.Navigate(server.URL+"/"), chromedp.WaitVisible(chromedp.CSS("#runs")))
	if !browser.Eval[bool](t, ctx, `document.documentElement.scrollWidth <= window.innerWidth`) {
		t.Error("on a phone the page scrolls sideways")
	}
	if background := browser.Eval[string](t, ctx, `getComputedStyle(document.body).backgroundColor`); background != "rgb(20, 23, 27)" {
		t.Errorf("in the dark the page is %s", background)
	}
	browser.Shot(t, ctx, "phone")
	mu.Lock()
	defer mu.Unlock()
	if len(elsewhere) > 0 || len(exceptions) > 0 {
		t.Errorf("the page asks %v and throws %v", elsewhere, exceptions)
	}
}

func TestTheStatusPagesAreReadableForEverybody(t *testing.T) {
	ctx := browser.Open(t)
	second := storied(time.Now())
	second.settings.AccountID = "699d98642c564d2e855e9661899b7252"
	d, _ := newDaemon(t, Options{}, storied(time.Now()), second)
	server := httptest.NewServer(d.Handler())
	defer server.Close()
	for name, path := range map[string]string{"status": "/?account=" + testAccount, "fleet": "/", "problem": "/runs/none"} {
		open := func() {
			browser.Do(t, ctx, chromedp.Navigate(server.URL+path), chromedp.WaitVisible(chromedp.CSS("main")))
		}
		browser.CheckPage(t, ctx, name, open)
	}
}
