package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// A payment at a gateway settles whether its message comes or not: whoever began one is asked after until the gateway knows how it ended,
// and the gateway's list of each day brings what both have missed. All three ways end in [Robot.Receive], so that there is one way to
// book money.

// Begin begins a payment of a case at a gateway, and gives the order with the page where the debtor pays. The intent is committed before the
// gateway is asked. While an order is under way a second click gets that one. A gateway that gives no page leaves the way free for another;
// it is asked after the order all the same.
func (r *Robot) Begin(ctx context.Context, source string, caseID int64, amount money.Amount, language, back string) (payments.Order, error) {
	if r.cfg.Tills[source] == nil {
		return payments.Order{}, payments.ErrNoTill
	}
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return payments.Order{}, err
	}
	var o payments.Order
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		var tiyn int64
		if err := tx.QueryRow(ctx, owedSQL, caseID).Scan(&tiyn); err != nil {
			return err
		}
		owed := money.FromTiyn(tiyn)
		if !amount.IsPositive() || owed.Less(amount) {
			return payments.ErrNotOwed
		}
		var err error
		o, err = r.Payments.BeginOrder(ctx, tx, payments.Order{CaseID: caseID, Gateway: source, Amount: amount}, owed, now)
		return err
	})
	driver := r.cfg.Tills[o.Gateway] // of the order that is under way, which may be another
	if err != nil || o.State == payments.Open || driver == nil {
		return o, err
	}
	till, err := driver.Begin(ctx, gateway.Wish{Order: o.ID, Case: caseno.Format(caseID), Amount: o.Amount, Language: language, Return: back})
	if err != nil {
		left := pg.InTx(context.WithoutCancel(ctx), r.cfg.Pool, func(tx pgx.Tx) error { return r.Payments.LeaveOrder(ctx, tx, o.ID, caseID, now) })
		return o, errors.Join(err, left)
	}
	o.State, o.Page, o.App, o.QR = payments.Open, till.Page, till.App, till.QR
	return o, pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error { return r.Payments.OpenOrder(ctx, tx, o) })
}

const owedSQL = `SELECT CASE WHEN ended_at IS NULL THEN outstanding ELSE 0 END FROM cases WHERE id = $1 FOR UPDATE`

// tillJob asks one gateway after its orders, and for its lists.
type tillJob struct {
	Gateway string `json:"gateway"`
}

// Kind implements river.JobArgs.
func (tillJob) Kind() string { return "money.ask" }

const queueTills = "tills"

// InsertOpts implements river.JobArgsWithInsertOpts. One job that waits or runs is enough for a gateway; one that failed is made anew by
// the pulse.
func (tillJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueTills, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingStates}}
}

// askEvery is the real time between two looks whether a gateway has to be asked something.
const askEvery = 15 * time.Second

const tillsDueSQL = `SELECT EXISTS (SELECT 1 FROM payment_orders WHERE look_at <= $1 AND gateway = $2)`

// askTills starts a job for each gateway that has to be asked something.
func (r *Robot) askTills(ctx context.Context) error {
	if len(r.cfg.Tills) == 0 || r.asked.Elapsed() < askEvery {
		return nil
	}
	r.asked = clock.StartStopwatch()
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	for source := range r.cfg.Tills {
		var due bool
		if err := r.cfg.Pool.QueryRow(ctx, tillsDueSQL, now, source).Scan(&due); err != nil {
			return err
		}
		day, err := r.nextRegister(ctx, source, now)
		if err != nil {
			return err
		}
		if due || !day.IsZero() {
			if _, err := r.client.Insert(ctx, tillJob{Gateway: source}, nil); err != nil {
				return fmt.Errorf("jobs: %w", err)
			}
		}
	}
	return nil
}

// AskTill asks a gateway after the orders that are due, and for the lists of the days that are over.
func (r *Robot) AskTill(ctx context.Context, source string) error {
	driver, ok := r.cfg.Tills[source]
	if !ok {
		return nil // another process has it
	}
	return errors.Join(r.askOrders(ctx, source, driver), r.askRegister(ctx, source, driver))
}

func (r *Robot) askOrders(ctx context.Context, source string, driver gateway.Driver) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	var due []payments.Order
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		due, err = r.Payments.DueOrders(ctx, tx, source, now, gateway.MaxOrders)
		return err
	})
	if err != nil || len(due) == 0 {
		return err
	}
	ids := make([]uuid.UUID, len(due))
	for i, o := range due {
		ids[i] = o.ID
	}
	statuses, err := driver.Status(ctx, ids)
	if err != nil {
		return err // every order is due again
	}
	ended, paid := map[uuid.UUID]payments.OrderEnd{}, make([]gateway.Message, 0, len(statuses))
	for id, st := range statuses {
		switch st.State {
		case gateway.StatePaid:
			paid = append(paid, st.Payment) // settling it ends the order: its page says "paid" when the case has the money
		case gateway.StateFailed:
			ended[id] = payments.OrderEnd{State: payments.Failed, Reason: string(st.Reason)}
		case gateway.StateExpired:
			ended[id] = payments.OrderEnd{State: payments.Expired}
		case gateway.StateOpen, gateway.StateUnknown:
		}
	}
	if err := r.said(ctx, source, messageNamed("status"), paid); err != nil {
		return err
	}
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error { return r.Payments.EndOrders(ctx, tx, ended) })
}

// messageNamed names what a gateway answered by its content: what it says twice is kept once.
func messageNamed(how string) func(body []byte) string {
	return func(body []byte) string {
		id := sha256.Sum256(body)
		return how + "-" + hex.EncodeToString(id[:])
	}
}

// listNames names the reversals of the list of a day: two that are alike are two, and the list that is read again has the same names.
type listNames struct {
	day  calendar.Date
	seen map[string]int
}

const listPrefix = "list-"

func (l *listNames) name(body []byte) string {
	id := sha256.Sum256(body)
	sum := hex.EncodeToString(id[:])
	l.seen[sum]++
	return fmt.Sprintf("%s%s-%d-%s", listPrefix, l.day, l.seen[sum], sum)
}

// fromList says whether a kept message is an entry of the list of a day: its name is one that only we give.
func fromList(e *payments.PendingEvent) bool {
	id := sha256.Sum256(e.Body)
	return strings.HasPrefix(e.EventID, listPrefix) && strings.HasSuffix(e.EventID, "-"+hex.EncodeToString(id[:]))
}

// said keeps what a gateway answered as if it had sent it: the message of a payment, when it comes after all, is a duplicate.
func (r *Robot) said(ctx context.Context, source string, name func(body []byte) string, messages []gateway.Message) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(messages, payments.MaxBatch) {
		events := make([]payments.Event, len(part))
		for i, m := range part {
			body, err := gateway.Encode(m)
			if err != nil {
				return err
			}
			events[i] = payments.Event{Source: source, EventID: name(body), Body: body}
		}
		err := pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
			got, err := r.Payments.ReceiveAll(ctx, tx, events, now)
			if err != nil || !slices.Contains(got, payments.Fresh) {
				return err
			}
			return r.wakeSettle(ctx, tx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// registersBack is how many days back lists are asked for when none was compared before.
const registersBack = 7

// registerAfter is when the list of a day is complete at a gateway.
const registerAfter = 6 * time.Hour

// nextRegister is the day whose list is to be asked for now; zero when there is none.
func (r *Robot) nextRegister(ctx context.Context, source string, now time.Time) (calendar.Date, error) {
	last, err := r.Payments.LastRegister(ctx, r.cfg.Pool, source)
	if err != nil {
		return 0, err
	}
	today := calendar.DateOf(now.Add(-registerAfter))
	if last.IsZero() {
		last = today.AddDays(-registersBack - 1)
	}
	if day := last.AddDays(1); day.Before(today) {
		return day, nil
	}
	return 0, nil
}

// maxRegister bounds a list: a gateway that never ends one is broken.
const maxRegister = 1_000_000

// askRegister compares the list of the next day that is over. What it has and we have not is booked; what we have and it has not is an
// alarm: somebody said "paid" who was not the gateway, or the gateway's list is not whole.
func (r *Robot) askRegister(ctx context.Context, source string, driver gateway.Driver) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	day, err := r.nextRegister(ctx, source, now)
	if err != nil || day.IsZero() {
		return err
	}
	known, err := r.Payments.KnownOfDay(ctx, r.cfg.Pool, source, day)
	if err != nil {
		return err
	}
	reg, list := payments.Register{Gateway: source, Day: day}, listNames{day: day, seen: map[string]int{}}
	for after := ""; ; {
		entries, next, err := driver.Register(ctx, day, after)
		if errors.Is(err, gateway.ErrNoRegister) {
			return nil // messages and questions have to do
		}
		if err != nil {
			return err
		}
		var unknown, fees, reversed []gateway.Message
		for _, m := range entries {
			reg.Entries++
			if m.Type != gateway.Paid {
				reversed = append(reversed, m) // whether a message has told of it, or will, is found out where it is booked
				continue
			}
			if known[m.TxnID] {
				if delete(known, m.TxnID); m.Fee.IsPositive() {
					fees = append(fees, m) // its message need not have told it
				}
				continue
			}
			unknown = append(unknown, m)
		}
		reg.Unknown += len(unknown)
		if err := r.said(ctx, source, messageNamed("register"), slices.Concat(unknown, fees)); err != nil {
			return err
		}
		if err := r.said(ctx, source, list.name, reversed); err != nil {
			return err
		}
		if after = next; after == "" {
			break
		}
		if len(entries) == 0 || reg.Entries > maxRegister {
			return fmt.Errorf("jobs: the list of %s for %s does not end", source, day)
		}
	}
	reg.Missing = len(known)
	if reg.Missing > 0 {
		r.cfg.Observe("register", "missing", reg.Missing)
		r.cfg.Log.ErrorContext(ctx, "payments that a gateway told of are not in its list", "gateway", source, "day", day.String(), "n", reg.Missing)
	}
	r.cfg.Observe("register", "unknown", reg.Unknown)
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error { return r.Payments.KeepRegister(ctx, tx, reg, now) })
}
