package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// ReleaseWithin is how long a proposed release waits for the second person, in legal time. The database knows the same
// bound.
const ReleaseWithin = 24 * time.Hour

// ActKind is what a person did to a batch.
type ActKind string

// Acts on a waiting batch.
const (
	ActProposed ActKind = "proposed" // the first person would let it in
	ActReleased ActKind = "released" // the second one agrees: it is taken in
	ActRejected ActKind = "rejected" // one person sends it away
)

// Act is one recorded act. Acts are never changed.
type Act struct {
	BatchID int64     `json:"batch"`
	Kind    ActKind   `json:"act"`
	Actor   string    `json:"actor"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// ActError says why a person may not do this to a batch.
type ActError struct {
	BatchID int64
	Code    string // one of the Act codes
	Remedy  string
}

// Codes of [ActError].
const (
	CodeNotWaiting = "not_waiting" // the batch does not wait for people, or not any more
	CodeSamePerson = "same_person" // the one who proposed cannot approve
	CodeNoReason   = "reason_missing"
	CodeNoActor    = "actor_missing"
)

// Error names batch, code and remedy.
func (e *ActError) Error() string {
	return fmt.Sprintf("intake: batch %d: %s: %s", e.BatchID, e.Code, e.Remedy)
}

// Release lets a waiting batch in, by two people: the first call is a proposal, which stands for [ReleaseWithin]; the call of
// another person within that time takes the batch in. It returns the batch: still waiting with its proposal, or staging.
// Who calls must know that the actor is who he says; the actor's name is compared without regard to case.
func (in *Inbox) Release(ctx context.Context, id int64, actor, reason string) (Batch, error) {
	return in.act(ctx, id, actor, reason, func(ctx context.Context, tx pgx.Tx, a Act) error {
		var first string
		err := tx.QueryRow(ctx, liveProposalSQL, id, a.At.Add(-ReleaseWithin)).Scan(&first)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			a.Kind = ActProposed
			return record(ctx, tx, a)
		case err != nil:
			return err
		case first == a.Actor:
			return &ActError{id, CodeSamePerson, "another person has to approve what you have proposed"}
		}
		a.Kind = ActReleased
		if err := record(ctx, tx, a); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, dropRowsSQL, id); err != nil { // the preview; the real verdicts follow
			return err
		}
		if _, err := tx.Exec(ctx, startStagingSQL, id); err != nil {
			return err
		}
		if in.enqueue == nil {
			return nil
		}
		return in.enqueue(ctx, tx, id)
	})
}

// Reject sends a waiting batch away; one person may do that. No case of it is ever opened, and its file and preview stay.
func (in *Inbox) Reject(ctx context.Context, id int64, actor, reason string) (Batch, error) {
	return in.act(ctx, id, actor, reason, func(ctx context.Context, tx pgx.Tx, a Act) error {
		a.Kind = ActRejected
		if err := record(ctx, tx, a); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, rejectBatchSQL, id, a.At)
		return err
	})
}

// act does something to a batch that waits, under its lock.
func (in *Inbox) act(ctx context.Context, id int64, actor, reason string, do func(context.Context, pgx.Tx, Act) error) (Batch, error) {
	actor, ok := tidy(actor)
	actor = strings.ToLower(actor)
	if !ok || actor == "" || len(actor) > 200 {
		return Batch{}, &ActError{id, CodeNoActor, "say who acts"}
	}
	reason = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(reason, "")))
	if reason == "" || len(reason) > 2000 {
		return Batch{}, &ActError{id, CodeNoReason, "say why, in at most 2000 bytes and without personal data"}
	}
	now, err := in.store.Now(ctx)
	if err != nil {
		return Batch{}, fmt.Errorf("intake: legal time: %w", err)
	}
	err = pg.InTx(ctx, in.store.Pool(), func(tx pgx.Tx) error {
		var state State
		err := tx.QueryRow(ctx, lockBatchSQL, id).Scan(&state)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("%w: %d", ErrNoBatch, id)
		case err != nil:
			return err
		case state != StateWaiting:
			return &ActError{id, CodeNotWaiting, "it is " + string(state) + ", nothing was done"}
		}
		return do(ctx, tx, Act{BatchID: id, Actor: actor, Reason: reason, At: now.UTC().Truncate(time.Microsecond)})
	})
	if err != nil {
		if _, told := errors.AsType[*ActError](err); !told && !errors.Is(err, ErrNoBatch) {
			err = fmt.Errorf("intake: act on batch %d: %w", id, err)
		}
		return Batch{}, err
	}
	return in.Batch(ctx, id)
}

func record(ctx context.Context, tx pgx.Tx, a Act) error {
	_, err := tx.Exec(ctx, insertActSQL, a.BatchID, string(a.Kind), a.Actor, a.Reason, a.At)
	return err
}

// Acts reads what people did to a batch, in order.
func (in *Inbox) Acts(ctx context.Context, id int64) ([]Act, error) {
	rows, err := in.store.Pool().Query(ctx, readActsSQL, id)
	if err != nil {
		return nil, fmt.Errorf("intake: acts on batch %d: %w", id, err)
	}
	acts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Act])
	if err != nil {
		return nil, fmt.Errorf("intake: acts on batch %d: %w", id, err)
	}
	for i := range acts {
		acts[i].At = acts[i].At.UTC()
	}
	return acts, nil
}
