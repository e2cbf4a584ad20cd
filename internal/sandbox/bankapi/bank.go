package bankapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
)

// Config is what a bank needs.
type Config struct {
	Name     string
	Peer     orders.Peer
	Register orders.Register // instead of a peer: then it is the register of debtors
	Signer   *wire.Signer
	Ministry *wire.Verifier
	Clock    clock.Clock
	// Fault says how the next request fails; nil: none does.
	Fault func(kind wire.Kind) Fault
	// Hang is told when a request is left without an answer, which lasts until the other side gives up; may be nil.
	Hang func(r *http.Request)
	// Slow is over when a slow answer may go; nil: at once.
	Slow func(ctx context.Context)
}

// Fault is a way to fail.
type Fault string

// Faults. Those that say so come after the orders were done.
const (
	None       Fault = ""
	Timeout    Fault = "timeout"     // no answer, nothing done
	Late       Fault = "late"        // done, no answer
	Reset      Fault = "reset"       // the connection breaks, nothing done
	ResetAfter Fault = "reset_after" // done, the connection breaks
	Broken     Fault = "broken"      // 503, nothing done
	BrokenLate Fault = "broken_late" // done, 503
	Slow       Fault = "slow"        // done, answered late
	Garbage    Fault = "garbage"     // 200 with HTML, nothing done
	Taken      Fault = "taken"       // done, 202: the answer is for a query
)

// Bank is the far end. Any number of requests may come at once.
type Bank struct {
	cfg Config
	mux *http.ServeMux
}

// New makes a bank.
func New(cfg Config) *Bank {
	b := &Bank{cfg: cfg, mux: http.NewServeMux()}
	paths := map[string]wire.Kind{"orders": wire.Submit, "orders/query": wire.Query, "accounts/query": wire.AskAccounts, "holds/query": wire.AskHolds}
	if cfg.Register != nil {
		paths = map[string]wire.Kind{"entries": wire.Enter, "orders/query": wire.Query, "entries/query": wire.AskEntries}
	}
	for path, kind := range paths {
		b.mux.HandleFunc("POST /v1/"+path, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, kind) })
	}
	return b
}

// ServeHTTP implements http.Handler.
func (b *Bank) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// refusal says that nothing was taken.
type refusal struct {
	status int
	code   string
	detail string
}

func (b *Bank) serve(w http.ResponseWriter, r *http.Request, kind wire.Kind) {
	var fault Fault
	if b.cfg.Fault != nil {
		fault = b.cfg.Fault(kind)
	}
	m, as, no := b.take(r, kind)
	switch {
	case b.before(w, r, fault):
		return
	case no != nil:
		problem(w, *no)
		return
	}
	answer, err := b.Answer(r.Context(), m)
	if b.after(w, r, fault) {
		return
	}
	var body []byte
	var signature string
	if err == nil {
		body, err = wire.Encode(answer, as)
	}
	if err == nil {
		signature, err = b.cfg.Signer.Sign(body)
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", as.ContentType())
	w.Header().Set(wire.SignatureHeader, signature)
	_, _ = w.Write(body)
}

// take reads and proves a request.
func (b *Bank) take(r *http.Request, kind wire.Kind) (m wire.Message, as wire.Encoding, no *refusal) {
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxBody+1))
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	as = wire.JSON
	if media == wire.XML.ContentType() {
		as = wire.XML
	}
	switch {
	case err != nil:
		return m, as, &refusal{http.StatusBadRequest, "bad_body", ""}
	case len(body) > wire.MaxBody:
		return m, as, &refusal{http.StatusRequestEntityTooLarge, wire.CodeTooLarge, ""}
	case media != as.ContentType():
		return m, as, &refusal{http.StatusUnsupportedMediaType, "wrong_content", ""}
	}
	signatures := r.Header.Values(wire.SignatureHeader)
	if len(signatures) != 1 {
		return m, as, &refusal{http.StatusUnauthorized, "bad_signature", ""}
	}
	if _, err := b.cfg.Ministry.Verify(signatures[0], body); err != nil {
		return m, as, &refusal{http.StatusUnauthorized, "bad_signature", ""}
	}
	m, err = wire.Decode(body, as)
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return m, as, &refusal{http.StatusBadRequest, e.Code, e.Place}
	}
	now, err := b.cfg.Clock.Now(r.Context())
	switch {
	case err != nil:
		return m, as, &refusal{http.StatusServiceUnavailable, "no_time", ""}
	case m.Kind != kind || m.Sheet != nil:
		return m, as, &refusal{http.StatusBadRequest, wire.CodeKind, "type"}
	case m.Bank != b.cfg.Name:
		return m, as, &refusal{http.StatusBadRequest, "wrong_bank", "bank"}
	case now.Sub(m.At).Abs() > wire.Tolerance:
		return m, as, &refusal{http.StatusUnauthorized, "wrong_time", "at"}
	}
	return m, as, nil
}

func problem(w http.ResponseWriter, no refusal) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(no.status), "status": no.status, "code": no.code, "detail": no.detail})
}

// Answer does what a message asks.
func (b *Bank) Answer(ctx context.Context, m wire.Message) (answer wire.Message, err error) {
	answer = wire.Message{ID: uuid.New(), Bank: b.cfg.Name, About: m.ID}
	if answer.At, err = b.cfg.Clock.Now(ctx); err != nil {
		return answer, err
	}
	switch m.Kind {
	case wire.Submit:
		err = b.submit(ctx, m, &answer)
	case wire.Query:
		answer.Kind = wire.Replies
		answer.Replies, err = b.queried().Query(ctx, m.IDs)
	case wire.Enter:
		answer.Kind = wire.Replies
		answer.Replies, err = b.cfg.Register.Submit(ctx, m.Entries)
		said := told(answer.Replies)
		for _, e := range m.Entries {
			if !said[e.ID] {
				answer.Replies = append(answer.Replies, e.Reply("", ""))
			}
		}
	case wire.AskEntries:
		answer.Kind, answer.After = wire.Entries, m.After
		answer.Listed, answer.Next, err = b.cfg.Register.List(ctx, m.After, m.Limit)
	case wire.AskAccounts:
		answer.Kind = wire.Accounts
		accounts, e := b.cfg.Peer.Accounts(ctx, m.IINs)
		for _, iin := range m.IINs {
			if len(accounts[iin]) > 0 {
				answer.Persons = append(answer.Persons, wire.Person{IIN: iin, Accounts: accounts[iin]})
			}
		}
		err = e
	case wire.AskHolds:
		answer.Kind, answer.After = wire.Holds, m.After
		answer.Holds, answer.Next, err = b.cfg.Peer.Holds(ctx, m.After, m.Limit)
	default:
		err = fmt.Errorf("sandbox: a bank is not asked by %s", m.Kind)
	}
	return answer, err
}

func (b *Bank) submit(ctx context.Context, m wire.Message, answer *wire.Message) error {
	replies, err := b.cfg.Peer.Submit(ctx, m.Orders)
	if err != nil {
		return err
	}
	said := told(replies)
	for _, o := range m.Orders { // what has no answer yet was taken all the same
		if !said[o.ID] {
			replies = append(replies, orders.Reply{ID: o.ID, CaseID: o.CaseID, Known: true})
		}
	}
	answer.Kind, answer.Replies = wire.Replies, replies
	return nil
}

// told are the orders that have a reply; the others were taken all the same.
func told(replies []orders.Reply) map[uuid.UUID]bool {
	said := make(map[uuid.UUID]bool, len(replies))
	for _, r := range replies {
		said[r.ID] = true
	}
	return said
}

// queried is who knows what became of orders.
func (b *Bank) queried() interface {
	Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error)
} {
	if b.cfg.Register != nil {
		return b.cfg.Register
	}
	return b.cfg.Peer
}

// before fails without having done anything.
func (b *Bank) before(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f {
	case Timeout:
		b.hang(r)
	case Reset:
		reset(w)
	case Broken:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Garbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><body>Welcome</body></html>")
	default:
		return false
	}
	return true
}

// after fails with all done.
func (b *Bank) after(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch f {
	case Late:
		b.hang(r)
	case ResetAfter:
		reset(w)
	case BrokenLate:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Taken:
		w.WriteHeader(http.StatusAccepted)
	case Slow:
		if b.cfg.Slow != nil {
			b.cfg.Slow(r.Context())
		}
		return false
	default:
		return false
	}
	return true
}

func (b *Bank) hang(r *http.Request) {
	if b.cfg.Hang != nil {
		b.cfg.Hang(r)
	}
	<-r.Context().Done()
}

// reset breaks the connection as a dying machine does.
func reset(http.ResponseWriter) { panic(http.ErrAbortHandler) }

const hintWithin = 10 * time.Second

// Hint tells the ministry, at the address where it takes callbacks, which orders are worth a query, and gives the status of the answer.
func (b *Bank) Hint(ctx context.Context, client *http.Client, address string, as wire.Encoding, ids []uuid.UUID) (int, error) {
	now, err := b.cfg.Clock.Now(ctx)
	if err != nil {
		return 0, err
	}
	body, err := wire.Encode(wire.Message{Kind: wire.Hint, ID: uuid.New(), At: now, Bank: b.cfg.Name, IDs: ids}, as)
	if err != nil {
		return 0, err
	}
	signature, err := b.cfg.Signer.Sign(body)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, hintWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", as.ContentType())
	r.Header.Set(wire.SignatureHeader, signature)
	resp, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
