package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

func (h *handler) releaseImport(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.act(w, r, actor, h.app.ReleaseImport)
}

func (h *handler) rejectImport(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.act(w, r, actor, h.app.RejectImport)
}

// act does something to a batch, and shows the batch; what may not be done is said there.
func (h *handler) act(w http.ResponseWriter, r *http.Request, actor app.Actor, do func(context.Context, app.Actor, int64, string) error) error {
	reason := r.PostFormValue("reason")
	err := do(r.Context(), actor, batchID(r), reason)
	if wrong, ok := errors.AsType[*intake.ActError](err); ok {
		return h.showImport(w, r, actor, http.StatusConflict, wrong.Code, reason)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/imports/"+strconv.FormatInt(batchID(r), 10))
}

type uploadPage struct {
	ui.Page
	Fault string // what is wrong with the file; empty: something is wrong with the form
}

// upload keeps the file of an operator, or says why it cannot be taken.
func (h *handler) upload(w http.ResponseWriter, r *http.Request, actor app.Actor, fields url.Values, fileName string, file io.Reader) error {
	if file == nil {
		file = http.NoBody
	}
	b, err := h.app.Upload(r.Context(), actor, fields.Get("source"), fileName, fields.Get("dry_run") != "", h.Lang(r), file)
	p := uploadPage{}
	switch fatal, wrong, large := (*intake.FatalError)(nil), (*intake.ArrivalError)(nil), (*http.MaxBytesError)(nil); {
	case err == nil:
		return ui.Redirect(w, "/desk/imports/"+strconv.FormatInt(b.ID, 10))
	case errors.As(err, &fatal):
		p.Fault = intake.FaultMessage(fatal.Code, string(h.Lang(r)))
	case errors.As(err, &wrong):
	case errors.As(err, &large):
		p.Fault = intake.FaultMessage(intake.FatalSize, string(h.Lang(r)))
	default:
		return err
	}
	p.Page = h.page(w, r, i18n.Say("desk.imports.not_taken"))
	return h.Render.Render(w, r, http.StatusUnprocessableEntity, "notaken", p.Lang, p)
}
