package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"robotbailiff/payments"
)

// Inbox keeps a message. It returns only after the commit, so that a 2xx answer is a promise (INV-M5).
type Inbox interface {
	Receive(ctx context.Context, ev payments.Event) (payments.Received, error)
}

// Proof proves the signature of a message and gives its id: webhook.Verifier, or webhook.Plain for payment systems that sign nothing
// but the body.
type Proof interface {
	Verify(header http.Header, body []byte, now time.Time) (eventID string, err error)
}

// Result is how a message was answered: a bounded set, fit for a metric's label.
type Result string

// Results.
const (
	Kept       Result = "kept"
	Repeated   Result = "repeated"
	BadMethod  Result = "bad_method"
	BadRequest Result = "bad_request" // the body broke off
	Refused    Result = "refused"     // no valid signature
	Oversized  Result = "oversized"
	Conflict   Result = "conflict" // known id, other content: an alarm
	Failed     Result = "failed"   // not kept; the sender will try again
)

// Observe is told the result of every message, with the error behind it; it may log both. Nil is allowed.
type Observe func(ctx context.Context, source string, result Result, err error)

// Now gives the legal time; clock.Clock has a method of this form.
type Now func(ctx context.Context) (time.Time, error)

// Handler serves the messages of one source:
//
//	204  kept, now or before        409  known id with another content
//	401  no valid signature         413  more than MaxBody
//	405  not a POST                 503  not kept, try again
//
// The answers have no body, so that a forger learns nothing.
func Handler(source string, v Proof, inbox Inbox, now Now, observe Observe) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result, err := take(source, v, inbox, now, w, r)
		answer(w, result)
		if observe != nil {
			observe(r.Context(), source, result, err)
		}
	})
}

func take(source string, v Proof, inbox Inbox, now Now, w http.ResponseWriter, r *http.Request) (Result, error) {
	if r.Method != http.MethodPost {
		return BadMethod, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		if _, big := errors.AsType[*http.MaxBytesError](err); big {
			return Oversized, err
		}
		return BadRequest, err
	}
	at, err := now(r.Context())
	if err != nil {
		return Failed, err
	}
	id, err := v.Verify(r.Header, body, at)
	if err != nil {
		return Refused, err
	}
	received, err := inbox.Receive(r.Context(), payments.Event{Source: source, EventID: id, Body: body})
	if err != nil {
		if _, conflict := errors.AsType[*payments.ConflictError](err); conflict {
			return Conflict, err
		}
		return Failed, err
	}
	if received == payments.Replay {
		return Repeated, nil
	}
	return Kept, nil
}

func answer(w http.ResponseWriter, result Result) {
	w.Header().Set("Cache-Control", "no-store")
	switch result {
	case Kept, Repeated:
		w.WriteHeader(http.StatusNoContent)
	case BadMethod:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
	case BadRequest:
		w.WriteHeader(http.StatusBadRequest)
	case Refused:
		w.WriteHeader(http.StatusUnauthorized)
	case Oversized:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case Conflict:
		w.WriteHeader(http.StatusConflict)
	case Failed:
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}
