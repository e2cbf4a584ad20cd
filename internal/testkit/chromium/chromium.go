//go:build e2e

// Package chromium lets tests visit pages in a real browser: the system's Chromium on a small phone, with or without script, and looks
// at them as a person and as a machine would.
//
// It must not know what the pages are about. Entry points: [Start], [Chromium.Tab], [Of].
package chromium

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Chromium is a running browser. Every tab of it is a visitor of its own, with cookies of its own.
type Chromium struct {
	ctx context.Context //nolint:containedctx // the browser lives as long as the test that started it
}

// step bounds what one act may take on a busy machine.
const step = 30 * time.Second

// Start runs the browser until the test ends. A test machine without one is an error in a pipeline, and a skip elsewhere.
func Start(tb testing.TB) *Chromium {
	tb.Helper()
	path := ""
	for _, name := range []string{os.Getenv("BAILIFF_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			tb.Fatal("no Chromium: install it, or name it in BAILIFF_CHROMIUM")
		}
		tb.Skip("no Chromium: install it, or name it in BAILIFF_CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("hide-scrollbars", true), chromedp.UserDataDir(tb.TempDir()))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tb.Cleanup(stop)
	ctx, quit := chromedp.NewContext(ctx)
	tb.Cleanup(quit)
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("chromium: %v", err)
	}
	return &Chromium{ctx}
}

// Of gives all, or only the few where BAILIFF_E2E is "slice": the pipeline looks at every page and state, but not in every language, which
// `make e2e` does.
func Of[T any](all []T, few ...T) []T {
	if os.Getenv("BAILIFF_E2E") == "slice" {
		return few
	}
	return all
}

// Device is what a page is looked at with. The zero value is a small phone without script.
type Device struct {
	Width, Height int64 // 360 x 740
	Script        bool
	Dark          bool
	Forced        bool // forced colours, as high-contrast themes have them
	Lang          string
}

// Tab is one visitor.
type Tab struct {
	tb  testing.TB
	ctx context.Context //nolint:containedctx // as that of the browser

	scripted bool
}

// Tab opens a tab that shares nothing with others.
func (c *Chromium) Tab(tb testing.TB, d Device) *Tab {
	tb.Helper()
	ctx, end := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext())
	tb.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil { // the first act on a tab must have no limit of its own, which the tab would inherit
		tb.Fatalf("chromium: %v", err)
	}
	t := &Tab{tb, ctx, d.Script}
	wide, high := cmp.Or(d.Width, 360), cmp.Or(d.Height, 740)
	t.run(send(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: wide, Height: high, DeviceScaleFactor: 2, Mobile: true}))
	t.script(d.Script)
	var media []*emulation.MediaFeature
	if d.Dark {
		media = append(media, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	}
	if d.Forced {
		media = append(media, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	}
	t.run(send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media}))
	if d.Lang != "" {
		t.run(send(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: phone, AcceptLanguage: d.Lang}))
	}
	return t
}

const phone = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

// script says whether scripts run on pages from now on.
func (t *Tab) script(run bool) {
	t.tb.Helper()
	t.run(send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run}))
}

// send is a command of the browser's protocol.
func send[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

func (t *Tab) run(acts ...chromedp.Action[chromedp.Void]) {
	t.tb.Helper()
	read(t, chromedp.Steps(acts...))
}

// read does something and gives what it tells.
func read[T any](t *Tab, act chromedp.Action[T]) T {
	t.tb.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, step)
	defer cancel()
	got, err := chromedp.Run(ctx, act)
	if err != nil {
		t.tb.Fatalf("browser at %s: %v", t.where(), err)
	}
	return got
}

func (t *Tab) where() string {
	ctx, cancel := context.WithTimeout(t.ctx, 2*time.Second)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown page"
	}
	return url
}

// Go opens an address.
func (t *Tab) Go(url string) {
	t.tb.Helper()
	t.run(chromedp.Navigate(url))
}

// Path is the path and query of the page that is shown.
func (t *Tab) Path() string {
	t.tb.Helper()
	return Eval[string](t, `location.pathname + location.search`)
}

// Type writes into a field as a keyboard does.
func (t *Tab) Type(selector, text string) {
	t.tb.Helper()
	Eval[bool](t, fmt.Sprintf(`(document.querySelector(%q).value = "") === ""`, selector))
	t.run(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Press clicks what leads to another page, waits for that page, and gives its status.
func (t *Tab) Press(selector string) int {
	t.tb.Helper()
	return t.lead("press "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Enter presses the enter key in a field that leads to another page, waits for that page, and gives its status.
func (t *Tab) Enter(selector string) int {
	t.tb.Helper()
	return t.lead("enter in "+selector, chromedp.SendKeys(chromedp.CSS(selector), kb.Enter))
}

func (t *Tab) lead(what string, act chromedp.Action[chromedp.Void]) int {
	t.tb.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, step)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, act)
	if err != nil {
		t.tb.Fatalf("browser at %s: %s: %v", t.where(), what, err)
	}
	return int(answer.Status)
}

// Tap clicks what stays on the page, as a box to tick.
func (t *Tab) Tap(selector string) {
	t.tb.Helper()
	t.run(chromedp.Click(chromedp.CSS(selector)))
}

// Choose puts a file into a field for files.
func (t *Tab) Choose(selector, file string) {
	t.tb.Helper()
	t.run(chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Has says whether the page has such an element.
func (t *Tab) Has(selector string) bool {
	t.tb.Helper()
	return Eval[bool](t, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
}

// Text is what the elements of a selector show.
func (t *Tab) Text(selector string) string {
	t.tb.Helper()
	return Eval[string](t, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.innerText).join(" ").replace(/\s+/g, " ")`, selector))
}

// Eval evaluates an expression on the page; it works where scripts of pages do not.
func Eval[T any](t *Tab, expression string) T {
	t.tb.Helper()
	return read(t, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// HTML is the page as the browser has it.
func (t *Tab) HTML() string {
	t.tb.Helper()
	return "<!doctype html>\n" + read(t, chromedp.OuterHTML(chromedp.CSS("html")))
}

// Cookies are those of the page, as a header has them.
func (t *Tab) Cookies() string {
	t.tb.Helper()
	got := read(t, func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{})
	})
	all := make([]string, 0, len(got.Cookies))
	for _, c := range got.Cookies {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// Shot keeps a picture of the whole page under a name, in the folder that BAILIFF_E2E_OUT names; without one it keeps none.
func (t *Tab) Shot(name string) {
	t.tb.Helper()
	folder := os.Getenv("BAILIFF_E2E_OUT")
	if folder == "" {
		return
	}
	file := filepath.Join(folder, name+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.tb.Fatal(err)
	}
	if err := os.WriteFile(file, read(t, chromedp.FullScreenshot(100)), 0o600); err != nil {
		t.tb.Fatal(err)
	}
}
