package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/text"
)

// textForm is what the form of one wording says.
type textForm struct {
	place  text.Place
	typed  *text.Wording // what could not be kept; nil: show what is kept
	number string        // of a case to show it with
}

type textEditPage struct {
	ui.Page
	View                 app.TextEdit
	SMS, PushTitle, Body string // as the form has them
	Letter               string
	HasLetter            bool   // this kind can go by post
	Address              string // of this form
	Kinds                []text.Kind
	Languages            []string
	Fields               string
	Typed                string // number of a case
	NoCase               bool   // there is no such case
	Problem              string // of the act that was just tried
	Kept                 bool   // it was just saved
}

func (h *handler) textEdit(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showTextEdit(w, r, actor, http.StatusOK, textForm{place: placeOf(r), number: r.URL.Query().Get("case")}, "")
}

// placeOf reads which wording an address is about: the first one, if it does not say.
func placeOf(r *http.Request) text.Place {
	q := r.URL.Query()
	p := text.Place{Kind: text.Kind(q.Get("kind")), Language: q.Get("language")}
	if p.Kind == "" {
		p.Kind = text.Kinds[0]
	}
	if p.Language == "" {
		p.Language = text.Languages[0]
	}
	return p
}

// editAddress is the page of one wording.
func editAddress(p text.Place) string {
	return "/desk/texts/edit?" + url.Values{"kind": {string(p.Kind)}, "language": {p.Language}}.Encode()
}

func (h *handler) showTextEdit(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, f textForm, problem string) error {
	f.number = strings.TrimSpace(f.number)
	v, err := h.app.TextPlace(r.Context(), actor, f.place, f.typed, f.number)
	noCase := errors.Is(err, app.ErrNotFound)
	if noCase {
		v, err = h.app.TextPlace(r.Context(), actor, f.place, f.typed, "")
	}
	if err != nil {
		return err
	}
	p := textEditPage{
		Page: h.page(w, r, i18n.Say("desk.texts.edit")), View: v, Address: editAddress(f.place), Kinds: text.Kinds, Languages: text.Languages,
		Fields: strings.Join(v.Fields, " "), Typed: f.number, NoCase: noCase, Problem: problem, Kept: r.URL.Query().Get("kept") != "",
	}
	p.SMS, p.PushTitle, p.Body, p.Letter = v.Mine.Lines()
	p.HasLetter = text.HasLetter(f.place.Kind)
	return h.Render.Render(w, r, status, "textedit", p.Lang, p)
}
