//go:build e2e

package chromium

import "github.com/chromedp/chromedp"

// Strike presses keys, one after the other, wherever the focus is.
func (t *Tab) Strike(keys string) {
	t.tb.Helper()
	for _, k := range keys {
		t.run(chromedp.KeyEvent(string(k)))
	}
}

// KeyLeads presses one key that leads to another page, waits for that page, and gives its status.
func (t *Tab) KeyLeads(key string) int {
	t.tb.Helper()
	return t.lead("the key "+key, chromedp.KeyEvent(key))
}
