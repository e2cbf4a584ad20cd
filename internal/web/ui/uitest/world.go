// Package uitest makes a small world for the tests of pages: people, writs and cases in a real database, moved by the
// engine, and a browser that keeps cookies and reads HTML.
//
// It must not be linked into any program.
package uitest

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/seal"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Place is where the sealed IIN belongs.
const Place = "debtors.iin_sealed"

const phonePlace = "debtors.phone_sealed"

// World is a database with cases in it.
type World struct {
	Pool  *pgxpool.Pool
	Keys  *seal.Keys
	Clock *clock.Manual
	Packs *engine.Packs
	Store *engine.Store

	serial int64
	payID  int64
}

// Morning is when a world begins: Monday, 2 March 2026, 09:00 in Almaty.
var Morning = time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)

// NewWorld makes an empty world.
func NewWorld(ctx context.Context, pool *pgxpool.Pool, keys *seal.Keys) (*World, error) {
	packs, err := engine.RegisterPack(ctx, pool, pack.Default())
	if err != nil {
		return nil, err
	}
	c := clock.NewManual(Morning)
	return &World{Pool: pool, Keys: keys, Clock: c, Packs: packs, Store: engine.NewStore(engine.Config{Pool: pool, Clock: c, Packs: packs})}, nil
}

// Person is a debtor to be.
type Person struct {
	ID       int64
	CaseID   int64
	IIN      string
	Phone    string
	Year     string
	Token    string
	Name     string
	Language string
}

// Writ says what is special about a case; zero values are ordinary.
type Writ struct {
	Name, Language, Region, Kind, Issuer, Document string
	Amount                                         int64 // tenge
	NoDate                                         bool
	Debtor                                         *Person // who has a case already; nil: a new person
}

// Open opens a case, for a new person unless the writ names one, and gives the personal link.
func (w *World) Open(ctx context.Context, x Writ) (Person, error) {
	w.serial++
	n := w.serial
	set := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	set(&x.Name, "Ахметов Данияр Серікұлы")
	set(&x.Language, "kk")
	set(&x.Region, "75")
	set(&x.Kind, "fine_prescription")
	set(&x.Issuer, "Алматы қ. Полиция департаменті")
	set(&x.Document, fmt.Sprintf("2616%07d", n))
	if x.Amount == 0 {
		x.Amount = 20155
	}
	p := Person{CaseID: 260000000 + n, Name: x.Name, Language: x.Language, IIN: IIN(n), Year: "1985", Phone: fmt.Sprintf("+7701%07d", 7000000+n)}
	if d := x.Debtor; d != nil {
		p.ID, p.Name, p.IIN, p.Phone = d.ID, d.Name, d.IIN, d.Phone
	}
	documentDate := any(time.Date(2025, 11, 12, 0, 0, 0, 0, time.UTC))
	if x.NoDate {
		documentDate = nil
	}
	var batch int64
	const batchSQL = `INSERT INTO batches (source, file_name, sha256, received_at) VALUES ('court', 'test.csv', sha256($1::text::bytea), $2) RETURNING id`
	if err := w.Pool.QueryRow(ctx, batchSQL, fmt.Sprint(p.IIN, n), Morning).Scan(&batch); err != nil {
		return p, err
	}
	const debtorSQL = `INSERT INTO debtors (iin_blind, iin_sealed, name, birth_date, language, phone_sealed, name_key, phone_blind) VALUES ($1, $2, $3, '1985-01-01', $4, $5, $6, $7) RETURNING id`
	if x.Debtor == nil {
		err := w.Pool.QueryRow(ctx, debtorSQL, w.Keys.Blind(intake.BlindIIN, p.IIN), w.Keys.Seal([]byte(p.IIN), Place), x.Name, x.Language, w.Keys.Seal([]byte(p.Phone), phonePlace), intake.NameKey(x.Name), intake.PhoneBlind(w.Keys, p.Phone)).Scan(&p.ID)
		if err != nil {
			return p, err
		}
	}
	const writSQL = `INSERT INTO writs (case_id, source, document_number, document_date, in_force_date, kind, issuer_name, debtor_id, amount,
 unpaid_confirmed_on, content_hash, batch_id, row_no) VALUES ($1, 'court', $2, $3, '2025-11-25', $4, $5, $6, $7, '2026-02-20', '\x00', $8, 1)`
	if _, err := w.Pool.Exec(ctx, writSQL, p.CaseID, x.Document, documentDate, x.Kind, x.Issuer, p.ID, x.Amount*100, batch); err != nil {
		return p, err
	}
	inForce, unpaid := calendar.MakeDate(2025, 11, 25), calendar.MakeDate(2026, 2, 20)
	err := w.Do(ctx, p.CaseID, engine.ActorCourt, engine.Open{DebtorID: p.ID, Region: x.Region, Language: x.Language, Facts: rules.WritFacts{
		Kind: x.Kind, DebtorIIN: p.IIN, Amount: Tenge(x.Amount), Currency: "KZT", InForce: inForce, UnpaidConfirmedOn: unpaid,
	}})
	if err != nil {
		return p, err
	}
	p.Token = w.Keys.LinkToken(p.CaseID, 1)
	const linkSQL = `INSERT INTO links (token_hash, case_id, ordinal) VALUES ($1, $2, 1)`
	_, err = w.Pool.Exec(ctx, linkSQL, w.Keys.LinkHash(p.Token), p.CaseID)
	return p, err
}

// Do applies one command; a refusal is an error.
func (w *World) Do(ctx context.Context, caseID int64, actor string, cmd engine.Command) error {
	out, err := w.Store.Apply(ctx, []engine.For{{CaseID: caseID, Actor: actor, Command: cmd}})
	if err != nil {
		return err
	}
	if r := out[0].Refusal; r != nil {
		return fmt.Errorf("%s: %w", cmd.Kind(), r)
	}
	return nil
}

// Notify reports the opening notice as delivered now.
func (w *World) Notify(ctx context.Context, id int64) error {
	now, _ := w.Clock.Now(ctx)
	return w.Do(ctx, id, engine.ActorNotice, engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})
}

// Arrest moves a notified case on until a bank holds the debt.
func (w *World) Arrest(ctx context.Context, id int64) error {
	w.Clock.Advance(10 * 24 * time.Hour)
	if err := w.Do(ctx, id, engine.ActorRobot, engine.Tick{}); err != nil {
		return err
	}
	c, err := engine.Load(ctx, w.Pool, []int64{id})
	if err != nil {
		return err
	}
	w.Clock.Advance(3 * time.Minute)
	return w.Do(ctx, id, engine.ActorBank, engine.OrderAnswered{Purpose: engine.Arrest, Ordinal: 1, Answer: engine.Accepted, Sum: c[0].Outstanding, Bank: "BTBKZ"})
}

// Pay books a payment of a sum in tenge.
func (w *World) Pay(ctx context.Context, id, tenge int64) error {
	now, _ := w.Clock.Now(ctx)
	return w.PayOn(ctx, id, tenge, calendar.DateOf(now))
}

// PayOn books a payment with a value date of its own.
func (w *World) PayOn(ctx context.Context, id, tenge int64, day calendar.Date) error {
	w.payID++
	now, _ := w.Clock.Now(ctx)
	const paySQL = `INSERT INTO payments (source, txn_id, amount, currency, value_date, case_id, received_at, allocated)
VALUES ('gateway', $1, $2, 'KZT', $3, $4, $5, $2)`
	if _, err := w.Pool.Exec(ctx, paySQL, fmt.Sprint("t", w.payID), tenge*100, day.UTC(), id, now); err != nil {
		return err
	}
	return w.Do(ctx, id, engine.ActorPayment, engine.Pay{PaymentID: w.payID, Amount: Tenge(tenge), ValueDate: day, Source: "gateway"})
}

// Lift reports an arrest as lifted.
func (w *World) Lift(ctx context.Context, id int64) error {
	return w.Do(ctx, id, engine.ActorBank, engine.OrderAnswered{Purpose: engine.Lift, Ordinal: 1, Answer: engine.Accepted, Bank: "BTBKZ"})
}

// CaseByToken finds the case of a personal link.
func (w *World) CaseByToken(ctx context.Context, token string) (int64, bool, error) {
	rows, err := w.Pool.Query(ctx, `SELECT l.case_id FROM links l WHERE l.token_hash = $1
 AND NOT EXISTS (SELECT FROM link_renewals r WHERE r.case_id = l.case_id AND r.below > l.ordinal)`, w.Keys.LinkHash(token))
	if err != nil {
		return 0, false, err
	}
	defer rows.Close()
	var id int64
	found := rows.Next()
	if found {
		err = rows.Scan(&id)
	}
	return id, found, err
}

// OpenIIN opens a sealed IIN.
func (w *World) OpenIIN(sealed []byte) (string, error) {
	b, err := w.Keys.Open(sealed, Place)
	return string(b), err
}

// OpenPhone opens a sealed telephone.
func (w *World) OpenPhone(sealed []byte) (string, error) {
	b, err := w.Keys.Open(sealed, phonePlace)
	return string(b), err
}

// Counts tells how many rows each table has, and the last transaction that wrote: equal texts mean that nothing was written
// but who has looked, which reading writes.
func (w *World) Counts(ctx context.Context) (string, error) {
	var s string
	const sql = `SELECT string_agg(relname || ' ' || (xpath('/row/n/text()', query_to_xml('SELECT count(*) || ''/'' || coalesce(max(xmin::text::bigint), 0) AS n FROM ' || quote_ident(relname), false, true, '')))[1]::text, E'\n' ORDER BY relname)
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'desk_looks' AND relname NOT LIKE 'goose%' AND relname NOT LIKE 'river%'`
	err := w.Pool.QueryRow(ctx, sql).Scan(&s)
	return s, err
}

// IIN makes a valid number of somebody born on 1 January 1985.
func IIN(n int64) string {
	for i := n * 7 % 9000; ; i++ {
		first := fmt.Sprintf("8501013%04d", i)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

// Tenge makes a sum.
func Tenge(n int64) money.Amount { return money.FromTiyn(n * 100) }

// Key signs the form tokens of tests.
func Key() []byte {
	k, _ := hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	return k
}
