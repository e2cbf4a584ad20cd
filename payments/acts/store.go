package acts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Store is the acts in the database. It has no state; the zero value is ready.
type Store struct{ money payments.Store }

const (
	lockSQL      = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.money_acts', 0))`
	insertActSQL = `INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`

	insertPartsSQL = `INSERT INTO money_act_parts (act_id, part, payment_id, case_id, known_id, amount)
SELECT $1, w.n, w.payment_id, nullif(w.case_id, 0), nullif(w.known_id, 0), w.amount
  FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS w (payment_id, case_id, known_id, amount, n)`

	busySQL = `SELECT EXISTS (SELECT 1 FROM money_acts a LEFT JOIN money_act_parts p ON p.act_id = a.id
 WHERE a.proposed_at > $3 AND NOT EXISTS (SELECT 1 FROM money_act_decisions d WHERE d.act_id = a.id)
   AND (p.payment_id = ANY($1::bigint[]) OR p.known_id = ANY($1::bigint[]) OR (a.txn_id <> '' AND a.txn_id = $2)))`

	decideSQL = `INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`
)

// Propose keeps what a person wants to do, for another one to decide. Now is the legal time.
func (s *Store) Propose(ctx context.Context, tx pgx.Tx, a Act, now time.Time) (id int64, err error) {
	if a.ProposedBy, a.Reason, err = Who(a.ProposedBy, a.Reason, true); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, lockSQL); err != nil {
		return 0, fmt.Errorf("acts: propose: %w", err)
	}
	if err := s.Possible(ctx, tx, &a); err != nil {
		return 0, err
	}
	var busy bool
	if err := tx.QueryRow(ctx, busySQL, a.Payments(), a.TxnID, now.Add(-ApproveWithin)).Scan(&busy); err != nil {
		return 0, fmt.Errorf("acts: propose: %w", err)
	}
	if busy {
		return 0, &Error{CodeBusy, "another act with this money waits: let it be decided first"}
	}
	if err := tx.QueryRow(ctx, insertActSQL, string(a.Kind), a.TxnID, string(a.Meaning), a.ProposedBy, a.Reason, now).Scan(&id); err != nil {
		return 0, fmt.Errorf("acts: propose: %w", err)
	}
	n := len(a.Parts)
	of, cases, known, sums := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, p := range a.Parts {
		of[i], cases[i], known[i], sums[i] = p.PaymentID, p.CaseID, p.Known, p.Amount.Tiyn()
	}
	if _, err := tx.Exec(ctx, insertPartsSQL, id, of, cases, known, sums); err != nil {
		return 0, fmt.Errorf("acts: propose: %w", err)
	}
	return id, nil
}

// Possible says whether an act can be done as the payments stand.
func (s *Store) Possible(ctx context.Context, q payments.Querier, a *Act) error {
	known, err := s.money.ByID(ctx, q, a.Payments())
	if err != nil {
		return err
	}
	if err := Check(a, known); err != nil {
		return err
	}
	switch a.Kind {
	case Explain:
		gone, err := s.money.UnexplainedList(ctx, q, a.TxnID, 1)
		switch {
		case err != nil:
			return err
		case len(gone) == 0:
			return &Error{CodeExplained, "look at the list again"}
		case a.Meaning == ledger.Remittance && !gone[0].Amount.Equal(a.Total()):
			return &Error{CodeOtherSum, "what left is " + gone[0].Amount.String()}
		}
		return nil
	case SameAs:
		settled, err := s.money.Settled(ctx, q, a.Parts[0].Known)
		if err == nil && settled {
			return &Error{CodeNotSame, "the money of that payment has come already"}
		}
		return err
	case DueAgain:
		return s.sentAndBack(ctx, q, a)
	case Assign, Split, Merge, Refund, Recover:
	}
	return nil
}

// sentAndBack says whether no more comes back of a departure than went by it.
func (s *Store) sentAndBack(ctx context.Context, q payments.Querier, a *Act) error {
	gone, err := s.money.SentByHand(ctx, q, a.TxnID, payments.MaxBatch)
	if err != nil {
		return err
	}
	left := map[int64]money.Amount{}
	for _, g := range gone {
		for _, p := range g.Parts {
			left[p.PaymentID] = p.Amount
		}
	}
	for _, p := range a.Parts {
		if left[p.Known].Less(p.Amount) {
			return &Error{CodeNotSent, "look at the list of what went to claimants again"}
		}
	}
	return nil
}

// Begin takes an act to be done by a second person: nobody else decides it until the transaction ends.
func (s *Store) Begin(ctx context.Context, tx pgx.Tx, id int64, actor, reason string, now time.Time) (a Act, who, why string, err error) {
	if who, why, err = Who(actor, reason, false); err != nil {
		return a, "", "", err
	}
	if a, err = s.open(ctx, tx, id, now); err != nil {
		return a, "", "", err
	}
	if a.ProposedBy == who {
		return a, "", "", &Error{CodeSamePerson, "another person has to do what you have proposed"}
	}
	return a, who, why, nil
}

// Done keeps that the act was done, in the transaction that did it.
func (s *Store) Done(ctx context.Context, tx pgx.Tx, id int64, who, why string, now time.Time) error {
	if _, err := tx.Exec(ctx, decideSQL, id, "approved", who, why, now); err != nil {
		return fmt.Errorf("acts: act %d: %w", id, err)
	}
	return nil
}

// Reject sends a proposal away; one person may do that, also the one who made it.
func (s *Store) Reject(ctx context.Context, tx pgx.Tx, id int64, actor, reason string, now time.Time) error {
	who, why, err := Who(actor, reason, true)
	if err != nil {
		return err
	}
	if _, err := s.open(ctx, tx, id, now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, decideSQL, id, "rejected", who, why, now); err != nil {
		return fmt.Errorf("acts: act %d: %w", id, err)
	}
	return nil
}

func (s *Store) open(ctx context.Context, tx pgx.Tx, id int64, now time.Time) (Act, error) {
	if _, err := tx.Exec(ctx, lockSQL); err != nil {
		return Act{}, fmt.Errorf("acts: act %d: %w", id, err)
	}
	a, err := s.Act(ctx, tx, id, now)
	if err == nil && a.State != StateOpen {
		return a, &Error{CodeNotOpen, "it is " + string(a.State) + ", nothing was done"}
	}
	return a, err
}

const (
	actColumns = `SELECT a.id, a.kind, a.txn_id, a.meaning, a.proposed_by, a.reason, a.proposed_at, coalesce(d.verdict, ''), coalesce(d.actor, ''), coalesce(d.reason, ''), d.at
  FROM money_acts a LEFT JOIN money_act_decisions d ON d.act_id = a.id `
	actSQL     = actColumns + `WHERE a.id = $1`
	openSQL    = actColumns + `WHERE d.act_id IS NULL AND a.proposed_at > $1 ORDER BY a.id`
	recentSQL  = actColumns + `WHERE d.act_id IS NOT NULL OR a.proposed_at <= $1 ORDER BY a.id DESC LIMIT $2`
	partsOfSQL = `SELECT act_id, payment_id, coalesce(case_id, 0), coalesce(known_id, 0), amount FROM money_act_parts WHERE act_id = ANY($1::bigint[]) ORDER BY act_id, part`
)

// Act reads one act.
func (s *Store) Act(ctx context.Context, q payments.Querier, id int64, now time.Time) (Act, error) {
	list, err := s.read(ctx, q, now, actSQL, id)
	if err == nil && len(list) == 0 {
		return Act{}, fmt.Errorf("%w: %d", ErrNoAct, id)
	}
	if err != nil {
		return Act{}, err
	}
	return list[0], nil
}

// Open lists the acts that wait for a second person, the oldest first.
func (s *Store) Open(ctx context.Context, q payments.Querier, now time.Time) ([]Act, error) {
	return s.read(ctx, q, now, openSQL, now.Add(-ApproveWithin))
}

// Recent lists acts that wait for nobody any more, the newest first.
func (s *Store) Recent(ctx context.Context, q payments.Querier, now time.Time, limit int) ([]Act, error) {
	return s.read(ctx, q, now, recentSQL, now.Add(-ApproveWithin), limit)
}

func (s *Store) read(ctx context.Context, q payments.Querier, now time.Time, sql string, args ...any) ([]Act, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("acts: read: %w", err)
	}
	var ids []int64
	at := map[int64]int{}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Act, err error) {
		var kind, meaning, verdict string
		var decided pgtype.Timestamptz
		err = row.Scan(&a.ID, &kind, &a.TxnID, &meaning, &a.ProposedBy, &a.Reason, &a.ProposedAt, &verdict, &a.DecidedBy, &a.DecidedWhy, &decided)
		a.Kind, a.Meaning, a.DecidedAt = Kind(kind), ledger.Meaning(meaning), decided.Time
		switch {
		case verdict == "approved":
			a.State = StateDone
		case verdict == "rejected":
			a.State = StateRejected
		case now.Before(a.ProposedAt.Add(ApproveWithin)):
			a.State = StateOpen
		default:
			a.State = StateLapsed
		}
		at[a.ID], ids = len(ids), append(ids, a.ID)
		return a, err
	})
	if err == nil && len(ids) > 0 {
		err = addParts(ctx, q, ids, func(act int64, p Part) { list[at[act]].Parts = append(list[at[act]].Parts, p) })
	}
	if err != nil && !errors.Is(err, ErrNoAct) {
		return nil, fmt.Errorf("acts: read: %w", err)
	}
	return list, nil
}

func addParts(ctx context.Context, q payments.Querier, ids []int64, add func(act int64, p Part)) error {
	rows, err := q.Query(ctx, partsOfSQL, ids)
	if err != nil {
		return err
	}
	var act, tiyn int64
	var p Part
	_, err = pgx.ForEachRow(rows, []any{&act, &p.PaymentID, &p.CaseID, &p.Known, &tiyn}, func() error {
		p.Amount = money.FromTiyn(tiyn)
		add(act, p)
		return nil
	})
	return err
}
