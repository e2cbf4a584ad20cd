package main

import (
	"context"
	"os"
	"strings"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/evidence"
	"robotbailiff/internal/clock"
	"robotbailiff/notify"
)

// joinBanks connects the banks of BAILIFF_BANKS. Orders leave from the processes that work; hints are taken in those that serve pages. A
// sandbox has banks of its own, and its orders never leave it.
func (e *env) joinBanks(p *parts, w wiring) error {
	dir, calls := os.Getenv("BAILIFF_BANKS"), w.work || w.banks
	switch outside := w.reach || w.banks; {
	case p.world != nil && dir != "" && outside:
		return usagef("BAILIFF_BANKS: this database is a sandbox, which has banks of its own and whose orders never go to real ones: unset it, or use another database")
	case p.world != nil:
		if calls {
			p.banks = p.world.Banks()
		}
		return nil
	case dir != "" && outside:
		if err := p.openBanks(dir, w); err != nil {
			return err
		}
	}
	return p.complete(w)
}

func (p *parts) openBanks(dir string, w wiring) error {
	all, err := openBanks(dir, "", bankHooks{keep: evidence.NewStore(p.db.pool, p.keys).Keep, report: p.doubted, observe: p.metrics.observe})
	if err != nil {
		return usagef("BAILIFF_BANKS: %v", err)
	}
	verifiers := map[string]*wire.Verifier{}
	for _, b := range all {
		p.closers = append(p.closers, b.close)
		verifiers[b.name] = b.verifier
		if w.work || w.banks {
			if p.banks == nil {
				p.banks = map[string]orders.Peer{}
			}
			p.banks[b.name] = b.peer
		}
		if w.work {
			p.health.AddMinor("bank "+b.name, b.ready)
		}
	}
	if !w.reach {
		return nil
	}
	hints, err := bankapi.NewHints(bankapi.HintsConfig{Banks: verifiers, Hint: p.hinted, Clock: clock.System(), Observe: p.metrics.observe})
	if err != nil {
		return err
	}
	p.outside.hooks[bankapi.HintsPath] = hints
	return nil
}

// complete refuses workers that could not do their work, and says exactly what they lack.
func (p *parts) complete(w wiring) error {
	var lacks []string
	if (w.work || w.banks) && len(p.banks) == 0 {
		lacks = append(lacks, "banks (BAILIFF_BANKS: the folder with a file for each)")
	}
	if w.work && p.outside.ways[notify.SMS] == nil {
		lacks = append(lacks, "an SMS gateway (BAILIFF_SMPP or BAILIFF_SMS_HTTP, with BAILIFF_SMS_ONLY)")
	}
	if len(lacks) == 0 {
		return nil
	}
	instead := ""
	if w.work {
		instead = ", or run with --roles web"
	}
	return usagef("this database is not a sandbox, and it lacks %s: set what is missing, see deploy/env.example%s", strings.Join(lacks, " and "), instead)
}

// doubted tells of what a bank said and was not believed.
func (p *parts) doubted(ctx context.Context, f wire.Finding) {
	attrs := []any{"bank", f.Bank, "type", string(f.Kind), "code", f.Code}
	if f.ID != uuid.Nil {
		attrs = append(attrs, "order", f.ID)
	}
	p.log.ErrorContext(ctx, "a bank's words were not believed", attrs...)
	p.metrics.observe("bank_doubt", f.Code, 1)
}

// hinted is asked only while the program runs, when there is a robot.
func (p *parts) hinted(ctx context.Context, bank string, legs []uuid.UUID) error {
	return p.robot.Hint(ctx, bank, legs)
}
