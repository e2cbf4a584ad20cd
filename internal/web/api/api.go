// Package api is the HTTP interface of court systems below /api/: batches in, their rows, reports and receipts out, and a
// feed of what happened to their writs. The file openapi.json beside it is its contract; tests hold every answer to it.
//
// It must not decide anything about a row, trust anything of a request but its key, or tell a source of the batches and
// writs of another one. GET changes nothing.
//
// The entry points are [Handler] and [Poster].
package api

import (
	"context"
	_ "embed" // the contract
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/web/ui"
)

// Config joins the interface with what surrounds it.
type Config struct {
	Inbox   *intake.Inbox
	Sources *intake.Sources
	Feed    *feed.Service
	Signer  *proof.ReceiptSigner
	Log     *slog.Logger
	// ClientIP tells who asks without a good key; nil: the address of the connection.
	ClientIP func(*http.Request) string
}

//go:embed openapi.json
var contract []byte

type handler struct {
	Config
	strangers, senders, readers *ui.Limiter
}

// Bounds of requests a minute: of one address without a good key, of one source that sends, of one source that reads.
const (
	maxStrange = 60
	maxSent    = 120
	maxRead    = 1200
)

// Handler answers everything below /api/.
func Handler(c Config) (http.Handler, error) {
	if c.Inbox == nil || c.Sources == nil || c.Feed == nil || c.Signer == nil || c.Log == nil {
		return nil, errors.New("web/api: something of the configuration is missing")
	}
	if c.ClientIP == nil {
		c.ClientIP = ui.RemoteAddress
	}
	h := &handler{Config: c, strangers: ui.NewLimiter(maxStrange, time.Minute), senders: ui.NewLimiter(maxSent, time.Minute), readers: ui.NewLimiter(maxRead, time.Minute)}
	m := ui.NewRouter()
	route := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h.answer(w, r, f(w, r)) })
	}
	route("POST /api/v1/batches", h.as(h.senders, h.send))
	route("GET /api/v1/batches/{id}", h.as(h.readers, h.batch))
	route("GET /api/v1/batches/{id}/rows", h.as(h.readers, h.rows))
	route("GET /api/v1/batches/{id}/report", h.as(h.readers, h.report))
	route("GET /api/v1/batches/{id}/receipt", h.as(h.readers, h.receipt))
	route("GET /api/v1/writs", h.as(h.readers, h.writs))
	route("POST /api/v1/webhooks/replay", h.as(h.senders, h.replay))
	route("GET /api/v1/receipt-key", h.receiptKey)
	route("GET /api/v1/codes", codes)
	route("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write(contract)
		return err
	})
	route("/api/", func(http.ResponseWriter, *http.Request) error {
		return &problem{Status: http.StatusNotFound, Code: codeNotFound}
	})
	return m.Behind(ui.Headers), nil
}

// source is what a handler does for a source that is known.
type source func(w http.ResponseWriter, r *http.Request, src *intake.Source) error

// as finds out who asks, by the key or by the certificate of the connection, before anything else is looked at.
func (h *handler) as(limit *ui.Limiter, f source) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		src, err := h.who(r)
		if _, refused := errors.AsType[*intake.FatalError](err); refused {
			if !h.strangers.Allow(h.ClientIP(r)) {
				return tooOften(w)
			}
			w.Header().Set("WWW-Authenticate", "Bearer")
			return &problem{Status: http.StatusUnauthorized, Code: codeUnauthorized}
		}
		if err != nil {
			return err
		}
		if !limit.Allow(src.Name) {
			return tooOften(w)
		}
		return f(w, r, &src)
	}
}

func (h *handler) who(r *http.Request) (intake.Source, error) {
	if key, ok := bearer(r); ok {
		return h.Sources.ByAPIKey(r.Context(), key)
	}
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return h.Sources.ByTLSSubject(r.Context(), intake.TLSSubject(r.TLS.VerifiedChains[0][0]))
	}
	return intake.Source{}, &intake.FatalError{Code: intake.FatalSourceUnknown}
}

func tooOften(w http.ResponseWriter) error {
	w.Header().Set("Retry-After", "60")
	return &problem{Status: http.StatusTooManyRequests, Code: codeTooOften}
}

// reply writes an answer in JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// receiptKey tells by what our receipts are verified.
func (h *handler) receiptKey(w http.ResponseWriter, _ *http.Request) error {
	type key struct {
		JWK json.RawMessage `json:"jwk,omitempty"`
		PEM string          `json:"pem,omitempty"`
	}
	info := h.Signer.Info()
	if json.Valid([]byte(info)) {
		return reply(w, http.StatusOK, key{JWK: json.RawMessage(info)})
	}
	return reply(w, http.StatusOK, key{PEM: info})
}

// gone says that the client does not wait for the answer any more.
func gone(ctx context.Context, err error) bool { return err != nil && ctx.Err() != nil }
