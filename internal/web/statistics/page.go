package statistics

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"robotbailiff/internal/app/caselist/sheet"
	app "robotbailiff/internal/app/statistics"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
)

//go:embed template/*.html
var templates embed.FS

// Config joins the page with its surroundings.
type Config struct {
	App    *app.Service
	Secure bool   // served over TLS
	Key    []byte // signs form tokens, at least 32 bytes; the page has no form, and every site has a key
	Log    *slog.Logger
}

type handler struct {
	*ui.Site
	app *app.Service
}

// Path is where the page is; the file has the ending .csv.
const Path = "/statistics"

// keepFor is for how long caches may keep an answer.
const keepFor = "public, max-age=600"

// Handler answers /statistics and /statistics.csv.
func Handler(c Config) (http.Handler, error) {
	if c.App == nil {
		return nil, errors.New("web/statistics: no use cases")
	}
	site, err := newSite(c)
	if err != nil {
		return nil, err
	}
	h := &handler{Site: site, app: c.App}
	m := ui.NewRouter()
	m.Handle("GET "+Path, h.Handle(h.kept(h.page), nil))
	m.Handle("GET "+Path+".csv", h.Handle(h.kept(h.file), nil))
	return m.Behind(site.Protect), nil
}

func newSite(c Config) (*ui.Site, error) {
	pages, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return ui.NewSite(ui.SiteConfig{Audience: "portal", Pages: pages, Styles: []string{"statistics.css"}, Secure: c.Secure, Key: c.Key, Log: c.Log})
}

// answer keeps what a page writes until it is whole.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// kept lets caches keep an answer for everybody: it sets nothing in the browser, and bears a mark by which a cache asks whether it still holds.
func (h *handler) kept(f ui.HandlerFunc) ui.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		a := &answer{ResponseWriter: w, status: http.StatusOK}
		w.Header().Del("Set-Cookie")
		whole := r.Clone(r.Context())
		whole.Method = http.MethodGet // the mark of a HEAD is that of the page
		if err := f(a, whole); err != nil {
			w.Header().Del("Set-Cookie")
			return err
		}
		head := w.Header()
		head.Del("Set-Cookie")
		head.Set("Cache-Control", keepFor)
		sum := sha256.Sum256(a.body.Bytes())
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
		head.Set("ETag", tag)
		if strings.Contains(r.Header.Get("If-None-Match"), tag) {
			head.Del("Content-Length")
			head.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		w.WriteHeader(a.status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(a.body.Bytes()) // the reader has gone: nobody is left to be told
		}
		return nil
	}
}

type page struct {
	ui.Page
	Month  app.Month
	Of     i18n.Text // the month in words
	None   bool      // there is no month yet
	Links  []monthLink
	Months []monthRow // of the country, the newest first
	Chart  chart
}

type monthLink struct {
	Href    string
	Name    i18n.Text
	Current bool
}

type monthRow struct {
	Name i18n.Text
	Row  app.Row
}

// shownMonths is how many months the page has; the file has all.
const shownMonths = 12

func (h *handler) page(w http.ResponseWriter, r *http.Request) error {
	all, err := h.app.Latest(r.Context())
	if err != nil {
		return err
	}
	p := page{Page: h.NewPage(w, r, i18n.Say("statistics.title")), None: len(all.Months) == 0}
	if !p.None {
		p.Month = all.Months[0]
	}
	if chosen := r.URL.Query().Get("month"); chosen != "" {
		d, err := calendar.ParseDate(chosen + "-01")
		m, ok := all.Of(d)
		if err != nil || !ok {
			return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: Path}
		}
		p.Month = m
	}
	months := all.Months[:min(len(all.Months), shownMonths)]
	for _, m := range months {
		p.Links = append(p.Links, monthLink{Href: Path + "?month=" + m.Month.String()[:7] + "&lang=" + string(p.Lang), Name: named(m.Month), Current: m.Month == p.Month.Month})
		p.Months = append(p.Months, monthRow{named(m.Month), m.Country})
	}
	p.Chart = chartOf(months)
	if !p.None {
		p.Of = named(p.Month.Month)
	}
	return h.Render.Render(w, r, http.StatusOK, "statistics", p.Lang, p)
}

// named is a month in words.
func named(month calendar.Date) i18n.Text {
	y, m, _ := month.YMD()
	return i18n.Say(fmt.Sprintf("statistics.month.%d", int(m)), "year", strconv.Itoa(y))
}

// columns are those of the file after the month and the region.
var columns = []string{"opened", "paid", "in_time", "collected", "saved", "handed_over", "refused", "otherwise", "to_paid", "to_end"}

func (h *handler) file(w http.ResponseWriter, r *http.Request) error {
	all, err := h.app.Latest(r.Context())
	if err != nil {
		return err
	}
	p := i18n.For(h.Lang(r))
	t := sheet.Table{}
	for _, c := range append([]string{"month", "region"}, columns...) {
		head, err := p.T("statistics.col." + c)
		if err != nil {
			return err
		}
		t.Head = append(t.Head, head)
	}
	var rows [][]sheet.Cell
	for _, m := range all.Months {
		for _, row := range append([]app.Row{m.Country}, m.Regions...) {
			line, err := written(p, m.Month, row)
			if err != nil {
				return err
			}
			rows = append(rows, line)
		}
	}
	t.Rows = func() (next []sheet.Cell, err error) {
		if len(rows) > 0 {
			next, rows = rows[0], rows[1:]
		}
		return next, nil
	}
	var out bytes.Buffer
	if _, err := sheet.CSV(&out, t); err != nil {
		return err
	}
	return ui.SendFile(w, r, "statistics.csv", "text/csv; charset=utf-8", out.Bytes())
}

// written is a line of the file. What is hidden stands there as it does on the page.
func written(p *i18n.Printer, month calendar.Date, row app.Row) ([]sheet.Cell, error) {
	region, err := p.Say(regionOf(row))
	number := func(c app.Cell) sheet.Cell {
		switch c.Mark {
		case app.Few:
			return sheet.Cell{Text: few}
		case app.Hidden:
			return sheet.Cell{Text: hidden}
		case app.Shown:
		}
		return sheet.Cell{Count: c.N, IsCount: true}
	}
	sum := func(c app.SumCell) sheet.Cell {
		if c.Hidden {
			return sheet.Cell{Text: hidden}
		}
		return sheet.Cell{Sum: c.Sum, IsSum: true}
	}
	days := func(c app.DaysCell) sheet.Cell {
		switch {
		case c.Hidden:
			return sheet.Cell{Text: hidden}
		case c.None:
			return sheet.Cell{}
		}
		return sheet.Cell{Count: c.Days, IsCount: true}
	}
	share := sheet.Cell{Text: strconv.Itoa(row.InTime.Percent) + " %"}
	switch {
	case row.InTime.Hidden:
		share.Text = hidden
	case row.InTime.None:
		share.Text = ""
	}
	return []sheet.Cell{{Text: month.String()[:7]}, {Text: region}, number(row.Opened), number(row.Paid), share, sum(row.Collected), sum(row.Saved), number(row.HandedOver), number(row.Refused), number(row.Otherwise), days(row.ToPaid), days(row.ToEnd)}, err
}

// How what is not shown is written.
const (
	few    = "<5"
	hidden = "…"
)

// regionOf names a line.
func regionOf(r app.Row) i18n.Text {
	switch {
	case r.Grouped > 0:
		return i18n.Say("statistics.others", "n", r.Grouped)
	case r.Region == "":
		return i18n.Say("statistics.country")
	case !i18n.For(i18n.KK).Has("region." + r.Region):
		return i18n.Say("statistics.region", "code", r.Region)
	}
	return i18n.Say("region." + r.Region)
}

// Name names a line of the table.
func (page) Name(r app.Row) i18n.Text { return regionOf(r) }
