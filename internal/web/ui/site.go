package ui

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"robotbailiff/internal/i18n"
)

const (
	langCookie = "lang"
	langFor    = 365 * 24 * time.Hour
	maxForm    = 16 << 10
)

// Site is what the handlers of one audience share.
type Site struct {
	Render   *Renderer
	Cookies  Cookies
	Audience string // portal or desk: which header, footer and way out
	langs    []i18n.Lang
	forms    forms
	log      *slog.Logger
	script   string
}

// SiteConfig joins a site. Key signs form tokens and has at least 32 bytes; all processes of an installation share it.
type SiteConfig struct {
	Audience string
	Pages    fs.FS
	Styles   []string
	Script   string      // address of the one script that pages may load; empty: none, and nothing runs
	Langs    []i18n.Lang // of its pages; nil: those in which everything is said
	Secure   bool        // served over TLS
	Key      []byte
	Log      *slog.Logger
}

// NewSite reads the templates and checks the configuration.
func NewSite(c SiteConfig) (*Site, error) {
	if len(c.Key) < 32 {
		return nil, errors.New("ui: the key for form tokens has less than 32 bytes")
	}
	langs := c.Langs
	if langs == nil {
		langs = i18n.Langs
	}
	r, err := NewRenderer(c.Pages, langs, c.Script != "", c.Styles...)
	if err != nil {
		return nil, err
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cookies := Cookies{Secure: c.Secure}
	return &Site{Render: r, Cookies: cookies, Audience: c.Audience, langs: langs, forms: forms{key: slices.Clone(c.Key), cookies: cookies}, log: log, script: c.Script}, nil
}

// Page is what the layout needs; every page's data begins with it.
type Page struct {
	Lang      i18n.Lang
	Title     i18n.Text
	Audience  string
	Path      string // of this page, with its filter, for the language row
	Langs     []LangLink
	FormToken string
	CaseMark  string // which case the forms of the page are about; empty: none
	Script    string // address of the script that the page loads; empty: none
	Keys      string // address of the script of the keyboard shortcuts; empty: there are none
	SignedIn  bool
	Ends      bool // the visit is bounded: offer to prolong it and to leave
	Fills     bool // the page has a form with the id fill: the language row sends it, so that nothing typed is lost
	Who       string
	Rooms     []Room          // that the visitor may open
	Rights    map[string]bool // of the visitor
}

// Room is one entry of the row of rooms.
type Room struct {
	Href    string
	Name    i18n.Text
	Current bool
}

// May says whether the visitor has a right: a page shows only what he may do.
func (p Page) May(right string) bool { return p.Rights[right] }

// LangLink is one entry of the language row.
type LangLink struct {
	Code, Name, Href string
	Current          bool
}

// NewPage begins a page for a request.
func (s *Site) NewPage(w http.ResponseWriter, r *http.Request, title i18n.Text) Page {
	lang := s.Lang(r)
	p := Page{Lang: lang, Title: title, Audience: s.Audience, Path: r.URL.Path, FormToken: s.forms.token(w, r)}
	query := r.URL.Query()
	for _, l := range s.langs {
		q := url.Values{}
		for k, v := range query {
			if k != "lang" && k != speakField && len(v) > 0 && len(v[0]) <= 64 {
				q.Set(k, v[0])
			}
		}
		q.Set("lang", string(l))
		p.Langs = append(p.Langs, LangLink{Code: string(l), Name: l.Name(), Href: "?" + q.Encode(), Current: l == lang})
	}
	return p
}

// Scripted lets a page load the script of the site. It works without.
func (s *Site) Scripted(p Page) Page {
	p.Script = s.script
	return p
}

// Lang is the language of a request: the one just chosen, the one chosen before, the browser's, else Kazakh.
func (s *Site) Lang(r *http.Request) i18n.Lang {
	if l, ok := s.chosen(r); ok {
		return l
	}
	for _, code := range []string{r.PostFormValue("lang"), s.Cookies.Get(r, langCookie)} {
		if l, ok := i18n.ParseIn(code, s.langs); ok {
			return l
		}
	}
	if l, ok := i18n.MatchIn(r.Header.Get("Accept-Language"), s.langs); ok {
		return l
	}
	return i18n.KK
}

// SuggestLang makes a language the visitor's, unless one was chosen before.
func (s *Site) SuggestLang(w http.ResponseWriter, r *http.Request, l i18n.Lang) {
	if _, ok := i18n.ParseIn(s.Cookies.Get(r, langCookie), s.langs); !ok {
		s.Cookies.Set(w, langCookie, string(l), langFor)
	}
}

// HandlerFunc answers a request or says why it cannot.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Handle makes a handler that turns errors into pages. Forms are bounded and their token is checked before f sees them.
// explain maps errors of use cases to failures; what it does not know is a fault of ours. A form that only asks for another language is none of
// f's: see HandleForm.
func (s *Site) Handle(f HandlerFunc, explain func(error) *Failure) http.Handler {
	return s.HandleLong(maxForm, f, explain)
}

// HandleLong is [Site.Handle] for a form of at most so many bytes, such as one with a list.
func (s *Site) HandleLong(most int64, f HandlerFunc, explain func(error) *Failure) http.Handler {
	return s.handle(most, func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodPost && Speaks(r) {
			return &Failure{Status: http.StatusBadRequest, Name: "form"}
		}
		return f(w, r)
	}, explain)
}

func (s *Site) handle(most int64, f HandlerFunc, explain func(error) *Failure) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, most)
			if err := r.ParseForm(); err != nil {
				s.fail(w, r, &Failure{Status: http.StatusBadRequest, Name: "form"})
				return
			}
			if !s.forms.good(r) {
				s.fail(w, r, &Failure{Status: http.StatusForbidden, Name: "form"})
				return
			}
		}
		if l, ok := s.chosen(r); ok {
			s.Cookies.Set(w, langCookie, string(l), langFor)
		}
		if err := f(w, r); err != nil {
			s.explain(w, r, err, explain)
		}
	})
}

// explain turns an error into a page.
func (s *Site) explain(w http.ResponseWriter, r *http.Request, err error, explain func(error) *Failure) {
	if fail, ok := errors.AsType[*Failure](err); ok {
		s.fail(w, r, fail)
		return
	}
	if explain != nil {
		if fail := explain(err); fail != nil {
			s.fail(w, r, fail)
			return
		}
	}
	s.Fault(r, err)
	s.fail(w, r, &Failure{Status: http.StatusInternalServerError, Name: "fault"})
}

// Fault logs what is a fault of ours, and not a visitor's who has gone.
func (s *Site) Fault(r *http.Request, err error) {
	if !errors.Is(err, context.Canceled) {
		s.log.ErrorContext(r.Context(), "page failed", "audience", s.Audience, "method", r.Method, "route", r.Pattern, "error", err)
	}
}

// Protect wraps a site's handlers: headers on every answer, and no posts from other sites.
func (s *Site) Protect(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &Failure{Status: http.StatusForbidden, Name: "form"})
	}))
	return Headers(nullOrigin(cross.Handler(next)))
}

// nullOrigin drops an Origin of null from browsers that are too old to send Sec-Fetch-Site. Our own Referrer-Policy makes
// browsers send it with our own forms, so it says nothing; what remains is decided by the form token, whose cookie does
// not come along from other sites.
func nullOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "null" && r.Header.Get("Sec-Fetch-Site") == "" {
			r = r.Clone(r.Context())
			r.Header.Del("Origin")
		}
		next.ServeHTTP(w, r)
	})
}

// Redirect sends the browser to a page by GET.
func Redirect(w http.ResponseWriter, path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, unicode.IsControl) {
		path = "/"
	}
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
