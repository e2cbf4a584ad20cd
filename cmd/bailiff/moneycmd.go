package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments"
	"robotbailiff/rules/money"
)

// moneyMost is how many payments each list shows.
const moneyMost = 1000

type moneyAccount struct {
	Account string       `json:"account"`
	Debit   money.Amount `json:"debit"`
	Credit  money.Amount `json:"credit"`
	Balance money.Amount `json:"balance"` // debit minus credit
}

type moneySuspense struct {
	Payment  int64        `json:"payment"`
	Source   string       `json:"source"`
	Amount   money.Amount `json:"amount"`
	Received time.Time    `json:"received_at"`
}

type moneyRefund struct {
	Payment  int64        `json:"payment"`
	Amount   money.Amount `json:"amount"`
	Received time.Time    `json:"received_at"`
	Last     string       `json:"last,omitempty"` // how the last order of it ended
	Code     string       `json:"code,omitempty"`
}

// moneyReport is how the money of all cases stands. It holds no personal data.
type moneyReport struct {
	Balances []moneyAccount  `json:"balances"`
	Suspense []moneySuspense `json:"suspense"`
	Refunds  []moneyRefund   `json:"refunds"` // due, and in no file
	Entries  int             `json:"journal_entries,omitempty"`
}

// runMoney shows how the money stands, writes the ledger as a journal of plain text accounting, and does what sends money on to claimants.
func runMoney(ctx context.Context, e *env, args []string) error {
	f := e.moneyFlags()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return e.moneyVerb(ctx, rest, f)
	}
	return e.onDatabase(ctx, func(db *database) error { return e.money(ctx, db, *f.journal) })
}

func (e *env) money(ctx context.Context, db *database, journal string) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	var r moneyReport
	err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := r.read(ctx, tx); err != nil || journal == "" {
			return err
		}
		return r.write(ctx, tx, journal)
	})
	if err != nil {
		return fmt.Errorf("money: %w", err)
	}
	return e.print(r, func() { r.tell(e, journal) })
}

func (r *moneyReport) read(ctx context.Context, tx pgx.Tx) error {
	var store payments.Store
	balances, err := store.Balances(ctx, tx)
	if err != nil {
		return err
	}
	r.Balances, r.Suspense, r.Refunds = []moneyAccount{}, []moneySuspense{}, []moneyRefund{}
	for _, b := range balances {
		r.Balances = append(r.Balances, moneyAccount{Account: string(b.Account), Debit: b.Debit, Credit: b.Credit, Balance: b.Net()})
	}
	waiting, err := store.SuspenseList(ctx, tx, 0, moneyMost)
	if err != nil {
		return err
	}
	for _, p := range waiting {
		r.Suspense = append(r.Suspense, moneySuspense{Payment: p.ID, Source: p.Source, Amount: p.Suspense, Received: p.ReceivedAt})
	}
	due, err := store.DueList(ctx, tx, 0, moneyMost)
	for _, d := range due {
		r.Refunds = append(r.Refunds, moneyRefund{Payment: d.PaymentID, Amount: d.Amount, Received: d.ReceivedAt, Last: d.Last, Code: d.Code})
	}
	return err
}

// write makes the journal; a file that exists is left as it is.
func (r *moneyReport) write(ctx context.Context, tx pgx.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var store payments.Store
	r.Entries, err = store.Journal(ctx, tx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (r *moneyReport) tell(e *env, journal string) {
	for _, b := range r.Balances {
		e.sayf("%-24s %20s\n", b.Account, b.Balance)
	}
	e.sayf("\nIn suspense: %d payments\n", len(r.Suspense))
	for _, p := range r.Suspense {
		e.sayf("  %10d  %-12s %16s  since %s\n", p.Payment, p.Source, p.Amount, p.Received.UTC().Format(time.DateTime))
	}
	e.sayf("Refunds due: %d payments\n", len(r.Refunds))
	for _, p := range r.Refunds {
		e.sayf("%s\n", strings.TrimRight(fmt.Sprintf("  %10d  %16s  since %s  %s %s", p.Payment, p.Amount, p.Received.UTC().Format(time.DateTime), p.Last, p.Code), " "))
	}
	if journal != "" {
		e.sayf("\n%d entries written to %s\n", r.Entries, journal)
	}
}
