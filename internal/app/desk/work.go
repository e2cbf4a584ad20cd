package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/review"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/worklist"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// WorkItem is how much of one kind waits for a person.
type WorkItem struct {
	Kind   string
	Count  int64
	Oldest time.Time    // since when the oldest waits; zero: not known
	Sum    money.Amount // of money; zero elsewhere
	Link   string       // where it is worked
}

// workOf is what waits in an area. Of what belongs to no region only those are told who see the country.
func workOf(rows []worklist.Tally, in area) []WorkItem {
	var list []WorkItem
	for _, k := range worklist.Kinds {
		if !k.Local && !in.whole() {
			continue
		}
		w := WorkItem{Kind: k.Name, Link: k.Link}
		for _, r := range rows {
			if r.Kind != k.Name || r.Count == 0 || k.Local && !in.has(r.Region) {
				continue
			}
			w.Count, w.Sum = w.Count+r.Count, w.Sum.Add(r.Sum)
			if w.Oldest.IsZero() || r.Oldest.Before(w.Oldest) {
				w.Oldest = r.Oldest
			}
		}
		list = append(list, w)
	}
	return list
}

// WorkQuery chooses what waits.
type WorkQuery struct {
	Kinds []string // those that the actor may see
	Kind  string   // one of them; empty: all, the oldest of each
	Mine  bool     // what the actor works
	Free  bool     // what nobody works
	After worklist.Mark
}

// Work is what waits for a person, thing by thing.
type Work struct {
	Now   time.Time
	Query WorkQuery
	Lists []WorkList
	Next  worklist.Mark // of a list of one kind; zero: there is no more
}

// WorkList is what waits of one kind.
type WorkList struct {
	Kind  worklist.Kind
	Items []worklist.Item
	More  bool
}

// How many things a list of one kind has, and how many of each kind are shown with the others.
const (
	workPage  = 50
	workBrief = 8
)

// Work lists what waits.
func (s *Service) Work(ctx context.Context, actor Actor, q WorkQuery) (v Work, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	if !slices.Contains(q.Kinds, q.Kind) {
		q.Kind = ""
	}
	v.Query = q
	limit := workPage
	if q.Kind == "" {
		limit, q.After = workBrief, worklist.Mark{}
	}
	ask := worklist.Query{Regions: actor.Regions, Free: q.Free, After: q.After, Limit: limit + 1}
	if q.Mine {
		ask.Of = actor.Name
	}
	kinds := q.Kinds
	if q.Kind != "" {
		kinds = []string{q.Kind}
	}
	var found map[string][]worklist.Item
	err = s.read(ctx, func(tx pgx.Tx) (err error) {
		found, err = worklist.Lists(ctx, tx, kinds, ask, v.Now, s.cfg.Cases.Pack().Calendar())
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: work: %w", err)
	}
	for _, k := range worklist.Kinds {
		items, asked := found[k.Name]
		if !asked {
			continue
		}
		list := WorkList{Kind: k, Items: items}
		if list.More = len(items) > limit; list.More {
			list.Items = items[:limit]
			if last := list.Items[limit-1]; q.Kind != "" {
				v.Next = worklist.Mark{Since: last.Since, Key: last.Key}
			}
		}
		v.Lists = append(v.Lists, list)
	}
	return v, nil
}

// WorkThing is one thing that waits, with what people did about it.
type WorkThing struct {
	Now        time.Time
	Kind       worklist.Kind
	Item       worklist.Item
	History    []worklist.Act
	Colleagues []string
	Review     *ReviewView        // of a decision that was drawn; nil: this is none
	Reversal   *worklist.Reversal // of money that was taken back; nil: this is none
}

// ReviewView is a decision of the robot that chance laid before a person.
type ReviewView struct {
	Seq     int
	Kind    engine.EventKind
	At      time.Time
	OneIn   int
	Says    []i18n.Text
	Steps   []story.Step
	Verdict string // empty: none yet
	Actor   string
	Words   string
}

// workers are the roles of those to whom work can be given.
var workers = []string{string(Operator), string(Supervisor), string(Finance)}

// WorkThing shows one thing that waits.
func (s *Service) WorkThing(ctx context.Context, actor Actor, kind, key string, lang i18n.Lang) (v WorkThing, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	v.Kind, _ = worklist.KindOf(kind)
	var decision *engine.Event
	err = s.read(ctx, func(tx pgx.Tx) (err error) {
		if v.Item, err = worklist.One(ctx, tx, kind, key, actor.Regions, v.Now, s.cfg.Cases.Pack().Calendar()); err != nil {
			return err
		}
		if v.History, err = worklist.History(ctx, tx, kind, key); err != nil {
			return err
		}
		if kind == worklist.KindReversals {
			if v.Reversal, err = worklist.ReversalOf(ctx, tx, key); err != nil {
				return err
			}
		}
		if v.Colleagues, err = worklist.Colleagues(ctx, tx, workers); err != nil || kind != kindReviews {
			return err
		}
		v.Review, decision, err = readReview(ctx, tx, key)
		return err
	})
	if err != nil || decision == nil {
		return v, err
	}
	p, err := s.cfg.Packs.ByID(ctx, decision.Pack)
	if err != nil {
		return v, fmt.Errorf("desk: work: %w", err)
	}
	v.Review.Says, v.Review.Steps = story.Sentences(*decision), story.Explain(decision.Data.Trace, p, calendar.DateOf(decision.At), lang)
	return v, nil
}

// DoWork keeps what an actor does about a thing that waits.
func (s *Service) DoWork(ctx context.Context, actor Actor, kind, key string, act worklist.Act) error {
	if err := actor.check(); err != nil {
		return err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("desk: legal time: %w", err)
	}
	act.Actor = actor.Name
	return pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		item, err := worklist.One(ctx, tx, kind, key, actor.Regions, now, s.cfg.Cases.Pack().Calendar())
		if err != nil {
			return err
		}
		return worklist.Do(ctx, tx, item, act, actor.Is(Supervisor))
	})
}

// kindReviews is the kind of work that decisions are which were drawn.
const kindReviews = "reviews"

// DecideReview keeps what an actor found about a decision of the robot that was drawn. Whoever finds it wrong holds the case with the same word.
func (s *Service) DecideReview(ctx context.Context, actor Actor, number string, seq int, verdict, words string) error {
	if err := actor.check(); err != nil {
		return err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return review.ErrNone
	}
	if err := outOfScope(ctx, s.cfg.Pool, actor, review.ErrNone, id); err != nil {
		return err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("desk: legal time: %w", err)
	}
	return pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		if err := review.Decide(ctx, tx, id, seq, verdict, actor.Name, words, now); err != nil || verdict != review.Wrong {
			return err
		}
		hold := engine.For{CaseID: id, Actor: actor.Name, Command: engine.SetHold{Reason: review.HoldWrong}}
		_, err := s.cfg.Cases.ApplyTx(ctx, tx, []engine.For{hold}) // one that is held already, or has ended, stays as it is
		return err
	})
}

func readReview(ctx context.Context, tx pgx.Tx, key string) (*ReviewView, *engine.Event, error) {
	var r ReviewView
	var id int64
	if _, err := fmt.Sscanf(key, "%d/%d", &id, &r.Seq); err != nil {
		return nil, nil, worklist.ErrNone
	}
	err := tx.QueryRow(ctx, `SELECT kind, drawn_at, one_in, verdict, actor, words FROM reviews WHERE case_id = $1 AND seq = $2`, id, r.Seq).Scan(&r.Kind, &r.At, &r.OneIn, &r.Verdict, &r.Actor, &r.Words)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, worklist.ErrNone
	}
	if err != nil {
		return nil, nil, fmt.Errorf("review: %w", err)
	}
	events, err := engine.Events(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(events, func(e engine.Event) bool { return e.Seq == r.Seq })
	if i < 0 {
		return nil, nil, worklist.ErrNone
	}
	return &r, &events[i], nil
}
