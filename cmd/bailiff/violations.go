package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
)

// foundViolation is a broken promise as the command line tells it.
type foundViolation struct {
	ID     string `json:"id"`
	Case   string `json:"case"` // number; empty when it concerns no one case
	Detail string `json:"detail"`
}

// allViolations looks at every invariant of every domain, in one snapshot, and compares with the sandbox's books where
// there is one. It only reads.
func allViolations(ctx context.Context, p *parts) ([]foundViolation, error) {
	var found []foundViolation
	add := func(id string, caseID int64, detail string) {
		v := foundViolation{ID: id, Detail: detail}
		if caseID != 0 {
			v.Case = caseno.Format(caseID)
		}
		found = append(found, v)
	}
	err := pgx.BeginTxFunc(ctx, p.db.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '10min'`); err != nil {
			return err
		}
		cases, err := engine.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range cases {
			add(v.ID, v.CaseID, v.Detail)
		}
		acts, err := caseacts.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range acts {
			add(v.ID, v.CaseID, v.Detail)
		}
		rows, err := intake.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range rows {
			add(v.ID, v.CaseID, v.Detail)
		}
		money, err := payments.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range money {
			add(v.ID, v.CaseID, v.Detail)
		}
		notices, err := p.robot.Notices.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range notices {
			add(v.ID, v.CaseID, v.Detail)
		}
		people, err := accounts.Check(ctx, tx)
		if err != nil {
			return err
		}
		for _, v := range people {
			add(v.ID, 0, v.Detail)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	if p.world == nil {
		return found, nil
	}
	world, err := p.world.Compare(ctx, p.db.pool)
	if err != nil {
		return nil, fmt.Errorf("check: compare with the simulated world: %w", err)
	}
	for _, v := range world {
		add(v.ID, v.CaseID, v.Detail)
	}
	return found, nil
}
