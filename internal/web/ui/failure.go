package ui

import (
	"net/http"

	"robotbailiff/internal/i18n"
)

// Failure is an answer that is not the page asked for, with a way out. Name is its key in the catalogs, below error.
type Failure struct {
	Status int
	Name   string
	Out    string // path of the way out; empty: the entrance of the audience
}

// Error implements error.
func (f *Failure) Error() string { return "ui: " + f.Name }

// Failures lists the names that the error page knows.
var Failures = []string{"fault", "form", "gone", "not_found", "not_possible", "not_configured", "busy", "no_case", "no_batch", "no_work", "helper", "objected", "no_right", "whole_country", "second_word", "no_link", "other_case"}

// ErrorPage is the data of the error page.
type ErrorPage struct {
	Page
	Name string
	Out  string
}

// fail shows an error page. It is the last resort, so it must not depend on anything that can fail.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, f *Failure) {
	p := ErrorPage{Page: s.NewPage(w, r, i18n.Say("error."+f.Name+".title")), Name: f.Name, Out: f.Out}
	if p.Out == "" {
		p.Out = map[string]string{"portal": "/p/", "desk": "/desk/"}[s.Audience]
	}
	if err := s.Render.Render(w, r, f.Status, "error", p.Lang, p); err != nil {
		s.log.ErrorContext(r.Context(), "error page failed", "error", err)
		http.Error(w, http.StatusText(f.Status), f.Status)
	}
}

// NotFound answers paths that no page has.
func (s *Site) NotFound(http.ResponseWriter, *http.Request) error {
	return &Failure{Status: http.StatusNotFound, Name: "not_found"}
}

// Mux gives each audience its paths: for the program that serves several of them on one address. A request that none of
// them takes gets the fallback, or 404.
func Mux(byPrefix map[string]http.Handler, fallback http.Handler) http.Handler {
	m := http.NewServeMux()
	for prefix, h := range byPrefix {
		m.Handle(prefix, h)
	}
	if fallback == nil {
		fallback = Headers(http.NotFoundHandler())
	}
	m.Handle("/", fallback)
	return m
}
