package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/engine/audit"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
)

// auditReport is what audit verify prints.
type auditReport struct {
	Events   int64        `json:"events"`
	Cases    int64        `json:"cases"`
	Result   audit.Result `json:"result"`
	FirstBad *badPlace    `json:"first_bad"` // null when nothing is wrong
}

// badPlace names the first record that is not as it was written.
type badPlace struct {
	Case string `json:"case"` // its number
	ID   int64  `json:"case_id"`
	Seq  int    `json:"seq"`
	Why  string `json:"why"`
}

func runAudit(ctx context.Context, e *env, args []string) error {
	checkpoint := e.flags.String("checkpoint", "", "a signed checkpoint `FILE` (not built in yet)")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "verify" {
		return usagef("audit takes one word: verify")
	}
	if *checkpoint != "" {
		return e.cannotTell(errors.New("checkpoints are not built in yet, so the file was not compared; run audit verify without --checkpoint to verify the chains and heads alone"))
	}
	var r audit.Report
	err = e.onDatabase(ctx, func(db *database) error {
		var err error
		r, err = audit.Verify(ctx, db.pool)
		return err
	}, pg.WithName("bailiff-audit"), pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2))
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return err
	case err != nil:
		return e.cannotTell(err)
	}
	return e.printAudit(r)
}

// cannotTell says that nothing was proven, neither way.
func (e *env) cannotTell(cause error) error {
	if err := e.print(auditReport{Result: audit.Unknown}, func() {}); err != nil {
		return err
	}
	if missingTable(cause) {
		return fmt.Errorf("%w: the schema is missing: run bailiff migrate up", errUnknown)
	}
	return fmt.Errorf("%w: %w", errUnknown, cause)
}

func missingTable(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "42P01" // undefined_table
}

func (e *env) printAudit(r audit.Report) error {
	out := auditReport{Events: r.Events, Cases: r.Cases, Result: r.Result}
	if b := r.FirstBad; b != nil {
		out.FirstBad = &badPlace{Case: caseno.Format(b.CaseID), ID: b.CaseID, Seq: b.Seq, Why: b.Why}
	}
	err := e.print(out, func() {
		if b := out.FirstBad; b != nil {
			e.sayf("TAMPERED: case %s, event %d: %s.\nFound after %d events of %d cases; what follows was not looked at.\n", b.Case, b.Seq, b.Why, r.Events, r.Cases)
			return
		}
		e.sayf("Intact: %d events of %d cases are as they were written, and every case ends in its last event.\n", r.Events, r.Cases)
	})
	if err == nil && out.FirstBad != nil {
		return errSilent
	}
	return err
}
