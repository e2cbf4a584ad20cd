package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Errors of objections, besides those of package exhibit.
var (
	ErrNoWords  = errors.New("portal: the objection says nothing")
	ErrObjected = errors.New("portal: one has objected on this ground as often as the rules allow")
)

// Draft is an objection that is being written.
type Draft struct {
	Number, Name, Region string
	Ground               string
	Words                string
	Written              bool // the words were saved once, if only that there are none
	MustSay              bool // this ground needs words
	Files                []objections.File
	Room                 bool          // another file is taken
	Due                  calendar.Date // when it is answered if it is sent today
	Excluded             bool          // its days are left out of the terms
	Arrested             bool
	Standing             int // seq of the objection on this ground that stands; 0: none does
}

// Objection is one that was made, as its debtor sees it.
type Objection struct {
	Number, Name, Region string
	ID                   string // the number that people name
	Seq                  int
	Ground, Status       string
	MadeOn, DueOn        calendar.Date
	OverOn               calendar.Date
	Late                 bool   // it should have been answered
	Reason               string // of the answer; empty: there is none
	Words, Note          string
	Files                []objections.File
	Excluded, Arrested   bool
	Ended                bool // the case
}

// ObjectionID is the number of an objection as people name it.
func ObjectionID(caseID int64, seq int) string {
	return fmt.Sprintf("%s/%d", caseno.Format(caseID), seq)
}

// mustSay are the grounds that nobody can answer without a word of the debtor.
func mustSay(g engine.Ground) bool { return g == engine.GroundPaid || g == engine.GroundSum }

// Draft shows what the debtor of a session has begun to write on a ground.
func (s *Service) Draft(ctx context.Context, session, ground string) (Draft, error) {
	id, c, g, err := s.objecting(ctx, session, ground)
	if err != nil {
		return Draft{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return Draft{}, err
	}
	_, _, name, err := readDebtor(ctx, s.cfg.Pool, id)
	if err != nil {
		return Draft{}, err
	}
	p, today := s.cfg.Cases.Pack(), calendar.DateOf(now)
	d := Draft{Number: caseno.Format(id), Name: name, Region: c.Region, Ground: ground, MustSay: mustSay(g), Arrested: c.LiveArrest() != nil}
	if o := c.Standing(g); o != nil {
		d.Standing = o.Seq
		return d, nil
	}
	if c.State.Final() {
		return d, ErrNotPossible
	}
	made := 0
	for i := range c.Objections {
		if c.Objections[i].Ground == g {
			made++
		}
	}
	if made >= p.ObjectionsPerGround(today) {
		return d, ErrObjected
	}
	d.Due, _ = rules.ObjectionDue(p, today)
	d.Excluded = p.ObjectionExcluded(today)
	if d.Words, d.Written, err = s.cfg.Objections.Draft(ctx, id, g); err != nil {
		return d, err
	}
	d.Files, err = s.cfg.Objections.Drafted(ctx, id, g)
	d.Room = len(d.Files) < objections.MaxFiles
	return d, err
}

// SaveWords keeps what the debtor has written.
func (s *Service) SaveWords(ctx context.Context, session, ground, words string) error {
	id, _, g, err := s.objecting(ctx, session, ground)
	if err != nil {
		return err
	}
	if words = strings.TrimSpace(strings.ReplaceAll(words, "\r\n", "\n")); words == "" && mustSay(g) {
		return ErrNoWords
	}
	return s.cfg.Objections.SaveDraft(ctx, id, g, words)
}

// AddPaper keeps a paper with the draft. What cannot be taken is refused by the errors of packages exhibit and objections.
func (s *Service) AddPaper(ctx context.Context, session, ground string, content []byte) error {
	id, c, g, err := s.objecting(ctx, session, ground)
	if err != nil {
		return err
	}
	if c.State.Final() || c.Standing(g) != nil {
		return ErrNotPossible
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	return s.cfg.Objections.AddFile(ctx, id, g, content, now)
}

// RemovePaper takes a paper of the draft back.
func (s *Service) RemovePaper(ctx context.Context, session, ground string, file int64) error {
	id, _, g, err := s.objecting(ctx, session, ground)
	if err != nil {
		return err
	}
	return s.cfg.Objections.RemoveFile(ctx, id, g, file)
}

// Object makes the objection that was drafted, and gives its seq. A second click, and one on another device, gives the same.
func (s *Service) Object(ctx context.Context, session, ground string) (seq int, err error) {
	id, _, g, err := s.objecting(ctx, session, ground)
	if err != nil {
		return 0, err
	}
	words, written, err := s.cfg.Objections.Draft(ctx, id, g)
	if err != nil {
		return 0, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return 0, err
	}
	var refused *engine.Refusal
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		seq, refused = 0, nil
		pl, err := s.cfg.Cases.ApplyTx(ctx, tx, []engine.For{{CaseID: id, Actor: engine.ActorDebtor, Command: engine.Object{Ground: g}}})
		if err != nil {
			return err
		}
		_, after, known := pl.Change(id)
		if refused = pl.Outcomes[0].Refusal; refused != nil {
			if o := after.Standing(g); known && refused.Code == engine.CodeAlready && o != nil {
				seq, refused = o.Seq, nil
			}
			return nil
		}
		if mustSay(g) && (!written || words == "") {
			return ErrNoWords // and nothing is made
		}
		seq = after.Standing(g).Seq
		return s.cfg.Objections.Hand(ctx, tx, id, g, seq, now)
	})
	switch {
	case err != nil:
		return 0, err
	case refused == nil:
		return seq, nil
	case refused.Code == engine.CodeTooMany:
		return 0, ErrObjected
	}
	return 0, ErrNotPossible
}

// Objection shows an objection of the case of a session.
func (s *Service) Objection(ctx context.Context, session string, seq int) (Objection, error) {
	if s.cfg.Objections == nil {
		return Objection{}, ErrNotPossible
	}
	id, c, err := s.load(ctx, session)
	if err != nil {
		return Objection{}, err
	}
	i := slices.IndexFunc(c.Objections, func(o engine.Objection) bool { return o.Seq == seq })
	if i < 0 {
		return Objection{}, ErrNotFound
	}
	now, err := s.now(ctx)
	if err != nil {
		return Objection{}, err
	}
	_, _, name, err := readDebtor(ctx, s.cfg.Pool, id)
	if err != nil {
		return Objection{}, err
	}
	v := s.objection(&c, c.Objections[i], calendar.DateOf(now))
	v.Name = name
	if v.Words, v.Note, err = s.cfg.Objections.Words(ctx, s.cfg.Pool, id, seq); err != nil {
		return v, err
	}
	if o := c.Objections[i]; o.Answer != 0 {
		events, err := engine.Events(ctx, s.cfg.Pool, id)
		if err != nil {
			return v, err
		}
		v.Reason = events[o.Answer-1].Data.Reason
	}
	v.Files, err = s.cfg.Objections.Handed(ctx, s.cfg.Pool, id, seq)
	return v, err
}

func (s *Service) objection(c *engine.Case, o engine.Objection, today calendar.Date) Objection {
	return Objection{
		Number: caseno.Format(c.ID), Region: c.Region, ID: ObjectionID(c.ID, o.Seq), Seq: o.Seq, Ground: string(o.Ground), Status: string(o.Status),
		MadeOn: o.MadeOn, DueOn: o.DueOn, OverOn: o.OverOn, Late: o.Status == engine.ObjectionOpen && today.After(o.DueOn),
		Excluded: s.cfg.Cases.Pack().ObjectionExcluded(o.MadeOn), Arrested: c.LiveArrest() != nil, Ended: c.State.Final(),
	}
}

// objecting gives the case of a session and the ground, if it is one.
func (s *Service) objecting(ctx context.Context, session, ground string) (int64, engine.Case, engine.Ground, error) {
	g := engine.Ground(ground)
	if s.cfg.Objections == nil {
		return 0, engine.Case{}, g, ErrNotPossible
	}
	id, c, err := s.load(ctx, session)
	if err == nil && !slices.Contains(engine.ObjectionGrounds, g) {
		err = ErrNotFound
	}
	return id, c, g, err
}
