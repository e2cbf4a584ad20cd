package sandbox

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/notify"
	"robotbailiff/payments/source/gateway"
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
// sort waits for the next Step, the other sorts go on.
func (w *World) Step(ctx context.Context, now time.Time, out Outbox) (n int, err error) {
	now = instant(now)
	if err := w.live(ctx, now); err != nil {
		return 0, err
	}
	h := handing{World: w, ctx: ctx, out: out, now: now, failed: map[string]error{}}
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

// handing is the outward half of one Step.
type handing struct {
	*World

	ctx    context.Context //nolint:containedctx // lives as long as the Step that made it
	out    Outbox
	now    time.Time
	n      int
	failed map[string]error // by sort
}

// lanes are the sorts in the order in which a page of items is handed over.
var lanes = []struct {
	name  string
	kinds []string
}{
	{"receipts", []string{kindReceipt}},
	{"cancellations", []string{kindCancel}},
	{"webhooks", []string{kindWebhook}},
	{"debtors", []string{kindRefuse, kindUndo}},
}

func (h *handing) page(items []Item) error {
	byKind := map[string][]Item{}
	for _, it := range items {
		for _, l := range lanes {
			for _, k := range l.kinds {
				if it.Kind == k {
					byKind[l.name] = append(byKind[l.name], it)
				}
			}
		}
	}
	for _, l := range lanes {
		if len(byKind[l.name]) == 0 || h.failed[l.name] != nil {
			continue
		}
		var done []result
		var err error
		switch l.name {
		case "receipts":
			done, err = h.receipts(byKind[l.name])
		case "cancellations":
			done, err = h.cancellations(byKind[l.name])
		case "webhooks":
			done, err = h.webhooks(byKind[l.name])
		default:
			done, err = h.debtors(byKind[l.name])
		}
		if err != nil {
			h.failed[l.name] = fmt.Errorf("sandbox: %s: %w", l.name, err)
		}
		if err := h.mark(done); err != nil {
			return err
		}
	}
	return nil
}

func (h *handing) err() error {
	var errs []error
	for _, l := range lanes {
		if err := h.failed[l.name]; err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// result is what our side said to one item.
type result struct {
	Item

	status  int    // of a webhook
	payment string // the payment that a webhook told of
	back    bool   // it told of a reversal
}

func (h *handing) receipts(items []Item) (done []result, err error) {
	for len(items) > 0 {
		part := items[:min(len(items), receiptBatch)]
		items = items[len(part):]
		receipts := make([]notify.Receipt, len(part))
		for i, it := range part {
			t, err := decode[told](it)
			if err != nil {
				return done, err
			}
			receipts[i] = notify.Receipt{Ref: t.Ref, ProviderRef: h.providerRef(t.Ref), Status: notify.Status(t.Status), At: t.At, Detail: t.Detail}
		}
		if err := h.out.Receipts(h.ctx, receipts); err != nil {
			return done, err
		}
		for _, it := range part {
			done = append(done, result{Item: it})
		}
	}
	return done, nil
}

func (h *handing) cancellations(items []Item) (done []result, err error) {
	acts := make([]CancelAct, len(items))
	for i, it := range items {
		if acts[i], err = decode[CancelAct](it); err != nil {
			return nil, err
		}
		done = append(done, result{Item: it})
	}
	if err := h.out.Cancel(h.ctx, acts); err != nil {
		return nil, err
	}
	return done, nil
}

// webhooks sends payment messages, several at once, as from several gateways. Messages about one case go one after the
// other, so that their order does not depend on luck.
func (h *handing) webhooks(items []Item) (done []result, err error) {
	byCase := map[int64][]Item{}
	var order []int64
	for _, it := range items {
		if byCase[it.CaseID] == nil {
			order = append(order, it.CaseID)
		}
		byCase[it.CaseID] = append(byCase[it.CaseID], it)
	}
	results := make([][]result, len(order))
	var g errgroup.Group
	g.SetLimit(h.senders)
	for i, id := range order {
		g.Go(func() error {
			for _, it := range byCase[id] {
				r, err := h.webhook(it)
				if err != nil {
					return err
				}
				results[i] = append(results[i], r)
			}
			return nil
		})
	}
	err = g.Wait()
	for _, r := range results {
		done = append(done, r...)
	}
	return done, err
}

func (h *handing) webhook(it Item) (result, error) {
	m, err := decode[hook](it)
	if err != nil {
		return result{}, err
	}
	body, err := gateway.Encode(m.Message)
	if err != nil {
		return result{}, err
	}
	header, err := gateway.Sign(h.secrets[m.Source], m.EventID, h.now, body)
	if err != nil {
		return result{}, err
	}
	status, err := h.out.Webhook(h.ctx, m.Source, header, body)
	if err != nil {
		return result{}, err
	}
	return result{Item: it, status: status, payment: m.Payment, back: m.Message.Type == gateway.Reversed}, nil
}

func (h *handing) debtors(items []Item) (done []result, err error) {
	for _, it := range items {
		token, err := decode[string](it)
		if err != nil {
			return done, err
		}
		if it.Kind == kindRefuse {
			err = h.out.Refuse(h.ctx, token)
		} else {
			err = h.out.UndoRefusal(h.ctx, token)
		}
		if err != nil {
			return done, err
		}
		done = append(done, result{Item: it})
	}
	return done, nil
}

// mark records what our side accepted, and plans again what it refused.
func (h *handing) mark(done []result) error {
	if len(done) == 0 {
		return nil
	}
	want := Want{}
	for _, r := range done {
		want.Items = append(want.Items, r.Key)
		if r.payment != "" {
			want.Payments = append(want.Payments, r.payment)
		}
	}
	accepted := 0
	err := h.books.Change(h.ctx, want, func(p *Page) error {
		accepted = 0
		for _, r := range done {
			it := p.Items.Get(r.Key)
			if it == nil || !it.HandedAt.IsZero() {
				continue // another process was faster
			}
			if r.payment != "" && (r.status < 200 || r.status > 299) {
				h.again(p, it, r.status)
				continue
			}
			it.HandedAt, it.Body = h.now, ""
			accepted++
			if pay := p.Payments.Get(r.payment); pay != nil {
				if r.back && pay.ReversedAt.IsZero() {
					pay.ReversedAt = h.now
				} else if !r.back && pay.HandedAt.IsZero() {
					pay.HandedAt = h.now
				}
			}
		}
		return nil
	})
	h.n += accepted
	return err
}

// again plans a refused webhook anew: after 5 minutes, then twice as long each time up to 12 hours, and not for ever.
func (h *handing) again(p *Page, it *Item, status int) {
	it.Tries++
	it.Note = fmt.Sprintf("status %d", status)
	if it.Tries >= maxTries {
		it.HandedAt = h.now
		p.wrong("given-up/"+it.Key, "INV-M5", it.CaseID, "the message "+it.Key+" was refused for good: "+it.Note, h.now)
		return
	}
	it.At = h.now.Add(min(5*time.Minute<<(it.Tries-1), 12*time.Hour))
}
