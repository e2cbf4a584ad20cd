package main

import (
	"context"
	"errors"
	"fmt"

	"robotbailiff/internal/pg"
	"robotbailiff/migrations"
)

// onDatabase opens the selected database, lets f work on it and lets go of it.
func (e *env) onDatabase(ctx context.Context, f func(*database) error, opts ...pg.Option) error {
	db, err := e.open(ctx, opts...)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.close(ctx))
}

// sayf writes text for people. There is nobody to tell when standard output cannot be written.
func (e *env) sayf(format string, args ...any) { _, _ = fmt.Fprintf(e.stdout, format, args...) }

// migrateReport is what migrate prints.
type migrateReport struct {
	migrations.State

	Applied int `json:"applied"` // steps that this call applied
}

func runMigrate(ctx context.Context, e *env, args []string) error {
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "up" && rest[0] != "status" {
		return usagef("migrate takes one word: up (apply what is pending) or status (only look)")
	}
	return e.onDatabase(ctx, func(db *database) error { return e.migrate(ctx, db, rest[0] == "up") },
		pg.WithName("bailiff-migrate"), pg.WithRole(pg.RoleMigrate), pg.WithMaxConns(4))
}

func (e *env) migrate(ctx context.Context, db *database, up bool) error {
	before, err := migrations.Status(ctx, db.pool)
	if err != nil {
		return fmt.Errorf("the state of the schema cannot be read: %w", err)
	}
	r := migrateReport{State: before}
	if up && before.Pending > 0 {
		if err := migrations.Up(ctx, db.pool); err != nil {
			return fmt.Errorf("the schema was not brought up to date; nothing of the failed step is left, so mend the cause and run bailiff migrate up again: %w", err)
		}
		if r.State, err = migrations.Status(ctx, db.pool); err != nil {
			return fmt.Errorf("the state of the schema cannot be read: %w", err)
		}
		r.Applied = before.Pending - r.Pending
	}
	return e.print(r, func() { e.printMigrate(r) })
}

func (e *env) printMigrate(r migrateReport) {
	if r.Applied > 0 {
		e.sayf("%d steps applied.\n", r.Applied)
	}
	e.sayf("Schema version %d, job queue version %d, %d steps pending.\n", r.Version, r.QueueVersion, r.Pending)
	for _, name := range r.Files {
		e.sayf("  pending: %s\n", name)
	}
	if r.QueuePending > 0 {
		e.sayf("  pending: %d steps of the job queue\n", r.QueuePending)
	}
	switch {
	case r.Ahead:
		e.sayf("The schema was made by a newer version of this program: use that one.\n")
	case r.Pending > 0:
		e.sayf("Run bailiff migrate up.\n")
	}
}
