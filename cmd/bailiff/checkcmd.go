package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/notify"
	"robotbailiff/rules"
	"robotbailiff/rules/pack"
)

// Numbers of separate checks behind the calls of check; the engine tells its own.
const (
	intakeChecks   = 6  // batches, rows, batches not let in, releases, writs, document numbers
	paymentsChecks = 10 // payments, receivables, cases, accounts, twice, content, places, lost, shapes, the guard
	notifyChecks   = 7  // repeated, mixed, attempts, proof, time, crowded, quiet hours
	worldChecks    = 6  // wrongs, instructions, arrests, missing, payments, messages
)

// checkReport is what check prints.
type checkReport struct {
	Checked    int              `json:"checked"` // checks that were made
	Cases      int64            `json:"cases"`   // that they were made on
	World      bool             `json:"world"`   // the sandbox's banks, payers and telephones were compared with our tables
	Violations []foundViolation `json:"violations"`
}

func runCheck(ctx context.Context, e *env, args []string) error {
	trip := e.flags.Bool("stop", false, "stop all measures when a violation is found: two people release")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("check takes no arguments, got %q", rest[0])
	}
	return e.onDatabase(ctx, func(db *database) error { return e.check(ctx, db, *trip) },
		pg.WithName("bailiff-check"), pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2))
}

func (e *env) check(ctx context.Context, db *database, trip bool) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	notices, err := notify.NewStore(notify.Config{Links: noLinks{}, Host: portalHost, Window: func(t time.Time) (from, until time.Time) {
		return rules.SendWindow(pack.Default(), t)
	}})
	if err != nil {
		return err
	}
	r := checkReport{Checked: engine.Checked() + caseacts.Checked() + accounts.Checked + intakeChecks + paymentsChecks + notifyChecks, Violations: []foundViolation{}}
	if err := db.pool.QueryRow(ctx, countCasesSQL).Scan(&r.Cases, &r.World); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	// Our tables are looked at in one snapshot: what is found there is wrong at a commit, never between two of them.
	found, err := allViolations(ctx, &parts{db: db, robot: &jobs.Robot{Notices: notices}})
	r.Violations = append(r.Violations, found...)
	if err == nil && r.World {
		r.Checked += worldChecks
		err = r.compare(ctx, db)
	}
	if err != nil {
		return err
	}
	if trip && len(r.Violations) > 0 {
		if err := e.tripOnViolations(ctx, db, len(r.Violations)); err != nil {
			return err
		}
	}
	return e.printCheck(r)
}

// tripOnViolations throws the switch by a connection of its own, since that of the check may only read.
func (e *env) tripOnViolations(ctx context.Context, db *database, n int) error {
	pool, err := pg.Open(ctx, db.url, pg.WithName("bailiff-check-stop"), pg.WithMaxConns(2))
	if err != nil {
		return err
	}
	defer pool.Close()
	p := &parts{db: &database{pool: pool, url: db.url}}
	if err := p.joinClock(ctx); err != nil {
		return err
	}
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	f := stop.Figures{Count: int64(n)}
	_, err = stop.NewStore(pool).Trip(ctx, stop.Everything, breaker.Violations, breaker.Why(breaker.Violations, f, "en"), f, now)
	return err
}

const countCasesSQL = `SELECT (SELECT count(*) FROM cases),
       to_regclass('public.sandbox_clock') IS NOT NULL AND to_regclass('sandbox.instructions') IS NOT NULL`

// noLinks is for looking only: whoever checks needs no key, and no link can be made by mistake.
type noLinks struct{}

func (noLinks) LinkToken(int64, int) string { panic("check makes no links") }
func (noLinks) LinkHash(string) []byte      { panic("check makes no links") }

// How often, and how far apart, a difference to the world is looked at before it counts: while both sides move, what is
// on its way looks wrong for a moment, each time in another place.
const (
	worldLooks = 5
	worldPause = 400 * time.Millisecond
)

// compare holds our tables against the books of the simulated world.
func (r *checkReport) compare(ctx context.Context, db *database) error {
	books, err := pg.Open(ctx, db.url, pg.WithName("bailiff-check-world"), pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2))
	if err != nil {
		return err
	}
	defer books.Close()
	world, err := silentWorld(ctx, books)
	if err != nil {
		return err
	}
	found, err := world.Compare(ctx, db.pool)
	for look := 1; err == nil && len(found) > 0 && look < worldLooks; look++ {
		if err := pause(ctx, worldPause); err != nil {
			return err
		}
		var again []sandbox.Violation
		again, err = world.Compare(ctx, db.pool)
		found = slices.DeleteFunc(found, func(v sandbox.Violation) bool { return !slices.Contains(again, v) })
	}
	if err != nil {
		return err
	}
	for _, v := range found {
		number := ""
		if v.CaseID != 0 {
			number = caseno.Format(v.CaseID)
		}
		r.Violations = append(r.Violations, foundViolation{ID: v.ID, Case: number, Detail: v.Detail})
	}
	return nil
}

// silentWorld is the sandbox's world for reading its books. It signs nothing, so its secrets are made up and forgotten.
func silentWorld(ctx context.Context, books *pgxpool.Pool) (*sandbox.World, error) {
	c, err := clock.Sandbox(ctx, books)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: without randomness the program ends
	text := "whsec_" + base64.StdEncoding.EncodeToString(secret)
	return sandbox.New(0, sandbox.Config{Pool: books, Clock: c, Secrets: map[string]string{sandbox.SourceGateway: text, sandbox.SourceBank: text}})
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (e *env) printCheck(r checkReport) error {
	slices.SortFunc(r.Violations, func(a, b foundViolation) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Case, b.Case), cmp.Compare(a.Detail, b.Detail))
	})
	r.Violations = slices.Compact(r.Violations)
	err := e.print(r, func() {
		for _, v := range r.Violations {
			where := "case " + v.Case
			if v.Case == "" {
				where = "no single case"
			}
			e.sayf("%-10s %s: %s\n", v.ID, where, v.Detail)
		}
		world := ""
		if r.World {
			world = ", the simulated world's books too"
		}
		e.sayf("%d violations; %d checks over %d cases%s.\n", len(r.Violations), r.Checked, r.Cases, world)
	})
	if err == nil && len(r.Violations) > 0 {
		return errSilent
	}
	return err
}
