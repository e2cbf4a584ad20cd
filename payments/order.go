package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Why a payment is not begun.
var (
	ErrNoTill  = errors.New("payments: no such payment gateway is connected")
	ErrNotOwed = errors.New("payments: the case does not owe that sum")
)

// Order is a payment that was begun at a gateway.
type Order struct {
	ID      uuid.UUID
	CaseID  int64
	Gateway string
	Amount  money.Amount
	State   OrderState
	Page    string // where the debtor pays; empty until the gateway has said
	App, QR string // a link into a bank's app, and what a QR code is to hold; may be empty
	Reason  string // why it failed; empty: nobody said
	Begun   time.Time
	Left    bool // the debtor does not pay here
}

// OrderState is how far a payment at a gateway is.
type OrderState string

// States of orders. The last three are final, and still money is money: what comes after them is booked all the same.
const (
	Begun   OrderState = "begun" // we asked the gateway and do not know its answer
	Open    OrderState = "open"  // the debtor may pay
	WasPaid OrderState = "paid"
	Failed  OrderState = "failed"
	Expired OrderState = "expired" // nobody paid within three days
)

// A gateway is asked after an order soon, and then ever later, for as long as gateways repeat their messages.
const (
	firstLook   = time.Minute
	longestLook = 3 * time.Hour
	giveUpOrder = 72 * time.Hour
)

// reuseOrder is for how long a second click gets the page of the first: two pages would be an invitation to pay twice.
const reuseOrder = 30 * time.Minute

const orderColumns = `id, case_id, gateway, amount, state, page, app, qr, reason, created_at, left_at IS NOT NULL`

const reuseOrderSQL = `SELECT ` + orderColumns + ` FROM payment_orders
 WHERE case_id = $1 AND amount <= $2 AND state IN ('begun', 'open') AND left_at IS NULL AND created_at > $3 ORDER BY created_at DESC LIMIT 1`

const beginOrderSQL = `INSERT INTO payment_orders (id, case_id, gateway, amount, created_at, look_at) VALUES ($1, $2, $3, $4, $5, $6)`

// BeginOrder keeps what is about to be asked of a gateway, before it is asked. A case has one order at a time: whoever wishes another one
// within half an hour gets the one that is under way, whatever its gateway and its sum, unless the debtor has left it or owes less by now. The
// caller holds the lock of the case, so that two clicks are one.
func (s *Store) BeginOrder(ctx context.Context, tx pgx.Tx, o Order, owed money.Amount, now time.Time) (Order, error) {
	known, err := collectOrders(ctx, tx, reuseOrderSQL, o.CaseID, owed.Tiyn(), now.Add(-reuseOrder))
	if err != nil {
		return o, err
	}
	if len(known) == 1 {
		return known[0], nil
	}
	o = Order{ID: uuid.New(), CaseID: o.CaseID, Gateway: o.Gateway, Amount: o.Amount, State: Begun, Begun: now}
	if _, err := tx.Exec(ctx, beginOrderSQL, o.ID, o.CaseID, o.Gateway, o.Amount.Tiyn(), now, now.Add(firstLook)); err != nil {
		return o, fmt.Errorf("payments: order: %w", err)
	}
	return o, nil
}

func collectOrders(ctx context.Context, q Querier, sql string, args ...any) ([]Order, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrder)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	return list, nil
}

func scanOrder(row pgx.CollectableRow) (o Order, err error) {
	var tiyn int64
	err = row.Scan(&o.ID, &o.CaseID, &o.Gateway, &tiyn, &o.State, &o.Page, &o.App, &o.QR, &o.Reason, &o.Begun, &o.Left)
	o.Amount = money.FromTiyn(tiyn)
	return o, err
}

const openOrderSQL = `UPDATE payment_orders SET state = 'open', page = $2, app = $3, qr = $4, left_at = NULL WHERE id = $1 AND state = 'begun'`

// OpenOrder keeps where the debtor pays.
func (s *Store) OpenOrder(ctx context.Context, tx pgx.Tx, o Order) error {
	if _, err := tx.Exec(ctx, openOrderSQL, o.ID, o.Page, o.App, o.QR); err != nil {
		return fmt.Errorf("payments: order: %w", err)
	}
	return nil
}

const leaveOrderSQL = `UPDATE payment_orders SET left_at = $3 WHERE id = $1 AND case_id = $2 AND state IN ('begun', 'open') AND left_at IS NULL`

// LeaveOrder says that the debtor does not pay here, so that another order may be begun. The gateway is asked after it all the same:
// money that comes is money.
func (s *Store) LeaveOrder(ctx context.Context, tx pgx.Tx, id uuid.UUID, caseID int64, now time.Time) error {
	if _, err := tx.Exec(ctx, leaveOrderSQL, id, caseID, now); err != nil {
		return fmt.Errorf("payments: order: %w", err)
	}
	return nil
}

// underWay is for how long a case shows an order of which nothing was heard.
const underWay = 24 * time.Hour

const newestOrderSQL = `SELECT ` + orderColumns + ` FROM payment_orders WHERE case_id = $1 AND state IN ('begun', 'open') AND left_at IS NULL AND created_at > $2
 ORDER BY created_at DESC LIMIT 1`

// OrderUnderWay gives the order of a case that may still bring money; ok is false when there is none.
func (s *Store) OrderUnderWay(ctx context.Context, q Querier, caseID int64, now time.Time) (o Order, ok bool, err error) {
	list, err := collectOrders(ctx, q, newestOrderSQL, caseID, now.Add(-underWay))
	if err != nil || len(list) == 0 {
		return o, false, err
	}
	return list[0], true, nil
}

const lastOrderSQL = `SELECT ` + orderColumns + ` FROM payment_orders WHERE case_id = $1 AND created_at > $2 ORDER BY created_at DESC LIMIT 1`

// LastOrder gives the newest order of a case, however it ended; ok is false when there was none lately.
func (s *Store) LastOrder(ctx context.Context, q Querier, caseID int64, now time.Time) (o Order, ok bool, err error) {
	list, err := collectOrders(ctx, q, lastOrderSQL, caseID, now.Add(-underWay))
	if err != nil || len(list) == 0 {
		return o, false, err
	}
	return list[0], true, nil
}

const orderOfSQL = `SELECT ` + orderColumns + ` FROM payment_orders WHERE id = $1 AND case_id = $2`

// OrderOf gives an order of a case; ok is false when the case has no such order.
func (s *Store) OrderOf(ctx context.Context, q Querier, id uuid.UUID, caseID int64) (o Order, ok bool, err error) {
	list, err := collectOrders(ctx, q, orderOfSQL, id, caseID)
	if err != nil || len(list) == 0 {
		return o, false, err
	}
	return list[0], true, nil
}

const dueOrdersSQL = `WITH due AS (SELECT id FROM payment_orders WHERE look_at <= $1 AND gateway = $2 ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE payment_orders o SET looks = looks + 1, look_at = CASE WHEN o.created_at < $4 THEN NULL
       ELSE $1::timestamptz + least(make_interval(secs => $5::float8 * 2 ^ least(o.looks + 1, 12)), make_interval(secs => $6::float8)) END,
       state = CASE WHEN o.created_at < $4 THEN 'expired' ELSE o.state END
  FROM due WHERE o.id = due.id RETURNING o.id, o.case_id, o.gateway, o.amount, o.state, o.page, o.app, o.qr, o.reason, o.created_at, o.left_at IS NOT NULL`

// DueOrders takes orders that nobody has heard of for a while, to ask the gateway; each is due again later. One that is three days old is
// asked after a last time and then given up.
func (s *Store) DueOrders(ctx context.Context, tx pgx.Tx, gateway string, now time.Time, limit int) ([]Order, error) {
	return collectOrders(ctx, tx, dueOrdersSQL, now, gateway, min(limit, MaxBatch), now.Add(-giveUpOrder), firstLook.Seconds(), longestLook.Seconds())
}

// OrderEnd is how an order ended.
type OrderEnd struct {
	State  OrderState
	Reason string // of a failure, as the gateway named it
}

const endOrdersSQL = `UPDATE payment_orders o SET state = w.state, reason = w.reason, look_at = NULL
  FROM unnest($1::uuid[], $2::text[], $3::text[]) AS w (id, state, reason) WHERE o.id = w.id AND o.state <> 'paid'`

// EndOrders keeps how orders ended. One that is paid stays paid.
func (s *Store) EndOrders(ctx context.Context, tx pgx.Tx, ended map[uuid.UUID]OrderEnd) error {
	if len(ended) == 0 {
		return nil
	}
	ids, states, reasons := make([]uuid.UUID, 0, len(ended)), make([]string, 0, len(ended)), make([]string, 0, len(ended))
	for id, e := range ended {
		ids, states, reasons = append(ids, id), append(states, string(e.State)), append(reasons, e.Reason)
	}
	if _, err := tx.Exec(ctx, endOrdersSQL, whole, ids, states, reasons); err != nil {
		return fmt.Errorf("payments: orders: %w", err)
	}
	return nil
}

const ordersSQL = `SELECT ` + orderColumns + ` FROM payment_orders WHERE id = ANY($1)`

// Orders gives orders by their ids; those that nobody began are left out.
func (s *Store) Orders(ctx context.Context, q Querier, ids []uuid.UUID) (map[uuid.UUID]Order, error) {
	out := make(map[uuid.UUID]Order, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	list, err := collectOrders(ctx, q, ordersSQL, ids)
	if err != nil {
		return nil, err
	}
	for _, o := range list {
		out[o.ID] = o
	}
	return out, nil
}

// Register is the comparison of a gateway's list of a day with what we know.
type Register struct {
	Gateway                   string
	Day                       calendar.Date
	Entries, Unknown, Missing int
}

const lastRegisterSQL = `SELECT max(day) FROM registers WHERE gateway = $1`

// LastRegister gives the last day whose list was compared; zero when none was.
func (s *Store) LastRegister(ctx context.Context, q Querier, gateway string) (calendar.Date, error) {
	rows, err := q.Query(ctx, lastRegisterSQL, gateway)
	if err != nil {
		return 0, fmt.Errorf("payments: registers: %w", err)
	}
	day, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[*time.Time])
	if err != nil || day == nil {
		return 0, err
	}
	return calendar.FromUTC(*day), nil
}

const knownOfDaySQL = `SELECT txn_id FROM payments WHERE source = $1 AND value_date = $2
 UNION ALL SELECT a.txn_id FROM arrivals a WHERE a.gateway = $1 AND a.value_on = $2 AND a.txn_id IS NOT NULL`

// KnownOfDay gives the gateway's ids of the payments of a day.
func (s *Store) KnownOfDay(ctx context.Context, q Querier, gateway string, day calendar.Date) (map[string]bool, error) {
	rows, err := q.Query(ctx, knownOfDaySQL, gateway, day.UTC())
	if err != nil {
		return nil, fmt.Errorf("payments: registers: %w", err)
	}
	known := map[string]bool{}
	var id string
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error { known[id] = true; return nil }); err != nil {
		return nil, fmt.Errorf("payments: registers: %w", err)
	}
	return known, nil
}

const keepRegisterSQL = `INSERT INTO registers (gateway, day, entries, unknown, missing, taken_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`

// KeepRegister keeps a comparison; the first of a day stands.
func (s *Store) KeepRegister(ctx context.Context, tx pgx.Tx, r Register, now time.Time) error {
	if _, err := tx.Exec(ctx, keepRegisterSQL, r.Gateway, r.Day.UTC(), r.Entries, r.Unknown, r.Missing, now); err != nil {
		return fmt.Errorf("payments: registers: %w", err)
	}
	return nil
}
