package httpsms

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"robotbailiff/notify"
)

const (
	maxReport     = 4 << 10   // bytes of the query of an address
	maxPush       = 256 << 10 // bytes of receipts
	receiptWithin = 30 * time.Second
)

// errKeep says that receipts could not be kept, and errBody that a body broke off.
var (
	errKeep = errors.New("the receipts cannot be kept")
	errBody = errors.New("the body broke off")
	errLong = errors.New("too long")
)

// Handler takes the delivery reports of the gateway:
//
//	200  kept, or nothing to keep       405  another method than the dialect's
//	400  not a report                   413  too long
//	403  the token or the signature is not ours
//	503  not kept: it is to be sent again
//
// Answers have no body, so that a forger learns nothing; and 200 it is since Kannel takes a 204 for a failure. The query of an
// address for Kannel's reports holds what the centre says, which may be a part of the text: it belongs into no log.
func (g *Gateway) Handler() http.Handler {
	method, take := http.MethodGet, g.takeReport
	if g.cfg.Account.Dialect == JSON {
		method, take = http.MethodPost, g.takePush
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != method {
			w.Header().Set("Allow", method)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		receipts, err := take(w, r)
		outcome := "interim"
		if err == nil && len(receipts) > 0 {
			outcome, err = "kept", g.keep(r.Context(), receipts)
		}
		status := http.StatusOK
		switch {
		case err == nil:
		case errors.Is(err, errForged):
			outcome, status = "forged", http.StatusForbidden
		case errors.Is(err, errLong):
			outcome, status = "malformed", http.StatusRequestEntityTooLarge
		case errors.Is(err, errKeep):
			outcome, status = "failed", http.StatusServiceUnavailable
		default:
			outcome, status = "malformed", http.StatusBadRequest
		}
		g.cfg.Observe("sms_receipt", outcome, max(len(receipts), 1))
		w.WriteHeader(status)
	})
}

func (g *Gateway) takeReport(_ http.ResponseWriter, r *http.Request) ([]notify.Receipt, error) {
	if len(r.URL.RawQuery) > maxReport {
		return nil, errLong
	}
	report, err := readReport(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if !report.genuine(g.cfg.Key) {
		return nil, errForged
	}
	receipt, final, err := report.receipt()
	if err != nil || !final {
		return nil, err
	}
	return []notify.Receipt{receipt}, nil
}

func (g *Gateway) takePush(w http.ResponseWriter, r *http.Request) ([]notify.Receipt, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
	if err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return nil, errLong
		}
		return nil, errBody
	}
	now, err := g.wall.Now(r.Context()) // the gateway's clock knows of no sandbox
	if err != nil {
		return nil, errKeep
	}
	if _, err := g.verifier.Verify(r.Header, body, now); err != nil {
		return nil, errForged
	}
	return readReceipts(body)
}

// keep outlives the connection: what is known should not have to be told again.
func (g *Gateway) keep(ctx context.Context, receipts []notify.Receipt) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), receiptWithin)
	defer cancel()
	if err := g.cfg.Receive(bounded, receipts); err != nil {
		g.cfg.Log.ErrorContext(ctx, "receipts of the SMS gateway cannot be kept; it is asked to send them again", "receipts", len(receipts), "error", err)
		return errKeep
	}
	return nil
}
