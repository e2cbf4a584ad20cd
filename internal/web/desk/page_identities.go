package desk

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/identities"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// identityRoutes are the page of one row of a batch of which people have to say whom it means.
func (h *handler) identityRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/identities/{batch}/{row}", h.inside(h.identity))
	route("POST /desk/identities/{batch}/{row}/unmask", h.inside(h.unmaskIdentity))
	route("POST /desk/identities/{batch}/{row}/propose", h.inside(h.proposeIdentity))
	route("POST /desk/identities/{batch}/{row}/agree", h.inside(h.decideIdentity(true)))
	route("POST /desk/identities/{batch}/{row}/refuse", h.inside(h.decideIdentity(false)))
	route("POST /desk/identities/{batch}/{row}/withdraw", h.inside(h.takeBackIdentity))
	route("GET /desk/identities/{batch}/{row}/{was}", h.inside(h.backToIdentity)) // the language row after a post, and the way back from the sign-in
}

type identityPage struct {
	ui.Page
	Identity app.Identity
	Mine     bool   // the word that waits is the actor's own
	Problem  string // of what was just tried
	Typed    string // its reason
	Answer   identities.Answer
	Refused  string // why nobody was unmasked
}

// Path is the address of the row.
func (p identityPage) Path() string { return identityPath(p.Identity.BatchID, p.Identity.Row) }

func identityPath(batch int64, row int) string {
	return fmt.Sprintf("/desk/identities/%d/%d", batch, row)
}

// rowOf reads which row an address means; what is no number is no row.
func rowOf(r *http.Request) (batch int64, row int) {
	row, _ = strconv.Atoi(r.PathValue("row"))
	return number(r.PathValue("batch")), row
}

func (h *handler) identity(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showIdentity(w, r, actor, http.StatusOK, identityPage{})
}

func (h *handler) showIdentity(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p identityPage) (err error) {
	if !p.Identity.Plain {
		batch, row := rowOf(r)
		if p.Identity, err = h.app.Identity(r.Context(), actor, batch, row, h.Lang(r)); err != nil {
			return err
		}
	}
	if open := p.Identity.Open(); open != nil {
		p.Mine = open.Mine
	}
	p.Page = h.page(w, r, i18n.Say("identities.title", "row", strconv.Itoa(p.Identity.Row), "batch", strconv.FormatInt(p.Identity.BatchID, 10)))
	return h.Render.Render(w, r, status, "identity", p.Lang, p)
}

func (h *handler) unmaskIdentity(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	batch, row := rowOf(r)
	v, err := h.app.UnmaskIdentity(r.Context(), actor, batch, row, r.PostFormValue("reason"), h.Lang(r))
	switch {
	case errors.Is(err, identities.ErrReason):
		return h.showIdentity(w, r, actor, http.StatusUnprocessableEntity, identityPage{Refused: "no_reason"})
	case errors.Is(err, identities.ErrPersonal):
		return h.showIdentity(w, r, actor, http.StatusUnprocessableEntity, identityPage{Refused: "personal"})
	case errors.Is(err, caselist.ErrTooOften):
		return h.showIdentity(w, r, actor, http.StatusTooManyRequests, identityPage{Refused: "too_often"})
	case err != nil:
		return err
	}
	return h.showIdentity(w, r, actor, http.StatusOK, identityPage{Identity: v})
}

// identityProblems are why a word on a row is refused beside its form.
var identityProblems = []problem{
	{identities.ErrOwn, "own", http.StatusForbidden},
	{identities.ErrNotMine, "not_mine", http.StatusForbidden},
	{identities.ErrClosed, "closed", http.StatusConflict},
	{identities.ErrExpired, "expired", http.StatusConflict},
	{identities.ErrAnswer, "answer", http.StatusUnprocessableEntity},
	{identities.ErrReason, "reason", http.StatusUnprocessableEntity},
	{identities.ErrPersonal, "personal", http.StatusUnprocessableEntity},
	{intake.ErrStopped, "stopped", http.StatusConflict},
}

// saidOf shows a row after a word of it, or why it could not be said.
func (h *handler) saidOf(w http.ResponseWriter, r *http.Request, actor app.Actor, typed string, err error) error {
	if x := problemOf(err, identityProblems); x != nil {
		return h.showIdentity(w, r, actor, x.status, identityPage{Problem: x.code, Typed: typed, Answer: identities.Answer(r.PostFormValue("answer"))})
	}
	if err != nil {
		return err
	}
	return h.backToIdentity(w, r, actor)
}

func (h *handler) proposeIdentity(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	batch, row := rowOf(r)
	why := r.PostFormValue("reason")
	return h.saidOf(w, r, actor, why, h.app.ProposeIdentity(r.Context(), actor, batch, row, identities.Answer(r.PostFormValue("answer")), why))
}

func (h *handler) decideIdentity(agree bool) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		batch, row := rowOf(r)
		why := r.PostFormValue("why")
		return h.saidOf(w, r, actor, why, h.app.DecideIdentity(r.Context(), actor, batch, row, number(r.PostFormValue("word")), agree, why))
	}
}

func (h *handler) takeBackIdentity(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	batch, row := rowOf(r)
	why := r.PostFormValue("why")
	return h.saidOf(w, r, actor, why, h.app.TakeBackIdentity(r.Context(), actor, batch, row, number(r.PostFormValue("word")), why))
}

func (h *handler) backToIdentity(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, identityPath(rowOf(r)))
}
