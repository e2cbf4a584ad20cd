package main

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"time"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// findingView is a finding with the number of its case, as people know it.
type findingView struct {
	orders.Finding

	Number string `json:"number"`
}

const compareUsage = "compare takes no arguments, or lift ID"

// compareReport is what compare prints.
type compareReport struct {
	Banks    []orders.Run  `json:"banks"`
	Findings []findingView `json:"findings"`
	Failed   []string      `json:"failed"` // banks that could not be compared
}

func runCompare(ctx context.Context, e *env, args []string) error {
	bank := e.flags.String("bank", "", "only this bank, by its short `NAME`")
	as := e.actorFlag()
	reason := e.flags.String("reason", "", "lift: `WHY` the bank shall lift what it holds; without personal data")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	do := func(p *parts) error { return e.compareBanks(ctx, p, *bank) }
	switch {
	case len(rest) == 2 && rest[0] == "lift":
		id, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil {
			return usagef("%q is not the id of a finding: bailiff compare shows them", rest[1])
		}
		do = func(p *parts) error { return e.confirmLift(ctx, p, id, *as, *reason) }
	case len(rest) > 0:
		return usagef(compareUsage)
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{banks: true})
		if err != nil {
			return err
		}
		defer p.close()
		return do(p)
	}, pg.WithName("bailiff-compare"))
}

// compareBanks compares now, whether or not that was done today.
func (e *env) compareBanks(ctx context.Context, p *parts, only string) error {
	banks := p.robot.Compared()
	if only != "" {
		if !slices.Contains(banks, only) {
			return usagef("there is no bank %q: give one of %q, or leave --bank away", only, banks)
		}
		banks = []string{only}
	}
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	duty := "asked-" + rand.Text()
	open, err := restored.Open(ctx, p.db.pool, now)
	if err != nil {
		return err
	}
	waits := map[string]bool{} // for the release of a restore
	if open != nil {
		due, err := p.robot.Comparer.Due(ctx, open.Duty(), calendar.DateOf(open.At), banks)
		if err != nil {
			return err
		}
		for _, bank := range due {
			waits[bank] = true
		}
	}
	r := compareReport{Banks: []orders.Run{}, Findings: []findingView{}, Failed: []string{}}
	for _, bank := range banks {
		d, on := duty, calendar.DateOf(now)
		if waits[bank] {
			d, on = open.Duty(), calendar.DateOf(open.At)
		}
		run, err := p.robot.CompareWith(ctx, d, on, bank)
		switch {
		case errors.Is(err, orders.ErrNotNow):
			r.Failed = append(r.Failed, bank)
		case err != nil:
			e.log.ErrorContext(ctx, "compare", "bank", bank, "error", err)
			r.Failed = append(r.Failed, bank)
		default:
			r.Banks = append(r.Banks, run)
		}
	}
	found, err := orders.Findings(ctx, p.db.pool, banks, 1000)
	if err != nil {
		return err
	}
	for _, f := range found {
		r.Findings = append(r.Findings, findingView{f, caseno.Format(f.CaseID)})
	}
	err = e.print(r, func() { e.sayCompare(r) })
	if err == nil && len(r.Findings)+len(r.Failed) > 0 {
		return errSilent
	}
	return err
}

func (e *env) sayCompare(r compareReport) {
	for _, b := range r.Banks {
		e.sayf("%-12s %d arrests at the bank, %d of ours looked for\n", b.Bank, b.Holds, b.Arrests)
	}
	for _, b := range r.Failed {
		e.sayf("%-12s could not be compared; the log says why, the workers try again\n", b)
	}
	for _, f := range r.Findings {
		e.sayf("%6d  %-8s %s at %s: ours %s, the bank's %s, since %s", f.ID, f.Kind, f.Number, f.Bank, f.Ours, f.Theirs, f.Found.Format(time.DateTime))
		switch {
		case f.Ordered:
			e.sayf("; the bank was told to give it back\n")
		case f.Proposal != "":
			e.sayf("; a person confirms: bailiff compare lift %d --as NAME --reason WHY\n", f.ID)
		default:
			e.sayf("\n")
		}
	}
	e.sayf("%d differences.\n", len(r.Findings))
}

// confirmLift is a person's word for a proposal, and sends the lift at once; the workers go on with it.
func (e *env) confirmLift(ctx context.Context, p *parts, id int64, as, reason string) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	err = orders.Confirm(ctx, p.db.pool, id, as, reason, now)
	if errors.Is(err, orders.ErrNoActor) {
		return usagef("%v: give --reason and --as", err)
	}
	if err == nil {
		err = p.robot.Comparer.Correct(ctx)
	}
	if err != nil {
		return err
	}
	return e.print(map[string]int64{"confirmed": id}, func() { e.sayf("The bank is told to lift it until it confirms.\n") })
}

const restoredUsage = "restored takes nothing, declare, or release"

// restoredReport is what restored prints.
type restoredReport struct {
	Restore *restored.Restore `json:"restore"` // null: none that is not released
}

// runRestored shows whether the database is an older copy that still waits for two people, says so, or releases it.
func runRestored(ctx context.Context, e *env, args []string) error {
	as := e.actorFlag()
	reason := e.flags.String("reason", "", "release: `WHY` coercion may go on; without personal data")
	read := e.flags.Bool("money-read", false, "release: the statements and registers of payments since the copy were read in again")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	act := ""
	if len(rest) > 0 {
		act = rest[0]
	}
	if len(rest) > 1 || act != "" && act != "declare" && act != "release" {
		return usagef(restoredUsage)
	}
	if act == "release" && !*read {
		return usagef("first read in again what was paid since the copy was made, then give --money-read: a debt that was paid must not be collected")
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{banks: act == "release"})
		if err != nil {
			return err
		}
		defer p.close()
		return e.actOnRestore(ctx, p, act, *as, *reason)
	}, pg.WithName("bailiff-restored"))
}

func (e *env) actOnRestore(ctx context.Context, p *parts, act, as, reason string) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	var r *restored.Restore
	switch act {
	case "declare":
		r, err = restored.DeclareNow(ctx, p.db.pool, as, now)
	case "release":
		r, err = restored.Release(ctx, p.db.pool, p.robot.Compared(), as, reason, now)
		if wrong, ok := errors.AsType[*restored.ActError](err); ok && (wrong.Code == restored.CodeNoReason || wrong.Code == restored.CodeNoActor) {
			return usagef("%s: give --reason and --as", wrong.Code)
		}
	default:
		r, err = restored.Open(ctx, p.db.pool, now)
	}
	if err != nil {
		return err
	}
	return e.print(restoredReport{r}, func() { e.sayRestore(r) })
}

func (e *env) sayRestore(r *restored.Restore) {
	switch {
	case r == nil:
		e.sayf("No older copy of this database waits for anybody.\n")
	case r.ReleasedAt != nil:
		e.sayf("Released: coercion goes on.\n")
	default:
		e.sayf("An older copy of this database was restored, noticed %s by %s (%s). Coercion is off; money and lifts go on.\n", r.At.Format(time.DateTime), r.NoticedBy, r.Actor)
		if r.Proposal != nil {
			e.sayf("  %s has proposed to release it; another person agrees before %s:\n", r.Proposal.Actor, r.Proposal.At.Add(restored.ReleaseWithin).Format(time.DateTime))
		} else {
			e.sayf("  Every bank is compared first, and payments are read in again. Then two different people release it:\n")
		}
		e.sayf("    bailiff restored release --money-read --as NAME --reason WHY\n")
	}
}
