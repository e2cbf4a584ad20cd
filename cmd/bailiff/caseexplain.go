package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/whatif"
	"robotbailiff/internal/clock"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// What came of making a decision again.
const (
	recomputedSame      = "same"
	recomputedDifferent = "different"
)

// decisionView is one decision: what was asked, what followed, why, and whether it comes out the same today.
type decisionView struct {
	Seq        int         `json:"seq"` // of its first event
	Command    string      `json:"command"`
	At         time.Time   `json:"at"`
	Actor      string      `json:"actor"`
	Pack       string      `json:"pack"` // hash of the rule pack that decided
	Events     []eventView `json:"events"`
	Steps      []stepView  `json:"steps"`
	Recomputed string      `json:"recomputed"`    // same or different
	Got        string      `json:"got,omitempty"` // what came out instead
}

// stepView is one application of one rule.
type stepView struct {
	Rule     string        `json:"rule"`
	Text     string        `json:"text"`
	Citation string        `json:"citation"`
	Edition  calendar.Date `json:"edition,omitzero"`
	Basis    string        `json:"basis"` // act, press, practice or decision
	Facts    []factView    `json:"facts"`
	Result   string        `json:"result"`  // as stored
	Outcome  string        `json:"outcome"` // in words
}

type factView struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Value string `json:"value"` // as stored
	Text  string `json:"text"`
}

// allSame says whether every decision that was made again came out the same.
func (v caseView) allSame() bool {
	for _, d := range v.Decisions {
		if d.Recomputed != recomputedSame {
			return false
		}
	}
	return true
}

// explainTries bounds how often a case is read again because it moved meanwhile.
const explainTries = 5

// explain reads the case and makes each of its decisions again.
func (r caseReader) explain(ctx context.Context, pool *pgxpool.Pool, id int64) (caseView, error) {
	packs, err := engine.RegisterPack(ctx, pool, pack.Default())
	if err != nil {
		return caseView{}, err
	}
	store := engine.NewStore(engine.Config{Pool: pool, Clock: clock.System(), Packs: packs}) // Replay takes the time from the events
	for try := 1; ; try++ {
		remade, err := store.Replay(ctx, id, whatif.Facts(pool, r.keys))
		if err != nil {
			return caseView{}, fmt.Errorf("the decisions cannot be made again: %w", err)
		}
		v, err := r.snapshot(ctx, pool, id)
		if err != nil {
			return v, err
		}
		events, err := engine.Events(ctx, pool, id)
		if err != nil {
			return v, err
		}
		if len(events) != len(v.Events) || decisionsIn(events) != len(remade) {
			if try == explainTries {
				return v, fmt.Errorf("the case changes all the time: try again in a moment")
			}
			continue
		}
		v.Decisions, err = r.decide(ctx, packs, events, v.Events, remade)
		return v, err
	}
}

func decisionsIn(events []engine.Event) (n int) {
	for _, e := range events {
		if e.Data.Cmd != nil {
			n++
		}
	}
	return n
}

// decide joins the events of each decision with the reasons and with what came of making it again. views are the events
// in words.
func (r caseReader) decide(ctx context.Context, packs *engine.Packs, events []engine.Event, views []eventView, remade []engine.Remade) ([]decisionView, error) {
	out := make([]decisionView, 0, len(remade))
	lang := r.printer.Lang()
	for i, e := range events {
		if e.Data.Cmd != nil {
			m := remade[len(out)]
			d := decisionView{Seq: m.Seq, Command: m.Command, At: e.At, Actor: e.Actor, Pack: m.Pack, Steps: []stepView{}, Recomputed: recomputedSame}
			if !m.Same {
				d.Recomputed, d.Got = recomputedDifferent, m.Got
			}
			out = append(out, d)
		}
		d := &out[len(out)-1]
		d.Events = append(d.Events, views[i])
		p, err := packs.ByID(ctx, e.Pack)
		if err != nil {
			return nil, err
		}
		words := story.Explain(e.Data.Trace, p, calendar.DateOf(e.At), lang)
		for n, x := range e.Data.Trace.Explain(p, calendar.DateOf(e.At), string(lang)) {
			s := stepView{Rule: x.Rule, Text: x.Text, Citation: words[n].Citation, Edition: x.Edition, Basis: x.Basis, Result: x.Result, Outcome: x.Outcome, Facts: []factView{}}
			for k, f := range x.Facts {
				s.Facts = append(s.Facts, factView{Key: f.Key, Label: f.Label, Value: f.Value, Text: words[n].Facts[k].Value})
			}
			d.Steps = append(d.Steps, s)
		}
	}
	return out, nil
}
