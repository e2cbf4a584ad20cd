package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/notes"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/whynot"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// CaseFile is one case as an operator sees it.
type CaseFile struct {
	Number   string
	State    string
	Region   string
	Language string
	Initials string
	IIN      string // masked

	Hold           string
	Suspended      string
	Voided         bool // paid, and then nothing had been owed
	SuspendedUntil calendar.Date
	RefusalAt      time.Time

	Debt, Paid, Outstanding     money.Amount
	OpenedOn, TermEndsOn        calendar.Date
	NotifiedOn, VoluntaryEndsOn calendar.Date
	EndedAt, ReleasedAt         time.Time
	Writ                        Writ
	Story                       []story.Entry // oldest first
	Orders                      []Order
	Notices                     []Notice
	Payments                    []Payment
	Documents                   []papers.Document

	Possible []caseacts.Kind // what may be done by hand as the case stands
	Next     []whynot.Answer // what comes next, and why not yet
	Notes    []notes.Note    // the latest first
	Looks    []Look          // what people did, the latest first
}

// Writ is the document behind a case.
type Writ struct {
	Source, Document, Kind, Issuer, Claimant string
	DocumentDate, InForce                    calendar.Date
	Bailiff, Licence                         string
}

// Order is one instruction to a bank.
type Order struct {
	Purpose, Status, Bank, Detail string
	Ordinal, Attempts             int
	Amount, Held                  money.Amount
	At, Answered                  time.Time
}

// Notice is one message to the debtor on one channel.
type Notice struct {
	Channel, Kind, Language, Status string
	Ordinal, Rung, Attempts         int
	Created, Sent, Delivered        time.Time
}

// Payment is one transfer of money.
type Payment struct {
	ID                                  int64
	Source                              string
	Amount, Allocated, Refund, Reversed money.Amount
	ValueDate                           calendar.Date
	Received                            time.Time
}

// Case gives the whole file of a case by its number, written in any way people write it.
func (s *Service) Case(ctx context.Context, actor Actor, number string, lang i18n.Lang) (CaseFile, error) {
	if err := actor.check(); err != nil {
		return CaseFile{}, err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return CaseFile{}, ErrNotFound
	}
	var f CaseFile
	noted := make(chan error, 1) // the page waits for its row in the log, which is written while it reads
	go func() { noted <- s.noteLook(ctx, actor, id, lookPage, "") }()
	err = s.read(ctx, func(tx pgx.Tx) error {
		cases, err := engine.Load(ctx, tx, []int64{id})
		if err != nil {
			return err
		}
		if len(cases) != 1 || !actor.Sees(cases[0].Region) {
			return ErrNotFound
		}
		w, err := readWrit(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("writ: %w", err)
		}
		f = file(cases[0], w)
		f.IIN = s.masked(w.sealed)
		if f.Story, _, err = s.teller.Case(ctx, tx, id, lang); err != nil {
			return err
		}
		f.Voided = slices.ContainsFunc(f.Story, func(e story.Entry) bool { return e.Kind == string(engine.EvVoided) })
		if f.Orders, err = readOrders(ctx, tx, id); err != nil {
			return err
		}
		if f.Notices, err = readNotices(ctx, tx, id); err != nil {
			return err
		}
		if f.Payments, err = readPayments(ctx, tx, id); err != nil {
			return err
		}
		if f.Documents, err = s.documents(ctx, tx, id, lang); err != nil {
			return err
		}
		if f.Next, err = whynot.Read(ctx, tx, s.cfg.Cases, cases[0], lang); err != nil {
			return err
		}
		if f.Notes, err = notes.Of(ctx, tx, id); err != nil {
			return err
		}
		f.Looks, err = readLooks(ctx, tx, actor, id, f.Story)
		return err
	})
	if fault := <-noted; err == nil {
		err = fault
	}
	if errors.Is(err, ErrNotFound) {
		return CaseFile{}, err
	}
	if err != nil {
		return CaseFile{}, fmt.Errorf("desk: case %d: %w", id, err)
	}
	return f, nil
}

func file(c engine.Case, w writRow) CaseFile {
	return CaseFile{
		Number: caseno.Format(c.ID), State: string(c.State), Region: c.Region, Language: c.Language, Initials: text.Initials(w.name),
		Possible: caseacts.Possible(&c), Hold: c.Hold, Suspended: c.Suspended, SuspendedUntil: c.SuspendedUntil, RefusalAt: c.RefusalAt,
		Debt: c.Debt, Paid: c.Paid, Outstanding: c.Outstanding, OpenedOn: c.OpenedOn, TermEndsOn: c.TermEndsOn,
		NotifiedOn: c.NotifiedOn, VoluntaryEndsOn: c.VoluntaryEndsOn, EndedAt: c.EndedAt, ReleasedAt: c.ReleasedAt, Writ: w.writ,
	}
}

// masked shows the last four digits of an IIN. A number that cannot be opened shows none.
func (s *Service) masked(sealed []byte) string {
	iin, err := s.cfg.OpenIIN(sealed)
	if err != nil || len(iin) != 12 {
		return "**********"
	}
	return "******" + iin[8:]
}
