package bankapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/outcall"
)

// Fate says what became of a request that brought no answer.
type Fate string

// Fates.
const (
	NotSent Fate = "not_sent" // nothing has left
	Refused Fate = "refused"  // the bank says that it has taken nothing
	Unclear Fate = "unclear"  // it may have left, and may have been done
)

// CallError says what became of a request without an answer that counts. What was ordered by it has an unknown outcome either way and
// is queried, since only the bank's books know; the fate is for people and figures.
type CallError struct {
	Bank string
	Kind wire.Kind
	Fate Fate
	Code string // stable: of outcall, http_NNN, of wire, of the bank
	err  error
}

// Error implements error.
func (e *CallError) Error() string {
	return fmt.Sprintf("bank %s: %s: %s: %s", e.Bank, e.Kind, e.Fate, e.Code)
}

// Unwrap gives the reason, which may name an address of the bank.
func (e *CallError) Unwrap() error { return e.err }

// Codes of answers that do not count. Those of package wire come beside them.
const (
	codeContent   = "wrong_content"   // 200 with HTML, or in the other encoding
	codeSignature = "bad_signature"   // of the bank
	codeKind      = "wrong_type"      // an answer to another question
	codeBank      = "wrong_bank"      // of another bank
	codeAbout     = "wrong_about"     // an answer to another request
	codeTime      = "wrong_time"      // written more than five minutes from now
	codeEvidence  = "evidence_failed" // it could not be kept, so it does not count
	codeCut       = "answer_cut"      // a page that would never end
)

var paths = map[wire.Kind]string{
	wire.Submit: "orders", wire.Query: "orders/query", wire.AskAccounts: "accounts/query", wire.AskHolds: "holds/query",
	wire.Enter: "entries", wire.AskEntries: "entries/query",
}

var answersTo = map[wire.Kind]wire.Kind{
	wire.Submit: wire.Replies, wire.Query: wire.Replies, wire.AskAccounts: wire.Accounts, wire.AskHolds: wire.Holds,
	wire.Enter: wire.Replies, wire.AskEntries: wire.Entries,
}

// Bounds of the breaker: so many requests in a row without an answer that counts, and the bank is left alone for a while. Then one more
// is enough for the next while.
const (
	unreachedAfter = 3 // is told
	deadAfter      = 10
	deadFor        = 30 * time.Second
)

// lane is a way for requests with slots and a breaker of its own.
type lane struct {
	calls *outcall.Caller
	bad   atomic.Int32              // in a row
	last  atomic.Pointer[CallError] // of them
}

// exchange sends one message and gives the answer that counts; taken says that the bank has it and will tell later (202).
func (c *Client) exchange(ctx context.Context, l *lane, m wire.Message) (answer wire.Message, taken bool, err error) {
	m.ID, m.Bank = uuid.New(), c.cfg.Name
	raw, err := l.calls.Do(ctx, func(ctx context.Context) (*http.Request, error) { return c.request(ctx, m) })
	switch {
	case err != nil:
		err = c.failed(m.Kind, err)
	case raw.Status == http.StatusOK:
		answer, err = c.read(ctx, m, raw)
	case raw.Status == http.StatusAccepted && (m.Kind == wire.Submit || m.Kind == wire.Enter):
		taken = true
	default:
		err = c.refused(m.Kind, raw)
	}
	c.breaker(ctx, l, raw, err)
	return answer, taken, err
}

// request is made when its turn has come, so that its time is that of the sending. It has no header by which the transport would
// repeat it.
func (c *Client) request(ctx context.Context, m wire.Message) (*http.Request, error) {
	var err error
	if m.At, err = c.cfg.Clock.Now(ctx); err != nil {
		return nil, err
	}
	body, err := wire.Encode(m, c.cfg.Encoding)
	if err != nil {
		return nil, err
	}
	signature, err := c.cfg.Signer.Sign(body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(wire.Version, paths[m.Kind]).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{
		"Content-Type": {c.cfg.Encoding.ContentType()}, "Accept": {c.cfg.Encoding.ContentType() + ", application/problem+json"},
		wire.SignatureHeader: {signature}, "User-Agent": {"robot-bailiff"},
	}
	return r, nil
}

// failed sorts what came of a request without an answer.
func (c *Client) failed(kind wire.Kind, err error) error {
	e := &CallError{Bank: c.cfg.Name, Kind: kind, Fate: NotSent, Code: outcall.Code(err), err: err}
	if w, ok := errors.AsType[*wire.Error](err); ok {
		e.Code = w.Code // we would have written what the contract does not have
	}
	if errors.Is(err, outcall.ErrNoAnswer) {
		e.Fate = Unclear
	}
	return e
}

var problemForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// refused sorts an answer that is not 200. Only a problem in due form says that nothing was taken: any other 4xx may come from a
// proxy that knows nothing.
func (c *Client) refused(kind wire.Kind, a outcall.Answer) error {
	e := &CallError{Bank: c.cfg.Name, Kind: kind, Fate: Unclear, Code: fmt.Sprintf("http_%d", a.Status)}
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || media != "application/problem+json" || a.Status < 400 || a.Status > 499 {
		return e
	}
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.Body, &problem) == nil && problemForm.MatchString(problem.Code) {
		e.Fate, e.Code = Refused, problem.Code
	}
	return e
}

// read gives an answer that counts, after it was kept.
func (c *Client) read(ctx context.Context, asked wire.Message, a outcall.Answer) (wire.Message, error) {
	unclear := func(code string, err error) (wire.Message, error) {
		c.cfg.Report(ctx, wire.Finding{Bank: c.cfg.Name, Kind: asked.Kind, Code: code})
		return wire.Message{}, &CallError{Bank: c.cfg.Name, Kind: asked.Kind, Fate: Unclear, Code: code, err: err}
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != c.cfg.Encoding.ContentType() {
		return unclear(codeContent, nil)
	}
	signatures := a.Header.Values(wire.SignatureHeader)
	if len(signatures) != 1 {
		return unclear(codeSignature, nil)
	}
	key, err := c.cfg.Verifier.Verify(signatures[0], a.Body)
	if err != nil {
		return unclear(codeSignature, err)
	}
	m, err := wire.Decode(a.Body, c.cfg.Encoding)
	if w, ok := errors.AsType[*wire.Error](err); ok {
		return unclear(w.Code, err)
	}
	now, err := c.cfg.Clock.Now(ctx)
	if err != nil {
		return unclear(codeTime, err)
	}
	switch off := now.Sub(m.At).Abs(); {
	case m.Kind != answersTo[asked.Kind] || m.Sheet != nil:
		return unclear(codeKind, nil)
	case m.Bank != c.cfg.Name:
		return unclear(codeBank, nil)
	case m.About != asked.ID:
		return unclear(codeAbout, nil)
	case off > wire.Tolerance:
		return unclear(codeTime, nil)
	}
	e := wire.Evidence{
		Bank: c.cfg.Name, Kind: asked.Kind, Message: m.ID, Request: asked.ID, At: m.At, Key: key, Encoding: c.cfg.Encoding, Signature: signatures[0], Body: a.Body,
	}
	for _, r := range m.Replies {
		e.Orders = append(e.Orders, r.ID)
	}
	if err := c.cfg.Keep(ctx, e); err != nil {
		return unclear(codeEvidence, err)
	}
	return m, nil
}

// breaker counts what did not count, and leaves a bank alone that wants it or seems to be dead.
func (c *Client) breaker(ctx context.Context, l *lane, a outcall.Answer, err error) {
	e, failed := errors.AsType[*CallError](err)
	outcome := "ok"
	if failed {
		if outcome = e.Code; e.Fate == Refused {
			outcome = string(Refused) // the code is a word of the bank, of which there may be any number
		}
	}
	c.cfg.Observe("bank_"+c.cfg.Name, outcome, 1)
	switch {
	case !failed:
		l.bad.Store(0)
	case errors.Is(err, outcall.ErrPaused), errors.Is(err, outcall.ErrNoTime), errors.Is(err, context.Canceled):
		return // says nothing of the bank
	default:
		l.last.Store(e)
		if l.bad.Add(1) >= deadAfter {
			l.calls.Pause(deadFor)
		}
	}
	if now, err := c.cfg.Clock.Now(ctx); err == nil && a.Status != 0 {
		l.calls.Heed(a, 0, now)
	}
}
