package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// maxSends is the most attempts of a notice that may have left (INV-N2).
	maxSends = 2
	// maxAttempts bounds all attempts, those that were denied included.
	maxAttempts = 5
	// lastCall is how long before the quiet hours the last message leaves, so that a batch
	// begun in time is also handed over in time.
	lastCall = 10 * time.Minute
	// courtesyGap keeps courtesy notices of one case apart (INV-N4).
	courtesyGap = 24 * time.Hour
)

// Pending is one notice that wants a call of its gateway now.
type Pending struct {
	CaseID    int64
	Ordinal   int
	Channel   Channel
	Kind      Kind
	Attempt   int     // the one that began, or whose answer was lost
	NeedQuery bool    // ask the gateway, do not send
	Message   Message // without an address; for NeedQuery nothing but Ref and Channel
}

// Begin claims what may be sent now: each such notice becomes "sending" and counts one more
// attempt, before any call. Attempts whose answer is not known come back as NeedQuery and
// stay as they are. Notices whose time is over become "expired". What has to wait, for its
// time, for the end of the quiet hours or for the day to pass, is left alone.
func (s *Store) Begin(ctx context.Context, tx pgx.Tx, caseIDs []int64, now time.Time) ([]Pending, error) {
	pending, _, err := s.begin(ctx, tx, caseIDs, now)
	return pending, err
}

// begin also tells when the first of the notices that wait can go on; zero when none waits.
func (s *Store) begin(ctx context.Context, tx pgx.Tx, caseIDs []int64, now time.Time) ([]Pending, time.Time, error) {
	var later soonest
	w := s.window(now)
	words := reader{Store: s, q: tx}
	// The new ones first: while another run for the same cases is under way, this waits for it, and the look at the others
	// then sees what that one has begun. The other way round neither look would see it, and if the other run died, nobody
	// would ever ask what became of its attempts.
	fresh, err := s.beginFresh(ctx, tx, caseIDs, now, w)
	if err != nil {
		return nil, later.at, err
	}
	odd, err := collect(ctx, tx, lockOddSQL, caseIDs, now, courtesyKinds, overtaking, w.open)
	if err != nil {
		return nil, later.at, err
	}
	pending, changed, err := s.beginOdd(ctx, tx, odd, now, w, &later)
	if err != nil {
		return nil, later.at, err
	}
	for _, r := range fresh {
		p, err := words.pending(ctx, r, w.until)
		if err != nil {
			return nil, later.at, err
		}
		pending = append(pending, p)
	}
	return pending, later.at, write(ctx, tx, changed)
}

// beginFresh claims, in the hours in which notices may leave, those that are simply new. At night a letter is one of the others.
func (s *Store) beginFresh(ctx context.Context, tx pgx.Tx, caseIDs []int64, now time.Time, w window) ([]row, error) {
	if !w.open {
		return nil, nil
	}
	fresh, err := collect(ctx, tx, beginFreshSQL, caseIDs, now, courtesyKinds, overtaking)
	slices.SortFunc(fresh, func(a, b row) int { return a.key().compare(b.key()) })
	return fresh, err
}

// beginOdd decides, one by one, what to do with the notices that are not simply new, due and wanted at once.
func (s *Store) beginOdd(ctx context.Context, tx pgx.Tx, rows []row, now time.Time, w window, later *soonest) (pending []Pending, changed []row, err error) {
	if len(rows) == 0 {
		return nil, nil, nil
	}
	courtesies, err := s.courtesies(ctx, tx, rows, now)
	if err != nil {
		return nil, nil, err
	}
	overtaken, err := overtakenOf(ctx, tx, rows)
	if err != nil {
		return nil, nil, err
	}
	former, err := formerOf(ctx, tx, rows)
	if err != nil {
		return nil, nil, err
	}
	words := reader{Store: s, q: tx}
	for _, r := range rows {
		if r.Status == StatusCreated && overtaken[r.key()] {
			r.Status, r.Detail = StatusExpired, "superseded"
			changed = append(changed, r)
			continue
		}
		do, at := decide(r, now, w, courtesies)
		if do == send && r.Turn > 0 {
			do, at = inTurn(r, former[key{r.CaseID, r.Ordinal, ""}], now, s.cfg.Settle)
		}
		switch do {
		case drop:
			r.Status, r.Detail = StatusExpired, NotNeeded
			changed = append(changed, r)
		case wait:
			if r.Channel.wakes() {
				at, _ = s.cfg.Window(at)
			}
			later.add(at)
		case expire:
			r.Status = StatusExpired
			changed = append(changed, r)
		case ask:
			pending = append(pending, Pending{
				CaseID: r.CaseID, Ordinal: r.Ordinal, Channel: r.Channel, Kind: r.Kind, Attempt: r.Attempts, NeedQuery: true,
				Message: Message{Ref: r.key().ref(), Channel: r.Channel},
			})
		case send:
			r.Status, r.Attempts, r.SentAt, r.Detail = StatusSending, r.Attempts+1, &now, ""
			changed = append(changed, r)
			if !statutory(r.Kind) {
				courtesies[r.CaseID] = append(courtesies[r.CaseID], courtesy{r.Ordinal, now})
			}
			p, err := words.pending(ctx, r, w.until)
			if err != nil {
				return nil, nil, err
			}
			pending = append(pending, p)
		}
	}
	return pending, changed, nil
}

func (w *reader) pending(ctx context.Context, r row, until time.Time) (Pending, error) {
	t, _, err := w.words(ctx, r)
	if err != nil {
		return Pending{}, err
	}
	m := Message{
		Ref: r.key().ref(), Channel: r.Channel, Language: r.Language, NotBefore: r.NotBefore, ExpiresAt: r.ExpiresAt,
	}
	m.Title, m.Text = r.Channel.words(t)
	if r.Channel.wakes() && until.Before(m.ExpiresAt) {
		m.ExpiresAt = until
	}
	return Pending{CaseID: r.CaseID, Ordinal: r.Ordinal, Channel: r.Channel, Kind: r.Kind, Attempt: r.Attempts, Message: m}, nil
}

// window is the part of the day around now in which notices may leave.
type window struct {
	open  bool
	opens time.Time // when it is not open
	until time.Time // start of the next quiet hours
}

func (s *Store) window(now time.Time) window {
	from, until := s.cfg.Window(now)
	if from.After(now) {
		return window{opens: from, until: until}
	}
	if until.Sub(now) < lastCall {
		from, _ = s.cfg.Window(until)
		return window{opens: from, until: until}
	}
	return window{open: true, until: until}
}

type action int

const (
	wait action = iota
	send
	ask
	expire
	drop
)

// decide says what to do with an open notice now, and for wait, until when. It is pure.
func decide(r row, now time.Time, w window, sent courtesies) (action, time.Time) {
	over := !now.Before(r.ExpiresAt)
	switch {
	case r.Status == StatusCreated && (over || r.spent()):
		return expire, now
	case r.Status == StatusCreated && r.NotBefore.After(now):
		return wait, r.NotBefore
	case !w.open && r.Channel.wakes():
		return wait, w.opens
	case r.Status != StatusCreated:
		return ask, now
	}
	if at, crowded := sent.crowded(r, now); crowded {
		return wait, at
	}
	return send, now
}

// courtesies are the recent notices of each case of which one a day is enough.
type courtesies map[int64][]courtesy

type courtesy struct {
	Ordinal int
	SentAt  time.Time
}

// crowded reports whether another courtesy of the case left in the last 24 hours, and when
// the next may go. The other channel of the same notice does not count.
func (c courtesies) crowded(r row, now time.Time) (time.Time, bool) {
	if statutory(r.Kind) {
		return now, false
	}
	at := now
	for _, other := range c[r.CaseID] {
		if next := other.SentAt.Add(courtesyGap); other.Ordinal != r.Ordinal && next.After(at) {
			at = next
		}
	}
	return at, at.After(now)
}

const courtesiesSQL = `SELECT n.case_id, n.ordinal, max(n.sent_at) AS sent_at
FROM notices n
WHERE n.case_id = ANY ($1) AND n.kind = ANY ($2) AND n.attempts > 0 AND n.sent_at > $3
GROUP BY n.case_id, n.ordinal`

// courtesies looks back a day, for the few cases that want to send such a notice at all.
func (s *Store) courtesies(ctx context.Context, tx pgx.Tx, rows []row, now time.Time) (courtesies, error) {
	found := courtesies{}
	var ids []int64
	for _, r := range rows {
		if r.Status == StatusCreated && !statutory(r.Kind) {
			ids = append(ids, r.CaseID)
		}
	}
	if len(ids) == 0 {
		return found, nil
	}
	answer, err := tx.Query(ctx, courtesiesSQL, ids, courtesyKinds, now.Add(-courtesyGap))
	if err != nil {
		return nil, fmt.Errorf("notify: reading recent notices: %w", err)
	}
	var caseID int64
	var one courtesy
	_, err = pgx.ForEachRow(answer, []any{&caseID, &one.Ordinal, &one.SentAt}, func() error {
		found[caseID] = append(found[caseID], one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: reading recent notices: %w", err)
	}
	return found, nil
}

const overtakenSQL = `SELECT n.case_id, n.ordinal, n.channel FROM notices n
WHERE n.case_id = ANY ($1) AND n.status = 'created' AND ` + newerThan + `$2))`

// overtakenOf gives those of the notices that wait which a newer one has overtaken.
func overtakenOf(ctx context.Context, tx pgx.Tx, rows []row) (map[key]bool, error) {
	var ids []int64
	for _, r := range rows {
		if r.Status == StatusCreated && len(overtakers[r.Kind]) > 0 {
			ids = append(ids, r.CaseID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	answer, err := tx.Query(ctx, overtakenSQL, ids, overtaking)
	if err != nil {
		return nil, fmt.Errorf("notify: reading overtaken notices: %w", err)
	}
	overtaken := map[key]bool{}
	var k key
	if _, err = pgx.ForEachRow(answer, []any{&k.CaseID, &k.Ordinal, &k.Channel}, func() error { overtaken[k] = true; return nil }); err != nil {
		return nil, fmt.Errorf("notify: reading overtaken notices: %w", err)
	}
	return overtaken, nil
}

// soonest remembers the earliest of some instants.
type soonest struct{ at time.Time }

func (s *soonest) add(t time.Time) {
	if s.at.IsZero() || t.Before(s.at) {
		s.at = t
	}
}
