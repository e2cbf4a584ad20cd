package bankapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
)

// HintsPath is where banks send their hints.
const HintsPath = "POST /hooks/banks/{bank}"

const (
	maxHint    = 64 << 10 // bytes
	hintWithin = 30 * time.Second
)

// HintsConfig is what the address for hints needs.
type HintsConfig struct {
	Banks map[string]*wire.Verifier // by name
	// Hint is told which orders are worth a query. It has to come back quickly and may be told the same any number of times.
	Hint    func(ctx context.Context, bank string, ids []uuid.UUID) error
	Clock   clock.Clock                       // the world's
	Observe func(what, outcome string, n int) // for metrics; may be nil
}

// Hints takes callbacks at [HintsPath]:
//
//	204  taken                                    413  more than 64 KiB
//	400  signed, and not what the contract says   415  neither JSON nor XML
//	401  no valid signature, or not of now        503  not taken, send again
//
// Nothing is believed but that somebody should ask: no answer is read from it, and an id that is not ours is nobody's harm. A bank
// that we do not know gets the same 401 as a forger.
type Hints struct{ cfg HintsConfig }

// NewHints checks the settings.
func NewHints(cfg HintsConfig) (*Hints, error) {
	if cfg.Hint == nil || cfg.Clock == nil {
		return nil, errors.New("bank hints: somebody who is told, and a clock, are wanted")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	return &Hints{cfg}, nil
}

// ServeHTTP implements http.Handler.
func (h *Hints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	status, outcome := h.take(w, r)
	h.cfg.Observe("bank_hint", outcome, 1)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	w.WriteHeader(status)
}

func (h *Hints) take(w http.ResponseWriter, r *http.Request) (status int, outcome string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHint))
	if err != nil {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			return http.StatusRequestEntityTooLarge, "too_large"
		}
		return http.StatusBadRequest, "bad_body"
	}
	bank := r.PathValue("bank")
	signatures := r.Header.Values(wire.SignatureHeader)
	verifier, ok := h.cfg.Banks[bank]
	if !ok || len(signatures) != 1 {
		return http.StatusUnauthorized, "refused"
	}
	if _, err := verifier.Verify(signatures[0], body); err != nil {
		return http.StatusUnauthorized, "refused"
	}
	var as wire.Encoding
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media {
	case wire.JSON.ContentType():
		as = wire.JSON
	case wire.XML.ContentType():
		as = wire.XML
	default:
		return http.StatusUnsupportedMediaType, "wrong_content"
	}
	m, err := wire.Decode(body, as)
	if err != nil || m.Kind != wire.Hint || m.Bank != bank {
		return http.StatusBadRequest, "malformed"
	}
	now, err := h.cfg.Clock.Now(r.Context())
	if err != nil {
		return http.StatusServiceUnavailable, "failed"
	}
	if now.Sub(m.At).Abs() > wire.Tolerance {
		return http.StatusUnauthorized, "wrong_time"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), hintWithin)
	defer cancel()
	if err := h.cfg.Hint(ctx, bank, m.IDs); err != nil {
		return http.StatusServiceUnavailable, "failed"
	}
	return http.StatusNoContent, "taken"
}
