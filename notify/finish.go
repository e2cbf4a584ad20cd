package notify

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Finish records what became of attempts. It only ever moves a notice along [Transitions]:
// an answer that comes too late, after a receipt or a newer attempt, changes nothing.
// Outcomes for references that are not ours are ignored.
func (s *Store) Finish(ctx context.Context, tx pgx.Tx, outcomes []Outcome, now time.Time) error {
	_, err := s.finish(ctx, tx, outcomes, now)
	return err
}

// finish also returns the rows that are still open after it.
func (s *Store) finish(ctx context.Context, tx pgx.Tx, outcomes []Outcome, now time.Time) ([]row, error) {
	said := make(map[key]Outcome, len(outcomes))
	keys := make([]key, 0, len(outcomes))
	for _, o := range outcomes {
		k, ok := parseKey(o.Ref)
		if !ok {
			continue
		}
		former, again := said[k]
		if !again {
			keys = append(keys, k)
		}
		if !again || former.Status != Accepted { // said twice: the acceptance counts
			said[k] = o
		}
	}
	slices.SortFunc(keys, key.compare)
	keys, err := accept(ctx, tx, keys, said)
	if err != nil {
		return nil, err
	}
	rows, err := lockKeys(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	var changed, open []row
	for _, k := range keys {
		r, ok := rows[k]
		if !ok {
			continue
		}
		r, moved := settle(r, said[k], now, s.cfg.Settle)
		if moved {
			changed = append(changed, r)
		}
		if r.Status == StatusCreated || r.Status == StatusSending || r.Status == StatusUnknown {
			open = append(open, r)
		}
	}
	if err := keepParts(ctx, tx, outcomes); err != nil {
		return nil, err
	}
	return open, write(ctx, tx, changed)
}

// accept records the messages under way that the gateway took, and returns the keys that need a closer look.
func accept(ctx context.Context, tx pgx.Tx, keys []key, said map[key]Outcome) ([]key, error) {
	words := make([]word, 0, len(keys))
	for _, k := range keys {
		if o := said[k]; o.Status == Accepted {
			words = append(words, word{key: k, ref: o.ProviderRef, detail: o.Detail})
		}
	}
	done, err := shortcut(ctx, tx, acceptSQL, StatusSending, words)
	if err != nil || len(done) == 0 {
		return keys, err
	}
	return without(keys, done), nil
}

// without gives the keys that are not done; both are in order.
func without(keys []key, done []Delivered) []key {
	rest := keys[:0:0]
	for _, k := range keys {
		if len(done) > 0 && done[0].key() == k {
			done = done[1:]
			continue
		}
		rest = append(rest, k)
	}
	return rest
}

// settle applies an outcome to a notice and says whether anything changed. It is pure.
func settle(r row, o Outcome, now time.Time, patience time.Duration) (row, bool) {
	if r.Attempts == 0 { // nothing was ever sent: nobody can have an answer
		return r, false
	}
	if o.Status == Accepted {
		return accepted(r, o)
	}
	underway := r.Status == StatusSending || r.Status == StatusUnknown
	if !underway || (o.Attempt != 0 && o.Attempt != r.Attempts) {
		return r, false
	}
	switch o.Status {
	case Rejected:
		r.Status, r.Detail = StatusFailed, cleanDetail(o.Detail)
		if r.ProviderRef == "" {
			r.ProviderRef = cleanRef(o.ProviderRef)
		}
	case NotFound:
		return notFound(r, o, now, patience), true
	default: // Unknown, or a word we do not know
		r.Detail = cleanDetail(o.Detail)
		switch {
		case !o.Asked:
			r.Status = StatusUnknown
		case !now.Before(r.ExpiresAt):
			r.Status, r.Detail = StatusExpired, "outcome_never_known"
		}
	}
	return r, true
}

func accepted(r row, o Outcome) (row, bool) {
	ref := cleanRef(o.ProviderRef)
	moved := false
	if r.ProviderRef == "" && ref != "" {
		r.ProviderRef, moved = ref, true
	}
	switch r.Status {
	case StatusCreated, StatusSending, StatusUnknown:
		r.Status, r.Detail, moved = StatusSent, cleanDetail(o.Detail), true
	case StatusSent, StatusDelivered, StatusFailed, StatusExpired: // a receipt knows better
	}
	return r, moved
}

// notFound frees a notice for its next attempt. When the adapter says of a message in hand
// that it never left, the attempt was none. When it is asked later, its word is taken only
// after a while, and the attempt counts if its call was made: the notice is "unknown" then.
// One that is still "sending" was cut off by the death of its worker before any answer was
// written down; denied, it never was. What it keeps of its number tells late answers apart.
func notFound(r row, o Outcome, now time.Time, patience time.Duration) row {
	r.Detail = cleanDetail(o.Detail)
	switch {
	case !o.Asked:
		r.Status, r.Attempts = StatusCreated, r.Attempts-1
		if r.Attempts == 0 {
			r.SentAt = nil
		}
	case !r.since(now, patience):
	case !now.Before(r.ExpiresAt):
		r.Status = StatusExpired
	default:
		if r.Status == StatusSending {
			r.Denied++
		}
		if r.Status = StatusCreated; r.spent() {
			r.Status, r.Detail = StatusFailed, "lost_again"
		}
	}
	return r
}

// spent says that no attempt is left.
func (r row) spent() bool { return r.Attempts-r.Denied >= maxSends || r.Attempts >= maxAttempts }
