package httpsms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
	"unicode/utf8"

	"robotbailiff/notify"
)

// jsonWay speaks to a gateway that is built after contract.json.
type jsonWay struct {
	account  Account
	base     *url.URL
	source   string
	receipts string
}

// maxText is the longest text that the contract allows, in letters.
const maxText = 1000

// message is the body of POST /v1/messages.
type message struct {
	Ref        string     `json:"ref"`
	To         string     `json:"to"`
	From       string     `json:"from"`
	Text       string     `json:"text"`
	NotBefore  *time.Time `json:"not_before,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	ReceiptURL string     `json:"receipt_url,omitempty"`
}

// Codes of problems, of which only these words are believed.
const (
	codeDuplicate   = "duplicate"
	codeNotFound    = "not_found"
	codeUnavailable = "unavailable"

	codeUnauthorized = "unauthorized"
)

// ofNumber are the codes of a 422 that speak of the very number or text; all others are about us.
var ofNumber = []string{"number_invalid", "number_unknown", "number_denied", "text_too_long"}

// otherCodes are those that speak of anything else. Only these and those of the number become the detail of an answer: whatever
// else it says may hold what we have sent.
var otherCodes = []string{codeDuplicate, codeNotFound, codeUnavailable, codeUnauthorized, "sender_refused", "no_funds", "expired", "malformed", "too_many"}

func (j *jsonWay) pieces(m notify.Message) ([]request, []string, error) {
	to, err := number(m.To)
	if err != nil {
		return nil, nil, err
	}
	if !validRef(m.Ref) {
		return nil, nil, errRef
	}
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > maxText {
		return nil, nil, errText
	}
	return []request{func(ctx context.Context, m notify.Message, t times) (*http.Request, error) {
		return j.post(ctx, m, to, t)
	}}, nil, nil
}

func (j *jsonWay) post(ctx context.Context, m notify.Message, to string, t times) (*http.Request, error) {
	body := message{Ref: m.Ref, To: to, From: j.source, Text: m.Text, ReceiptURL: j.receipts}
	if left, ends := t.left(m); ends {
		if left < time.Second {
			return nil, errOver
		}
		at := t.inWorld(m.ExpiresAt)
		body.ExpiresAt = &at
	}
	if m.NotBefore.After(t.now) {
		at := t.inWorld(m.NotBefore)
		body.NotBefore = &at
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, errText
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, j.base.JoinPath("v1", "messages").String(), bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("request")
	}
	// With an idempotency key the transport would send a lost request again by itself, and nobody could say whether it had left.
	// Without a way to make the body anew it does not.
	r.GetBody = nil
	j.introduce(r)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", m.Ref)
	return r, nil
}

func (j *jsonWay) introduce(r *http.Request) {
	r.Header.Set("Authorization", "Bearer "+j.account.Secret)
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("User-Agent", "robot-bailiff")
}

// said is what may stand in an answer: a message, or a problem (RFC 9457) with its code.
type said struct {
	Ref    string `json:"ref"`
	ID     string `json:"id"`
	Status string `json:"status"`
	Code   string `json:"code"`
}

// readSaid reads the body of an answer, which may be anything.
func readSaid(body []byte) (s said) {
	// in a problem, status is the number of the HTTP status
	var raw struct {
		said

		Status json.RawMessage `json:"status"`
	}
	if json.Unmarshal(body, &raw) != nil {
		return said{}
	}
	s = raw.said
	if json.Unmarshal(raw.Status, &s.Status) != nil {
		s.Status = ""
	}
	if !slices.Contains(ofNumber, s.Code) && !slices.Contains(otherCodes, s.Code) {
		s.Code = ""
	}
	return s
}

// judge says what an answer to a message means. A 409 or a 503 is believed only with its code, which nothing between us and the
// gateway knows: without it the outcome is unknown, and the gateway is asked later.
func (j *jsonWay) judge(status int, body []byte) verdict {
	s := readSaid(body)
	v := judgeOthers(status)
	if s.Code != "" {
		v.detail = s.Code
	}
	switch {
	case status == http.StatusOK || status == http.StatusCreated || status == http.StatusAccepted:
		return judgeState(s)
	case status < http.StatusMultipleChoices:
		return verdict{status: notify.Unknown, detail: "answer_unreadable"}
	case status == http.StatusConflict && s.Code == codeDuplicate:
		v.status, v.id = notify.Accepted, s.ID
	case status == http.StatusConflict:
		v.status = notify.Unknown
	case status == http.StatusUnprocessableEntity && slices.Contains(ofNumber, s.Code):
		v.status = notify.Rejected
	case status == http.StatusServiceUnavailable && s.Code == codeUnavailable:
		v.status, v.pause = notify.NotFound, pauseBusy
	}
	return v
}

// judgeState says what the state of a message means.
func judgeState(s said) verdict {
	v := verdict{status: notify.Unknown, detail: "answer_unreadable"}
	if s.ID == "" {
		return v
	}
	v.id, v.detail = s.ID, "state_"+s.Status
	switch s.Status {
	case stateAccepted, stateSent, stateDelivered:
		v.status, v.detail = notify.Accepted, ""
	case stateFailed, stateExpired:
		v.status = notify.Rejected
	default:
		v.detail = "state_unknown"
	}
	return v
}

// ask makes the question what became of a message.
func (j *jsonWay) ask(ref string) request {
	return func(ctx context.Context, _ notify.Message, _ times) (*http.Request, error) { return j.get(ctx, ref) }
}

func (j *jsonWay) get(ctx context.Context, ref string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, j.base.JoinPath("v1", "messages", ref).String(), http.NoBody)
	if err != nil {
		return nil, errors.New("request")
	}
	j.introduce(r)
	return r, nil
}

// answer says what an answer to [jsonWay.ask] means. Only what the gateway says of this very reference says anything: a wrong path
// is answered with 404 as well, and must not have everything sent again.
func (j *jsonWay) answer(ref string, status int, body []byte) verdict {
	s := readSaid(body)
	switch {
	case status == http.StatusOK && s.Ref == ref:
		return judgeState(s)
	case status == http.StatusOK:
		return verdict{status: notify.Unknown, detail: "answer_unreadable"}
	case status == http.StatusNotFound && s.Code == codeNotFound:
		return verdict{status: notify.NotFound, detail: codeNotFound}
	}
	v := judgeOthers(status)
	if v.status = notify.Unknown; s.Code == codeUnauthorized {
		v.detail = s.Code
	}
	return v
}

// probeRef is the reference of no message.
const probeRef = "ready"

func (j *jsonWay) probe(ctx context.Context) (*http.Request, error) { return j.get(ctx, probeRef) }

func (j *jsonWay) ready(status int, body []byte) error {
	if v := j.answer(probeRef, status, body); v.status == notify.Unknown {
		return errors.New(v.detail)
	}
	return nil
}
