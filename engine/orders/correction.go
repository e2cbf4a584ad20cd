package orders

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
)

// A correction tells a bank to give back what it holds without ground: by our books that is over already, or never was, so the
// case has nothing to decide and no order of it is made. Like every lift it is sent under one id until it is confirmed.

// corrections is the name space of their ids.
var corrections = uuid.MustParse("a1f5b9ce-60b5-4c0b-8b1a-1d7f2f1f9c55")

// correctionID is one for ever for what is held, the purpose and the day on which it was found.
func correctionID(leg uuid.UUID, p engine.Purpose, found time.Time) uuid.UUID {
	return uuid.NewSHA1(corrections, fmt.Appendf(nil, "%s/%s/%s", leg, p, today(found).Format(time.DateOnly)))
}

// order keeps the intent. A finding has one correction. The keys seal the accounts of a reduction; a lift names none.
func order(ctx context.Context, tx pgx.Tx, keys *seal.Keys, bank string, finding int64, v *verdict, actor, reason string, now time.Time) error {
	purpose, leg := v.atOnce, Leg{Bank: bank}
	if purpose == engine.Reduce {
		leg.Parts = v.parts
	}
	text, err := encodeLegs([]Leg{leg}, keys)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, orderCorrectionSQL, finding, correctionID(v.leg, purpose, now), string(purpose), text, actor, reason, now)
	return err
}

// Errors of [Confirm].
var (
	ErrNoFinding = errors.New("orders: there is no such finding, or it is resolved already")
	ErrNoActor   = errors.New("orders: say who confirms, and why, without personal data")
)

// Confirm is a person's word that a bank shall lift what it holds without ground. Said twice, it is done once.
func Confirm(ctx context.Context, pool *pgxpool.Pool, finding int64, actor, reason string, now time.Time) error {
	actor, reason = strings.TrimSpace(actor), strings.TrimSpace(reason)
	control := func(s string) bool { return strings.ContainsFunc(s, unicode.IsControl) }
	if actor == "" || reason == "" || len(actor) > 200 || len(reason) > 2000 || control(actor) || control(reason) {
		return ErrNoActor
	}
	return pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		v, bank := verdict{atOnce: engine.Lift}, ""
		err := tx.QueryRow(ctx, proposedSQL, finding).Scan(&bank, &v.leg)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoFinding
		}
		if err != nil {
			return err
		}
		return order(ctx, tx, nil, bank, finding, &v, actor, reason, now)
	})
}

// correction is one that waits for its bank.
type correction struct {
	id, leg  uuid.UUID
	finding  int64
	caseID   int64
	purpose  engine.Purpose
	bank     string
	attempts int
	sealed   []byte // the debtor's number, if we know the case
	legs     []byte
}

// Correct sends the corrections whose time has come, each under its one id, and asks about those that were sent before. It may be
// run by several at once: a bank does the same id once.
func (c *Comparer) Correct(ctx context.Context) error {
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	todo := map[string][]*correction{}
	err = pg.InTx(ctx, c.Sender.Store.Pool(), func(tx pgx.Tx) error {
		clear(todo)
		rows, err := tx.Query(ctx, takeCorrectionsSQL, now, comparePage)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*correction, error) {
			k := &correction{}
			err := row.Scan(&k.finding, &k.id, &k.leg, &k.caseID, &k.purpose, &k.bank, &k.attempts, &k.sealed, &k.legs)
			return k, err
		})
		ids, next := make([]int64, len(list)), make([]time.Time, len(list))
		for i, k := range list {
			todo[k.bank] = append(todo[k.bank], k)
			ids[i], next[i] = k.finding, now.Add(retryAfter(engine.ChunkLift, min(k.attempts, maxTries)))
		}
		if err == nil {
			_, err = tx.Exec(ctx, tryCorrectionsSQL, ids, next)
		}
		return err
	})
	if err != nil || len(todo) == 0 {
		return err
	}
	banks := make([]string, 0, len(todo))
	for bank := range todo {
		banks = append(banks, bank)
	}
	c.Sender.each(ctx, banks, callWithin, func(ctx context.Context, bank string) error {
		return c.send(ctx, bank, todo[bank])
	})
	return nil
}

// send talks to one bank and keeps its answers.
func (c *Comparer) send(ctx context.Context, bank string, list []*correction) error {
	peer := c.Sender.Banks[bank]
	answers := map[uuid.UUID]engine.Answer{}
	by := map[uuid.UUID]*correction{}
	var ask []uuid.UUID
	for _, k := range list {
		by[k.id] = k
		if k.attempts > 0 {
			ask = append(ask, k.id)
		}
	}
	hear := func(replies []Reply) {
		for _, r := range replies {
			switch k := by[r.ID]; {
			case k == nil, !r.Known, r.Answer == "":
			case r.CaseID != k.caseID:
				c.Sender.Log.ErrorContext(ctx, "a bank's answer does not fit what it was asked, outcome unknown", "bank", bank, "case", k.caseID, "purpose", k.purpose)
			default:
				answers[r.ID] = r.Answer
			}
		}
	}
	var asked error
	pending := map[uuid.UUID]bool{} // taken and not answered yet
	if len(ask) > 0 {
		var replies []Reply
		replies, asked = peer.Query(ctx, ask)
		hear(replies)
		for _, r := range replies {
			pending[r.ID] = r.Known && r.Answer == ""
		}
	}
	var batch []Instruction
	for _, k := range list {
		if accepted(answers[k.id]) || pending[k.id] || asked != nil && k.attempts > 0 {
			continue
		}
		in, err := c.instruction(k)
		if err != nil {
			return err
		}
		batch = append(batch, in)
	}
	if len(batch) > 0 {
		replies, err := peer.Submit(ctx, batch)
		hear(replies)
		asked = errors.Join(asked, err)
	}
	return errors.Join(asked, c.answered(ctx, bank, by, answers))
}

func (c *Comparer) instruction(k *correction) (Instruction, error) {
	in := Instruction{ID: k.id, CaseID: k.caseID, Purpose: k.purpose, Of: k.leg}
	legs, err := decodeLegs(k.legs, c.Sender.Keys)
	if err != nil {
		return in, err
	}
	in.Parts, in.Amount = legs[0].Parts, legs[0].asked()
	if k.sealed != nil {
		iin, err := c.Sender.Keys.Open(k.sealed, "debtors.iin_sealed")
		if err != nil {
			return in, fmt.Errorf("case %d: identity: %w", k.caseID, err)
		}
		in.IIN = string(iin)
	}
	return in, nil
}

func (c *Comparer) answered(ctx context.Context, bank string, by map[uuid.UUID]*correction, answers map[uuid.UUID]engine.Answer) error {
	if len(answers) == 0 {
		return nil
	}
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	var ids []int64
	var words, resolutions []string
	for id, a := range answers {
		k := by[id]
		resolution := ""
		if accepted(a) {
			resolution = map[engine.Purpose]string{engine.Lift: "lifted", engine.Reduce: "reduced"}[k.purpose]
		} else {
			c.Sender.Log.ErrorContext(ctx, "a bank refuses to give back", "bank", bank, "case", k.caseID, "purpose", k.purpose, "answer", a)
		}
		ids, words, resolutions = append(ids, k.finding), append(words, string(a)), append(resolutions, resolution)
		c.Sender.observe(k.purpose, string(a), 1)
	}
	return pg.InTx(ctx, c.Sender.Store.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, answerCorrectionsSQL, ids, words, resolutions, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, correctedSQL, ids, resolutions, now)
		return err
	})
}

const orderCorrectionSQL = `INSERT INTO bank_corrections (finding_id, id, purpose, leg, actor, reason, ordered_at, next_at)
VALUES ($1, $2, $3, $4::json, $5, $6, $7, $7) ON CONFLICT DO NOTHING`

const proposedSQL = `SELECT bank, leg_id FROM bank_findings WHERE id = $1 AND resolved_at IS NULL AND proposal = 'lift' FOR UPDATE`

const takeCorrectionsSQL = `SELECT k.finding_id, k.id, f.leg_id, f.case_id, k.purpose, f.bank, k.attempts, d.iin_sealed, k.leg
  FROM bank_corrections k JOIN bank_findings f ON f.id = k.finding_id LEFT JOIN cases c ON c.id = f.case_id LEFT JOIN debtors d ON d.id = c.debtor_id
 WHERE k.confirmed_at IS NULL AND k.next_at <= $1 ORDER BY k.next_at, k.finding_id LIMIT $2 FOR UPDATE OF k SKIP LOCKED`

const tryCorrectionsSQL = `UPDATE bank_corrections k SET attempts = least(k.attempts, 32766) + 1, next_at = u.at
  FROM unnest($1::bigint[], $2::timestamptz[]) AS u(id, at) WHERE k.finding_id = u.id`

const answerCorrectionsSQL = `UPDATE bank_corrections k SET answer = u.answer, confirmed_at = CASE WHEN u.resolution <> '' THEN $4::timestamptz END
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u(id, answer, resolution) WHERE k.finding_id = u.id AND k.confirmed_at IS NULL`

const correctedSQL = `UPDATE bank_findings f SET resolved_at = $3, resolution = u.resolution
  FROM unnest($1::bigint[], $2::text[]) AS u(id, resolution) WHERE f.id = u.id AND f.resolved_at IS NULL AND u.resolution <> ''`
