package ui

import (
	"net/http"
	"net/url"

	"robotbailiff/internal/i18n"
)

// speakField is what the buttons of the language row are called. On a page with a form to fill in the row belongs to that form, which has the id
// fill: it is sent with all that was typed, to the same address, and comes back in the other language. It never acts. The row stands in a form of its own
// that only reads the page again: it is what text browsers send, which do not know the attribute form.
const speakField = "speak"

// chosen is the language that a request chooses: by the language row of a form, or of another page.
func (s *Site) chosen(r *http.Request) (i18n.Lang, bool) {
	for _, code := range []string{r.FormValue(speakField), r.URL.Query().Get("lang")} {
		if l, ok := i18n.ParseIn(code, s.langs); ok {
			return l, true
		}
	}
	return "", false
}

// Speaks says whether a form was sent to be shown in another language, and not to act.
func Speaks(r *http.Request) bool { return r.FormValue(speakField) != "" }

// SpokenIn is the language in which the form of an upload wants to be shown, among its fields; empty: it is sent to act.
func SpokenIn(fields url.Values) string { return fields.Get(speakField) }

// HandleForm makes a handler like Handle of a form that is filled in: again shows the form anew with what was typed.
func (s *Site) HandleForm(act, again HandlerFunc, explain func(error) *Failure) http.Handler {
	return s.handle(maxForm, func(w http.ResponseWriter, r *http.Request) error {
		if Speaks(r) {
			return again(w, r)
		}
		return act(w, r)
	}, explain)
}
