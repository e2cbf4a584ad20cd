package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/match"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

// settleBatch is how many messages one transaction settles.
const settleBatch = engine.MaxBatch

// giveUpReversal is how long a reversal waits for the payment that it takes back: gateways repeat for three days.
const giveUpReversal = 72 * time.Hour

// Receive keeps a payment message and asks for it to be settled; it returns after the commit (INV-M5).
func (r *Robot) Receive(ctx context.Context, ev payments.Event) (payments.Received, error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return "", err
	}
	var got payments.Received
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		if got, err = r.Payments.Receive(ctx, tx, ev, now); err != nil || got == payments.Replay {
			return err
		}
		return r.wakeSettle(ctx, tx)
	})
	return got, err
}

// wakeSettle has the messages settled that this transaction has kept.
func (r *Robot) wakeSettle(ctx context.Context, tx pgx.Tx) error {
	var waiting bool
	if err := tx.QueryRow(ctx, settleWaitsSQL).Scan(&waiting); err != nil || waiting {
		return err // the job that waits will see these messages; if it is just being taken, the pulse will
	}
	_, err := r.client.InsertTx(ctx, tx, settleJob{}, nil)
	return err
}

const settleWaitsSQL = `SELECT EXISTS (SELECT 1 FROM river_job WHERE kind = 'money.settle' AND state = 'available')`

// gather is how long a settling job waits for more messages of a burst: sets are cheap, single rows are not.
const gather = 80 * time.Millisecond

func (r *Robot) settleSoon(ctx context.Context) error {
	wait := time.NewTimer(gather)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
	}
	_, err := r.Settle(ctx)
	return err
}

// Settle turns kept messages into payments and payments into money of cases. It returns how many it settled. A message
// that breaks its batch is left pending, for the alarm, and the others go on.
func (r *Robot) Settle(ctx context.Context) (int, error) {
	total, after := 0, int64(0)
	for {
		n, last, err := r.settlePage(ctx, after, settleBatch)
		if err != nil {
			if ctx.Err() != nil || !ofOneMessage(err) {
				return total, err
			}
			more, err := r.settleOneByOne(ctx, after, err)
			return total + more, err
		}
		total += n
		if last == 0 {
			return total, nil
		}
		after = last
	}
}

func (r *Robot) settleOneByOne(ctx context.Context, after int64, cause error) (int, error) {
	total := 0
	for {
		n, last, err := r.settlePage(ctx, after, 1)
		if err != nil {
			if ctx.Err() != nil || !ofOneMessage(err) {
				return total, err
			}
			r.cfg.Log.ErrorContext(ctx, "payment message cannot be settled", "after", after, "error", err, "batch_error", cause)
			r.cfg.Observe("settle", "failed", 1)
			last++ // the page knew its first row
		}
		total += n
		if last <= after {
			return total, nil
		}
		after = last
	}
}

// maxRaces bounds how often a page begins again since another worker booked one of its transfers; the next run sees that.
const maxRaces = 5

func ofOneMessage(err error) bool {
	var refused *payments.RefusedError
	return errors.As(err, &refused) || ofOneCase(err)
}

// settlePage settles one page of messages after an id, in one transaction. last is the id of its last message, 0 when
// there was none.
func (r *Robot) settlePage(ctx context.Context, after int64, limit int) (n int, last int64, err error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	page := func(tx pgx.Tx) error {
		n, last = 0, 0
		events, err := r.Payments.TakePendingAfter(ctx, tx, after, limit)
		if err != nil || len(events) == 0 {
			return err
		}
		last = events[len(events)-1].Row
		s := settlement{Robot: r, tx: tx, now: now}
		s.read(events)
		if s.reversals, err = r.Payments.LockTellings(ctx, tx, s.reversals); err != nil {
			return err
		}
		if err := s.findOrders(ctx); err != nil {
			return err
		}
		if err := s.bookTransfers(ctx); err != nil {
			return err
		}
		if err := s.bookReversals(ctx); err != nil {
			return err
		}
		if err := s.meetPayouts(ctx); err != nil { // it locks payments: after all cases
			return err
		}
		n = len(s.outcomes)
		return r.Payments.MarkSettled(ctx, tx, s.outcomes)
	}
	err = pg.InTx(ctx, r.cfg.Pool, page)
	for tries := 1; errors.Is(err, payments.ErrRaced) && tries < maxRaces; tries++ {
		err = pg.InTx(ctx, r.cfg.Pool, page)
	}
	return n, last, err
}

// settlement is one page on its way.
type settlement struct {
	*Robot
	tx        pgx.Tx
	now       time.Time
	transfers []payments.Transfer
	reserved  []payments.Recorded // what they are
	reversals []payments.Reversal
	orders    []uuid.UUID          // of ours, which transfers name
	orderAt   []int                // which transfers
	fees      map[int]money.Amount // that gateways tell of transfers
	received  map[int64]time.Time
	outcomes  []payments.Outcome
}

func (s *settlement) read(events []payments.PendingEvent) {
	s.received, s.fees = make(map[int64]time.Time, len(events)), map[int]money.Amount{}
	for _, e := range events {
		m, err := gateway.Parse(e.Body)
		if err != nil {
			s.outcomes = append(s.outcomes, payments.Outcome{EventRow: e.Row, Verdict: payments.Bad})
			s.cfg.Observe("payment", "bad", 1)
			continue
		}
		s.received[e.Row] = e.ReceivedAt
		if m.Type == gateway.Reversed {
			rv := m.Reversal(e.Source, e.Row)
			rv.Listed = fromList(&e)
			s.reversals = append(s.reversals, rv)
		} else {
			t := m.Transfer(e.Source, e.Row)
			t.CaseID, _, _ = match.ByReference(t.Reference)
			if m.Fee.IsPositive() {
				s.fees[len(s.transfers)] = m.Fee
			}
			if m.Order != uuid.Nil {
				s.orders = append(s.orders, m.Order)
				s.orderAt = append(s.orderAt, len(s.transfers))
			}
			s.transfers = append(s.transfers, t)
		}
	}
}

// findOrders lets a payment that was begun by us pay the case that it was begun for, whatever the words say. A sum that is not the one that
// was asked for is money all the same; somebody is told.
func (s *settlement) findOrders(ctx context.Context) error {
	begun, err := s.Payments.Orders(ctx, s.tx, s.orders)
	if err != nil || len(begun) == 0 {
		return err
	}
	paid := map[uuid.UUID]payments.OrderEnd{}
	for k, id := range s.orders {
		t := &s.transfers[s.orderAt[k]]
		o, ok := begun[id]
		if !ok || o.Gateway != t.Source {
			continue // nobody began it there
		}
		t.CaseID, paid[id] = o.CaseID, payments.OrderEnd{State: payments.WasPaid}
		if !o.Amount.Equal(t.Amount) {
			s.cfg.Observe("payment", "order_differs", 1)
			s.cfg.Log.WarnContext(ctx, "a payment is not of the sum that was asked for", "order", id, "gateway", t.Source)
		}
	}
	return s.Payments.EndOrders(ctx, s.tx, paid)
}

// bookTransfers books new payments, each once and whole.
func (s *settlement) bookTransfers(ctx context.Context) error {
	reserved, err := s.Payments.Reserve(ctx, s.tx, s.transfers)
	if err != nil {
		return err
	}
	for i, r := range reserved {
		s.outcomes = append(s.outcomes, payments.Outcome{EventRow: s.transfers[i].EventRow, Verdict: r.Verdict()})
		s.cfg.Observe("payment", string(r.Verdict()), 1)
	}
	s.reserved = reserved
	_, err = s.book(ctx, s.tx, s.transfers, reserved, s.now)
	return err
}

// book books the fresh ones of reserved transfers, each once and whole: what the engine decides of those that name one case, and the
// rest into suspense. It gives the bookings in the order of the transfers.
func (r *Robot) book(ctx context.Context, tx pgx.Tx, transfers []payments.Transfer, reserved []payments.Recorded, now time.Time) ([]payments.Booking, error) {
	return r.bookBy(ctx, tx, transfers, reserved, engine.ActorPayment, now, func(*engine.Plan) error { return nil })
}

// bookBy does the same for somebody; look may stop it when it is decided and nothing is written.
func (r *Robot) bookBy(ctx context.Context, tx pgx.Tx, transfers []payments.Transfer, reserved []payments.Recorded, by string, now time.Time, look func(*engine.Plan) error) ([]payments.Booking, error) {
	var cmds []engine.For
	bookings := make([]payments.Booking, 0, len(reserved))
	index := make(map[int64]int, len(reserved)) // in bookings, by payment
	for i, got := range reserved {
		if !got.Fresh {
			continue
		}
		t := transfers[i]
		index[got.PaymentID] = len(bookings)
		bookings = append(bookings, payments.Booking{Transfer: t, PaymentID: got.PaymentID})
		if t.CaseID != 0 && !got.Unsure {
			cmds = append(cmds, engine.For{CaseID: t.CaseID, Actor: by, Command: engine.Pay{
				PaymentID: got.PaymentID, Amount: t.Amount, ValueDate: t.ValueDate, Source: t.Source,
			}})
		}
	}
	if len(cmds) > 0 {
		var decided []engine.MoneyAllocated
		_, err := r.Engine.ApplyTx(ctx, tx, cmds, engine.BeforeWrite(func(_ context.Context, _ pgx.Tx, pl *engine.Plan) error {
			if err := look(pl); err != nil {
				return err
			}
			decided = pl.TakeAllocations()
			return nil
		}))
		if err != nil {
			return nil, err
		}
		for _, m := range decided {
			b := &bookings[index[m.PaymentID]]
			b.CaseID, b.Allocated, b.RefundDue = m.CaseID, m.Allocated, m.RefundDue
		}
	}
	return bookings, r.Payments.Book(ctx, tx, bookings, now)
}

// bookReversals takes back what was booked, each reversal once, whether a message or the list of a day tells of it first.
func (s *settlement) bookReversals(ctx context.Context) error {
	tellings, err := s.Payments.MeetTellings(ctx, s.tx, s.reversals)
	if err != nil {
		return err
	}
	fresh, at := tellings.Fresh()
	found, booked, err := s.takeBack(ctx, s.tx, fresh, s.now)
	if err != nil {
		return err
	}
	of := make(map[int]*payments.Reversible, len(at))
	for n, i := range at {
		of[i] = &found[n]
	}
	verdicts := tellings.Verdicts(booked)
	var tasks []payments.ReversalTask
	for i, v := range verdicts {
		row := s.reversals[i].EventRow
		if v == payments.Unmatched && s.now.Sub(s.received[row]) < giveUpReversal {
			continue // the payment may still come
		}
		if (v == payments.Unmatched || v == payments.Conflict) && !tellings.Repeats(i) {
			tasks = append(tasks, taskOf(v, &s.reversals[i], of[i]))
		}
		s.outcomes = append(s.outcomes, payments.Outcome{EventRow: row, Verdict: v})
		s.cfg.Observe("payment", string(v), 1)
	}
	if err := s.Payments.AddTasks(ctx, s.tx, tasks, s.now); err != nil {
		return err
	}
	return s.Payments.KeepTellings(ctx, s.tx, tellings, verdicts, s.now)
}

// taskOf is what a reversal that cannot be booked leaves to a person; found is nil when it was not looked for.
func taskOf(v payments.Verdict, r *payments.Reversal, found *payments.Reversible) payments.ReversalTask {
	t := payments.ReversalTask{Why: payments.TaskUnmatched, Source: r.Source, TxnID: r.TxnID, Amount: r.Amount}
	if v == payments.Conflict {
		t.Why = payments.TaskConflict
	}
	if found != nil {
		t.PaymentID, t.CaseID = found.PaymentID, found.CaseID
	}
	return t
}

// takeBack books reversals and gives the payment and the verdict of each. The engine locks the cases before the payments are locked; if a payment
// changed in between, the transaction is tried again.
func (r *Robot) takeBack(ctx context.Context, tx pgx.Tx, reversals []payments.Reversal, now time.Time) ([]payments.Reversible, []payments.Verdict, error) {
	if len(reversals) == 0 {
		return nil, nil, nil
	}
	found, err := r.Payments.FindForReversal(ctx, tx, reversals)
	if err != nil {
		return nil, nil, err
	}
	plan, _ := payments.PlanReversals(found)
	var cmds []engine.For
	for _, p := range plan {
		if p.FromCase.IsPositive() {
			cmds = append(cmds, engine.For{CaseID: p.CaseID, Actor: engine.ActorPayment, Command: engine.ReversePayment{PaymentID: p.PaymentID, Amount: p.FromCase}})
		}
	}
	ended := map[int64]bool{} // cases whose end stands
	if len(cmds) > 0 {
		pl, err := r.Engine.ApplyTx(ctx, tx, cmds)
		if err != nil {
			return nil, nil, err
		}
		for _, o := range pl.Outcomes {
			if o.Refusal != nil {
				return nil, nil, fmt.Errorf("jobs: reversal for case %d: %w", o.CaseID, o.Refusal)
			}
			ended[o.CaseID] = o.State == engine.Paid || o.State == engine.Cancelled
		}
	}
	locked, err := r.Payments.LockForReversal(ctx, tx, reversals)
	if err != nil {
		return nil, nil, err
	}
	again, verdicts := payments.PlanReversals(locked)
	if !samePlan(plan, again) {
		return nil, nil, fmt.Errorf("jobs: a payment moved while it was reversed: %w", engine.ErrConflict)
	}
	if err := r.Payments.Reverse(ctx, tx, again, now); err != nil {
		return nil, nil, err
	}
	ids := make([]int64, len(again))
	var tasks []payments.ReversalTask
	for i, p := range again {
		if ids[i] = p.PaymentID; p.FromCase.IsPositive() && ended[p.CaseID] {
			tasks = append(tasks, payments.ReversalTask{Why: payments.TaskEnded, PaymentID: p.PaymentID, CaseID: p.CaseID, Amount: p.FromCase})
		}
	}
	if err := r.Payments.AddTasks(ctx, tx, namedTasks(tasks, locked), now); err != nil {
		return nil, nil, err
	}
	return locked, verdicts, r.Payments.ClearDoubts(ctx, tx, ids)
}

// namedTasks says of each task which transfer was taken back; of a part, that of the payment which was split.
func namedTasks(tasks []payments.ReversalTask, of []payments.Reversible) []payments.ReversalTask {
	named := make(map[int64]*payments.Reversal, len(of))
	for i := range of {
		named[of[i].PaymentID] = &of[i].Reversal
		for _, p := range of[i].Parts {
			named[p.PaymentID] = &of[i].Reversal
		}
	}
	for i := range tasks {
		if r := named[tasks[i].PaymentID]; r != nil {
			tasks[i].Source, tasks[i].TxnID = r.Source, r.TxnID
		}
	}
	return tasks
}

func samePlan(a, b []payments.ReversalOf) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].PaymentID != b[i].PaymentID || !a[i].FromCase.Equal(b[i].FromCase) || !a[i].FromRefund.Equal(b[i].FromRefund) || !a[i].FromSuspense.Equal(b[i].FromSuspense) || !a[i].FromParts.Equal(b[i].FromParts) {
			return false
		}
	}
	return true
}
