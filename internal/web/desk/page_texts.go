package desk

import (
	"net/http"
	"strconv"
	"time"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/text"
	"robotbailiff/notify/wording"
)

type textsPage struct {
	ui.Page
	View      app.TextList
	Actor     string
	Kinds     []text.Kind
	Languages []string
}

func (h *handler) texts(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.Texts(r.Context(), actor)
	if err != nil {
		return err
	}
	p := textsPage{Page: h.page(w, r, i18n.Say("desk.texts.title")), View: v, Actor: actor.Name, Kinds: text.Kinds, Languages: text.Languages}
	return h.Render.Render(w, r, http.StatusOK, "texts", p.Lang, p)
}

// textDiff is one wording, old beside new.
type textDiff struct {
	text.Place
	Rows    []diffRow
	Longest text.Preview
}

// diffRow is one message or sentence on both sides.
type diffRow struct {
	Part        text.Part
	Number      int
	Left, Right []text.Piece
	Same        bool
}

func diffs(changes []app.TextChange) (out []textDiff) {
	for _, c := range changes {
		d := textDiff{Place: c.Place, Longest: c.Longest}
		d.add(text.PartSMS, c.Old.SMS, c.New.SMS)
		d.add(text.PartTitle, []string{c.Old.Title}, []string{c.New.Title})
		d.add(text.PartBody, c.Old.Body, c.New.Body)
		d.add(text.PartLetter, c.Old.Letter, c.New.Letter)
		out = append(out, d)
	}
	return out
}

func (d *textDiff) add(part text.Part, before, after []string) {
	at := func(lines []string, i int) string {
		if i < len(lines) {
			return lines[i]
		}
		return ""
	}
	for i := range max(len(before), len(after)) {
		row := diffRow{Part: part, Number: i + 1}
		a, b := at(before, i), at(after, i)
		row.Left, row.Right = text.Diff(a, b)
		row.Same = a == b
		d.Rows = append(d.Rows, row)
	}
}

// textPage shows a version, or what is to become one, beside the words that it changes.
type textPage struct {
	ui.Page
	View    app.TextFile
	Draft   *app.TextDraft // nil: it is a version
	Base    string         // number of the version beside which it stands; empty: none
	Diffs   []textDiff
	Actor   string
	Mine    bool      // the actor himself has proposed it
	Until   time.Time // when the proposal ends
	Problem string    // of the act that was just tried
	Typed   string    // its reason
}

func (h *handler) textVersion(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showText(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showText(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.Text(r.Context(), actor, textNumber(r))
	if err != nil {
		return err
	}
	p := textPage{
		Page: h.page(w, r, i18n.Say("desk.texts.one", "version", strconv.Itoa(v.Number))), View: v, Diffs: diffs(v.Changes), Actor: actor.Name,
		Mine: v.ProposedBy == actor.Name, Until: v.ProposedAt.Add(wording.ApproveWithin), Problem: problem, Typed: typed,
	}
	if v.Base != 0 {
		p.Base = strconv.Itoa(v.Base)
	}
	return h.Render.Render(w, r, status, "text", p.Lang, p)
}

// textNumber reads the version of the address; 0 is none.
func textNumber(r *http.Request) int {
	n, _ := strconv.ParseInt(r.PathValue("version"), 10, 16)
	return int(n)
}

func (h *handler) textDraft(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showTextDraft(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showTextDraft(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.TextDraft(r.Context(), actor)
	if err != nil {
		return err
	}
	p := textPage{
		Page: h.page(w, r, i18n.Say("desk.texts.draft")), Draft: &v, Base: strconv.Itoa(v.Base), Diffs: diffs(v.Changes), Actor: actor.Name,
		Problem: problem, Typed: typed,
	}
	return h.Render.Render(w, r, status, "text", p.Lang, p)
}

func (h *handler) backToText(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/texts/"+r.PathValue("version"))
}
