package main

import (
	"context"

	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/paper"
	"robotbailiff/rules/calendar"
)

// base is where the pages are reached: in a sandbox the address at which they are served, if they are.
func (p *parts) base(here string) string {
	if p.tills.world != nil && here != "" {
		return here
	}
	return "https://" + portalHost
}

func (p *parts) openIIN(sealed []byte) (string, error) {
	iin, err := p.keys.Open(sealed, "debtors.iin_sealed")
	return string(iin), err
}

// documents joins the maker of documents. A decree that was signed is given as it was signed, each other one says that it is not.
func documents(p *parts, bank portal.Timetable, base string) (*papers.Service, error) {
	return papers.New(papers.Config{
		Packs: p.packs, Notices: p.robot.Notices, OpenIIN: p.openIIN, Codes: p.keys, Base: base, Signatures: signing.NewKept(p.keys),
		Payee: func(kind string, on calendar.Date) (paper.Payee, bool) {
			r, ok := bank.On(on, kind)
			return paper.Payee{Name: r.Beneficiary, BIN: r.BIN, IBAN: r.IBAN, BIC: r.BIC, KBe: r.KBe, KNP: r.KNP, KBK: r.KBK, KNO: r.KNO}, ok
		},
		Plans: func(ctx context.Context, q papers.Querier, caseID int64) (map[int][]orders.Leg, error) {
			return orders.Plans(ctx, q, p.keys, caseID)
		},
	})
}
