package sandbox

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// CaseLedger is what one debtor suffered and paid for one case, by the world's own books.
type CaseLedger struct {
	CaseID     int64
	Plan       string // what he meant to do; empty: he never heard of the case
	LiveNow    int    // arrests
	Arrests    int    // ever
	Held       money.Amount
	Peak       money.Amount // the highest sum ever held at once
	Paid       money.Amount // by himself, reversed sums included
	Taken      money.Amount // by collection orders
	Reversed   money.Amount
	Messages   int       // that reached him
	FirstAt    time.Time // the first message left
	AwareAt    time.Time // the first message was read
	ArrestedAt time.Time // the last arrest
	LiftedAt   time.Time // the last end of an arrest
	LastPaidAt time.Time // the last payment or taking
}

// Ledger lists every case that the world has heard of, by id.
func (w *World) Ledger(ctx context.Context) ([]CaseLedger, error) {
	p, err := w.books.All(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]CaseLedger, 0, len(p.Debtors.rows))
	for _, id := range slices.Sorted(maps.Keys(p.Debtors.rows)) {
		d := p.Debtors.Get(id)
		out = append(out, CaseLedger{
			CaseID: id, Plan: d.Plan, LiveNow: d.LiveNow, Arrests: d.Arrests,
			Held: money.FromTiyn(d.Held), Peak: money.FromTiyn(d.Peak), Paid: money.FromTiyn(d.Paid), Taken: money.FromTiyn(d.Taken),
			Reversed: money.FromTiyn(d.Reversed), Messages: d.Messages, FirstAt: d.FirstAt, AwareAt: d.AwareAt,
			ArrestedAt: d.ArrestedAt, LiftedAt: d.LiftedAt, LastPaidAt: d.LastAt,
		})
	}
	return out, nil
}

// Statement lists the money of one source and value date, with that whose message was lost, as a bank statement would.
func (w *World) Statement(ctx context.Context, source string, day calendar.Date) ([]Payment, error) {
	p, err := w.books.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []Payment
	for _, pay := range p.Payments.rows {
		if pay.Source == source && pay.ValueDate == day.String() {
			out = append(out, *pay)
		}
	}
	slices.SortFunc(out, func(a, b Payment) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key)) })
	return out, nil
}

// Wrongs lists what the world itself saw go wrong, by key.
func (w *World) Wrongs(ctx context.Context) ([]Wrong, error) {
	p, err := w.books.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []Wrong
	for _, k := range slices.Sorted(maps.Keys(p.Wrongs.rows)) {
		out = append(out, *p.Wrongs.Get(k))
	}
	return out, nil
}

// CheckBooks proves that the world's own books balance: it must, or nothing that they say of others counts.
func (w *World) CheckBooks(ctx context.Context) ([]Violation, error) {
	p, err := w.books.All(ctx)
	if err != nil {
		return nil, err
	}
	var out []Violation
	say := func(caseID int64, detail string) {
		out = append(out, Violation{ID: "BOOKS", CaseID: caseID, Detail: detail})
	}
	heldOn, takenOn := map[string]int64{}, map[string]int64{}
	held, taken, live := map[int64]int64{}, map[int64]int64{}, map[int64]int{}
	for _, a := range p.Arrests.rows {
		heldOn[a.Account] += a.Held
		takenOn[a.Account] += a.Taken
		held[a.CaseID] += a.Held
		taken[a.CaseID] += a.Taken
		if a.Live() {
			live[a.CaseID]++
		} else if a.Held != 0 {
			say(a.CaseID, "an arrest that has ended holds money")
		}
	}
	for _, acc := range p.Accounts.rows {
		if acc.Held != heldOn[acc.IBAN] || acc.Taken != takenOn[acc.IBAN] || acc.Opening != acc.Balance+acc.Taken || acc.Held > acc.Balance {
			say(0, "account "+acc.IBAN+" does not balance")
		}
		if acc.Kind != current && acc.Held+acc.Taken != 0 {
			say(0, "protected account "+acc.IBAN+" was touched")
		}
	}
	paid, came := map[int64]int64{}, map[int64]int64{}
	for _, pay := range p.Payments.rows {
		if pay.Source == SourceBank {
			came[pay.CaseID] += pay.Amount
		} else {
			paid[pay.CaseID] += pay.Amount
		}
	}
	for _, d := range p.Debtors.rows {
		elsewhere := d.Plan == planElsewhere // such money names no case
		if d.Held != held[d.CaseID] || d.Taken != taken[d.CaseID] || d.Taken != came[d.CaseID] || d.LiveNow != live[d.CaseID] ||
			d.Peak < d.Held || !elsewhere && d.Paid != paid[d.CaseID] {
			say(d.CaseID, "the debtor's file does not agree with banks and payments")
		}
	}
	return out, nil
}
