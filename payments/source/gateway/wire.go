package gateway

import (
	_ "embed" // the contract
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"robotbailiff/internal/strictjson"
	"robotbailiff/rules/money"
)

// Contract is what both sides keep to, in OpenAPI 3.1.
//
//go:embed openapi.json
var Contract []byte

// Kinds of bodies. A signature covers the body and not the address, so that the body says what it is for.
const (
	kindBegin    = "payment.begin.v1"
	kindStatus   = "payment.query.v1"
	kindRefund   = "refund.begin.v1"
	kindRegister = "register.query.v1"
)

const currency = "KZT"

type wish struct {
	Type     string       `json:"type"`
	Order    string       `json:"order"`
	Case     string       `json:"case"`
	Amount   money.Amount `json:"amount"`
	Currency string       `json:"currency"`
	Language string       `json:"language"`
	Return   string       `json:"return_url"`
}

type question struct {
	Type   string   `json:"type"`
	Orders []string `json:"orders"`
}

type refund struct {
	Type     string       `json:"type"`
	Refund   string       `json:"refund"`
	TxnID    string       `json:"txn_id"`
	Amount   money.Amount `json:"amount"`
	Currency string       `json:"currency"`
}

type registerQuestion struct {
	Type  string `json:"type"`
	Day   string `json:"day"`
	After string `json:"after,omitempty"`
}

func encode(what any) ([]byte, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("gateway: encode: %w", err)
	}
	return body, nil
}

// fields reads an answer: exactly one object, in which no name is there twice.
func fields(body []byte) (map[string]json.RawMessage, error) {
	if err := strictjson.Check(body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	m, err := object(body, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return m, nil
}

func list(m map[string]json.RawMessage, name string) ([]json.RawMessage, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(m[name], &all); err != nil || all == nil {
		return nil, fmt.Errorf("%w: %s is no list", ErrAnswer, name)
	}
	return all, nil
}

// words reads text fields by their names; a name with ? may be left out.
func words(m map[string]json.RawMessage, names ...string) (map[string]string, error) {
	out := make(map[string]string, len(names))
	for _, name := range names {
		need := true
		if name[len(name)-1] == '?' {
			name, need = name[:len(name)-1], false
		}
		s, err := text(m, "", name, need)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		out[name] = s
	}
	return out, nil
}

func readCheckout(body []byte, order uuid.UUID) (Checkout, error) {
	m, err := fields(body)
	if err != nil {
		return Checkout{}, err
	}
	w, err := words(m, "order", "page", "app?", "qr?")
	if err != nil {
		return Checkout{}, err
	}
	page, err := url.Parse(w["page"])
	switch {
	case w["order"] != order.String():
		return Checkout{}, fmt.Errorf("%w: it speaks of another order", ErrAnswer)
	case err != nil || page.Scheme != "https" || page.Host == "" || page.User != nil:
		return Checkout{}, fmt.Errorf("%w: the page is no https address", ErrAnswer)
	}
	return Checkout{Page: w["page"], App: w["app"], QR: w["qr"]}, nil
}

func readStatuses(body []byte, asked map[uuid.UUID]bool) (map[uuid.UUID]OrderStatus, error) {
	m, err := fields(body)
	if err != nil {
		return nil, err
	}
	results, err := list(m, "results")
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]OrderStatus, len(results))
	for _, raw := range results {
		r, err := object(raw, "results")
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		w, err := words(r, "order", "state", "reason?")
		if err != nil {
			return nil, err
		}
		id, err := uuid.Parse(w["order"])
		if err != nil || !asked[id] {
			continue // nobody asked about it
		}
		st := OrderStatus{State: State(w["state"])}
		switch st.State {
		case StatePaid:
			if st.Payment, err = readPayment(r["payment"]); err != nil {
				return nil, err
			}
			if st.Payment.Type != Paid || st.Payment.Order != id {
				return nil, fmt.Errorf("%w: the payment is another order's", ErrAnswer)
			}
		case StateFailed:
			if reason := Reason(w["reason"]); slices.Contains(Reasons, reason) {
				st.Reason = reason
			}
		case StateOpen, StateExpired, StateUnknown:
		default:
			continue // a word of a later version: nothing is known
		}
		out[id] = st
	}
	return out, nil
}

// readPayment reads a message as it stands in an answer, by the same rules as one that was sent to us.
func readPayment(raw json.RawMessage) (Message, error) {
	m, err := Parse(raw)
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return m, nil
}

func readRefund(body []byte, id uuid.UUID) (RefundStatus, error) {
	m, err := fields(body)
	if err != nil {
		return "", err
	}
	w, err := words(m, "refund", "state")
	if err != nil {
		return "", err
	}
	switch st := RefundStatus(w["state"]); {
	case w["refund"] != id.String():
		return "", fmt.Errorf("%w: it speaks of another refund", ErrAnswer)
	case st == RefundTaken || st == RefundDone || st == RefundRejected:
		return st, nil
	}
	return "", fmt.Errorf("%w: state", ErrAnswer)
}

func readRegister(body []byte) ([]Message, string, error) {
	m, err := fields(body)
	if err != nil {
		return nil, "", err
	}
	entries, err := list(m, "entries")
	if err != nil {
		return nil, "", err
	}
	w, err := words(m, "next?")
	if err != nil {
		return nil, "", err
	}
	out := make([]Message, len(entries))
	for i, raw := range entries {
		if out[i], err = readPayment(raw); err != nil {
			return nil, "", err
		}
	}
	return out, w["next"], nil
}
