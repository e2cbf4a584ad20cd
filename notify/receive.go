package notify

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Receive takes receipts, in any order and any number of times; the end is the same. It
// returns the notices that are now delivered and were not before, in order, so that the
// caller can start their terms in the same transaction, and the receipts that belong to no
// notice that was ever sent, which it must not lose.
//
// A receipt's time is believed only between the attempt and now.
func (s *Store) Receive(ctx context.Context, tx pgx.Tx, receipts []Receipt, now time.Time) ([]Delivered, []Receipt, error) {
	receipts, strays, err := resolve(ctx, tx, receipts)
	if err != nil {
		return nil, nil, err
	}
	best := make(map[key]Receipt, len(receipts))
	keyOf := make([]key, len(receipts))
	var keys []key
	for i, r := range receipts {
		k, ok := parseKey(r.Ref)
		if !ok {
			continue // keyOf stays zero, which is no notice's
		}
		keyOf[i] = k
		former, again := best[k]
		if !again {
			keys = append(keys, k)
		}
		if !again || outranks(r, former) {
			best[k] = r
		}
	}
	slices.SortFunc(keys, key.compare)
	delivered, err := deliver(ctx, tx, keys, best, now)
	if err != nil {
		return nil, nil, err
	}
	known := make(map[key]bool, len(delivered))
	for _, d := range delivered {
		known[d.key()] = true
	}
	rest := without(keys, delivered)
	rows, err := lockKeys(ctx, tx, rest)
	if err != nil {
		return nil, nil, err
	}
	var changed []row
	for _, k := range rest {
		r, ok := rows[k]
		if !ok || r.Attempts == 0 {
			continue
		}
		r, moved := receive(r, best[k], now)
		if !moved {
			continue
		}
		changed = append(changed, r)
		if r.Status == StatusDelivered {
			delivered = append(delivered, Delivered{CaseID: r.CaseID, Ordinal: r.Ordinal, Kind: r.Kind, Channel: r.Channel, At: *r.DeliveredAt})
		}
	}
	slices.SortFunc(delivered, func(a, b Delivered) int { return a.key().compare(b.key()) })
	for i, r := range receipts {
		if found, ok := rows[keyOf[i]]; !known[keyOf[i]] && (!ok || found.Attempts == 0) {
			strays = append(strays, r)
		}
	}
	return delivered, strays, write(ctx, tx, changed)
}

// deliver records the proofs of delivery of messages that the gateway took.
func deliver(ctx context.Context, tx pgx.Tx, keys []key, said map[key]Receipt, now time.Time) ([]Delivered, error) {
	words := make([]word, 0, len(keys))
	for _, k := range keys {
		r := said[k]
		if r.Status != StatusDelivered {
			continue
		}
		at := r.At
		if at.IsZero() || at.After(now) {
			at = now
		}
		words = append(words, word{key: k, ref: r.ProviderRef, detail: r.Detail, at: at})
	}
	return shortcut(ctx, tx, deliverSQL, StatusSent, words)
}

// outranks orders receipts of one notice by what they prove, then by time.
func outranks(a, b Receipt) bool {
	if ra, rb := rank(a.Status), rank(b.Status); ra != rb {
		return ra > rb
	}
	return a.At.Before(b.At)
}

func rank(s Status) int {
	switch s {
	case StatusDelivered:
		return 3
	case StatusFailed:
		return 2
	case StatusUnknown:
		return 1
	case StatusCreated, StatusSending, StatusSent, StatusExpired:
	}
	return 0
}

// receive applies a receipt to a notice that was sent, and says whether anything changed.
// It is pure.
func receive(r row, receipt Receipt, now time.Time) (row, bool) {
	switch receipt.Status {
	case StatusDelivered:
		if r.Status == StatusDelivered {
			return r, false
		}
		at := receipt.At
		if at.IsZero() || at.After(now) {
			at = now
		}
		if r.SentAt != nil && at.Before(*r.SentAt) && r.Attempts < 2 {
			at = *r.SentAt
		}
		if at.Before(r.CreatedAt) {
			at = r.CreatedAt
		}
		r.Status, r.DeliveredAt = StatusDelivered, &at
	case StatusFailed:
		if r.Status == StatusDelivered || r.Status == StatusFailed || r.Status == StatusExpired {
			return r, false
		}
		r.Status = StatusFailed
	default: // "unknown" says nothing that we did not know
		return r, false
	}
	r.Detail = cleanDetail(receipt.Detail)
	if r.ProviderRef == "" {
		r.ProviderRef = cleanRef(receipt.ProviderRef)
	}
	return r, true
}
