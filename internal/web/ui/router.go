package ui

import (
	"net/http"
	"slices"
)

// Router is a mux that remembers its patterns, so that tests can ask the same of every route there is, also of those to come.
type Router struct {
	mux      *http.ServeMux
	outer    http.Handler
	patterns []string
}

// NewRouter returns a router without routes.
func NewRouter() *Router {
	m := http.NewServeMux()
	return &Router{mux: m, outer: m}
}

// Handle adds a route.
func (m *Router) Handle(pattern string, h http.Handler) {
	m.mux.Handle(pattern, h)
	m.patterns = append(m.patterns, pattern)
}

// HandleFunc adds a route.
func (m *Router) HandleFunc(pattern string, f http.HandlerFunc) { m.Handle(pattern, f) }

// Behind puts what every request passes first before the routes.
func (m *Router) Behind(wrap func(http.Handler) http.Handler) *Router {
	m.outer = wrap(m.mux)
	return m
}

// ServeHTTP implements http.Handler.
func (m *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.outer.ServeHTTP(w, r) }

// Patterns lists the routes in the order in which they were added.
func (m *Router) Patterns() []string { return slices.Clone(m.patterns) }
