package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var secrets = map[string]string{
	sandbox.SourceGateway: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	sandbox.SourceBank:    "whsec_YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODk=",
}

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type world struct {
	*sandbox.World

	clock *clock.Manual
	books sandbox.Books
	out   *outbox

	between *hub
}

func newWorld(t failer, seed uint64, books sandbox.Books, faults sandbox.Faults) *world {
	t.Helper()
	c := clock.NewManual(testkit.Morning)
	w, err := sandbox.New(seed, sandbox.Config{Senders: 1, Books: books, Clock: c, Secrets: secrets, Faults: &faults})
	if err != nil {
		t.Fatal(err)
	}
	return &world{World: w, clock: c, books: books, out: newOutbox(t, c)}
}

// pay begins a payment at the world's gateway and pays it, twice, as impatient people do; it gives the gateway's id of the payment. The
// same sum at the same moment is the same order.
func (w *world) pay(ctx context.Context, caseID, tiyn int64) (string, error) {
	now, err := w.clock.Now(ctx)
	if err != nil {
		return "", err
	}
	order := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d/%d/%d", caseID, tiyn, now.UnixMicro()))
	till := w.Till()
	if _, err := till.Begin(ctx, gateway.Wish{Order: order, Case: caseno.Format(caseID), Amount: money.FromTiyn(tiyn), Language: "kk", Return: "/"}); err != nil {
		return "", err
	}
	for range 2 {
		if err := till.Pay(ctx, order); err != nil {
			return "", err
		}
	}
	told, err := till.Status(ctx, []uuid.UUID{order})
	if err != nil {
		return "", err
	}
	if got := told[order]; got.State != gateway.StatePaid || got.Payment.Order != order || got.Payment.Amount.Tiyn() != tiyn {
		return "", fmt.Errorf("a payment is %+v", got)
	}
	return told[order].Payment.TxnID, nil
}

// outbox is our side as the world sees it: it writes down what it is given, and may refuse.
type outbox struct {
	clock     clock.Clock
	verifiers map[string]*webhook.Verifier
	refuse    func(what string) bool // nil: never
	log       []string
	receipts  map[string]int
	events    map[string]int // by source and event id
	paid      map[string]int64
	reversed  map[string]int64
	refused   map[string]int
	undone    map[string]int
	cancelled map[string]int
}

func newOutbox(t failer, c clock.Clock) *outbox {
	t.Helper()
	o := &outbox{
		clock: c, verifiers: map[string]*webhook.Verifier{}, receipts: map[string]int{}, events: map[string]int{},
		paid: map[string]int64{}, reversed: map[string]int64{}, refused: map[string]int{}, undone: map[string]int{}, cancelled: map[string]int{},
	}
	for source, secret := range secrets {
		v, err := webhook.NewVerifier([]string{secret})
		if err != nil {
			t.Fatal(err)
		}
		o.verifiers[source] = v
	}
	return o
}

var errDown = errors.New("our side is down")

func (o *outbox) down(what string) bool {
	if o.refuse != nil && o.refuse(what) {
		return true
	}
	o.log = append(o.log, what)
	return false
}

func (o *outbox) Receipts(_ context.Context, receipts []notify.Receipt) error {
	if o.down(fmt.Sprintf("receipts %v", receipts)) {
		return errDown
	}
	for _, r := range receipts {
		o.receipts[r.Ref]++
	}
	return nil
}

func (o *outbox) Webhook(ctx context.Context, source string, header http.Header, body []byte) (int, error) {
	now, err := o.clock.Now(ctx)
	if err != nil {
		return 0, err
	}
	id, err := o.verifiers[source].Verify(header, body, now)
	if err != nil {
		return http.StatusUnauthorized, nil
	}
	m, err := gateway.Parse(body)
	if err != nil {
		return http.StatusBadRequest, nil
	}
	if o.down(source + " " + id) {
		return http.StatusServiceUnavailable, nil
	}
	o.events[source+"/"+id]++
	if m.Type == gateway.Paid {
		o.paid[source+"/"+m.TxnID] = m.Amount.Tiyn()
	} else {
		o.reversed[source+"/"+m.TxnID] = m.Amount.Tiyn()
	}
	return http.StatusNoContent, nil
}

func (o *outbox) Refuse(_ context.Context, token string) error {
	if o.down("refuse " + token) {
		return errDown
	}
	o.refused[token]++
	return nil
}

func (o *outbox) UndoRefusal(_ context.Context, token string) error {
	if o.down("undo " + token) {
		return errDown
	}
	o.undone[token]++
	return nil
}

func (o *outbox) Cancel(_ context.Context, acts []sandbox.CancelAct) error {
	if o.down(fmt.Sprintf("cancel %v", acts)) {
		return errDown
	}
	for _, a := range acts {
		o.cancelled[a.DocumentNumber]++
	}
	return nil
}

func caseID(n int) int64 { return 26*10_000_000 + int64(n) + 1 }

var crowd = sync.OnceValues(func() (*sandbox.Court, error) {
	return sandbox.NewCourt(99, 1_000_000, sandbox.FeedOptions{Opening: opening})
})

// person gives the IIN of the n-th person of a population.
func person(t failer, n int) string {
	t.Helper()
	c, err := crowd()
	if err != nil {
		t.Fatal(err)
	}
	return c.Row(n).DebtorIIN
}

func order(t failer, n, who int, p engine.Purpose, ordinal int, tiyn int64) orders.Instruction {
	t.Helper()
	in := orders.Instruction{ID: engine.OrderID(caseID(n), p, ordinal), CaseID: caseID(n), Purpose: p, IIN: person(t, who), Amount: money.FromTiyn(tiyn)}
	switch p {
	case engine.Lift, engine.Reduce, engine.Collect:
		in.Of = engine.OrderID(caseID(n), engine.Arrest, 1)
	case engine.Recall:
		in.Of = engine.OrderID(caseID(n), engine.Collect, 1)
	case engine.Arrest:
	}
	return in
}

func message(t failer, n int, channel notify.Channel, tiyn int64) notify.Message {
	t.Helper()
	f := text.Facts{
		Case: caseno.Format(caseID(n)), Initials: "А.Д.", Amount: money.FromTiyn(tiyn), Until: calendar.MakeDate(2026, 4, 1),
		Host: "robot.kz", Token: fmt.Sprintf("Tok%08d", n),
	}
	x, err := text.Render(text.Opening, text.Languages[n%len(text.Languages)], text.Version, f)
	if err != nil {
		t.Fatal(err)
	}
	m := notify.Message{Ref: notify.Ref(caseID(n), 1, channel), Channel: channel, To: fmt.Sprintf("+7760%07d", n*13), Text: x.SMS}
	if channel == notify.Push {
		m.Title, m.Text = x.PushTitle, x.PushBody
	}
	return m
}

// until lets the world live to a moment, event by event, as the demo does.
func (w *world) until(ctx context.Context, t failer, end time.Time) {
	t.Helper()
	for {
		at, ok, err := w.NextAt(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || at.After(end) {
			w.clock.Set(end)
			return
		}
		if now, _ := w.clock.Now(ctx); at.After(now) {
			w.clock.Set(at)
		}
		now, _ := w.clock.Now(ctx)
		if _, err := w.Step(ctx, now, w.out); err != nil {
			t.Fatal(err)
		}
	}
}
