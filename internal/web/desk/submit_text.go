package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/text"
	"robotbailiff/notify/wording"
)

// saveText keeps one wording in the operator's draft, good or not yet. What may not be kept, and what was written beside words
// that are not in force any more, is shown again as it was typed.
func (h *handler) saveText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	typed := text.ParseLines(r.PostFormValue("sms"), r.PostFormValue("title"), r.PostFormValue("body"), r.PostFormValue("letter"))
	f := textForm{place: placeOf(r), typed: &typed, number: strings.TrimSpace(r.PostFormValue("case"))}
	base, _ := strconv.Atoi(r.PostFormValue("base")) // what is no number is stale
	err := h.app.SaveText(r.Context(), actor, f.place, base, typed)
	if wrong, ok := errors.AsType[*wording.ActError](err); ok {
		status := http.StatusUnprocessableEntity
		if wrong.Code == wording.CodeStale {
			status = http.StatusConflict
		}
		return h.showTextEdit(w, r, actor, status, f, wrong.Code)
	}
	if err != nil {
		return err
	}
	to := editAddress(f.place) + "&kept=1"
	if f.number != "" {
		to += "&case=" + url.QueryEscape(f.number)
	}
	return ui.Redirect(w, to+"#look")
}

// discardText forgets one change, or all of them.
func (h *handler) discardText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	p := text.Place{Kind: text.Kind(r.PostFormValue("kind")), Language: r.PostFormValue("language")}
	if err := h.app.DiscardText(r.Context(), actor, p); err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/texts")
}

func (h *handler) proposeText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	reason := r.PostFormValue("reason")
	number, err := h.app.ProposeText(r.Context(), actor, reason, r.PostFormValue("seen"))
	if wrong, ok := errors.AsType[*wording.ActError](err); ok {
		return h.showTextDraft(w, r, actor, http.StatusConflict, wrong.Code, reason)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/texts/"+strconv.Itoa(number))
}

func (h *handler) approveText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnText(w, r, actor, h.app.ApproveText)
}

func (h *handler) rejectText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnText(w, r, actor, h.app.RejectText)
}

// takeText goes on with the words of a version that is not in force, and shows them beside those that are.
func (h *handler) takeText(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	err := h.app.TakeText(r.Context(), actor, textNumber(r))
	if wrong, ok := errors.AsType[*wording.ActError](err); ok {
		return h.showText(w, r, actor, http.StatusConflict, wrong.Code, "")
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/texts/draft")
}

// actOnText does something to a version, and shows it; what may not be done is said there.
func (h *handler) actOnText(w http.ResponseWriter, r *http.Request, actor app.Actor, do func(context.Context, app.Actor, int, string) error) error {
	reason := r.PostFormValue("reason")
	err := do(r.Context(), actor, textNumber(r), reason)
	if wrong, ok := errors.AsType[*wording.ActError](err); ok {
		return h.showText(w, r, actor, http.StatusConflict, wrong.Code, reason)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/texts/"+strconv.Itoa(textNumber(r)))
}
