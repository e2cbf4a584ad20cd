package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/obs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
	"robotbailiff/payments"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func runCase(ctx context.Context, e *env, args []string) error {
	explain := e.flags.Bool("explain", false, "show why each decision was made, and make each again")
	waiting := e.flags.Bool("waiting", false, "list the cases that wait for a person, those that have waited longest first")
	resume := e.flags.String("resume", "", "let a case that waits for a person go on, and say `WHY`, without personal data")
	as := e.actorFlag()
	lang := e.langFlag()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	l, err := language(*lang)
	if err != nil {
		return err
	}
	if *waiting {
		if len(rest) > 0 || *resume != "" || *explain {
			return usagef("--waiting is a list of its own: leave the case number and the other flags away")
		}
		return e.onDatabase(ctx, func(db *database) error { return e.listWaiting(ctx, db) }, pg.WithName("bailiff-case"), pg.WithMaxConns(2), pg.WithRole(pg.RoleAudit))
	}
	if len(rest) != 1 {
		return usagef("case takes one case number, such as %s", numberSample)
	}
	id, err := caseno.Parse(rest[0])
	if err != nil {
		return usagef("%q is not a case number: %s. A number looks like %s: the year, seven digits and a check digit; dashes may be left out", rest[0], whyNoNumber(err), numberSample)
	}
	if *resume != "" {
		return e.resumeCase(ctx, id, *resume, *as)
	}
	opts := []pg.Option{pg.WithName("bailiff-case"), pg.WithMaxConns(3)}
	if !*explain { // what only looks gets a session that can only look
		opts = append(opts, pg.WithRole(pg.RoleAudit))
	}
	return e.onDatabase(ctx, func(db *database) error { return e.showCase(ctx, db, id, l, *explain) }, opts...)
}

// resumeCase ends a hold or a suspension in somebody's name.
func (e *env) resumeCase(ctx context.Context, id int64, why, as string) error {
	if as = strings.TrimSpace(as); as == "" {
		return usagef("--resume needs the name of who decides: --as NAME")
	}
	number := caseno.Format(id)
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		out, err := p.robot.Engine.Apply(ctx, []engine.For{{CaseID: id, Actor: "desk:" + as, Command: engine.Resume{Reason: why}}})
		switch {
		case err != nil:
			return err
		case out[0].Refusal == nil:
			return e.print(struct {
				Case    string `json:"case"`
				Resumed bool   `json:"resumed"`
			}{number, true}, func() { e.sayf("Case %s goes on.\n", number) })
		case out[0].Refusal.Code == engine.CodeNotFound:
			return fmt.Errorf("there is no case %s in this database: check the number, or --db", number)
		case out[0].Refusal.Code == engine.CodeAlready:
			return fmt.Errorf("case %s waits for nobody: there is nothing to resume", number)
		case out[0].Refusal.Code == engine.CodeEnded:
			return fmt.Errorf("case %s has ended: nothing can be resumed", number)
		}
		return out[0].Refusal
	}, pg.WithName("bailiff-resume"), pg.WithMaxConns(2))
}

var numberSample = caseno.Format(260_000_123)

func whyNoNumber(err error) string {
	bad, ok := errors.AsType[*caseno.Error](err)
	if !ok {
		return err.Error()
	}
	switch bad.Code {
	case caseno.CodeLength:
		return "it has not ten digits"
	case caseno.CodeCheckDigit:
		return "the check digit does not agree, so a digit was mistyped"
	case caseno.CodeSerial, caseno.CodeRange:
		return "there is no such serial number"
	case caseno.CodeFormat:
	}
	return "it holds other characters"
}

func (e *env) showCase(ctx context.Context, db *database, id int64, lang i18n.Lang, explain bool) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	keys, err := db.keys()
	if err != nil {
		return err
	}
	r := caseReader{keys: keys, printer: i18n.For(lang)}
	if r.notices, err = notify.NewStore(notify.Config{Links: keys, Host: portalHost, Window: func(t time.Time) (from, until time.Time) {
		return rules.SendWindow(pack.Default(), t)
	}}); err != nil {
		return err
	}
	var v caseView
	if explain {
		v, err = r.explain(ctx, db.pool, id)
	} else {
		v, err = r.snapshot(ctx, db.pool, id)
	}
	if errors.Is(err, engine.ErrNotFound) {
		return fmt.Errorf("there is no case %s in this database: check the number, or --db", caseno.Format(id))
	}
	if err != nil {
		return err
	}
	var written error
	err = errors.Join(e.print(v, func() { written = printCase(e.stdout, r.printer, v) }), written)
	if err == nil && !v.allSame() {
		return errSilent
	}
	return err
}

// caseReader reads one case for the command line.
type caseReader struct {
	keys    *seal.Keys
	notices *notify.Store
	printer *i18n.Printer
}

type beginner interface {
	BeginTx(ctx context.Context, opts pgx.TxOptions) (pgx.Tx, error)
}

// snapshot reads the case in one state of the database.
func (r caseReader) snapshot(ctx context.Context, db beginner, id int64) (v caseView, err error) {
	tx, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return v, fmt.Errorf("case: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	cases, err := engine.Load(ctx, tx, []int64{id})
	if err != nil {
		return v, err
	}
	if len(cases) == 0 {
		return v, engine.ErrNotFound
	}
	c := cases[0]
	v = caseView{
		Number: caseno.Format(c.ID), State: c.State, Outstanding: c.Outstanding, Debt: c.Debt, Paid: c.Paid, Region: c.Region,
		OpenedOn: c.OpenedOn, TermEndsOn: c.TermEndsOn, NotifiedOn: c.NotifiedOn, VoluntaryEndsOn: c.VoluntaryEndsOn,
		EndedAt: c.EndedAt, ReleasedAt: c.ReleasedAt, Hold: c.Hold, Suspended: c.Suspended,
		Events: []eventView{}, Orders: []orderView{}, Notices: []noticeView{}, Payments: []paymentView{},
	}
	v.Debtor.Language = c.Language
	var name string
	var sealed []byte
	err = tx.QueryRow(ctx, caseWritSQL, id).Scan(&v.Kind, &v.Document, &name, &sealed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // a case without its writ is for check to tell
		return v, fmt.Errorf("case: writ: %w", err)
	}
	v.Debtor.IIN, v.Debtor.Initials = r.masked(sealed), text.Initials(name)
	events, err := engine.Events(ctx, tx, id)
	if err != nil {
		return v, err
	}
	says := story.Tell(events)
	for i, ev := range events {
		x, err := r.event(ev, says[i])
		if err != nil {
			return v, err
		}
		v.Events = append(v.Events, x)
	}
	return v, r.surroundings(ctx, tx, id, &v)
}

// masked shows the last four digits of an IIN, and none of a number that cannot be opened.
func (r caseReader) masked(sealed []byte) string {
	iin, err := r.keys.Open(sealed, intake.SealedIIN)
	if err != nil || len(iin) != 12 {
		return "**********"
	}
	return "******" + string(iin[8:])
}

func (r caseReader) event(e engine.Event, says []i18n.Text) (eventView, error) {
	d := e.Data
	v := eventView{Seq: e.Seq, Kind: e.Kind, At: e.At, Actor: e.Actor, Amount: d.Amount, Left: d.Left, Date: d.Date, Until: d.Until, Reason: d.Reason}
	for i, t := range says {
		s, err := r.printer.Say(t)
		if err != nil {
			return v, err
		}
		if i > 0 {
			v.Text += " "
		}
		v.Text += s
	}
	return v, nil
}

// surroundings reads the orders, notices and payments of the case.
func (r caseReader) surroundings(ctx context.Context, tx pgx.Tx, id int64, v *caseView) error {
	rows, err := tx.Query(ctx, caseOrdersSQL, id)
	if err != nil {
		return fmt.Errorf("case: orders: %w", err)
	}
	if v.Orders, err = pgx.CollectRows(rows, scanOrder); err != nil {
		return fmt.Errorf("case: orders: %w", err)
	}
	notices, err := r.notices.OfCase(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, n := range notices {
		v.Notices = append(v.Notices, noticeView{
			Ordinal: n.Ordinal, Channel: n.Channel, Kind: n.Kind, Language: n.Language, Status: n.Status, Attempts: n.Attempts,
			Created: n.CreatedAt, Sent: n.SentAt, Delivered: n.DeliveredAt, Text: n.Masked,
		})
	}
	paid, err := payments.New().CaseMoney(ctx, tx, []int64{id})
	for _, p := range paid[id] { // the payer's words stay where they are: they are personal data
		v.Payments = append(v.Payments, paymentView{
			ID: p.ID, Source: p.Source, Amount: p.Amount, ValueDate: p.ValueDate, Received: p.ReceivedAt,
			Allocated: p.Allocated, RefundDue: p.RefundDue, Reversed: p.Reversed,
		})
	}
	return err
}

func scanOrder(row pgx.CollectableRow) (orderView, error) {
	var o orderView
	var amount, held int64
	var answered pgtype.Timestamptz
	err := row.Scan(&o.ID, &o.Purpose, &o.Ordinal, &o.Status, &amount, &held, &o.Bank, &o.Detail, &o.Attempts, &o.At, &answered)
	o.Amount, o.Held, o.Detail = money.FromTiyn(amount), money.FromTiyn(held), obs.Redact(o.Detail)
	o.At, o.Answered = o.At.UTC(), answered.Time
	return o, err
}

const caseWritSQL = `SELECT w.kind, w.document_number, d.name, d.iin_sealed FROM writs w JOIN debtors d ON d.id = w.debtor_id WHERE w.case_id = $1`

const caseOrdersSQL = `SELECT id::text, purpose, ordinal, status, amount, held, bank, detail, attempts, requested_at, answered_at
  FROM orders WHERE case_id = $1 ORDER BY requested_at, purpose, ordinal`
