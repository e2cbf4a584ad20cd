package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

// ErrNoGateway says that a channel has no way out in this configuration.
var ErrNoGateway = errors.New("notify: no gateway for the channel")

// recordTimeout bounds the writing down of answers, which outlives a cancelled caller: an
// answer that is known should not have to be asked for again.
const recordTimeout = 10 * time.Second

// What a run keeps of its time, and how much it does in one go.
const (
	// forAnswers is left when the last messages of a run begin: for their answers, and for writing these down.
	forAnswers = 13 * time.Second
	// forRecords is the part of it for the writing down, and for the end of the job.
	forRecords = 2 * time.Second
	// stretch is for how long a gateway with a pace sends before the answers are written down.
	stretch = 2 * time.Second
)

// NoTime is the detail of an answer NotFound to a message that did not begin, since the time of the call was nearly over. Whoever
// sends keeps enough of it for the answers to what has begun: what was cut off would be unknown, and a debtor would wait for it.
const NoTime = "no_time"

// Pacer is a gateway that takes only so many messages a second, since its operator does. A run then takes a few cases at a time.
type Pacer interface{ Pace() int }

// Later says that notices are left. It is the ordinary end of a run before its time or with answers missing.
type Later struct {
	At    time.Time // when those that wait can go on, in legal time, and no sooner; zero: none waits
	Rest  []int64   // cases for which the time did not suffice: they can go on at once
	Cause error     // a gateway's error, if there was one
}

// Error implements error.
func (e *Later) Error() string {
	text := "notify: more"
	if len(e.Rest) > 0 {
		text += fmt.Sprintf(" of %d cases at once", len(e.Rest))
	}
	if !e.At.IsZero() {
		text += " at " + e.At.UTC().Format(time.RFC3339)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the gateway's error.
func (e *Later) Unwrap() error { return e.Cause }

// Sender takes notices to their gateways.
type Sender struct {
	Store    *Store
	DB       pg.Beginner
	Clock    clock.Clock
	Gateways map[Channel]Gateway
}

// Run sends what is due of the given cases, 1 to 2 000 of them, and may be repeated at any
// time and after any crash: claim in one transaction, call outside of all, record in
// another. Attempts whose answer was lost are asked for first. A debtor without an address
// on a channel fails that notice.
//
// The result is nil when nothing is left to do, a [*Later] when something is left that can
// only go on later, and any other error when the run itself failed; what was claimed is then
// asked for in the next run. Two runs for one case should not overlap; if they do, the cap
// of two still holds.
func (s *Sender) Run(ctx context.Context, caseIDs []int64, contacts map[int64]Contact) error {
	if len(caseIDs) == 0 {
		return nil
	}
	now, err := s.Clock.Now(ctx)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	r := run{Sender: s, now: now, contacts: contacts}
	begin, cancel := clock.Before(ctx, forAnswers)
	defer cancel()
	size := s.size(len(caseIDs))
	for from := 0; from < len(caseIDs); from += size {
		part := caseIDs[from:min(from+size, len(caseIDs))]
		if from > 0 && begin.Err() != nil {
			r.rest = append(r.rest, part...)
			continue
		}
		if err := r.some(ctx, part); err != nil {
			return err
		}
	}
	if r.later.at.IsZero() && len(r.rest) == 0 {
		return nil
	}
	return &Later{At: r.later.at, Rest: r.rest, Cause: r.cause}
}

// size is how many of so many cases are taken at a time.
func (s *Sender) size(n int) int {
	for _, g := range s.Gateways {
		if p, ok := g.(Pacer); ok && p.Pace() > 0 {
			n = min(n, max(1, p.Pace()*int(stretch/time.Second)))
		}
	}
	return n
}

type run struct {
	*Sender

	now      time.Time
	contacts map[int64]Contact
	later    soonest
	rest     []int64
	mu       sync.Mutex
	cause    error
}

// some is a run for some of the cases.
func (r *run) some(ctx context.Context, caseIDs []int64) error {
	pending, err := r.claim(ctx, caseIDs)
	if err != nil {
		return err
	}
	fresh, lost := split(pending)
	if len(lost) > 0 {
		again, err := r.ask(ctx, lost)
		if err != nil {
			return err
		}
		fresh = append(fresh, again...)
	}
	if len(fresh) == 0 {
		return nil
	}
	open, err := r.record(ctx, r.call(ctx, fresh, r.send))
	if err == nil {
		r.waitFor(open)
	}
	return err
}

func (r *run) claim(ctx context.Context, caseIDs []int64) (pending []Pending, err error) {
	var later time.Time
	err = pg.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		pending, later, err = r.Store.begin(ctx, tx, caseIDs, r.now)
		return err
	})
	if err == nil && !later.IsZero() {
		r.later.add(later)
	}
	return pending, err
}

// ask learns what became of lost attempts, and claims those anew that never arrived.
func (r *run) ask(ctx context.Context, lost []Pending) ([]Pending, error) {
	open, err := r.record(ctx, r.call(ctx, lost, r.query))
	if err != nil {
		return nil, err
	}
	var again []int64
	for _, o := range open {
		if o.Status == StatusCreated {
			again = append(again, o.CaseID)
		}
	}
	r.waitFor(slices.DeleteFunc(open, func(o row) bool { return o.Status == StatusCreated }))
	if len(again) == 0 {
		return nil, nil
	}
	pending, err := r.claim(ctx, again)
	fresh, _ := split(pending) // the others are in hand already
	return fresh, err
}

// waitFor plans the next look at notices that stay open: at once at those that did not begin for want of time, after a while at
// all others.
func (r *run) waitFor(open []row) {
	for _, o := range open {
		if o.Status == StatusCreated && o.Detail == NoTime {
			if n := len(r.rest); n == 0 || r.rest[n-1] != o.CaseID { // the channels of one case follow each other
				r.rest = append(r.rest, o.CaseID)
			}
			continue
		}
		at := r.now.Add(r.Store.cfg.Settle)
		if o.Channel.wakes() {
			at, _ = r.Store.cfg.Window(at)
		}
		r.later.add(at)
	}
}

func (r *run) record(ctx context.Context, outcomes []Outcome) (open []row, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	err = pg.InTx(ctx, r.DB, func(tx pgx.Tx) error {
		open, err = r.Store.finish(ctx, tx, outcomes, r.now)
		return err
	})
	return open, err
}

// call deals with each channel at the same time, so that a slow one does not hold up the
// other, and gives every notice an outcome, if only that it is unknown.
func (r *run) call(ctx context.Context, pending []Pending, via func(context.Context, Gateway, []Pending) ([]Outcome, error)) []Outcome {
	ctx, cancel := clock.Before(ctx, forRecords)
	defer cancel()
	byChannel := map[Channel][]Pending{}
	for _, p := range pending {
		byChannel[p.Channel] = append(byChannel[p.Channel], p)
	}
	var wg sync.WaitGroup
	var outcomes []Outcome
	for channel, batch := range byChannel {
		wg.Go(func() {
			answered, err := via(ctx, r.Gateways[channel], batch)
			r.mu.Lock()
			defer r.mu.Unlock()
			outcomes = append(outcomes, answered...)
			if err != nil {
				r.cause = errors.Join(r.cause, fmt.Errorf("%s: %w", channel, err))
			}
		})
	}
	wg.Wait()
	return outcomes
}

func (r *run) send(ctx context.Context, g Gateway, batch []Pending) ([]Outcome, error) {
	var outcomes []Outcome
	messages := make([]Message, 0, len(batch))
	attempts := make(map[string]int, len(batch))
	for _, p := range batch {
		m := p.Message
		switch m.To = r.contacts[p.CaseID].to(p.Channel); {
		case g == nil && (p.Channel == Telegram || p.Channel == Letter): // nobody waits for an extra, and who has no post has none tomorrow either
			outcomes = append(outcomes, Outcome{Sent: Sent{Ref: m.Ref, Status: Rejected, Detail: "no_gateway"}, Attempt: p.Attempt})
		case g == nil: // nothing left, so the attempt was none
			outcomes = append(outcomes, Outcome{Sent: Sent{Ref: m.Ref, Status: NotFound, Detail: "no_gateway"}, Attempt: p.Attempt})
		case m.To == "":
			outcomes = append(outcomes, Outcome{Sent: Sent{Ref: m.Ref, Status: Rejected, Detail: noAddress(p.Channel)}, Attempt: p.Attempt})
		default:
			messages = append(messages, m)
			attempts[m.Ref] = p.Attempt
		}
	}
	if g == nil && batch[0].Channel != Telegram {
		return outcomes, ErrNoGateway
	}
	if len(messages) == 0 {
		return outcomes, nil
	}
	answers, err := g.Send(ctx, messages)
	return append(outcomes, matched(answers, err, attempts, false)...), err
}

func (r *run) query(ctx context.Context, g Gateway, batch []Pending) ([]Outcome, error) {
	refs := make([]string, 0, len(batch))
	attempts := make(map[string]int, len(batch))
	for _, p := range batch {
		refs = append(refs, p.Message.Ref)
		attempts[p.Message.Ref] = p.Attempt
	}
	if g == nil {
		return matched(nil, ErrNoGateway, attempts, true), ErrNoGateway
	}
	answers, err := g.Query(ctx, refs)
	return matched(answers, err, attempts, true), err
}

// matched gives every reference that was asked about one outcome. Answers about others are
// dropped. An error leaves standing only what was answered before it.
func matched(answers []Sent, err error, attempts map[string]int, asked bool) []Outcome {
	outcomes := make([]Outcome, 0, len(attempts))
	seen := make(map[string]bool, len(attempts))
	for _, a := range answers {
		attempt, ours := attempts[a.Ref]
		if !ours {
			continue
		}
		seen[a.Ref] = true
		outcomes = append(outcomes, Outcome{Sent: a, Attempt: attempt, Asked: asked})
	}
	detail := "no_answer"
	if err != nil {
		detail = "call_failed"
	}
	for ref, attempt := range attempts {
		if !seen[ref] {
			outcomes = append(outcomes, Outcome{Sent: Sent{Ref: ref, Status: Unknown, Detail: detail}, Attempt: attempt, Asked: asked})
		}
	}
	return outcomes
}

func split(pending []Pending) (fresh, lost []Pending) {
	for _, p := range pending {
		if p.NeedQuery {
			lost = append(lost, p)
		} else {
			fresh = append(fresh, p)
		}
	}
	return fresh, lost
}
