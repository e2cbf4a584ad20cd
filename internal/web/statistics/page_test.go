package statistics_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	app "robotbailiff/internal/app/statistics"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/statistics"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type stage struct {
	*uitest.World
	*uitest.Browser
	handler http.Handler
}

// setup is a country with a year of months that were counted, and with one region in which little happens.
func setup(t *testing.T, months int) stage {
	t.Helper()
	ctx := t.Context()
	w, err := uitest.NewWorld(ctx, testkit.DB(t), testkit.Keys(t))
	must(t, err)
	_, err = w.Pool.Exec(ctx, `INSERT INTO statistics_counted (month) SELECT date '2026-09-01' - make_interval(months => i) FROM generate_series(0, $1 - 1) i`, months)
	must(t, err)
	_, err = w.Pool.Exec(ctx, `INSERT INTO statistics_months (month, region, opened, paid, in_time, cancelled, handed_over, refused, payments, collected, saved)
SELECT date '2026-09-01' - make_interval(months => i), lpad(r::text, 2, '0'), (r * 331 + i * 77) % 9000 + 20, (r * 131 + i * 7) % 5000 + 10, (r * 131 + i * 7) % 5000 + 2, (r * 7) % 40 + 6, (r * 53) % 900 + 6, (r * 3) % 50 + 5, (r * 131 + i * 7) % 5000 + 12, ((r * 131 + i * 7) % 5000 + 10) * 2015500::bigint, ((r * 131 + i * 7) % 5000 + 10) * 503875::bigint
  FROM generate_series(0, $1 - 1) i, unnest(ARRAY[10, 11, 15, 19, 23, 27, 31, 33, 35, 39, 43, 47, 55, 59, 61, 62, 63, 71, 75]) r
UNION ALL SELECT date '2026-09-01' - make_interval(months => i), '79', 40, 3, 3, 0, 2, 1, 3, 6046500, 1511625 FROM generate_series(0, $1 - 1) i`, months)
	must(t, err)
	_, err = w.Pool.Exec(ctx, `INSERT INTO statistics_medians (month, region, to_paid, to_end) SELECT month, region, 4 + paid % 7, 20 + opened % 11 FROM statistics_months WHERE month > '2026-02-01'
UNION ALL SELECT month, '', 6, 27 FROM statistics_counted WHERE month > '2026-02-01'`)
	must(t, err)
	w.Clock.Set(calendar.MakeDate(2026, 10, 5).Start())
	h, err := statistics.Handler(statistics.Config{App: app.New(w.Pool, w.Store), Key: uitest.Key()})
	must(t, err)
	return stage{w, uitest.Open(t, h), h}
}

func TestPage_saysFewAndHidesWhatTellsThem(t *testing.T) {
	t.Parallel()
	s := setup(t, 14)
	got := s.Get("/statistics?lang=en")
	if got.Status != http.StatusOK {
		t.Fatal(got.Status)
	}
	text := got.Text("main")
	for _, want := range []string{"September 2026", "<5", "…", "The whole country", "Nobody can be recognised"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%.2000s", want, text)
		}
	}
	if len(got.All("svg.chart rect")) != 24 || len(got.All(".months a")) != 12 {
		t.Errorf("%d bars, %d months", len(got.All("svg.chart rect")), len(got.All(".months a")))
	}
	if older := s.Get("/statistics?lang=en&month=2026-03"); older.Status != http.StatusOK || !strings.Contains(older.Text("#regions"), "March 2026") {
		t.Errorf("another month: %d", older.Status)
	}
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "statistics."+l+".txt", []byte(s.Get("/statistics?lang="+l).Outline("main")))
	}
	for _, wrong := range []string{"2026-10", "1999-01", "x", "2026-13", "'", strings.Repeat("9", 5000), "%00"} {
		if got := s.Get("/statistics?month=" + wrong); got.Status != http.StatusNotFound || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d", wrong, got.Status)
		}
	}
}

// Caches may keep the page: it sets nothing in the browser, and says whether it is the same still.
func TestPage_isKeptByCaches(t *testing.T) {
	t.Parallel()
	s := setup(t, 14)
	ask := func(method, path, tag string) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Result()
	}
	for _, path := range []string{"/statistics", "/statistics?lang=ru", "/statistics?month=2026-05&lang=en", "/statistics.csv", "/statistics.csv?lang=kk"} {
		first := ask(http.MethodGet, path, "")
		tag := first.Header.Get("ETag")
		if first.StatusCode != http.StatusOK || len(tag) < 10 || !strings.HasPrefix(first.Header.Get("Cache-Control"), "public, max-age=") || first.Header["Set-Cookie"] != nil || first.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d %v", path, first.StatusCode, first.Header)
		}
		again := ask(http.MethodGet, path, tag)
		if again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag || again.ContentLength > 0 {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
		if head := ask(http.MethodHead, path, ""); head.StatusCode != http.StatusOK || head.Header.Get("ETag") != tag {
			t.Errorf("%s by HEAD: %d %s", path, head.StatusCode, head.Header.Get("ETag"))
		}
		if strings.Contains(path, ".csv") {
			continue
		}
		var body bytes.Buffer
		n, err := body.ReadFrom(first.Body)
		must(t, err)
		z, err := gzip.NewReader(&body)
		must(t, err)
		var whole bytes.Buffer
		_, err = whole.ReadFrom(z)
		must(t, err)
		if n > 14<<10 {
			t.Errorf("%s has %d bytes on the wire", path, n)
		}
		if strings.Contains(whole.String(), "form_token") {
			t.Errorf("%s has a form", path)
		}
	}
	if tag := ask(http.MethodGet, "/statistics?lang=ru", "").Header.Get("ETag"); tag == ask(http.MethodGet, "/statistics?lang=en", "").Header.Get("ETag") {
		t.Error("two languages have one mark")
	}
}

func TestFile_hidesTheSame(t *testing.T) {
	t.Parallel()
	s := setup(t, 14)
	got := s.Get("/statistics.csv?lang=en")
	lines := strings.Split(strings.TrimSpace(got.Body), "\r\n")
	if got.Status != http.StatusOK || !strings.HasPrefix(lines[0], "\ufeffMonth;Region;Opened;") || len(lines) != 1+14*21 {
		t.Fatalf("%d, %d lines: %.200q", got.Status, len(lines), got.Body)
	}
	n := 0
	for _, line := range lines {
		if strings.Contains(line, "<5") {
			n++
			for _, tell := range []string{"60465", "15116"} {
				if strings.Contains(line, tell) {
					t.Errorf("a sum tells a number: %s", line)
				}
			}
		}
	}
	if strings.Contains(got.Body, "№") {
		t.Error("a count is written as if it were the number of a document")
	}
	if n != 14 {
		t.Errorf("%d lines have small numbers", n)
	}
}

func TestPage_beforeTheFirstMonthIsOver(t *testing.T) {
	t.Parallel()
	s := setup(t, 0)
	for _, l := range []string{"kk", "ru", "en"} {
		if got := s.Get("/statistics?lang=" + l); got.Status != http.StatusOK || got.Has("table") || got.Has("svg.chart") {
			t.Errorf("%s: %d", l, got.Status)
		}
	}
	if got := s.Get("/statistics.csv?lang=en"); got.Status != http.StatusOK || strings.Count(got.Body, "\n") != 1 {
		t.Errorf("%d %q", got.Status, got.Body)
	}
	if got := s.Browser.Do(http.MethodPost, "/statistics", nil, nil); got.Status == http.StatusOK {
		t.Error(fmt.Sprint("a post is answered by ", got.Status))
	}
}
