package obs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const checkTimeout = 2 * time.Second

// Check proves that something this process depends on works, or says why not.
type Check func(ctx context.Context) error

// Health answers whether the process lives and whether it can work. The zero value is ready
// to use and safe for concurrent use.
type Health struct {
	mu     sync.RWMutex
	checks map[string]check
}

type check struct {
	run   Check
	minor bool
}

// Result is the outcome of one check.
type Result struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// Report is the answer of /readyz.
type Report struct {
	Ready   bool     `json:"ready"`
	Failing []string `json:"failing"`         // names of the dependencies that do not work
	Minor   []string `json:"minor,omitempty"` // of those without which the process is ready all the same
	Checks  []Result `json:"checks"`
}

// Add adds a named check, or replaces the one of that name.
func (h *Health) Add(name string, run Check) { h.add(name, check{run: run}) }

// AddMinor adds a check of something without which the process can work: it is named, and readiness does not depend on it.
func (h *Health) AddMinor(name string, run Check) { h.add(name, check{run: run, minor: true}) }

func (h *Health) add(name string, c check) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.checks == nil {
		h.checks = map[string]check{}
	}
	h.checks[name] = c
}

// Remove takes a check out, as when its part of the process is shut down in order.
func (h *Health) Remove(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.checks, name)
}

// Report runs all checks at once, each for two seconds at most.
func (h *Health) Report(ctx context.Context) Report {
	h.mu.RLock()
	pending := maps.Clone(h.checks)
	h.mu.RUnlock()

	results := make(chan Result, len(pending))
	for name, c := range pending {
		go func() { results <- outcome(ctx, name, c.run) }()
	}
	r := Report{Ready: true, Failing: []string{}, Checks: make([]Result, 0, len(pending))}
	for range pending {
		r.Checks = append(r.Checks, <-results)
	}
	slices.SortFunc(r.Checks, func(a, b Result) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range r.Checks {
		switch {
		case c.OK:
		case pending[c.Name].minor:
			r.Minor = append(r.Minor, c.Name)
		default:
			r.Ready = false
			r.Failing = append(r.Failing, c.Name)
		}
	}
	return r
}

// outcome does not wait for a check that ignores its context: an answer about health must come.
func outcome(ctx context.Context, name string, run Check) Result {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("the check panicked: %v", p)
			}
		}()
		done <- run(ctx)
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	switch {
	case err == nil:
		return Result{Name: name, OK: true}
	case errors.Is(err, context.DeadlineExceeded):
		return Result{Name: name, Error: "no answer in time"}
	default:
		return Result{Name: name, Error: Redact(err.Error())}
	}
}

// Live answers /healthz: the process is there and serves requests. It depends on nothing else,
// so that an outage of the database does not get every process restarted.
func (h *Health) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"alive": true})
	})
}

// Ready answers /readyz: 200 when every check passes, otherwise 503 with the names of those
// that do not.
func (h *Health) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report := h.Report(r.Context())
		status := http.StatusOK
		if !report.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, report)
	})
}

// Register puts /healthz and /readyz on a mux.
func (h *Health) Register(mux *http.ServeMux) {
	mux.Handle("GET /healthz", h.Live())
	mux.Handle("GET /readyz", h.Ready())
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}
