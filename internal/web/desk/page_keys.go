package desk

import (
	_ "embed" // the script is part of the program
	"net/http"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// keysJS is the script of the keyboard shortcuts. Pages for those who have switched them off do not load it.
//
//go:embed script/keys.js
var keysJS []byte

var keysScript = newScript(keysJS)

// keyRoutes are the list of the keyboard shortcuts, and their switch.
func (h *handler) keyRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/keys", h.inside(h.keys))
	route("POST /desk/me/keys", h.inside(h.setKeys)) // after it, the language row leads to the visits, as after all acts below me
}

type keysPage struct {
	ui.Page
	On   bool
	List []shortcut
}

// shortcut is one key, or two that are pressed one after the other.
type shortcut struct {
	Keys  []string
	Name  string // what it does, in the catalogs
	Href  string // where it leads
	right Right
}

// shortcuts are those that the script knows.
var shortcuts = []shortcut{
	{[]string{"/"}, "search", "/desk/cases", Cases},
	{[]string{"g", "t"}, "today", "/desk/", Look},
	{[]string{"g", "c"}, "cases", "/desk/cases", Cases},
	{[]string{"g", "d"}, "deadlines", "/desk/deadlines", Cases},
	{[]string{"?"}, "list", "/desk/keys", Self},
}

func (h *handler) keys(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	p := keysPage{Page: h.page(w, r, i18n.Say("keys.title")), On: !actor.NoKeys}
	for _, x := range shortcuts {
		if May(actor, x.right) {
			p.List = append(p.List, x)
		}
	}
	return h.Render.Render(w, r, http.StatusOK, "keys", p.Lang, p)
}

// setKeys switches the shortcuts on or off. What is neither changes nothing.
func (h *handler) setKeys(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if single := r.PostFormValue("single"); single == "on" || single == "off" {
		if err := h.app.SetKeys(r.Context(), actor, single == "on"); err != nil {
			return err
		}
	}
	return ui.Redirect(w, "/desk/keys")
}
