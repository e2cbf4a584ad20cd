package orders

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/rules/money"
)

// Kinds of findings.
const (
	KindOrphan  = "orphan"  // the bank holds what we never ordered, or what is over by our books
	KindMissing = "missing" // we think that the bank holds it, and it does not say so
	KindMore    = "more"    // it holds more than we ordered
	KindLess    = "less"    // it holds less than we think; nothing follows
	KindAdopted = "adopted" // it holds what we are only going to order: this database is an older copy
)

// FindingKinds lists the kinds that stay until they are resolved, those of the register of debtors at the end.
var FindingKinds = []string{KindOrphan, KindMissing, KindMore, KindLess, "register_" + KindOrphan, "register_" + KindMissing}

// verdict is what the compare thinks of one arrest at one bank.
type verdict struct {
	leg          uuid.UUID
	caseID       int64
	kind         string // empty: it is as it should be, or it moves
	ours, theirs money.Amount
	since        time.Time // held by the bank

	moving   bool           // an order of the case is on its way: what was found before stays as it is
	ahead    bool           // the id is one that we are only going to use
	ordinal  int            // of the arrest
	proposal engine.Purpose // what a person may confirm
	atOnce   engine.Purpose // what is given back without asking anybody
	parts    []Part         // for a reduction what is left; for an adoption what the bank says of accounts
	denied   bool           // asked about the order itself, the bank says that it holds nothing
}

// aheadBy is how many ordinals after the last one are tried: each arrest that was withdrawn takes one.
const aheadBy = 16

// judge holds one arrest of a bank against what we know of its case.
func judge(bank string, h Hold, s standing) verdict {
	v := verdict{leg: h.ID, caseID: h.CaseID, theirs: h.Amount, since: h.Since}
	i := slices.IndexFunc(s.h, func(p past) bool { return p.purpose == engine.Arrest && LegID(p.id, bank) == h.ID })
	if i < 0 {
		v.ordinal = s.h.ahead(bank, h)
		v.ahead = v.ordinal > 0
		if v.kind = KindAdopted; !v.ahead || s.state == "" {
			v.kind, v.proposal = KindOrphan, engine.Lift
		}
		return v
	}
	p := &s.h[i]
	v.ordinal = p.ordinal
	has := slices.ContainsFunc(p.legs, func(l Leg) bool { return l.Bank == bank })
	switch {
	case !has && adoptable(p.status):
		v.kind, v.ahead = KindAdopted, true
	case s.moving:
		v.moving = true
	case over(p.status) || p.ordinal != s.h.last(engine.Arrest).ordinal:
		v.kind, v.proposal = KindOrphan, engine.Lift
		if s.state.Final() {
			v.proposal, v.atOnce = "", engine.Lift // nothing is left to ask a person: there is no ground for it
		}
	default:
		s.weigh(bank, &v)
	}
	return v
}

// weigh compares the sums of an arrest that is in force on both sides.
func (s standing) weigh(bank string, v *verdict) {
	for _, part := range s.h.holding() {
		if part.bank == bank {
			v.ours, v.parts = v.ours.Add(part.Amount), append(v.parts, part.Part)
		}
	}
	switch {
	case v.theirs.Less(v.ours):
		v.kind = KindLess
	case v.ours.IsZero() && v.theirs.IsPositive():
		v.kind, v.atOnce = KindMore, engine.Lift
	case v.ours.Less(v.theirs):
		v.kind, v.atOnce = KindMore, engine.Reduce
	}
}

// expected gives the arrest of a case that a bank should tell of, as missing until it is found; none while the case moves.
func (s standing) expected(bank string, caseID int64) []verdict {
	arrest := s.h.last(engine.Arrest)
	if arrest == nil || over(arrest.status) {
		return nil
	}
	v := verdict{leg: LegID(arrest.id, bank), caseID: caseID, kind: KindMissing, ordinal: arrest.ordinal, moving: s.moving}
	for _, part := range s.h.holding() {
		if part.bank == bank {
			v.ours = v.ours.Add(part.Amount)
		}
	}
	if col := s.h.last(engine.Collect); col != nil && col.status == engine.Active {
		v.kind = KindLess // the bank takes it as money comes (EL 58(3)); its payments tell how much
	}
	if s.moving {
		v.kind = ""
	}
	if v.ours.IsZero() {
		return nil
	}
	return []verdict{v}
}

// ahead finds the ordinal of an arrest that a bank has under an id which we are only going to use; 0 if it is no such id.
func (h history) ahead(bank string, hold Hold) int {
	last := 0
	if a := h.last(engine.Arrest); a != nil {
		last = a.ordinal
	}
	for n := 1; n <= last+aheadBy; n++ {
		if LegID(engine.OrderID(hold.CaseID, engine.Arrest, n), bank) == hold.ID {
			return n
		}
	}
	return 0
}

// over says whether an arrest is no more, or never was, by our books.
func over(s engine.OrderStatus) bool {
	return s == engine.RejectedOrder || s == engine.WithdrawnOrder || s == engine.Lifted
}

// adoptable says whether an arrest of which we have sent nothing to a bank may be found there: not when its end is known to us.
func adoptable(s engine.OrderStatus) bool {
	return s == engine.Requested || s == engine.Unknown || s == engine.WithdrawnOrder || s == engine.Active || s == engine.HandedOverArrest
}

// partsOf asks the bank on which accounts it holds what is to be adopted.
func partsOf(ctx context.Context, peer Peer, found []verdict) error {
	var ids []uuid.UUID
	for _, v := range found {
		if v.kind == KindAdopted {
			ids = append(ids, v.leg)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	replies, err := peer.Query(ctx, ids)
	if err != nil {
		return err
	}
	for i := range found {
		v := &found[i]
		if v.kind != KindAdopted {
			continue
		}
		v.parts = []Part{{Amount: v.theirs}} // it does not say where: then wherever it holds it
		j := slices.IndexFunc(replies, func(r Reply) bool { return r.ID == v.leg && r.CaseID == v.caseID })
		if j < 0 {
			continue
		}
		told := money.Zero
		for _, p := range replies[j].Parts {
			told = told.Add(p.Amount)
		}
		if told.Equal(v.theirs) {
			v.parts = replies[j].Parts
		}
	}
	return nil
}

// denied asks the bank about orders that it did not tell of. Only a bank that has never seen the order, or says that it did not do
// it, is believed to hold nothing; where it says that it did, the alarm stays for a person.
func denied(ctx context.Context, peer Peer, missing []verdict) error {
	var ids []uuid.UUID
	for _, v := range missing {
		if v.kind == KindMissing {
			ids = append(ids, v.leg)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	replies, err := peer.Query(ctx, ids)
	if err != nil {
		return err
	}
	for i := range missing {
		v := &missing[i]
		j := slices.IndexFunc(replies, func(r Reply) bool { return r.ID == v.leg })
		if j >= 0 {
			r := replies[j]
			v.denied = !r.Known || r.CaseID == v.caseID && r.Answer != "" && !accepted(r.Answer)
		}
	}
	return nil
}
