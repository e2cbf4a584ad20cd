package papers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// acts are the decrees of a case and the confirmations of its refusals, oldest first.
func (f *file) acts() []Document {
	var out []Document
	decree := func(e engine.Event, k Kind, act func(t told) paper.Act) {
		d := Document{Name: "decree-" + strconv.Itoa(e.Seq) + ".pdf", Kind: k, On: day(e.At), Language: f.own, Title: i18n.Say("documents."+string(k), "on", day(e.At)), seq: e.Seq}
		if by, ok := f.signed[e.Seq]; ok {
			d.Signed = &by
		}
		d.make = func(ctx context.Context) ([]byte, error) { return f.decree(ctx, d.seq, act, d.Signed) }
		d.draft = func(ctx context.Context, by paper.Signature) ([]byte, error) { return f.layOut(ctx, d.seq, act, &by) }
		out = append(out, d)
	}
	for _, e := range f.events {
		switch e.Kind {
		case engine.EvOpened:
			decree(e, Opening, f.opening)
		case engine.EvCollectOrdered:
			decree(e, Collection, f.collection)
		case engine.EvArrestOrdered:
			if o := ordered(e, engine.Arrest); o != nil && len(f.plans[o.Ordinal]) > 0 { // before the accounts are chosen there is no decree
				decree(e, Arrest, f.arrest)
			}
		case engine.EvPaid, engine.EvCancelled:
			decree(e, Termination, f.termination)
		case engine.EvVoided:
			decree(e, Giveback, f.giveback)
		case engine.EvHandedOver:
			decree(e, Transfer, f.transfer)
		case engine.EvRefusalRequested:
			seq := e.Seq
			out = append(out, Document{
				Name: "refusal-" + strconv.Itoa(seq) + ".pdf", Kind: Refusal, On: day(e.At), Language: f.lang, Title: i18n.Say("documents.refusal", "on", day(e.At)),
				make: func(ctx context.Context) ([]byte, error) { return f.refusal(ctx, seq) },
			})
		default:
			switch {
			case ordered(e, engine.Reduce) != nil: // whatever it follows
				decree(e, Reduction, f.reduction)
			case f.takesBack(e):
				decree(e, Takeback, f.takeback)
			}
		}
	}
	return out
}

// told is one event, the case before it, and the rules that it was decided by.
type told struct {
	engine.Event
	before engine.Case
	rules  *pack.Pack
	lang   i18n.Lang
}

func (f *file) told(ctx context.Context, seq int, lang i18n.Lang) (told, error) {
	e := f.events[seq-1]
	p, err := f.s.cfg.Packs.ByID(ctx, e.Pack)
	return told{Event: e, before: engine.Fold(f.id, f.events[:seq-1]), rules: p, lang: lang}, err
}

// citation gives the articles of a rule as they stood that day; empty: there was no such rule.
func (t *told) citation(key string) string {
	v, ok := t.rules.Lookup(key, day(t.At))
	if !ok {
		return ""
	}
	return v.Citation
}

// cites writes the articles of a rule as they stood that day.
func (t *told) cites(key string) string { return cite(t.citation(key), t.lang) }

// decree gives the decree of an event: as it was signed, byte by byte, to the debtor; a copy with initials to the desk.
func (f *file) decree(ctx context.Context, seq int, act func(t told) paper.Act, by *paper.Signature) ([]byte, error) {
	if by == nil || f.who != Debtor {
		return f.layOut(ctx, seq, act, by)
	}
	signed, err := f.s.cfg.Signatures.Of(ctx, f.q, f.id, seq)
	if err != nil {
		return nil, fmt.Errorf("signed decree: %w", err)
	}
	return signed.Body, nil
}

func (f *file) layOut(ctx context.Context, seq int, act func(t told) paper.Act, by *paper.Signature) ([]byte, error) {
	t, err := f.told(ctx, seq, f.own)
	if err != nil {
		return nil, err
	}
	d := paper.Decree{
		Lang: f.own, Region: f.now.Region, Case: f.number, Number: f.decreeNumber(seq), At: t.At, Writ: f.writ.Writ, Debtor: f.debtor, IIN: f.iin, Act: act(t),
		Signature: by, Copy: by != nil && f.who != Debtor,
	}
	if a, ok := t.rules.Appeal(day(t.At)); ok {
		d.Appeal = &paper.Appeal{Days: a.N, Working: a.Unit == pack.UnitWorkingDay, Article: t.cites(pack.KeyAppeal)}
	}
	if code, err := f.s.cfg.Codes.DecreeCode(f.id, seq); err == nil { // a case with a thousand events and more has decrees without
		d.Code, d.Verify, d.Check = code, f.s.cfg.Base+"/verify", f.s.cfg.Base+"/verify?code="+code
	}
	return paper.MakeDecree(d)
}

// decreeNumber is the number of the case and that of the event that the decree is of.
func (f *file) decreeNumber(seq int) string { return f.number + "/" + strconv.Itoa(seq) }

func (f *file) opening(t told) paper.Act {
	a := paper.Opening{Sum: *t.Data.Amount, InForce: f.writ.inForce, TermEndsOn: *t.Data.Until, Articles: paper.Articles{
		Ground: t.cites(pack.KeyKindPrefix + f.writ.Kind), Term: t.cites(pack.KeyTerm), Measures: t.cites(ruleArrest), Free: t.cites(pack.KeyFeeSimplified),
	}}
	if v, ok := t.rules.Voluntary(day(t.At)); ok {
		a.Voluntary, a.VoluntaryWorks = v.N, v.Unit == pack.UnitWorkingDay
	}
	if r, ok := t.rules.SimplifiedFee(day(t.At)); ok {
		a.Free = r.IsZero()
	}
	var checks []string
	for _, x := range t.Data.Trace.Explain(t.rules, day(t.At), string(t.lang)) {
		if x.Basis == "act" {
			checks = append(checks, x.Citation)
		}
	}
	a.Checks = cite(articles(checks), t.lang)
	return a
}

func (f *file) arrest(t told) paper.Act {
	o := ordered(t.Event, engine.Arrest)
	a := paper.Arrest{
		Order: o.Ordinal, Sum: o.Amount, NotifiedOn: t.before.NotifiedOn, VoluntaryEndsOn: t.before.VoluntaryEndsOn,
		Articles: paper.Articles{Measures: t.cites(ruleArrest)},
	}
	for _, l := range f.plans[o.Ordinal] {
		for _, p := range l.Parts {
			a.Accounts = append(a.Accounts, paper.Hold{Bank: l.Bank, Account: account(p.Account), Sum: p.Amount})
		}
	}
	a.Articles.Free = f.protected(t)
	return a
}

// protected writes the articles by which money and accounts are out of reach.
func (f *file) protected(t told) string {
	var free []string
	for _, code := range t.rules.ProtectedCodes(day(t.At)) {
		if v, ok := t.rules.Protected(code, day(t.At)); ok {
			free = append(free, v.Citation)
		}
	}
	return cite(articles(free), t.lang)
}

// account shows of an account what its owner knows it by.
func account(iban string) string {
	if len(iban) <= 8 {
		return "…"
	}
	return iban[:2] + "…" + iban[len(iban)-4:]
}

func (f *file) termination(t told) paper.Act {
	a := paper.Termination{Paid: t.before.Paid, Cancelled: t.Kind == engine.EvCancelled, Recall: ordered(t.Event, engine.Recall) != nil}
	a.Standing, a.Pending = f.standing(t.before, t.Seq-1)
	if t.Data.RefundDue != nil {
		a.Refund = *t.Data.RefundDue
	}
	if a.Other = t.Data.Reason == engine.GroundOtherPerson; a.Other {
		return a // no article of the law speaks of it
	}
	if a.Cancelled {
		a.Act, a.Articles.Ground = fact(t.Event, "act"), t.cites("terminate_cancelled")
		return a
	}
	a.Articles.Ground = t.cites(rulePaid)
	a.Paid = a.Paid.Add(*t.Data.Amount)
	if t.Data.Amount.IsPositive() {
		a.PaidOn = *t.Data.Date
	}
	return a
}

func (f *file) transfer(t told) paper.Act {
	a := paper.Transfer{
		Left: *t.Data.Amount, TermEndsOn: t.before.TermEndsOn, Recall: ordered(t.Event, engine.Recall) != nil,
		Articles: paper.Articles{Ground: t.cites("transfer_term"), Choice: t.cites("distribution")},
	}
	if t.Data.Reason == "refusal" {
		a.RefusedAt, a.Articles.Ground = t.before.RefusalAt, t.cites("transfer_refusal")
	}
	a.Standing, a.Pending = f.standing(t.before, t.Seq-1)
	return a
}

// standing gives the arrests that are in force in a case as some of its first events make it, by order, and whether a bank has still to
// answer one.
func (f *file) standing(c engine.Case, first int) (all []paper.Hold, pending bool) {
	for _, o := range c.Orders {
		if o.Purpose != engine.Arrest {
			continue
		}
		pending = pending || o.Status.Open()
		if o.Status != engine.Active && o.Status != engine.HandedOverArrest || !o.Held.IsPositive() {
			continue
		}
		h := paper.Hold{Bank: "—", Decree: "—", Sum: o.Held} // an arrest that was found after a restore has neither
		for _, e := range f.events[:first] {
			if x := ordered(e, engine.Arrest); x != nil && x.Ordinal == o.Ordinal {
				h.Decree = f.decreeNumber(e.Seq)
			}
			if x := e.Data.Answer; x != nil && x.Purpose == engine.Arrest && x.Ordinal == o.Ordinal && x.Bank != "" {
				h.Bank = x.Bank
			}
		}
		all = append(all, h)
	}
	return all, pending
}

func (f *file) refusal(ctx context.Context, seq int) ([]byte, error) {
	t, err := f.told(ctx, seq, f.lang)
	if err != nil {
		return nil, err
	}
	d := paper.RefusalPaper{
		Lang: f.lang, Region: f.now.Region, Case: f.number, Debtor: f.debtor, At: t.At, Debt: t.before.Outstanding, Fee: *t.Data.Amount,
		Rate: strings.ReplaceAll(fact(t.Event, "rate"), " ", "\u00a0"), FeeArticle: t.cites(pack.KeyFeeBands), Until: t.At.Add(t.rules.RefusalUndo(day(t.At))),
		Undone: f.undone(seq), Article: t.cites("refusal"),
	}
	standing, _ := f.standing(t.before, t.Seq-1)
	for _, h := range standing {
		d.Held = d.Held.Add(h.Sum)
	}
	return paper.Refusal(d)
}

// undone is when a refusal was taken back; zero: it was not.
func (f *file) undone(seq int) (at time.Time) {
	for _, e := range f.events[seq:] {
		switch e.Kind {
		case engine.EvRefusalUndone:
			return e.At
		case engine.EvRefusalRequested:
			return at
		default:
		}
	}
	return at
}

// ordered is the order of a purpose that an event asks for, nil if there is none.
func ordered(e engine.Event, p engine.Purpose) *engine.Asked {
	for i := range e.Data.Orders {
		if o := &e.Data.Orders[i]; o.Purpose == p {
			return o
		}
	}
	return nil
}

// fact is what a decision looked at, empty if it did not.
func fact(e engine.Event, key string) string {
	for _, step := range e.Data.Trace {
		for _, x := range step.Facts {
			if x.Key == key {
				return x.Value
			}
		}
	}
	return ""
}

// slip is how to pay at a bank, while there is something to pay here.
func (f *file) slip() []Document {
	c := f.now
	if f.s.cfg.Payee == nil || c.State.Final() || !c.Outstanding.IsPositive() {
		return nil
	}
	at, left := f.events[0].At, money.Zero
	for i, e := range f.events {
		if now := engine.Fold(f.id, f.events[:i+1]).Outstanding; !now.Equal(left) {
			at, left = e.At, now
		}
	}
	to, ok := f.s.cfg.Payee(f.writ.Kind, day(at))
	if !ok {
		return nil
	}
	return []Document{{
		Name: "slip.pdf", Kind: Slip, On: day(at), Language: f.lang, Title: i18n.Say("documents.slip"),
		make: func(context.Context) ([]byte, error) {
			return paper.Slip(paper.SlipPaper{Lang: f.lang, Region: c.Region, Case: f.number, Debtor: f.debtor, Payee: to, Sum: c.Outstanding, At: at})
		},
	}}
}

func day(t time.Time) calendar.Date { return calendar.DateOf(t) }
