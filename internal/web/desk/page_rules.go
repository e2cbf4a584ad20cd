package desk

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/ruleset"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/whatif"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

type rulesPage struct {
	ui.Page
	View    app.Rules
	Rows    []ruleRow
	First   calendar.Date // the first day from which on a version can be in force
	Problem string        // of what was just proposed
	Faults  []*pack.Fault // of the file
	From    string        // as it was typed
	Reason  string
}

// ruleRow is a proposal with the word for how it stands.
type ruleRow struct {
	ruleset.Proposal
	State string
}

type rulePage struct {
	ui.Page
	View    app.RuleProposal
	State   string
	Would   []wouldRow
	Diff    []changeRow
	Mine    bool // the actor has proposed it
	Problem string
	Typed   string
}

// wouldRow is how many cases would not have been opened, and why not in words.
type wouldRow struct {
	whatif.Change
	Says string
}

// changeRow is one value before and after.
type changeRow struct {
	Key      string
	Old, New *ruleValue
}

// ruleValue is a value with its source in the language of the page.
type ruleValue struct {
	Says, Unit, Counting string
	From, To             calendar.Date
	Cite, Note           string
}

// ruleState is the word for how a proposal stands.
func ruleState(p *ruleset.Proposal, now time.Time) string {
	switch {
	case p.Waits(now):
		return "waits"
	case p.Decided == nil:
		return "over"
	case !p.Decided.Agreed:
		return "refused"
	case calendar.DateOf(now).Before(p.From):
		return "comes"
	}
	return "agreed"
}

// ruleRoutes are the pages of the versions of the rules.
func (h *handler) ruleRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/rules", h.inside(h.rules))
	route("POST /desk/rules/again", h.inside(h.proposeAgain))
	route("GET /desk/rules/again", h.inside(h.rules)) // the language row after a post
	route("GET /desk/rules/{id}", h.inside(h.rule))
	route("POST /desk/rules/{id}/agree", h.inside(h.decideRules(true)))
	route("POST /desk/rules/{id}/refuse", h.inside(h.decideRules(false)))
	route("GET /desk/rules/{id}/{was}", h.inside(h.backToRule)) // the language row after a post
}

func (h *handler) rules(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showRules(w, r, actor, http.StatusOK, rulesPage{})
}

func (h *handler) showRules(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p rulesPage) error {
	v, err := h.app.Rules(r.Context(), actor)
	if err != nil {
		return err
	}
	p.Page, p.View, p.First = h.page(w, r, i18n.Say("rules.title")), v, v.Today.AddDays(1)
	for _, x := range v.Proposals {
		p.Rows = append(p.Rows, ruleRow{x, ruleState(&x, v.Now)})
	}
	return h.Render.Render(w, r, status, "rules", p.Lang, p)
}

// proposeRules keeps the proposal of an archive with rules.
func (h *handler) proposeRules(w http.ResponseWriter, r *http.Request, actor app.Actor, fields url.Values, _ string, file io.Reader) error {
	if file == nil {
		file = http.NoBody
	}
	return h.proposed(w, r, actor, file, "", fields.Get("from"), fields.Get("reason"))
}

// proposeAgain keeps the proposal of a version that is known.
func (h *handler) proposeAgain(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.proposed(w, r, actor, nil, r.PostFormValue("hash"), r.PostFormValue("from"), r.PostFormValue("reason"))
}

func (h *handler) proposed(w http.ResponseWriter, r *http.Request, actor app.Actor, file io.Reader, hash, from, reason string) error {
	id, err := h.app.ProposeRules(r.Context(), actor, file, hash, from, reason)
	if err == nil {
		return ui.Redirect(w, "/desk/rules/"+strconv.FormatInt(id, 10))
	}
	if wrong, ok := errors.AsType[*app.PackFaults](err); ok {
		return h.showRules(w, r, actor, http.StatusUnprocessableEntity, rulesPage{From: from, Reason: reason, Problem: "faults", Faults: wrong.Faults})
	}
	if x := problemOf(err, ruleProblems); x != nil {
		return h.showRules(w, r, actor, x.status, rulesPage{From: from, Reason: reason, Problem: x.code})
	}
	return err
}

func (h *handler) rule(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showRule(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showRule(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.RuleProposal(r.Context(), actor, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p := rulePage{Page: h.page(w, r, i18n.Say("rules.proposal", "id", v.Proposal.ID)), View: v, Mine: v.Proposal.Actor == actor.Name, Problem: problem, Typed: typed}
	p.State = ruleState(&v.Proposal, v.Now)
	if v.WhatIf != nil {
		for _, c := range v.WhatIf.Changed {
			p.Would = append(p.Would, wouldRow{c, intake.Message(c.To, string(p.Lang))})
		}
	}
	value := func(x *pack.Value) *ruleValue {
		if x == nil {
			return nil
		}
		return &ruleValue{x.Value, x.Unit, x.Counting, x.From, x.To, story.Citation(x.Citation, p.Lang), x.Note.In(string(p.Lang))}
	}
	for _, c := range v.Diff {
		p.Diff = append(p.Diff, changeRow{c.Key, value(c.Old), value(c.New)})
	}
	return h.Render.Render(w, r, status, "rule", p.Lang, p)
}

func (h *handler) decideRules(agree bool) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		reason := r.PostFormValue("reason")
		err := h.app.DecideRules(r.Context(), actor, number(r.PathValue("id")), agree, reason)
		if x := problemOf(err, ruleProblems); x != nil {
			return h.showRule(w, r, actor, x.status, x.code, reason)
		}
		if err != nil {
			return err
		}
		return h.backToRule(w, r, actor)
	}
}

func (h *handler) backToRule(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/rules/"+r.PathValue("id"))
}

// ruleProblems are why an act on rules is refused beside its form.
var ruleProblems = []problem{
	{ruleset.ErrDay, "day", http.StatusUnprocessableEntity},
	{ruleset.ErrReason, "reason", http.StatusUnprocessableEntity},
	{ruleset.ErrSame, "same_person", http.StatusConflict},
	{ruleset.ErrDecided, "decided", http.StatusConflict},
	{app.ErrNoPack, "no_file", http.StatusUnprocessableEntity},
	{app.ErrArchive, "archive", http.StatusUnprocessableEntity},
	{app.ErrSameRules, "same_rules", http.StatusUnprocessableEntity},
}
