package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"robotbailiff/internal/i18n"
)

//go:embed template/*.html
var shared embed.FS

//go:embed style/*.css
var styles embed.FS

// Renderer makes pages. It holds a set of templates per language, made once and never changed, so pages of different
// languages cannot mix.
type Renderer struct {
	pages map[i18n.Lang]map[string]*template.Template
	csp   string
}

// NewRenderer reads the page templates *.html of fsys, for some languages. Each page is joined with the shared layout and fragments; extra
// names style sheets after base.css. With scripts the policy of the pages lets scripts of our own origin run.
func NewRenderer(fsys fs.FS, langs []i18n.Lang, scripts bool, extra ...string) (*Renderer, error) {
	css, err := styleSheet(append([]string{"base.css"}, extra...))
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(css))
	r := &Renderer{pages: map[i18n.Lang]map[string]*template.Template{}, csp: policy("'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'", scripts)}
	names, err := fs.Glob(fsys, "*.html")
	if err != nil {
		return nil, err
	}
	for _, lang := range langs {
		base, err := template.New("layout").Funcs(funcs(i18n.For(lang), css)).ParseFS(shared, "template/*.html")
		if err != nil {
			return nil, fmt.Errorf("ui: %w", err)
		}
		set := map[string]*template.Template{}
		for _, name := range append(slices.Clone(names), "error.html") {
			src, err := fs.FS(fsys), error(nil)
			if name == "error.html" {
				if src, err = fs.Sub(shared, "template"); err != nil {
					return nil, err
				}
			}
			page, err := template.Must(base.Clone()).ParseFS(src, name)
			if err != nil {
				return nil, fmt.Errorf("ui: %w", err)
			}
			set[strings.TrimSuffix(path.Base(name), ".html")] = page
		}
		r.pages[lang] = set
	}
	return r, nil
}

// Template gives a page's template, for checks.
func (r *Renderer) Template(lang i18n.Lang, page string) *template.Template {
	return r.pages[lang][page].Lookup("layout.html")
}

// Pages lists the names of the pages.
func (r *Renderer) Pages() []string {
	var names []string
	for name := range r.pages[i18n.KK] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Render makes the whole page before the first byte leaves, so that a fault never gives half a page.
func (r *Renderer) Render(w http.ResponseWriter, req *http.Request, status int, page string, lang i18n.Lang, data any) error {
	t := r.pages[lang][page]
	if t == nil {
		return fmt.Errorf("ui: no page %s in %s", page, lang)
	}
	buf := buffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put in
	defer buffers.Put(buf)
	buf.Reset()
	if err := t.ExecuteTemplate(buf, "layout.html", data); err != nil {
		return fmt.Errorf("ui: page %s in %s: %w", page, lang, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(lang))
	h.Set("Content-Security-Policy", r.csp)
	body := buf.Bytes()
	if acceptsGzip(req) {
		h.Set("Content-Encoding", "gzip")
		small := buffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put in
		defer buffers.Put(small)
		body = squeeze(small, body)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if req.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone: nobody is left to be told
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func acceptsGzip(req *http.Request) bool {
	for part := range strings.SplitSeq(req.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") && strings.TrimSpace(params) != "q=0" {
			return true
		}
	}
	return false
}

// squeezers are kept: one has about a megabyte, and a page some thousand bytes.
var squeezers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func squeeze(out *bytes.Buffer, body []byte) []byte {
	z := squeezers.Get().(*gzip.Writer) //nolint:forcetypeassert // nothing else is put in
	defer squeezers.Put(z)
	out.Reset()
	z.Reset(out)
	_, _ = z.Write(body) // memory does not fail
	_ = z.Close()
	return out.Bytes()
}

// styleSheet joins and shortens style sheets. The result is part of every page, and its hash part of the policy.
func styleSheet(names []string) (string, error) {
	var b strings.Builder
	for _, name := range names {
		raw, err := styles.ReadFile("style/" + name)
		if err != nil {
			return "", fmt.Errorf("ui: %w", err)
		}
		text := string(raw)
		for {
			before, rest, found := strings.Cut(text, "/*")
			b.WriteString(before)
			if !found {
				break
			}
			_, text, _ = strings.Cut(rest, "*/")
		}
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), nil
}
