package sandbox

import (
	"cmp"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// The magic of sums: their last two digits.
const (
	magicLost     = 13 // the message of the payment never comes
	magicTwice    = 14 // it comes twice
	magicReversed = 15 // the payment is taken back
)

// payment is a transfer that somebody makes.
type payment struct {
	source    string
	key       string // what the fates hang on, unique in the source
	caseID    int64
	order     uuid.UUID // of our side, which began it; may be nobody's
	reference string    // empty: the case number
	amount    int64
	at        time.Time
}

// hook is a message of a payment system, signed only when it is handed over.
type hook struct {
	Source  string          `json:"source"`
	EventID string          `json:"event"`
	Payment string          `json:"payment"`
	Message gateway.Message `json:"message"`
}

func (w *World) txnID(source, key string) string {
	d := roll(w.seed, "txn/"+source, key)
	return d.name()
}

// transfer books a payment and plans the messages about it.
func (w *World) transfer(p *Page, t payment) {
	txn := w.txnID(t.source, t.key)
	key := t.source + "/" + txn
	if p.Payments.Get(key) != nil {
		return
	}
	d := roll(w.seed, "hook/"+t.source, t.key)
	magic := t.amount % 100
	twice := d.in(w.faults.HookTwice) || magic == magicTwice
	newEvent, late, lost := d.in(w.faults.HookNewEvent), d.in(w.faults.HookLate), d.in(w.faults.HookLost) || magic == magicLost
	back, backSoon := (d.in(w.faults.Reversed) || magic == magicReversed) && t.source == SourceGateway, d.in(w.faults.ReversedSoon)
	first := t.at.Add(d.after(0, time.Minute))
	if t.source == SourceBank {
		first = t.at.Add(d.after(10*time.Minute, 6*time.Hour))
	}
	if late {
		first = t.at.Add(d.after(4*time.Hour, 72*time.Hour))
	}
	reference, caseID := cmp.Or(t.reference, caseno.Format(t.caseID)), t.caseID
	if t.reference != "" {
		caseID = 0
	}
	p.Payments.Add(Payment{
		Key: key, Source: t.source, TxnID: txn, CaseID: caseID, Reference: reference, Amount: t.amount,
		ValueDate: calendar.DateOf(t.at).String(), At: t.at, Reported: !lost,
	})
	h := hook{Source: t.source, EventID: "ev-" + txn, Payment: key, Message: gateway.Message{
		Type: gateway.Paid, TxnID: txn,
		Amount: money.FromTiyn(t.amount), Currency: "KZT", Reference: reference, ValueDate: calendar.DateOf(t.at), Order: t.order,
	}}
	say := func(name string, at time.Time, h hook) {
		p.schedule(Item{Key: "hook/" + key + "/" + name, At: at, Kind: kindWebhook, CaseID: caseID, Body: encode(h)})
	}
	if !lost {
		say("paid", first, h)
		if twice {
			say("paid-again", first.Add(d.after(0, 2*time.Hour)), h)
		}
		if newEvent {
			again := h
			again.EventID += "-n"
			say("paid-anew", first.Add(d.after(time.Minute, 24*time.Hour)), again)
		}
	}
	if !back {
		return
	}
	at := first.Add(d.after(2*24*time.Hour, 5*24*time.Hour))
	if backSoon {
		at = t.at.Add(first.Sub(t.at) / 2)
	}
	h.EventID, h.Message.Type = "ev-"+txn+"-r", gateway.Reversed
	say("reversed", at, h)
	p.schedule(Item{Key: "back/" + key, At: at, Kind: kindBack, Inner: true, CaseID: caseID, Body: encode(key)})
}
