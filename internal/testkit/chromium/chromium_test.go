//go:build e2e

package chromium_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/testkit/chromium"
)

// notes takes down what a look finds, so that a test can see that it finds something.
type notes struct {
	testing.TB
	found []string
}

func (n *notes) Errorf(format string, args ...any) {
	n.found = append(n.found, fmt.Sprintf(format, args...))
}

// A page with one fault for each look: each must be found, and a sound page must have none.
func TestLooks_findWhatIsWrong(t *testing.T) {
	const frame = `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>Page</title><style>body{margin:0}button{min-height:48px}:focus-visible{outline:3px solid #a60}</style></head><body><main><h1>Page</h1>%s</main></body></html>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, frame, map[string]string{
			"/sound":   `<p>Text.</p><button>Press</button>`,
			"/axe":     `<input type="text"><p style="color:#ddd;background:#fff">Text.</p>`,
			"/wide":    `<table><tr><td style="min-width:900px">Text</td></tr></table>`,
			"/small":   `<button style="min-height:0;height:20px">Press</button>`,
			"/covered": `<button>Press</button><div style="position:fixed;inset:0;background:#fff">Lid</div>`,
			"/unseen":  `<button style="outline:none">Press</button>`,
			"/skipped": `<div inert><button>Press</button></div>`,
		}[r.URL.Path])
	}))
	defer server.Close()
	chrome := chromium.Start(t)
	for _, c := range []struct {
		path string
		look func(*chromium.Tab)
		want string
	}{
		{"/axe", func(b *chromium.Tab) { b.Axe("page") }, "label"},
		{"/axe", func(b *chromium.Tab) { b.Axe("page") }, "color-contrast"},
		{"/wide", func(b *chromium.Tab) { b.Fits("page") }, "wider than the screen"},
		{"/small", func(b *chromium.Tab) { b.Targets("page") }, "too small"},
		{"/covered", func(b *chromium.Tab) { b.Keyboard("page") }, "is covered"},
		{"/unseen", func(b *chromium.Tab) { b.Keyboard("page") }, "is not shown"},
		{"/skipped", func(b *chromium.Tab) { b.Keyboard("page") }, "reaches 0 of 1"},
	} {
		n := &notes{TB: t}
		tab := chrome.Tab(n, chromium.Device{})
		tab.Go(server.URL + "/sound")
		chromium.Eval[bool](tab, `document.querySelector("button").focus(), true`) // somebody has been there
		c.look(tab)
		if len(n.found) > 0 {
			t.Errorf("a sound page: %q", n.found)
		}
		tab.Go(server.URL + c.path)
		if c.look(tab); !strings.Contains(strings.Join(n.found, "\n"), c.want) {
			t.Errorf("%s: %q, want %q", c.path, n.found, c.want)
		}
	}
}

func TestValid_findsBadHTML(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "page.html"), []byte(`<!doctype html><html lang="en"><head><title>x</title></head><body><p id="a">x</p><p id="a">y</p></body></html>`), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &notes{TB: t}
	if chromium.Valid(n, folder); !strings.Contains(strings.Join(n.found, "\n"), "no-dup-id") {
		t.Errorf("%q", n.found)
	}
}
