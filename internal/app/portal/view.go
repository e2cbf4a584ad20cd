package portal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/text"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// View is a case as its debtor sees it.
type View struct {
	Number   string
	Name     string // of the debtor; initials for a helper
	Helper   bool   // a helper of the debtor is looking
	SignedIn bool   // the case was opened after a sign-in, which opens the others too
	Language string // of the debtor, as the case has it
	State    string
	Now      time.Time

	Issuer       string // may be empty
	Document     string
	DocumentDate calendar.Date // may be unset
	Kind         string        // court_ruling, …
	Article      string        // on which this kind of document is enforced

	Debt, Paid, Outstanding money.Amount
	OpenedOn, TermEndsOn    calendar.Date
	TermDay, TermDays       int           // how far the term has run
	VoluntaryEndsOn         calendar.Date // unset: not yet known
	VoluntaryRuns           bool          // nothing is held before its end
	Fee                     Fee

	Arrest    *Arrest // set while money is held, or may be
	Held      bool    // a person is looking at the case
	Suspended bool
	Until     calendar.Date // of the suspension; may be unset

	CanPay    bool
	CanRefuse bool
	CanObject bool

	Objections []Objection // newest first; without words and files

	UndoUntil time.Time // set while a refusal may be taken back
	FinalAt   time.Time // when a refusal made now would be final
	Refused   bool

	Waiting  *Payment // under way
	Receipts []Receipt
	Chosen   []Chosen // which accounts were arrested, and why these

	Back MoneyBack // what goes back; without a Word nothing does

	End End

	Story     []story.Entry // newest first
	Documents []papers.Document
}

// Fee is what the private bailiff would add.
type Fee struct {
	Amount, Total money.Amount
	Rate          string
	On            calendar.Date // the first day on which it may be asked
	Article       string
}

// Arrest is money held on an account for the case.
type Arrest struct {
	Amount money.Amount
	Sure   bool // the bank has confirmed it
}

// Chosen explains the choice of accounts for one arrest.
type Chosen struct {
	orders.Chosen
	Held    money.Amount // on all places
	Whole   bool         // the places cover the whole debt of then
	Minimum money.Amount // that the law leaves to a person
}

// End tells how a case ended; the zero End belongs to a case that goes on.
type End struct {
	At           time.Time
	ArrestWas    bool      // money had been held
	LiftedAt     time.Time // zero: the bank has not confirmed yet
	LiftedAfter  time.Duration
	Bailiff      string
	Licence      string
	Contact      string // how to reach the private bailiff; may be empty
	Recalled     bool   // taken back from the private bailiff
	ByRefusal    bool
	CancelReason string
	VoidedAt     time.Time    // the case was paid, and then nothing had been owed
	GivenBack    money.Amount // then
}

// Case shows the case of a session in a language.
func (s *Service) Case(ctx context.Context, session string, lang i18n.Lang) (View, error) {
	who, err := s.visitor(ctx, session)
	if err != nil {
		return View{}, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return View{}, fmt.Errorf("portal: legal time: %w", err)
	}
	return s.viewFor(ctx, who, now, lang)
}

// viewFor shows a case as far as who looks may see it.
func (s *Service) viewFor(ctx context.Context, who visitor, now time.Time, lang i18n.Lang) (View, error) {
	v, err := s.view(ctx, who.caseID, now, lang)
	if err != nil {
		return View{}, fmt.Errorf("portal: case %d: %w", who.caseID, err)
	}
	v.SignedIn = who.person != nil
	if who.helper != 0 {
		v.Helper, v.Name, v.CanRefuse, v.UndoUntil = true, text.Initials(v.Name), false, time.Time{}
		v.CanObject, v.Objections, v.Documents = false, nil, nil // documents name the debtor
	}
	return v, nil
}

func (s *Service) view(ctx context.Context, id int64, now time.Time, lang i18n.Lang) (View, error) {
	f := newCaseFile(s, id, now, lang)
	if err := pg.Together(ctx, s.cfg.Pool, f.reads()...); err != nil {
		return View{}, err
	}
	c, ok := f.loading.Case()
	if !ok {
		return View{}, ErrNoSession
	}
	told, err := s.teller.Events(ctx, f.events, lang)
	if err != nil {
		return View{}, err
	}
	told = tellHelpers(told, f.helpers, now)
	v := s.snapshot(c, f.writ, now, lang)
	for i := len(told) - 1; i >= 0; i-- {
		v.Story = append(v.Story, told[i])
	}
	if v.Documents, err = f.documents(); err != nil {
		return View{}, err
	}
	v.Receipts, v.Chosen, v.Back = f.receipts, f.chosen, f.back
	if c.State.Final() {
		v.End = end(c, f.writ, f.events)
		return v, nil
	}
	v.Waiting = f.waiting
	v.CanPay = v.CanPay && v.Waiting == nil
	return v, nil
}

// chosen explains which accounts the arrests of a case chose, by the rules of the day on which each was asked for.
func (s *Service) chosen(ctx context.Context, q engine.Querier, caseID int64) ([]Chosen, error) {
	if s.cfg.Chosen == nil {
		return nil, nil
	}
	plans, err := s.cfg.Chosen(ctx, q, caseID)
	out := make([]Chosen, len(plans))
	for i, p := range plans {
		out[i] = Chosen{Chosen: p, Minimum: s.cfg.Cases.Pack().ProtectedMinimum(calendar.DateOf(p.At))}
		for _, place := range p.Places {
			out[i].Held = out[i].Held.Add(place.Sum)
		}
		out[i].Whole = !out[i].Held.Less(p.Asked)
	}
	return out, err
}

func (s *Service) snapshot(c engine.Case, w writRow, now time.Time, lang i18n.Lang) View {
	p, today := s.cfg.Cases.Pack(), calendar.DateOf(now)
	v := View{
		Number: caseno.Format(c.ID), Name: w.name, Language: c.Language, State: string(c.State), Now: now,
		Issuer: w.issuer, Document: w.document, DocumentDate: w.documentDate, Kind: w.kind,
		Debt: c.Debt, Paid: c.Paid, Outstanding: c.Outstanding, OpenedOn: c.OpenedOn, TermEndsOn: c.TermEndsOn, VoluntaryEndsOn: c.VoluntaryEndsOn,
		Held: c.Hold != "" || c.Objected(), Suspended: c.Suspended != "", Until: c.SuspendedUntil,
		Refused: !c.RefusalAt.IsZero(),
	}
	for i := len(c.Objections) - 1; i >= 0; i-- {
		v.Objections = append(v.Objections, s.objection(&c, c.Objections[i], today))
	}
	v.CanObject = s.cfg.Objections != nil && !c.State.Final()
	v.TermDay, v.TermDays = today.Sub(c.OpenedOn), c.TermEndsOn.Sub(c.OpenedOn)
	v.VoluntaryRuns = !c.VoluntaryEndsOn.IsZero() && !today.After(c.VoluntaryEndsOn)
	if x, ok := p.Lookup(pack.KeyKindPrefix+w.kind, today); ok {
		v.Article = story.Citation(x.Citation, lang)
	}
	handedOn := c.TermEndsOn.AddDays(1)
	if handedOn.Before(today) {
		handedOn = today
	}
	v.Fee = feeOf(p, c.Outstanding, handedOn, lang)
	if a := c.LiveArrest(); a != nil {
		v.Arrest = &Arrest{Amount: a.Amount, Sure: a.Status == engine.Active || a.Status == engine.LiftRequested}
		if v.Arrest.Sure {
			v.Arrest.Amount = a.Held
		}
	}
	if c.State.Final() {
		if c.State == engine.HandedOver {
			v.Arrest = handedArrest(c)
		}
		return v
	}
	v.CanPay = s.payable(c)
	v.CanRefuse, v.FinalAt = !v.Refused && s.cfg.Codes.exist(), now.Add(refusalUndo(p, now))
	if until := c.RefusalAt.Add(refusalUndo(p, now)); v.Refused && now.Before(until) {
		v.UndoUntil = until
	}
	return v
}

// handedArrest is the arrest that a private bailiff took over (EL 10-6(3)).
func handedArrest(c engine.Case) *Arrest {
	for i := range c.Orders {
		if o := &c.Orders[i]; o.Status == engine.HandedOverArrest {
			return &Arrest{Amount: o.Held, Sure: true}
		}
	}
	return nil
}

func feeOf(p *pack.Pack, sum money.Amount, on calendar.Date, lang i18n.Lang) Fee {
	fee, step := rules.Fee(p, sum, on)
	f := Fee{Amount: fee, Total: sum.Add(fee), On: on}
	for _, x := range step.Facts {
		if x.Key == "rate" {
			f.Rate = strings.ReplaceAll(x.Value, " ", "\u00a0")
		}
	}
	if x, ok := p.Lookup(pack.KeyFeeBands, on); ok {
		f.Article = story.Citation(x.Citation, lang)
	}
	return f
}

func refusalUndo(p *pack.Pack, now time.Time) time.Duration {
	return p.RefusalUndo(calendar.DateOf(now))
}

// end gathers what the last page of a case tells.
func end(c engine.Case, w writRow, events []engine.Event) End {
	e := End{At: c.EndedAt, Bailiff: w.bailiff, Licence: w.licence, Contact: w.contact, Recalled: w.recalled}
	for i := range c.Orders {
		if o := &c.Orders[i]; o.Purpose == engine.Arrest && (o.Held.IsPositive() || o.Status == engine.Lifted || o.Status == engine.LiftRequested) {
			e.ArrestWas = true
		}
	}
	for _, ev := range events {
		switch ev.Kind {
		case engine.EvHandedOver:
			e.ByRefusal = ev.Data.Reason == "refusal"
		case engine.EvHandoverRecalled:
			e.Recalled, e.CancelReason = true, ev.Data.Reason
		case engine.EvPaidAfterEnd: // paid by the last day, found later: the private bailiff gives the case back
			e.Recalled = e.Recalled || ev.Data.InTime && ev.Data.Left != nil && ev.Data.Left.IsZero()
		case engine.EvCancelled:
			e.CancelReason = ev.Data.Reason
		case engine.EvVoided:
			e.CancelReason, e.VoidedAt, e.GivenBack = ev.Data.Reason, ev.At, *ev.Data.RefundDue
		case engine.EvOrderAnswered:
			if a := ev.Data.Answer; a != nil && a.Purpose == engine.Lift && !ev.At.Before(c.EndedAt) {
				e.LiftedAt, e.LiftedAfter = ev.At, ev.At.Sub(c.EndedAt)
			}
		default:
		}
	}
	if arrest := c.LiveArrest(); arrest == nil && e.LiftedAt.IsZero() {
		e.ArrestWas = false // it had ended before
	}
	return e
}
