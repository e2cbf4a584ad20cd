package desk

import (
	"context"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/identities"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Identity is a row of a batch of which people have to say whom it means. Persons are masked in it unless it was asked for with a reason.
type Identity struct {
	BatchID    int64
	Row        int
	Source     string
	Document   string
	Region     string
	ReceivedAt time.Time
	Verdict    intake.Verdict
	Code       string
	Says       string // why it waits, or was not let in, in the language of who looks
	Number     string // of its case, if he sees that

	Kind    string // of the writ; empty: the row holds nothing any more
	Amount  money.Amount
	InForce calendar.Date

	Plain        bool // the persons are shown as they are
	Sent         Side // as the court wrote
	Known        *Side
	Similar      []Side
	BirthDiffers bool // from the date inside the IIN
	Twice        bool // the batch gives the IIN to two persons

	Outcome string // why no case would be opened today even if two agreed, in the language of who looks; empty: one would be
	Back    string // what the court reads if two send it back
	Words   []identities.Word
	Answers []identities.Answer
}

// Open is the word that waits for a second person; nil: none does.
func (i Identity) Open() *identities.Word {
	if len(i.Words) > 0 && i.Words[0].Verdict == identities.Waits {
		return &i.Words[0]
	}
	return nil
}

// Side is a person beside a row, or the person of the row.
type Side struct {
	Initials, IIN, Name, Phone string // name and phone: only when shown as they are
	HasPhone                   bool
	Born                       calendar.Date
	Numbers                    []string // of his cases
	Elsewhere                  bool     // he has others, of regions that who looks does not see
	Hidden                     bool     // all of them are

	// How he compares with the row.
	SamePhone, OtherName, OtherBirth, OtherPhone bool
}

// Identity shows a row with what was said of it.
func (s *Service) Identity(ctx context.Context, actor Actor, batch int64, row int, lang i18n.Lang) (Identity, error) {
	who, err := saidBy(actor)
	if err != nil {
		return Identity{}, err
	}
	v, err := s.identities.Look(ctx, who, batch, row)
	if err != nil {
		return Identity{}, err
	}
	return s.identity(ctx, actor, &v, lang, false)
}

// UnmaskIdentity shows it with the persons as they are, for a reason that is kept.
func (s *Service) UnmaskIdentity(ctx context.Context, actor Actor, batch int64, row int, reason string, lang i18n.Lang) (Identity, error) {
	who, err := saidBy(actor)
	if err != nil {
		return Identity{}, err
	}
	v, err := s.identities.Unmask(ctx, who, batch, row, reason)
	if err != nil {
		return Identity{}, err
	}
	return s.identity(ctx, actor, &v, lang, true)
}

// ProposeIdentity says the first word of a row.
func (s *Service) ProposeIdentity(ctx context.Context, actor Actor, batch int64, row int, answer identities.Answer, reason string) error {
	who, err := saidBy(actor)
	if err != nil {
		return err
	}
	return s.identities.Propose(ctx, who, batch, row, answer, reason)
}

// DecideIdentity is the word of the second person, who is a supervisor, about the word that he saw.
func (s *Service) DecideIdentity(ctx context.Context, actor Actor, batch int64, row int, seen int64, agree bool, why string) error {
	who, err := saidBy(actor)
	if err != nil {
		return err
	}
	v, err := s.identities.Look(ctx, who, batch, row)
	if err != nil {
		return err
	}
	for _, w := range v.Words {
		if w.ID == seen {
			if err := actor.second(w.By); err != nil {
				return err
			}
		}
	}
	return s.identities.Decide(ctx, who, batch, row, seen, agree, why)
}

// TakeBackIdentity takes back a word of one's own.
func (s *Service) TakeBackIdentity(ctx context.Context, actor Actor, batch int64, row int, seen int64, why string) error {
	who, err := saidBy(actor)
	if err != nil {
		return err
	}
	return s.identities.TakeBack(ctx, who, batch, row, seen, why)
}

func saidBy(actor Actor) (identities.Who, error) {
	if err := actor.check(); err != nil {
		return identities.Who{}, err
	}
	return identities.Who{Name: actor.Name, Regions: actor.Regions}, nil
}

// identity makes of a row what its page shows.
func (s *Service) identity(ctx context.Context, actor Actor, v *identities.View, lang i18n.Lang, plain bool) (Identity, error) {
	w := &v.Writ
	i := Identity{
		BatchID: v.BatchID, Row: v.Row, Source: v.Source, Document: v.Document, Region: v.Region, ReceivedAt: v.ReceivedAt, Verdict: v.Verdict, Code: v.Code,
		Kind: w.Kind, Amount: w.Amount, InForce: w.InForceDate, Plain: plain, BirthDiffers: v.BirthDiffers, Twice: v.Twice, Words: v.Words, Answers: v.Answers(),
	}
	if v.Code != "" {
		i.Says = intake.Message(v.Code, string(lang))
	}
	if v.Outcome != "" {
		i.Outcome = intake.Message(v.Outcome, string(lang))
	}
	if i.Back = intake.Message(intake.CodeSentBack, string(lang)); v.Doubtful() {
		i.Back = intake.Message(intake.CodeIdentityRefused, string(lang))
	}
	if v.CaseID != 0 {
		seen, err := scope(ctx, s.cfg.Pool, actor, v.CaseID)
		if err != nil {
			return i, err
		}
		if seen[v.CaseID] {
			i.Number = caseno.Format(v.CaseID)
		}
	}
	i.Sent = side(&intake.Person{IIN: w.DebtorIIN, Name: w.DebtorName, Born: w.DebtorBirthDate, Phone: w.DebtorPhone}, plain)
	if v.Known != nil {
		known := side(v.Known, plain)
		i.Known = &known
	}
	for k := range v.Similar {
		i.Similar = append(i.Similar, side(&v.Similar[k], plain))
	}
	return i, nil
}

// side shows a person as far as he may be shown. Of one whose cases are all of other regions only the comparison is.
func side(p *intake.Person, plain bool) Side {
	x := Side{
		HasPhone: p.Phone != "", Elsewhere: p.Other, Hidden: p.Other && len(p.Cases) == 0,
		SamePhone: p.SamePhone, OtherName: p.OtherName, OtherBirth: p.OtherBirth, OtherPhone: p.OtherPhone,
	}
	for _, id := range p.Cases {
		x.Numbers = append(x.Numbers, caseno.Format(id))
	}
	if x.Hidden {
		return x
	}
	x.Initials, x.IIN = text.Initials(p.Name), "**********"
	if len(p.IIN) == 12 {
		x.IIN = "******" + p.IIN[8:]
	}
	if plain {
		x.Name, x.IIN, x.Phone, x.Born = p.Name, p.IIN, p.Phone, p.Born
	}
	return x
}
