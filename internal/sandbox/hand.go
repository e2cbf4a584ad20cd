package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
	"robotbailiff/payments/source/gateway"
)

// handing is the outward half of one Step.
type handing struct {
	*World

	ctx    context.Context //nolint:containedctx // lives as long as the Step that made it
	out    Outbox
	now    time.Time
	n      int
	failed map[string]error // by sort
	stuck  map[int64]bool   // cases with something that our side did not take
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
		items := slices.DeleteFunc(byKind[l.name], func(it Item) bool { return h.stuck[it.CaseID] })
		if h.failed[l.name] != nil {
			h.hold(items, nil)
			continue
		}
		if len(items) == 0 {
			continue
		}
		var done []result
		var err error
		switch l.name {
		case "receipts":
			done, err = h.receipts(items)
		case "cancellations":
			done, err = h.cancellations(items)
		case "webhooks":
			done, err = h.webhooks(items)
		default:
			done, err = h.debtors(items)
		}
		if err != nil {
			h.failed[l.name] = fmt.Errorf("sandbox: %s: %w", l.name, err)
			h.hold(items, done)
		}
		if err := h.mark(done); err != nil {
			return err
		}
	}
	return nil
}

// hold remembers the cases of what was not taken, so that what comes later for them does not overtake it.
func (h *handing) hold(items []Item, done []result) {
	taken := make(map[string]bool, len(done))
	for _, r := range done {
		taken[r.Key] = true
	}
	for _, it := range items {
		if it.CaseID != 0 && !taken[it.Key] {
			h.stuck[it.CaseID] = true
		}
	}
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
	signer, err := webhook.NewSigner(h.secrets[m.Source])
	if err != nil {
		return result{}, err
	}
	header, err := signer.Sign(m.EventID, h.now, body)
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
