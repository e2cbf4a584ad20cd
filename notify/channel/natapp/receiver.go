package natapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
)

// ReceiverConfig is what a receiver needs.
type ReceiverConfig struct {
	// Secrets are those by which we know the gateway, in the form of Standard Webhooks: one, or two while one replaces the other.
	// They are not the secret by which it knows us.
	Secrets []string
	// Receive keeps receipts. They are acknowledged after it returned without an error.
	Receive func(ctx context.Context, receipts []notify.Receipt) error
	Log     *slog.Logger
	Observe func(what, outcome string, n int) // for metrics; may be nil
}

// Receiver takes receipts, at an address that the operator names to the gateway:
//
//	204  kept                                   405  not a POST
//	400  signed, and not what the contract says 413  more than 1 MiB
//	401  no valid signature, or not of now      503  not kept, send again
//
// Only a 400 has a body, which says what is wrong, so that a forger learns nothing.
type Receiver struct {
	cfg     ReceiverConfig
	secrets *webhook.Verifier
	world   clock.Clock
}

// NewReceiver checks the settings.
func NewReceiver(cfg ReceiverConfig) (*Receiver, error) {
	secrets, err := webhook.NewVerifier(cfg.Secrets)
	if err != nil {
		return nil, fmt.Errorf("natapp: receipts: %w", err)
	}
	if cfg.Receive == nil {
		return nil, errors.New("natapp: receipts need somebody who keeps them")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	return &Receiver{cfg: cfg, secrets: secrets, world: clock.System()}, nil
}

// keepWithin bounds the keeping of receipts. It goes on when the gateway does not wait: what is kept then is known already when
// it sends again.
const keepWithin = 30 * time.Second

// ServeHTTP implements http.Handler.
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		rc.answer(w, http.StatusMethodNotAllowed, "bad_method", 1)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			status = http.StatusRequestEntityTooLarge
		}
		rc.answer(w, status, "bad_body", 1)
		return
	}
	now, err := rc.world.Now(r.Context())
	if err != nil {
		rc.busy(w, 1)
		return
	}
	if _, err := rc.secrets.Verify(r.Header, body, now); err != nil {
		rc.cfg.Log.WarnContext(r.Context(), "receipts of the national app are not believed", "why", err)
		rc.answer(w, http.StatusUnauthorized, "refused", 1)
		return
	}
	receipts, err := readReceipts(body)
	if err != nil { // signed, so that it is the gateway's own fault, and worth an operator's look
		rc.cfg.Log.ErrorContext(r.Context(), "receipts of the national app are not as the contract says", "why", err)
		w.Header().Set("Content-Type", "application/json")
		rc.answer(w, http.StatusBadRequest, "malformed", 1)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), keepWithin)
	defer cancel()
	if err := rc.cfg.Receive(ctx, receipts); err != nil {
		rc.cfg.Log.ErrorContext(r.Context(), "receipts of the national app cannot be kept; it sends them again", "receipts", len(receipts), "error", err)
		rc.busy(w, len(receipts))
		return
	}
	rc.answer(w, http.StatusNoContent, "kept", len(receipts))
}

func (rc *Receiver) busy(w http.ResponseWriter, n int) {
	w.Header().Set("Retry-After", "30")
	rc.answer(w, http.StatusServiceUnavailable, "failed", n)
}

func (rc *Receiver) answer(w http.ResponseWriter, status int, outcome string, n int) {
	rc.cfg.Observe("natapp_receipt", outcome, n)
	w.WriteHeader(status)
}

// readReceipts reads what the gateway has signed. One receipt that cannot be read refuses them all: none may be lost, and the
// gateway keeps what was not acknowledged. The error names the field and holds nothing of it.
func readReceipts(body []byte) ([]notify.Receipt, error) {
	var said struct {
		Type     string `json:"type"`
		Receipts []struct {
			Ref    string `json:"ref"`
			Status string `json:"status"`
			At     string `json:"at"`
			ID     string `json:"id"`
			Code   string `json:"code"`
		} `json:"receipts"`
	}
	if err := readJSON(body, &said); err != nil {
		return nil, err
	}
	if said.Type != kindReceipts {
		return nil, errors.New("type: " + kindReceipts + " is wanted")
	}
	if len(said.Receipts) == 0 || len(said.Receipts) > maxReceipts {
		return nil, fmt.Errorf("receipts: 1 to %d are wanted", maxReceipts)
	}
	out := make([]notify.Receipt, len(said.Receipts))
	for i, r := range said.Receipts {
		if _, _, channel, err := notify.ParseRef(r.Ref); err != nil || channel != notify.Push { // an app knows nothing of an SMS
			return nil, fmt.Errorf("receipts[%d].ref: not a reference of a push", i)
		}
		at, err := time.Parse(time.RFC3339, r.At)
		if err != nil {
			return nil, fmt.Errorf("receipts[%d].at: not a time as RFC 3339 writes it", i)
		}
		out[i] = notify.Receipt{Ref: r.Ref, ProviderRef: r.ID, At: at.UTC(), Detail: r.Status}
		switch r.Status {
		case statusDelivered, statusOpened: // what was opened had been delivered
			out[i].Status = notify.StatusDelivered
		case statusFailed, statusExpired:
			out[i].Status = notify.StatusFailed
			if c := code(r.Code); c != "" && c != r.Status {
				out[i].Detail += " " + c
			}
		default:
			return nil, fmt.Errorf("receipts[%d].status: delivered, opened, failed or expired is wanted", i)
		}
	}
	return out, nil
}
