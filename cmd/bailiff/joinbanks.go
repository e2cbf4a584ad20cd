package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/evidence"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/peers"
	"robotbailiff/notify"
)

// joinBanks connects the banks of BAILIFF_BANKS. Orders leave from the processes that work; hints are taken in those that serve pages. A
// sandbox has banks of its own, and its orders never leave it.
func (e *env) joinBanks(p *parts, w wiring) error {
	dir, calls := os.Getenv("BAILIFF_BANKS"), w.work || w.banks
	public := os.Getenv("BAILIFF_REGISTER")
	switch outside := w.reach || w.banks; {
	case p.world != nil && dir != "" && outside:
		return usagef("BAILIFF_BANKS: this database is a sandbox, which has banks of its own and whose orders never go to real ones: unset it, or use another database")
	case p.world != nil && public != "" && outside:
		return usagef("BAILIFF_REGISTER: this database is a sandbox, which has a register of its own: unset it, or use another database")
	case p.world != nil:
		if calls {
			p.banks, p.register = p.world.Banks(), p.world.Register()
		}
		return nil
	case (dir != "" || public != "") && outside:
		if err := p.openBanks(dir, public, w); err != nil {
			return err
		}
	}
	if w.work && public == "" {
		e.log.Warn("the register of debtors is not connected: nobody is entered into it, and what is to be taken out waits (BAILIFF_REGISTER)")
	}
	return p.complete(w)
}

func (p *parts) openBanks(dir, public string, w wiring) error {
	hooks := bankHooks{keep: evidence.NewStore(p.db.pool, p.keys).Keep, report: p.doubted, observe: p.metrics.observe}
	verifiers := map[string]*wire.Verifier{}
	if public != "" {
		register, verifier, err := openRegister(public, hooks)
		if err != nil {
			return usagef("BAILIFF_REGISTER: %v", err)
		}
		verifiers[orders.RegisterName] = verifier
		if w.work || w.banks {
			p.register = register
		}
		if w.work {
			p.health.AddMinor("register of debtors", register.Ready)
		}
	}
	p.until = map[peers.Peer]time.Time{}
	var all []bank
	if dir != "" {
		var err error
		if all, err = openBanks(dir, "", hooks); err != nil {
			return usagef("BAILIFF_BANKS: %v", err)
		}
		if p.rates, err = bankRates(dir); err != nil {
			return usagef("BAILIFF_BANKS: %v", err)
		}
	}
	for _, b := range all {
		p.closers = append(p.closers, b.close)
		verifiers[b.name] = b.verifier
		if w.work || w.banks {
			if p.banks == nil {
				p.banks = map[string]orders.Peer{}
			}
			p.banks[b.name], p.until[peers.Peer{Kind: peers.Bank, Name: b.name}] = b.peer, b.until
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
