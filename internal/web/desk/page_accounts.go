package desk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"robotbailiff/internal/app/accounts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// accountRoutes are the accounts of this installation, and what people propose about them.
func (h *handler) accountRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/people/accounts", h.inside(h.accounts))
	route("POST /desk/people/accounts", h.inside(h.proposeNew))
	route("GET /desk/people/accounts/{login}", h.inside(h.account))
	route("POST /desk/people/accounts/{login}/rights", h.inside(h.proposeRights))
	route("POST /desk/people/accounts/{login}/reset", h.inside(h.proposeReset))
	route("POST /desk/people/accounts/{login}/close", h.inside(h.closeAccount))
	route("GET /desk/people/accounts/{login}/{was}", h.inside(h.backToAccount)) // the language row after a post
	route("GET /desk/people/proposals/{id}", h.inside(h.grant))
	route("POST /desk/people/proposals/{id}/agree", h.inside(h.decideGrant(true)))
	route("POST /desk/people/proposals/{id}/refuse", h.inside(h.decideGrant(false)))
	route("GET /desk/people/proposals/{id}/{was}", h.inside(h.backToGrant)) // the language row after a post
}

// rightsForm is where roles and regions are chosen.
type rightsForm struct {
	Roles, Regions []choice
	All            bool // all regions
	Reason         string
}

// choice is a box of a form.
type choice struct {
	Value string
	On    bool
}

// formOf is the form for rights as they are.
func formOf(r accounts.Rights) (f rightsForm) {
	f.All = r.Regions == nil
	for _, x := range app.Roles {
		f.Roles = append(f.Roles, choice{string(x), slices.Contains(r.Roles, string(x))})
	}
	for _, x := range allRegions() {
		f.Regions = append(f.Regions, choice{x, slices.Contains(r.Regions, x)})
	}
	return f
}

// chosen reads what was chosen. Regions without a word on whether they are all or some are none.
func chosen(form url.Values) (r accounts.Rights) {
	r.Roles = form["role"]
	if form.Get("scope") != "all" {
		r.Regions = append([]string{}, form["region"]...)
	}
	return r
}

type accountsPage struct {
	ui.Page
	View    app.Accounts
	Form    rightsForm
	Login   string // as it was typed
	Problem string
}

func (h *handler) accounts(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showAccounts(w, r, actor, http.StatusOK, accountsPage{Form: formOf(accounts.Rights{Regions: []string{}})})
}

func (h *handler) showAccounts(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p accountsPage) (err error) {
	if p.View, err = h.app.Accounts(r.Context(), actor); err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say("accounts.title"))
	return h.Render.Render(w, r, status, "accounts", p.Lang, p)
}

// proposeNew keeps the proposal of an account.
func (h *handler) proposeNew(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	rights, login, reason := chosen(r.PostForm), r.PostFormValue("login"), r.PostFormValue("reason")
	id, err := h.app.ProposeAccount(r.Context(), actor, accounts.Wish{Login: login, Kind: accounts.KindAdd, Rights: rights}, reason)
	if x := problemOf(err, accountProblems); x != nil {
		p := accountsPage{Form: formOf(rights), Login: login, Problem: x.code}
		p.Form.Reason = reason
		return h.showAccounts(w, r, actor, x.status, p)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/people/proposals/"+strconv.FormatInt(id, 10))
}

type accountPage struct {
	ui.Page
	View    app.Account
	Form    rightsForm
	Problem string
}

func (h *handler) account(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showAccount(w, r, actor, http.StatusOK, "", nil)
}

// showAccount shows an account; form is what was just chosen, nil: nothing.
func (h *handler) showAccount(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, form *rightsForm) error {
	v, err := h.app.Account(r.Context(), actor, r.PathValue("login"))
	if err != nil {
		return err
	}
	p := accountPage{Page: h.page(w, r, i18n.Say("accounts.one", "login", v.Login)), View: v, Problem: problem}
	if p.Form = formOf(v.Rights()); form != nil {
		p.Form = *form
	}
	return h.Render.Render(w, r, status, "account", p.Lang, p)
}

func (h *handler) proposeRights(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.proposeFor(w, r, actor, accounts.KindRights, chosen(r.PostForm))
}

func (h *handler) proposeReset(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.proposeFor(w, r, actor, accounts.KindReset, accounts.Rights{})
}

// proposeFor keeps a proposal about an account that there is; what only goes away is gone at once.
func (h *handler) proposeFor(w http.ResponseWriter, r *http.Request, actor app.Actor, kind accounts.Kind, rights accounts.Rights) error {
	reason := r.PostFormValue("reason")
	id, err := h.app.ProposeAccount(r.Context(), actor, accounts.Wish{Login: r.PathValue("login"), Kind: kind, Rights: rights}, reason)
	if x := problemOf(err, accountProblems); x != nil {
		if kind != accounts.KindRights {
			return h.showAccount(w, r, actor, x.status, x.code, nil)
		}
		form := formOf(rights)
		form.Reason = reason
		return h.showAccount(w, r, actor, x.status, x.code, &form)
	}
	if err != nil {
		return err
	}
	if id == 0 {
		return h.backToAccount(w, r, actor)
	}
	return ui.Redirect(w, "/desk/people/proposals/"+strconv.FormatInt(id, 10))
}

func (h *handler) closeAccount(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	err := h.app.CloseAccount(r.Context(), actor, r.PathValue("login"), r.PostFormValue("reason"))
	if x := problemOf(err, accountProblems); x != nil {
		return h.showAccount(w, r, actor, x.status, x.code, nil)
	}
	if err != nil {
		return err
	}
	return h.backToAccount(w, r, actor)
}

func (h *handler) backToAccount(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/people/accounts/"+url.PathEscape(r.PathValue("login")))
}

type grantPage struct {
	ui.Page
	View    accounts.Proposal
	Mine    bool // the actor has made it
	Second  bool // he may be the second person
	Problem string
	Typed   string
	Link    string // for the first sign-in, shown this once
}

func (h *handler) grant(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showGrant(w, r, actor, http.StatusOK, grantPage{})
}

func (h *handler) showGrant(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p grantPage) (err error) {
	if p.View, err = h.app.AccountProposal(r.Context(), actor, number(r.PathValue("id"))); err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say("accounts.proposal", "id", p.View.ID))
	p.Second, p.Mine = p.View.MayDecide(actor.Name), p.View.MadeBy(actor.Name)
	return h.Render.Render(w, r, status, "grant", p.Lang, p)
}

// decideGrant agrees or refuses. The link of a new way in is shown in the answer, and never again.
func (h *handler) decideGrant(agree bool) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		why := r.PostFormValue("why")
		link, err := h.app.DecideAccount(r.Context(), actor, number(r.PathValue("id")), agree, why)
		if x := problemOf(err, accountProblems); x != nil && !errors.Is(err, accounts.ErrNone) {
			return h.showGrant(w, r, actor, x.status, grantPage{Problem: x.code, Typed: why})
		}
		if err != nil {
			return err
		}
		if link != "" {
			return h.showGrant(w, r, actor, http.StatusOK, grantPage{Link: h.address(r) + "/desk/first/" + link})
		}
		return h.backToGrant(w, r, actor)
	}
}

// address is that of the desk, as people write it.
func (h *handler) address(r *http.Request) string {
	switch {
	case h.url != "":
		return h.url
	case h.secure:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (h *handler) backToGrant(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/people/proposals/"+url.PathEscape(r.PathValue("id")))
}

// accountProblems are why something about an account is refused beside its form.
var accountProblems = []problem{
	{accounts.ErrLogin, "login", http.StatusUnprocessableEntity},
	{accounts.ErrReason, "reason", http.StatusUnprocessableEntity},
	{app.ErrRole, "role", http.StatusUnprocessableEntity},
	{app.ErrRegion, "region", http.StatusUnprocessableEntity},
	{accounts.ErrSameRights, "same", http.StatusUnprocessableEntity},
	{accounts.ErrKnown, "known", http.StatusConflict},
	{accounts.ErrWaits, "waits", http.StatusConflict},
	{accounts.ErrClosed, "closed", http.StatusConflict},
	{accounts.ErrOwn, "own", http.StatusConflict},
	{accounts.ErrSubject, "subject", http.StatusConflict},
	{accounts.ErrDecided, "decided", http.StatusConflict},
	{accounts.ErrExpired, "expired", http.StatusConflict},
	{accounts.ErrChanged, "changed", http.StatusConflict},
}
