package desk

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"robotbailiff/internal/app/caseacts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// maxActForm is how long a form with the numbers of [caseacts.MostCases] cases can be.
const maxActForm = 256 << 10

// actRoutes are the pages of what people do to cases by hand: first what it is, then what it would do, then the words of one or two.
func (h *handler) actRoutes(m *ui.Router, route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/acts", h.inside(h.listActs))
	route("GET /desk/acts/new", h.inside(h.newAct))
	m.Handle("POST /desk/acts", h.HandleLong(maxActForm, h.inside(h.makeAct), explain))
	route("GET /desk/acts/{id}", h.inside(h.caseAct))
	route("POST /desk/acts/{id}/confirm", h.inside(h.confirmAct))
	route("POST /desk/acts/{id}/agree", h.inside(h.decideAct(true)))
	route("POST /desk/acts/{id}/refuse", h.inside(h.decideAct(false)))
	route("POST /desk/acts/{id}/withdraw", h.inside(h.takeBackAct))
	route("GET /desk/acts/{id}/{was}", h.inside(h.backToCaseAct)) // the language row after a post
	route("GET /desk/approvals", h.inside(h.approvals))
}

type actsPage struct {
	ui.Page
	Acts  []caseacts.Act
	Kinds []caseacts.Rule
}

func (h *handler) listActs(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	all, err := h.app.Acts(r.Context(), actor)
	if err != nil {
		return err
	}
	p := actsPage{Page: h.page(w, r, i18n.Say("acts.title")), Acts: all, Kinds: manyKinds()}
	return h.Render.Render(w, r, http.StatusOK, "acts", p.Lang, p)
}

// manyKinds are the acts that may be done to a list of cases.
func manyKinds() (out []caseacts.Rule) {
	for _, r := range caseacts.Kinds {
		if r.Many {
			out = append(out, r)
		}
	}
	return out
}

// newActPage asks what is needed for an act.
type newActPage struct {
	ui.Page
	Rule    caseacts.Rule // without a kind: it is still to be chosen
	Kinds   []caseacts.Rule
	Case    string // number of the one case; empty: a list
	Typed   caseacts.Request
	Wrong   map[string]bool
	Numbers []string // of cases that are not there
	Most    int
}

func (h *handler) newAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	q := r.URL.Query()
	return h.showNewAct(w, r, actor, http.StatusOK, newActPage{Case: q.Get("case"), Typed: caseacts.Request{Kind: caseacts.Kind(q.Get("kind")), Numbers: q.Get("numbers")}})
}

func (h *handler) showNewAct(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p newActPage) error {
	p.Most, p.Kinds = caseacts.MostCases, manyKinds()
	if p.Case != "" {
		c, err := h.app.CaseForAct(r.Context(), actor, p.Case)
		if err != nil {
			return err
		}
		p.Case, p.Typed.Numbers, p.Kinds = c.Number, c.Number, nil
		for _, k := range c.Possible {
			if rule, ok := caseacts.RuleOf(k); ok {
				p.Kinds = append(p.Kinds, rule)
			}
		}
	}
	title := i18n.Say("acts.new")
	if rule, ok := caseacts.RuleOf(p.Typed.Kind); ok && (rule.Many || p.Case != "") {
		p.Rule, title = rule, i18n.Say("acts.kind."+string(rule.Kind))
	}
	p.Page = h.page(w, r, title)
	return h.Render.Render(w, r, status, "actnew", p.Lang, p)
}

// makeAct keeps what is to be done and its list, and shows what it would do.
func (h *handler) makeAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	typed := caseacts.Request{
		Kind: caseacts.Kind(r.PostFormValue("kind")), Numbers: r.PostFormValue("numbers"), Reason: r.PostFormValue("reason"),
		Until: r.PostFormValue("until"), Act: r.PostFormValue("act"), ActOn: r.PostFormValue("act_on"), Debt: r.PostFormValue("debt"),
	}
	p := newActPage{Case: r.PostFormValue("case"), Typed: typed}
	if p.Case != "" {
		p.Typed.Numbers = p.Case
	}
	id, err := h.app.MakeAct(r.Context(), actor, p.Typed)
	if wrong, ok := errors.AsType[*caseacts.WrongError](err); ok {
		p.Wrong, p.Numbers = map[string]bool{}, wrong.Numbers
		for _, code := range wrong.Codes {
			p.Wrong[code] = true
		}
		return h.showNewAct(w, r, actor, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, actPath(id))
}

func actPath(id int64) string { return "/desk/acts/" + strconv.FormatInt(id, 10) }

// caseActPage is one act.
type caseActPage struct {
	ui.Page
	Act     app.ActView
	After   string // the number behind which the list goes on
	Problem string // of the word that was just said
	Typed   string
}

// Lists says whether the list is shown by itself, beside what would become of its first cases.
func (p caseActPage) Lists() bool { return len(p.Act.Effects) < p.Act.Cases }

// Over says whether the act ended without being done.
func (p caseActPage) Over() bool {
	return p.Act.State == caseacts.Refused || p.Act.Status() == "expired"
}

// Path is the address of the act.
func (p caseActPage) Path() string { return actPath(p.Act.ID) }

// NextHref is the address of the next page of the list.
func (p caseActPage) NextHref() string {
	return p.Path() + "?after=" + url.QueryEscape(p.Act.Next) + "#list"
}

func (h *handler) caseAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showCaseAct(w, r, actor, http.StatusOK, caseActPage{After: r.URL.Query().Get("after")})
}

func (h *handler) showCaseAct(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p caseActPage) (err error) {
	if p.Act, err = h.app.Act(r.Context(), actor, number(r.PathValue("id")), p.After); err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say("acts.one", "id", strconv.FormatInt(p.Act.ID, 10)))
	return h.Render.Render(w, r, status, "act", p.Lang, p)
}

// actProblems are what can keep a word from being said, with the status of the answer.
var actProblems = []struct {
	err    error
	name   string
	status int
}{
	{caseacts.ErrOwn, "own", http.StatusForbidden},
	{caseacts.ErrNotMine, "not_mine", http.StatusForbidden},
	{caseacts.ErrClosed, "closed", http.StatusConflict},
	{caseacts.ErrExpired, "expired", http.StatusConflict},
}

// said shows an act after a word about it, or why it could not be said.
func (h *handler) said(w http.ResponseWriter, r *http.Request, actor app.Actor, err error) error {
	for _, x := range actProblems {
		if errors.Is(err, x.err) {
			return h.showCaseAct(w, r, actor, x.status, caseActPage{Problem: x.name, Typed: r.PostFormValue("why")})
		}
	}
	if _, ok := errors.AsType[*caseacts.WrongError](err); ok {
		return h.showCaseAct(w, r, actor, http.StatusUnprocessableEntity, caseActPage{Problem: "no_why"})
	}
	if err != nil {
		return err
	}
	return h.backToCaseAct(w, r, actor)
}

func (h *handler) confirmAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.said(w, r, actor, h.app.ConfirmAct(r.Context(), actor, number(r.PathValue("id"))))
}

func (h *handler) decideAct(agree bool) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		return h.said(w, r, actor, h.app.DecideAct(r.Context(), actor, number(r.PathValue("id")), agree, r.PostFormValue("why")))
	}
}

func (h *handler) takeBackAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.said(w, r, actor, h.app.TakeBackAct(r.Context(), actor, number(r.PathValue("id")), r.PostFormValue("why")))
}

func (h *handler) backToCaseAct(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, actPath(number(r.PathValue("id"))))
}

// roomRights are what one needs to see what waits in a room.
var roomRights = map[string]Right{
	"acts": Cases, "identities": Cases, "exports": Export, "batches": Look, "texts": Look, "rules": Look, "trials": Cases, "switch": Look, "money": Money, "refunds": Money, "claimants": Money, "accounts": People,
}

type approvalsPage struct {
	ui.Page
	View app.Approvals
}

func (h *handler) approvals(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.Approvals(r.Context(), actor, func(room string) bool { return May(actor, roomRights[room]) })
	if err != nil {
		return fmt.Errorf("approvals: %w", err)
	}
	p := approvalsPage{Page: h.page(w, r, i18n.Say("approvals.title")), View: v}
	return h.Render.Render(w, r, http.StatusOK, "approvals", p.Lang, p)
}

// Acts are what may be done to the cases of a list.
func (casesPage) Acts() []caseacts.Rule { return manyKinds() }

// Numbers are those of the cases of this page, for a form.
func (p casesPage) Numbers() string {
	numbers := make([]string, 0, len(p.View.Rows))
	for i := range p.View.Rows {
		numbers = append(numbers, p.View.Rows[i].Number)
	}
	return strings.Join(numbers, " ")
}
