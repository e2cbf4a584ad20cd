package desk

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const totalsSQL = `SELECT region, state, sum(cases)::bigint, sum(debt)::bigint, sum(outstanding)::bigint, sum(paid)::bigint
  FROM case_totals GROUP BY region, state ORDER BY region, state`

func readTotals(ctx context.Context, tx pgx.Tx) ([]total, error) {
	rows, err := tx.Query(ctx, totalsSQL)
	if err != nil {
		return nil, fmt.Errorf("totals: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (total, error) {
		var t total
		var debt, outstanding, paid int64
		err := row.Scan(&t.region, &t.state, &t.cases, &debt, &outstanding, &paid)
		t.debt, t.outstanding, t.paid = money.FromTiyn(debt), money.FromTiyn(outstanding), money.FromTiyn(paid)
		return t, err
	})
}

// latestSQL reads the last pages of the events, which are only ever appended to: no index on their time is needed, and
// the cost does not grow with the table.
//
// Nobody knows beforehand how few rows those are, so the region of each is looked up by itself: a join would be planned over all cases.
const latestSQL = `SELECT e.case_id, e.seq, e.kind, e.at, e.actor, e.pack, e.data FROM events e
 WHERE e.ctid >= (SELECT format('(%s,0)', greatest(pg_relation_size('events') / current_setting('block_size')::bigint - 64, 0))::tid)
   AND ($1::text[] IS NULL OR (SELECT c.region FROM cases c WHERE c.id = e.case_id) = ANY ($1))
 ORDER BY e.at DESC, e.case_id DESC, e.seq DESC LIMIT $2`

func readLatest(ctx context.Context, tx pgx.Tx, in area) ([]Latest, error) {
	rows, err := tx.Query(ctx, latestSQL, []string(in), latestCount)
	if err != nil {
		return nil, fmt.Errorf("latest events: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Latest, error) {
		var id int64
		var e engine.Event
		var raw []byte
		if err := row.Scan(&id, &e.Seq, &e.Kind, &e.At, &e.Actor, &e.Pack, &raw); err != nil {
			return Latest{}, err
		}
		if err := json.Unmarshal(raw, &e.Data); err != nil {
			return Latest{}, err
		}
		return latest(id, e), nil
	})
}

const writSQL = `SELECT w.source, w.document_number, w.document_date, w.in_force_date, w.kind, w.issuer_name, w.claimant_name, d.name, d.iin_sealed,
       coalesce(b.name, ''), coalesce(b.licence, '')
  FROM writs w JOIN debtors d ON d.id = w.debtor_id
  LEFT JOIN handovers h ON h.case_id = w.case_id LEFT JOIN bailiffs b ON b.id = h.bailiff_id WHERE w.case_id = $1`

type writRow struct {
	writ   Writ
	name   string
	sealed []byte
}

func readWrit(ctx context.Context, tx pgx.Tx, caseID int64) (writRow, error) {
	var w writRow
	var dated, inForce pgtype.Date
	x := &w.writ
	err := tx.QueryRow(ctx, writSQL, caseID).Scan(&x.Source, &x.Document, &dated, &inForce, &x.Kind, &x.Issuer, &x.Claimant, &w.name, &w.sealed, &x.Bailiff, &x.Licence)
	if dated.Valid {
		x.DocumentDate = calendar.FromUTC(dated.Time)
	}
	if inForce.Valid {
		x.InForce = calendar.FromUTC(inForce.Time)
	}
	return w, err
}

const ordersSQL = `SELECT purpose, ordinal, status, amount, held, bank, detail, attempts, requested_at, answered_at
  FROM orders WHERE case_id = $1 ORDER BY requested_at, purpose, ordinal`

func readOrders(ctx context.Context, tx pgx.Tx, caseID int64) ([]Order, error) {
	rows, err := tx.Query(ctx, ordersSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Order, error) {
		var o Order
		var amount, held int64
		var answered pgtype.Timestamptz
		err := row.Scan(&o.Purpose, &o.Ordinal, &o.Status, &amount, &held, &o.Bank, &o.Detail, &o.Attempts, &o.At, &answered)
		o.Amount, o.Held, o.Answered = money.FromTiyn(amount), money.FromTiyn(held), answered.Time
		return o, err
	})
}

const noticesSQL = `SELECT ordinal, channel, rung, kind, language, status, attempts, created_at, sent_at, delivered_at
  FROM notices WHERE case_id = $1 ORDER BY ordinal, channel`

func readNotices(ctx context.Context, tx pgx.Tx, caseID int64) ([]Notice, error) {
	rows, err := tx.Query(ctx, noticesSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Notice, error) {
		var n Notice
		var sent, delivered pgtype.Timestamptz
		err := row.Scan(&n.Ordinal, &n.Channel, &n.Rung, &n.Kind, &n.Language, &n.Status, &n.Attempts, &n.Created, &sent, &delivered)
		n.Sent, n.Delivered = sent.Time, delivered.Time
		return n, err
	})
}

// paymentsSQL leaves out the payer's words, which are personal data.
const paymentsSQL = `SELECT id, source, amount, value_date, received_at, allocated, refund_due, reversed
  FROM payments WHERE case_id = $1 ORDER BY id`

func readPayments(ctx context.Context, tx pgx.Tx, caseID int64) ([]Payment, error) {
	rows, err := tx.Query(ctx, paymentsSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("payments: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Payment, error) {
		var p Payment
		var amount, allocated, refund, reversed int64
		var value pgtype.Date
		err := row.Scan(&p.ID, &p.Source, &amount, &value, &p.Received, &allocated, &refund, &reversed)
		p.Amount, p.Allocated, p.Refund, p.Reversed = money.FromTiyn(amount), money.FromTiyn(allocated), money.FromTiyn(refund), money.FromTiyn(reversed)
		p.ValueDate = calendar.FromUTC(value.Time)
		return p, err
	})
}
