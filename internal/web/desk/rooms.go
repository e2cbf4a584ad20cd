package desk

import (
	"net/http"
	"strings"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// rooms are the entries of the row on top, with what one needs to open each.
var rooms = []struct {
	path  string
	name  string
	right Right
}{
	{"/desk/", "desk.title", Look},
	{"/desk/cases", "cases.title", Cases},
	{"/desk/deadlines", "today.due.title", Cases},
	{"/desk/work", "work.title", Work},
	{"/desk/acts", "acts.title", Cases},
	{"/desk/approvals", "approvals.title", Look},
	{"/desk/objections", "desk.objections.title", Objections},
	{"/desk/imports", "desk.imports.title", Look},
	{"/desk/orders", "desk.orders.title", Look},
	{"/desk/trials", "desk.trials.title", Cases},
	{"/desk/notices", "desk.notices.title", Look},
	{"/desk/texts", "desk.texts.title", Look},
	{"/desk/money", "desk.money.title", Money},
	{"/desk/robot", "robot.title", Look},
	{"/desk/banks", "banks.title", Look},
	{"/desk/rules", "rules.title", Look},
	{"/desk/switch", "desk.switch.title", Look},
	{"/desk/people", "desk.people.title", People},
	{"/desk/audit", "audit.title", Audit},
	{"/desk/access", "desk.access.title", Self},
}

// page begins a page for whom [handler.inside] has let in: with the rooms that he may open, and his rights.
func (h *handler) page(w http.ResponseWriter, r *http.Request, title i18n.Text) ui.Page {
	p := h.NewPage(w, r, title)
	actor := actorOf(r)
	p.SignedIn, p.Who, p.Rights = true, actor.Name, map[string]bool{}
	if !actor.NoKeys {
		p.Keys = keysScript.path
	}
	for _, g := range Grants {
		p.Rights[string(g.Right)] = May(actor, g.Right)
	}
	for _, x := range rooms {
		if p.May(string(x.right)) {
			p.Rooms = append(p.Rooms, ui.Room{Href: x.path, Name: i18n.Say(x.name), Current: r.URL.Path == x.path || x.path != "/desk/" && strings.HasPrefix(r.URL.Path, x.path+"/")})
		}
	}
	return p
}
