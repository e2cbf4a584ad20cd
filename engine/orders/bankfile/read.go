package bankfile

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
)

// DoubtChanged is the code of a finding: a final answer came again as another one. The first stays.
const DoubtChanged = "answer_changed"

// readOut reads what was written since, by this process or another.
func (p *Peer) readOut(ctx context.Context) error {
	for ; ; p.nextOut++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, ok, err := p.out.Read(p.nextOut, p.cfg.Signer.Verifier())
		if err != nil || !ok {
			return err
		}
		switch m.Kind {
		case wire.Submit:
			for _, o := range m.Orders {
				if _, written := p.ordered[o.ID]; !written {
					p.ordered[o.ID] = o
				}
			}
		case wire.AskAccounts:
			p.asked[m.ID] = m.IINs
			for _, iin := range m.IINs {
				p.asking[iin] = m.At
			}
		default:
			return p.fault("out", p.nextOut, FaultKind, "it is not ours: somebody else writes into this folder")
		}
	}
}

// readIn reads what the bank has sent since. It stops at the first fault, and tries again with the next call.
func (p *Peer) readIn(ctx context.Context) error {
	for ; ; p.nextIn++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, ok, err := p.in.Read(p.nextIn, p.cfg.Verifier)
		if err != nil || !ok {
			return err
		}
		if m.Bank != p.cfg.Name {
			return p.fault("in", p.nextIn, FaultBank, "it is of another bank: it was put into the wrong folder")
		}
		if err := p.keep(ctx, m); err != nil {
			return fmt.Errorf("bank files: package in/%s cannot be kept: %w", folder(p.nextIn), err)
		}
		switch m.Kind {
		case wire.Replies:
			p.believe(ctx, m)
		case wire.Accounts:
			p.accounts(ctx, m)
		case wire.Holds:
			if !p.page(m) {
				return p.fault("in", p.nextIn, FaultPage, "its page does not follow the one before: send the list of arrests anew, from its first page, under this number")
			}
		default:
			return p.fault("in", p.nextIn, FaultKind, "a bank does not send this type")
		}
	}
}

func (p *Peer) fault(box string, number int, code, remedy string) error {
	return &Fault{Package: box + "/" + folder(number), Code: code, Remedy: remedy}
}

func (p *Peer) keep(ctx context.Context, m Package) error {
	if p.cfg.Keep == nil {
		return nil
	}
	e := wire.Evidence{
		Bank: p.cfg.Name, Kind: m.Kind, Message: m.ID, Request: m.About, At: m.At, Key: m.Key, Encoding: m.Encoding, Signature: m.Signature, Body: m.Body,
	}
	for _, r := range m.Replies {
		e.Orders = append(e.Orders, r.ID)
	}
	return p.cfg.Keep(ctx, e)
}

func (p *Peer) report(ctx context.Context, kind wire.Kind, code string, id uuid.UUID) {
	p.cfg.Report(ctx, wire.Finding{Bank: p.cfg.Name, Kind: kind, Code: code, ID: id})
}

// believe takes the replies that agree with what was ordered. The same one may come any number of times.
func (p *Peer) believe(ctx context.Context, m Package) {
	asked := make(map[uuid.UUID]orders.Instruction, len(m.Replies))
	for _, r := range m.Replies {
		if o, ok := p.ordered[r.ID]; ok {
			asked[r.ID] = o
		}
	}
	believed := wire.Believe(m.Replies, asked, false, func(code string, id uuid.UUID) { p.report(ctx, wire.Replies, code, id) })
	for _, r := range believed {
		r.Bank = p.cfg.Name
		before, ok := p.replies[r.ID]
		if ok && before.Answer != "" {
			if before.Answer != r.Answer || !before.Sum.Equal(r.Sum) {
				p.report(ctx, wire.Replies, DoubtChanged, r.ID)
			}
			continue
		}
		p.replies[r.ID] = r
	}
}

// accounts takes the answer to one of our questions: who is not in it has nothing.
func (p *Peer) accounts(ctx context.Context, m Package) {
	iins, ok := p.asked[m.About]
	if !ok {
		p.report(ctx, wire.Accounts, wire.DoubtStranger, uuid.Nil)
		return
	}
	for _, iin := range iins {
		if p.known[iin].at.Before(m.At) {
			p.known[iin] = wealth{at: m.At}
		}
	}
	for _, n := range m.Persons {
		switch w := p.known[n.IIN]; {
		case !slices.Contains(iins, n.IIN):
			p.report(ctx, wire.Accounts, wire.DoubtStranger, uuid.Nil)
		case w.at.Equal(m.At):
			p.known[n.IIN] = wealth{n.Accounts, m.At}
		}
	}
}

// page adds a page to the list of arrests; only a whole one counts.
func (p *Peer) page(m Package) bool {
	switch {
	case m.After == "":
		p.growing = arrests{at: m.At, open: true}
	case !p.growing.open || p.growing.next != m.After:
		return false
	}
	if n := len(p.growing.holds); n > 0 && len(m.Holds) > 0 && p.growing.holds[n-1].ID.String() >= m.Holds[0].ID.String() {
		return false
	}
	p.growing.holds = append(p.growing.holds, m.Holds...)
	if p.growing.next = m.Next; m.Next == "" {
		p.list, p.growing = p.growing, arrests{}
	}
	return true
}
