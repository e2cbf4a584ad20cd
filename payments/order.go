package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Order is a payment that was begun at a gateway.
type Order struct {
	ID      uuid.UUID
	CaseID  int64
	Gateway string
	Amount  money.Amount
	State   OrderState
	Page    string // where the debtor pays; empty until the gateway has said
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

const reuseOrderSQL = `SELECT id, case_id, gateway, amount, state, page FROM payment_orders
 WHERE case_id = $1 AND gateway = $2 AND amount = $3 AND state IN ('begun', 'open') AND created_at > $4 ORDER BY created_at DESC LIMIT 1`

const beginOrderSQL = `INSERT INTO payment_orders (id, case_id, gateway, amount, created_at, look_at) VALUES ($1, $2, $3, $4, $5, $6)`

// BeginOrder keeps what is about to be asked of a gateway, before it is asked. The same wish within half an hour is the same order; the
// caller holds the lock of the case, so that two clicks are one.
func (s *Store) BeginOrder(ctx context.Context, tx pgx.Tx, o Order, now time.Time) (Order, error) {
	rows, err := tx.Query(ctx, reuseOrderSQL, o.CaseID, o.Gateway, o.Amount.Tiyn(), now.Add(-reuseOrder))
	if err != nil {
		return o, fmt.Errorf("payments: order: %w", err)
	}
	if known, err := pgx.CollectRows(rows, scanOrder); err != nil || len(known) == 1 {
		if err != nil {
			return o, fmt.Errorf("payments: order: %w", err)
		}
		return known[0], nil
	}
	o.ID, o.State, o.Page = uuid.New(), Begun, ""
	if _, err := tx.Exec(ctx, beginOrderSQL, o.ID, o.CaseID, o.Gateway, o.Amount.Tiyn(), now, now.Add(firstLook)); err != nil {
		return o, fmt.Errorf("payments: order: %w", err)
	}
	return o, nil
}

func scanOrder(row pgx.CollectableRow) (o Order, err error) {
	var tiyn int64
	err = row.Scan(&o.ID, &o.CaseID, &o.Gateway, &tiyn, &o.State, &o.Page)
	o.Amount = money.FromTiyn(tiyn)
	return o, err
}

const openOrderSQL = `UPDATE payment_orders SET state = 'open', page = $2 WHERE id = $1 AND state = 'begun'`

// OpenOrder keeps where the debtor pays.
func (s *Store) OpenOrder(ctx context.Context, tx pgx.Tx, id uuid.UUID, page string) error {
	if _, err := tx.Exec(ctx, openOrderSQL, id, page); err != nil {
		return fmt.Errorf("payments: order: %w", err)
	}
	return nil
}

const dueOrdersSQL = `WITH due AS (SELECT id FROM payment_orders WHERE look_at <= $1 AND gateway = $2 ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE payment_orders o SET looks = looks + 1, look_at = CASE WHEN o.created_at < $4 THEN NULL
       ELSE $1::timestamptz + least(make_interval(secs => $5::float8 * 2 ^ least(o.looks + 1, 12)), make_interval(secs => $6::float8)) END,
       state = CASE WHEN o.created_at < $4 THEN 'expired' ELSE o.state END
  FROM due WHERE o.id = due.id RETURNING o.id, o.case_id, o.gateway, o.amount, o.state, o.page`

// DueOrders takes orders that nobody has heard of for a while, to ask the gateway; each is due again later. One that is three days old is
// asked after a last time and then given up.
func (s *Store) DueOrders(ctx context.Context, tx pgx.Tx, gateway string, now time.Time, limit int) ([]Order, error) {
	rows, err := tx.Query(ctx, dueOrdersSQL, now, gateway, min(limit, MaxBatch), now.Add(-giveUpOrder), firstLook.Seconds(), longestLook.Seconds())
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrder)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	return list, nil
}

const endOrdersSQL = `UPDATE payment_orders o SET state = w.state, look_at = NULL
  FROM unnest($1::uuid[], $2::text[]) AS w (id, state) WHERE o.id = w.id AND o.state <> 'paid'`

// EndOrders keeps how orders ended. One that is paid stays paid.
func (s *Store) EndOrders(ctx context.Context, tx pgx.Tx, ended map[uuid.UUID]OrderState) error {
	if len(ended) == 0 {
		return nil
	}
	ids, states := make([]uuid.UUID, 0, len(ended)), make([]string, 0, len(ended))
	for id, state := range ended {
		ids, states = append(ids, id), append(states, string(state))
	}
	if _, err := tx.Exec(ctx, endOrdersSQL, whole, ids, states); err != nil {
		return fmt.Errorf("payments: orders: %w", err)
	}
	return nil
}

const ordersSQL = `SELECT id, case_id, gateway, amount, state, page FROM payment_orders WHERE id = ANY($1)`

// Orders gives orders by their ids; those that nobody began are left out.
func (s *Store) Orders(ctx context.Context, q Querier, ids []uuid.UUID) (map[uuid.UUID]Order, error) {
	out := make(map[uuid.UUID]Order, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := q.Query(ctx, ordersSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanOrder)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
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
