package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// The two people of a demo who send money on.
const (
	demoCollects = "demo"
	demoReleases = "demo-second"
)

// mostRuns bounds how often what a bank refused is tried again.
const mostRuns = 12

// registerAccounts tells our side which accounts there are.
func (d *demo) registerAccounts(ctx context.Context) error {
	now, err := d.parts.clock.Now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, d.parts.db.pool, func(tx pgx.Tx) error {
		put := func(iban, gateway string) error {
			return d.parts.robot.Payments.RegisterAccount(ctx, tx, payments.Account{IBAN: iban, Gateway: gateway, AddedBy: "demo", AddedAt: now})
		}
		err := put(sandbox.TreasuryAccount, "")
		for source, iban := range sandbox.PayoutAccounts {
			err = errors.Join(err, put(iban, source))
		}
		return err
	})
}

// remit lets the money of the debtors go on to the claimants: the sources pay out to the treasury, the wait passes, two people send a file, the
// bank executes it and says so, and what it refuses or returns goes again.
func (d *demo) remit(ctx context.Context, base string) (*sandbox.Treasury, error) {
	bank := sandbox.NewTreasury(d.seed)
	now, err := d.parts.clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	day := calendar.DateOf(now)
	if err := bank.PayOut(ctx, d.parts.world, day); err != nil {
		return nil, err
	}
	d.screen.begin("remittances", mostRuns)
	for run := range mostRuns {
		d.screen.at(run)
		if err := d.statement(ctx, bank, day); err != nil {
			return nil, err
		}
		day = day.AddDays(7) // the wait after the value date is over, whatever holidays lie between
		if err := d.parts.sandbox.Set(ctx, day.Start().Add(10*time.Hour)); err != nil {
			return nil, err
		}
		if err := d.drive(ctx, base); err != nil {
			return nil, err
		}
		if now, err = d.parts.clock.Now(ctx); err != nil {
			return nil, err
		}
		day = calendar.DateOf(now)
		robot := d.parts.robot
		made, err := robot.CollectRemittances(ctx, "", sandbox.TreasuryAccount, demoCollects, "demo")
		if wrong, ok := errors.AsType[*acts.Error](err); ok && wrong.Code == jobs.CodeNotDue {
			return bank, nil
		}
		if err == nil {
			err = robot.ReleaseFile(ctx, made.File, demoReleases, "")
		}
		if err != nil {
			return nil, err
		}
		_, file, err := robot.PayoutFile(ctx, made.File, demoReleases, "to the bank")
		if err != nil {
			return nil, err
		}
		answer, err := bank.Execute(file, day)
		if err != nil {
			return nil, err
		}
		if _, err := robot.TakeReport(ctx, bytes.NewReader(answer)); err != nil {
			return nil, err
		}
	}
	return bank, nil
}

func (d *demo) statement(ctx context.Context, bank *sandbox.Treasury, day calendar.Date) error {
	body, err := bank.Statement(day)
	if err != nil {
		return err
	}
	got, err := d.parts.robot.TakeFile(ctx, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil })
	if err == nil && len(got.Refused) > 0 {
		err = fmt.Errorf("the treasury's statement was refused: %s", got.Refused[0].Code)
	}
	return err
}

const remittedSQL = `SELECT coalesce(sum(remitted), 0)::bigint, coalesce(sum(allocated - remitted) FILTER (WHERE allocated > remitted), 0)::bigint,
       coalesce((SELECT sum(CASE WHEN debit = 'treasury' THEN amount ELSE -amount END) FROM ledger WHERE 'treasury' IN (debit, credit)), 0)::bigint FROM payments`

// remitted holds what our books say against those of the bank.
func (d *demo) remitted(ctx context.Context, s *summary, bank *sandbox.Treasury) error {
	var sent, left, treasury int64
	if err := d.parts.db.pool.QueryRow(ctx, remittedSQL).Scan(&sent, &left, &treasury); err != nil {
		return fmt.Errorf("remitted: %w", err)
	}
	s.Remitted = money.FromTiyn(sent)
	arrived := money.Zero
	for _, sum := range bank.Sent {
		arrived = arrived.Add(sum)
	}
	if !arrived.Equal(s.Remitted) || left > 0 {
		s.find("INV-M1", fmt.Sprintf("sent to claimants %s, arrived %s, left %s", s.Remitted, arrived, money.FromTiyn(left)))
	}
	if !bank.Balance().Equal(money.FromTiyn(treasury)) {
		s.find("INV-M1", fmt.Sprintf("the treasury has %s of ours, our books say %s", bank.Balance(), money.FromTiyn(treasury)))
	}
	return nil
}
