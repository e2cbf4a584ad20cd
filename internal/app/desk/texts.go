package desk

import (
	"context"
	"fmt"
	"time"

	"robotbailiff/notify/text"
	"robotbailiff/notify/wording"
)

// TextList is the versions of the wording, the newest first, with what the actor has changed and not proposed yet.
type TextList struct {
	Versions []TextVersion
	InForce  int
	Open     int // the proposal that waits for a second person; 0: none does
	Draft    wording.Draft
}

// TextVersion is one version with the number of notices that were sent with it.
type TextVersion struct {
	wording.Version

	Sent  int64
	About bool // the number is an estimate
}

// Texts lists the versions.
func (s *Service) Texts(ctx context.Context, actor Actor) (l TextList, err error) {
	if err := actor.check(); err != nil {
		return l, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return l, err
	}
	versions, err := s.texts.List(ctx, now)
	if err != nil {
		return l, err
	}
	sent, err := s.sent.counts(ctx, s.cfg.Pool)
	if err != nil {
		return l, err
	}
	for _, v := range versions {
		l.Versions = append(l.Versions, TextVersion{v, sent.of[v.Number], sent.about})
		switch v.State {
		case wording.StateInForce:
			l.InForce = v.Number
		case wording.StateOpen:
			l.Open = v.Number
		case wording.StateLapsed, wording.StateRejected, wording.StateFormer:
		}
	}
	l.Draft, err = s.texts.Draft(ctx, actor.Name)
	return l, err
}

// TextChange is one wording before and after.
type TextChange struct {
	text.Place

	Old, New text.Wording
	Longest  text.Preview // of the new one, with the longest values
}

// TextFile is one version with what it changes.
type TextFile struct {
	TextVersion

	Changes []TextChange
}

// Text reads one version and compares it with the one that it changes. The version built in is shown whole.
func (s *Service) Text(ctx context.Context, actor Actor, number int) (f TextFile, err error) {
	if err := actor.check(); err != nil {
		return f, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return f, err
	}
	if f.Version, err = s.texts.Version(ctx, number, now); err != nil {
		return f, err
	}
	sent, err := s.sent.counts(ctx, s.cfg.Pool)
	if err != nil {
		return f, err
	}
	f.Sent, f.About = sent.of[number], sent.about
	later, err := s.texts.Edition(ctx, number)
	if err != nil {
		return f, err
	}
	before := text.Words{}
	if f.Base != 0 {
		base, err := s.texts.Edition(ctx, f.Base)
		if err != nil {
			return f, err
		}
		before = base.Words()
	}
	f.Changes = changes(before, later.Words())
	return f, nil
}

func changes(before, after text.Words) (out []TextChange) {
	for _, p := range before.Changes(after) {
		c := TextChange{Place: p, Old: before[p.Language][p.Kind], New: after[p.Language][p.Kind]}
		c.Longest = text.Show(p.Kind, p.Language, c.New, text.Longest(p.Kind))
		out = append(out, c)
	}
	return out
}

// TextDraft is what an actor has changed.
type TextDraft struct {
	wording.Draft

	Changes []TextChange
	Open    int // another proposal that waits; 0: none does
}

// TextDraft reads what the actor has changed and not proposed yet.
func (s *Service) TextDraft(ctx context.Context, actor Actor) (d TextDraft, err error) {
	l, err := s.Texts(ctx, actor)
	if err != nil {
		return d, err
	}
	return TextDraft{Draft: l.Draft, Changes: changes(l.Draft.Old, l.Draft.New), Open: l.Open}, nil
}

// TextEdit is one wording as an actor works on it.
type TextEdit struct {
	text.Place

	Base      int          // the version in force
	Old, Mine text.Wording // as it is in force, and as the actor has it
	Changed   bool
	Stale     bool
	Problems  []text.Problem
	Longest   text.Preview
	Case      string       // number of the case whose values the second preview has
	Real      text.Preview // with them
	Fields    []string     // placeholders that this kind has values for
}

// TextPlace reads one wording to be worked on. Typed is what a form holds that was not kept; nil: what the draft has. Number is
// a case with whose values it is shown too; "": none, or any the actor looks at.
func (s *Service) TextPlace(ctx context.Context, actor Actor, p text.Place, typed *text.Wording, number string) (e TextEdit, err error) {
	if err := actor.check(); err != nil {
		return e, err
	}
	if !p.Known() {
		return e, wording.ErrNoVersion
	}
	d, err := s.texts.Draft(ctx, actor.Name)
	if err != nil {
		return e, err
	}
	e = TextEdit{Place: p, Base: d.Base, Old: d.Old[p.Language][p.Kind], Mine: d.New[p.Language][p.Kind], Fields: text.ValuesOf(p.Kind)}
	for _, edit := range d.Edits {
		if edit.Place == p {
			e.Changed, e.Stale = true, edit.Stale
		}
	}
	words := d.New
	if typed != nil {
		e.Mine = *typed
		words = words.With(p.Kind, p.Language, *typed)
	}
	for _, problem := range text.CheckWords(words) {
		if problem.Place == p {
			e.Problems = append(e.Problems, problem)
		}
	}
	e.Longest = text.Show(p.Kind, p.Language, e.Mine, text.Longest(p.Kind))
	if number == "" {
		return e, nil
	}
	facts, err := s.caseFacts(ctx, actor, p.Kind, number)
	if err != nil {
		return e, err
	}
	e.Case, e.Real = facts.Case, text.Show(p.Kind, p.Language, e.Mine, facts)
	return e, nil
}

// SaveText keeps a changed wording in the actor's draft.
func (s *Service) SaveText(ctx context.Context, actor Actor, p text.Place, base int, w text.Wording) error {
	if err := actor.whole(); err != nil {
		return err
	}
	return s.texts.Save(ctx, actor.Name, p, base, w)
}

// DiscardText forgets one change of the actor's draft, or with no place all of them.
func (s *Service) DiscardText(ctx context.Context, actor Actor, p text.Place) error {
	if err := actor.check(); err != nil {
		return err
	}
	return s.texts.Discard(ctx, actor.Name, p)
}

// TakeText puts the words of a version that is not in force into the actor's draft.
func (s *Service) TakeText(ctx context.Context, actor Actor, number int) error {
	return s.actForAll(ctx, actor, func(now time.Time) error { return s.texts.Take(ctx, actor.Name, number, now) })
}

// ProposeText makes a version of the actor's draft, which another person may approve. Seen names the words he has looked at.
func (s *Service) ProposeText(ctx context.Context, actor Actor, reason, seen string) (number int, err error) {
	err = s.actForAll(ctx, actor, func(now time.Time) error {
		number, err = s.texts.Propose(ctx, actor.Name, reason, seen, now)
		return err
	})
	return number, err
}

// ApproveText puts a version that another person has proposed into force.
func (s *Service) ApproveText(ctx context.Context, actor Actor, number int, reason string) error {
	return s.actForAll(ctx, actor, func(now time.Time) error { return s.texts.Approve(ctx, number, actor.Name, reason, now) })
}

// RejectText sends a proposed version away.
func (s *Service) RejectText(ctx context.Context, actor Actor, number int, reason string) error {
	return s.actForAll(ctx, actor, func(now time.Time) error { return s.texts.Reject(ctx, number, actor.Name, reason, now) })
}

// actForAll does something at the legal time that concerns the cases of all regions.
func (s *Service) actForAll(ctx context.Context, actor Actor, do func(now time.Time) error) error {
	if err := actor.whole(); err != nil {
		return err
	}
	return s.act(ctx, actor, do)
}

// act does something at the legal time.
func (s *Service) act(ctx context.Context, actor Actor, do func(now time.Time) error) error {
	if err := actor.check(); err != nil {
		return err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("desk: legal time: %w", err)
	}
	return do(now.UTC().Truncate(time.Microsecond))
}
