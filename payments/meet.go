package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/pg"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// A transfer through a gateway reaches us twice: as the gateway's word and as money on our account, in any order. Both must be one
// payment (INV-M2). Only money from an account that is registered as the gateway's can stand for a gateway's payment: the reference
// that travels with a transfer is the sender's own, and anybody could write another's there.
//
// A gateway may pay out less its fee, which it tells with its word or in its list of the day: see fee.go.
//
// The key is the gateway's id of the transfer; without it sum, case and value date, if they point at exactly one. Whatever is not sure
// becomes a payment in suspense, for a person.

// meetingDays is how many days may lie between the value dates of the two, by sum and case: gateways pay out within three
// working days.
const meetingDays = 5

// Payout is money that came from a gateway's account to ours.
type Payout struct {
	TxnID     string // of the line, as in Transfer
	Gateway   string
	Ref       string // the gateway's id of the transfer, if the line names one
	CaseID    int64  // named in the words; 0: none
	Amount    money.Amount
	ValueDate calendar.Date
}

// Meeting says which payment a payout is the money of. Sure is false when it could be one of several, or has another sum.
type Meeting struct {
	Known     bool  // the line was taken before
	PaymentID int64 // of the gateway's payment; 0: none is known yet
	Sure      bool
	Fee       money.Amount // when Sure: what the gateway kept
	Told      money.Amount // what it has said that it keeps
}

const settledLinesSQL = `SELECT txn_id FROM settlements WHERE txn_id = ANY($1)
 UNION ALL SELECT txn_id FROM payments WHERE source = 'treasury' AND txn_id = ANY($1)`

// lockMeetings keeps a gateway's word and its money from passing each other unseen: whoever looks for the one before he books the other
// holds this lock until his commit. Words hold it together, money alone.
func lockMeetings(ctx context.Context, tx pgx.Tx, transfers []Transfer, lock string) error {
	var gateways []string
	for _, t := range transfers {
		if t.Source != ledger.SourceTreasury && !slices.Contains(gateways, t.Source) {
			gateways = append(gateways, t.Source)
		}
	}
	if len(gateways) == 0 {
		return nil
	}
	slices.Sort(gateways)
	_, err := tx.Exec(ctx, `SELECT `+lock+`(hashtextextended('bailiff.meet/' || g, 0)) FROM unnest($1::text[]) AS g`, gateways)
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	return nil
}

// Candidates by the gateway's id first, then by case, sum and day. A payment that is settled is none.
const meetByRefSQL = `SELECT w.n, p.id, p.amount, p.fee FROM unnest($1::int[], $2::text[], $3::text[]) AS w (n, source, txn_id)
 CROSS JOIN LATERAL (SELECT id, amount, fee FROM payments WHERE payments.source = w.source AND payments.txn_id = w.txn_id OFFSET 0) AS p
 WHERE NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id)`

const meetByCaseSQL = `SELECT w.n, p.id, p.amount, p.fee FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::date[]) AS w (n, source, case_id, amount, value_on)
 CROSS JOIN LATERAL (SELECT id, amount, fee FROM payments WHERE payments.case_id = w.case_id AND payments.source = w.source AND w.amount IN (payments.amount, payments.amount - payments.fee)
     AND payments.value_date BETWEEN w.value_on - $6::int AND w.value_on + $6::int OFFSET 0) AS p
 WHERE NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id)`

// Meet finds the payments that payouts are the money of. It writes nothing. Two payouts of one batch never get one payment.
func (s *Store) Meet(ctx context.Context, tx pgx.Tx, payouts []Payout) ([]Meeting, error) {
	if err := checkBatch(len(payouts)); err != nil || len(payouts) == 0 {
		return nil, err
	}
	out := make([]Meeting, len(payouts))
	transfers := make([]Transfer, len(payouts))
	for i, p := range payouts {
		transfers[i].Source = p.Gateway
	}
	if err := lockMeetings(ctx, tx, transfers, "pg_advisory_xact_lock"); err != nil {
		return nil, err
	}
	if err := s.knownPayouts(ctx, tx, payouts, out); err != nil {
		return nil, err
	}
	taken := map[int64]bool{}
	if err := s.meetByRef(ctx, tx, payouts, out, taken); err != nil {
		return nil, err
	}
	return out, s.meetByCase(ctx, tx, payouts, out, taken)
}

func (s *Store) knownPayouts(ctx context.Context, tx pgx.Tx, payouts []Payout, out []Meeting) error {
	ids := make([]string, len(payouts))
	for i, p := range payouts {
		ids[i] = p.TxnID
	}
	rows, err := tx.Query(ctx, settledLinesSQL, whole, ids)
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	known := map[string]bool{}
	var id string
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error { known[id] = true; return nil }); err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	for i, p := range payouts {
		out[i].Known = known[p.TxnID]
	}
	return nil
}

func (s *Store) meetByRef(ctx context.Context, tx pgx.Tx, payouts []Payout, out []Meeting, taken map[int64]bool) error {
	var n []int32
	var sources, txns []string
	for i, p := range payouts {
		if !out[i].Known && ValidID(p.Ref) {
			n, sources, txns = append(n, int32(i)), append(sources, p.Gateway), append(txns, p.Ref)
		}
	}
	if len(n) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, meetByRefSQL, whole, n, sources, txns)
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	var i int32
	var payment, tiyn, fee int64
	_, err = pgx.ForEachRow(rows, []any{&i, &payment, &tiyn, &fee}, func() error {
		if !taken[payment] {
			out[i] = meeting(payouts[i].Amount, payment, tiyn, fee)
			taken[payment] = out[i].Sure
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	return nil
}

func (s *Store) meetByCase(ctx context.Context, tx pgx.Tx, payouts []Payout, out []Meeting, taken map[int64]bool) error {
	var (
		n             []int32
		sources       []string
		cases, amount []int64
		dates         []time.Time
	)
	for i, p := range payouts {
		if !out[i].Known && out[i].PaymentID == 0 && p.CaseID != 0 && !ValidID(p.Ref) {
			n, sources, cases = append(n, int32(i)), append(sources, p.Gateway), append(cases, p.CaseID)
			amount, dates = append(amount, p.Amount.Tiyn()), append(dates, p.ValueDate.UTC())
		}
	}
	if len(n) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, meetByCaseSQL, whole, n, sources, cases, amount, dates, meetingDays)
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	found := map[int32][]Meeting{}
	rivals := map[int64]int{} // payouts that could be the money of one payment
	var i int32
	var payment, tiyn, fee int64
	_, err = pgx.ForEachRow(rows, []any{&i, &payment, &tiyn, &fee}, func() error {
		if !taken[payment] {
			found[i] = append(found[i], meeting(payouts[i].Amount, payment, tiyn, fee))
			rivals[payment]++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("payments: meet: %w", err)
	}
	for i, could := range found {
		out[i] = could[0]
		out[i].Sure = len(could) == 1 && rivals[could[0].PaymentID] == 1
	}
	return nil
}

// Settlement says that a line of a statement is the money of a gateway's payment.
type Settlement struct {
	TxnID     string // of the line
	Gateway   string
	PaymentID int64
	Amount    money.Amount
	Fee       money.Amount // that the gateway kept; with Amount it is the payment
}

// Settle books settlements. [ErrRaced] says that another transaction settled one of the payments meanwhile.
func (s *Store) Settle(ctx context.Context, tx pgx.Tx, settled []Settlement, now time.Time) error {
	if err := checkBatch(len(settled)); err != nil || len(settled) == 0 {
		return err
	}
	entries := make([]ledger.Entry, 0, len(settled))
	for _, t := range settled {
		e, err := ledger.Settled(t.Gateway, t.PaymentID, t.Amount)
		if err != nil {
			return err
		}
		if entries = append(entries, e); t.Fee.IsZero() {
			continue
		}
		if e, err = ledger.FeeKept(t.Gateway, t.PaymentID, t.Fee); err != nil {
			return err
		}
		entries = append(entries, e)
	}
	err := pg.Copy(ctx, tx, "settlements", []string{"txn_id", "payment_id", "at", "fee"}, len(settled), func(r *pg.Row, i int) {
		r.Text(settled[i].TxnID)
		r.Int8(settled[i].PaymentID)
		r.Time(now)
		r.Int8(settled[i].Fee.Tiyn())
	})
	if err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueViolation {
			return ErrRaced
		}
		return fmt.Errorf("payments: settle: %w", err)
	}
	return post(ctx, tx, entries, now)
}

// uniqueViolation is PostgreSQL's code.
const uniqueViolation = "23505"

// Departure is money that went from our account.
type Departure struct {
	TxnID   string // of the line
	Gateway string // that took it back to itself; empty: nobody knows why
	Amount  money.Amount
	Order   *PayOrder // the payment order of ours that it is; the caller holds LockPayouts
}

const leaveSQL = `INSERT INTO departures (txn_id, amount, gateway, at, payout_id)
SELECT w.txn_id, w.amount, w.gateway, $4, nullif(w.payout_id, 0) FROM unnest($1::text[], $2::bigint[], $3::text[], $5::bigint[]) AS w (txn_id, amount, gateway, payout_id)
    ON CONFLICT (txn_id) DO NOTHING RETURNING txn_id`

// Leave books departures, each once for ever by its line; fresh says of each, in their order, whether it was new.
func (s *Store) Leave(ctx context.Context, tx pgx.Tx, gone []Departure, now time.Time) (fresh []bool, err error) {
	if err := checkBatch(len(gone)); err != nil || len(gone) == 0 {
		return nil, err
	}
	n := len(gone)
	ids, amounts, gateways, orders := make([]string, n), make([]int64, n), make([]string, n), make([]int64, n)
	for i, g := range gone {
		ids[i], amounts[i], gateways[i] = g.TxnID, g.Amount.Tiyn(), g.Gateway
		if g.Order != nil {
			orders[i] = g.Order.ID
		}
	}
	rows, err := tx.Query(ctx, leaveSQL, whole, ids, amounts, gateways, now, orders)
	if err != nil {
		return nil, fmt.Errorf("payments: departures: %w", err)
	}
	taken := make(map[string]bool, n)
	var id string
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error { taken[id] = true; return nil }); err != nil {
		return nil, fmt.Errorf("payments: departures: %w", err)
	}
	fresh = make([]bool, n)
	var entries []ledger.Entry
	for i, g := range gone {
		if !taken[g.TxnID] {
			continue
		}
		delete(taken, g.TxnID) // a line that stands twice in one batch is booked once
		e, err := s.left(ctx, tx, g, now)
		if err != nil {
			return nil, err
		}
		fresh[i], entries = true, append(entries, e)
	}
	return fresh, post(ctx, tx, entries, now)
}

// left gives the entry of a departure. An order of ours of which the bank has said nothing yet is paid by it.
func (s *Store) left(ctx context.Context, tx pgx.Tx, g Departure, now time.Time) (ledger.Entry, error) {
	if g.Order == nil {
		return ledger.Left(g.Gateway, g.Amount)
	}
	if g.Order.State == PayoutSent {
		if err := s.Paid(ctx, tx, g.Order, "statement", now); err != nil {
			return ledger.Entry{}, err
		}
	}
	if g.Order.Kind == RemittanceKind {
		return g.Order.entry(ledger.KindRemitLeft)
	}
	return g.Order.entry(ledger.KindPaidOut)
}

// Arrival is a payout whose payment the gateway has not told of yet: it became a payment of its own, and the gateway's word will find it.
type Arrival struct {
	PaymentID int64
	Payout
}

// KeepArrivals lets the gateway's later word find these payments.
func (s *Store) KeepArrivals(ctx context.Context, tx pgx.Tx, arrivals []Arrival) error {
	if len(arrivals) == 0 {
		return nil
	}
	err := pg.Copy(ctx, tx, "arrivals", []string{"payment_id", "gateway", "txn_id", "case_id", "amount", "value_on"}, len(arrivals), func(r *pg.Row, i int) {
		a := &arrivals[i]
		r.Int8(a.PaymentID)
		r.Text(a.Gateway)
		if ValidID(a.Ref) {
			r.Text(a.Ref)
		} else {
			r.Bytes(nil)
		}
		r.ID(a.CaseID)
		r.Int8(a.Amount.Tiyn())
		r.Date(a.ValueDate.UTC())
	})
	if err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueViolation {
			return ErrRaced
		}
		return fmt.Errorf("payments: arrivals: %w", err)
	}
	return nil
}
