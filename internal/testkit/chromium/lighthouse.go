//go:build e2e

package chromium

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Lighthouse looks at a page as a slow phone would, with the cookies of a visitor. It gives the report's failed audits, too.
func Lighthouse(tb testing.TB, url, cookies string) (s Scores, failed []string) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "report.json")
	headers, err := json.Marshal(map[string]string{"Cookie": cookies})
	if err != nil {
		tb.Fatal(err)
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		tb.Skip("no Chromium")
	}
	for try := 1; ; try++ {
		c := exec.CommandContext(tb.Context(), "node", filepath.Join(Package(tb, "lighthouse"), "cli", "index.js"), url, "--quiet", "--form-factor=mobile", //nolint:gosec // a fixed program
			"--only-categories=performance,accessibility,best-practices", "--output=json", "--output-path="+file, "--extra-headers="+string(headers),
			"--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync")
		c.Env = append(os.Environ(), "CHROME_PATH="+chromium)
		out, err := c.CombinedOutput()
		if err == nil {
			break
		}
		if try == 3 || !bytes.Contains(out, []byte("run Lighthouse again")) { // it says so when the browser lost its trace, whatever the page
			tb.Fatalf("lighthouse: %v\n%s", err, out)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var report struct {
		Categories map[string]struct {
			Score     float64
			AuditRefs []struct {
				ID     string
				Weight float64
			}
		}
		Audits map[string]struct {
			Score        *float64
			Title        string
			DisplayValue string
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		tb.Fatal(err)
	}
	score := func(name string) int {
		for _, ref := range report.Categories[name].AuditRefs {
			if a := report.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 1 {
				failed = append(failed, name+": "+a.Title+" "+a.DisplayValue)
			}
		}
		return int(math.Round(100 * report.Categories[name].Score))
	}
	return Scores{score("performance"), score("accessibility"), score("best-practices")}, failed
}
