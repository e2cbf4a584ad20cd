package sandbox

import (
	"container/heap"
	"context"
	"net/http"
	"time"

	"robotbailiff/notify"
)

// Kinds of items. The first four happen inside the world, the others reach our side.
const (
	kindRead    = "read"    // a message is read
	kindBlocked = "blocked" // a debtor notices an arrest
	kindAct     = "act"     // a debtor acts
	kindBack    = "back"    // a payment is taken back

	kindReceipt = "receipt"
	kindCancel  = "cancel"
	kindWebhook = "webhook"
	kindRefuse  = "refuse"
	kindUndo    = "undo"
)

// Outbox is our side's front door. Whatever returns without an error was accepted for good, even if our side has no use
// for it; an item whose call fails comes again.
type Outbox interface {
	// Receipts are words of the SMS centre and the push service about messages.
	Receipts(ctx context.Context, receipts []notify.Receipt) error
	// Webhook is one signed message of a payment system. Any status but 2xx brings it again later.
	Webhook(ctx context.Context, source string, header http.Header, body []byte) (status int, err error)
	// Refuse and UndoRefusal are the debtor's acts behind his personal link.
	Refuse(ctx context.Context, token string) error
	UndoRefusal(ctx context.Context, token string) error
	// Cancel is the issuers' word that decisions are cancelled.
	Cancel(ctx context.Context, acts []CancelAct) error
}

const (
	stepPage     = 1000
	receiptBatch = 500
	maxTries     = 12
)

// Step lets the world live up to now and hands over what is due, in a fixed order. An item counts as handed only after
// our side accepted it, so a crash means repetition. It returns how many were accepted; on an error the rest of the same
// sort waits for the next Step, and so does whatever else is for the cases concerned; the other sorts go on.
func (w *World) Step(ctx context.Context, now time.Time, out Outbox) (n int, err error) {
	now = instant(now)
	if err := w.live(ctx, now); err != nil {
		return 0, err
	}
	h := handing{World: w, ctx: ctx, out: out, now: now, failed: map[string]error{}, stuck: map[int64]bool{}}
	q := DueQuery{Now: now, Limit: stepPage}
	for {
		items, err := w.books.Due(ctx, q)
		if err != nil {
			return h.n, err
		}
		if err := h.page(items); err != nil {
			return h.n, err
		}
		if len(items) < q.Limit {
			return h.n, h.err()
		}
		last := items[len(items)-1]
		q.AfterAt, q.AfterKey = last.At, last.Key
	}
}

// live lets everything happen that happens inside the world up to now, in the order of time.
func (w *World) live(ctx context.Context, now time.Time) error {
	for {
		items, err := w.books.Due(ctx, DueQuery{Now: now, Inner: true, Limit: stepPage})
		if err != nil || len(items) == 0 {
			return err
		}
		horizon := slot{at: now, key: "\xff"}
		if len(items) == stepPage {
			last := items[stepPage-1]
			horizon = slot{last.At, last.Key}
		}
		want := Want{}
		for _, it := range items {
			want.Items = append(want.Items, it.Key)
			if it.CaseID != 0 {
				want.Cases = append(want.Cases, it.CaseID)
			}
			if it.Kind == kindRead || it.Kind == kindBack {
				key, err := decode[string](it)
				if err != nil {
					return err
				}
				if it.Kind == kindRead {
					want.Messages = append(want.Messages, key)
				} else {
					want.Payments = append(want.Payments, key)
				}
			}
		}
		err = w.books.Change(ctx, want, func(p *Page) error { return w.happen(p, want.Items, horizon, now) })
		if err != nil {
			return err
		}
	}
}

// happen runs inner items of a page in the order of time, with those that they bring about before the horizon.
func (w *World) happen(p *Page, keys []string, horizon slot, now time.Time) error {
	var todo agenda
	for _, k := range keys {
		if it := p.Items.Get(k); it != nil && it.HandedAt.IsZero() {
			heap.Push(&todo, slot{it.At, k})
		}
	}
	p.planned = func(it Item) {
		if s := (slot{it.At, it.Key}); it.Inner && !s.after(horizon.at, horizon.key) {
			heap.Push(&todo, s)
		}
	}
	for len(todo) > 0 {
		it := p.Items.Get(heap.Pop(&todo).(slot).key)
		if err := w.one(p, *it); err != nil {
			return err
		}
		it.HandedAt, it.Body = now, "" // nobody reads it again
	}
	return nil
}

func (w *World) one(p *Page, it Item) error {
	switch it.Kind {
	case kindRead, kindBack:
		key, err := decode[string](it)
		if err != nil {
			return err
		}
		if it.Kind == kindRead {
			w.onRead(p, it, key)
		} else {
			w.onBack(p, key)
		}
	case kindBlocked:
		w.onBlocked(p, it)
	case kindAct:
		a, err := decode[act](it)
		if err != nil {
			return err
		}
		w.onAct(p, it, a)
	}
	return nil
}
