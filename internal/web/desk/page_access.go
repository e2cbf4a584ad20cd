package desk

import (
	"net/http"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// accessRoutes are the pages of who may do what.
func (h *handler) accessRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/access", h.inside(h.access))
}

type accessPage struct {
	ui.Page
	Actor app.Actor
	Roles []app.Role
	Mine  map[app.Role]bool
	Rows  []accessRow
}

// accessRow is one right as the page says it.
type accessRow struct {
	Right  Right
	Cells  []string // by role: "yes", "first" or empty
	Routes []string
	Fresh  bool // it wants it shown anew who acts
}

func (h *handler) access(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	p := accessPage{Page: h.page(w, r, i18n.Say("desk.access.title")), Actor: actor, Roles: app.Roles, Mine: map[app.Role]bool{}}
	for _, role := range actor.Roles {
		p.Mine[role] = true
	}
	for _, g := range Grants {
		if g.Right == Open {
			continue
		}
		row := accessRow{Right: g.Right, Fresh: g.Fresh}
		for _, role := range app.Roles {
			row.Cells = append(row.Cells, cell(g, role))
		}
		for _, x := range Routes {
			if x.Right == g.Right {
				row.Routes = append(row.Routes, x.Pattern)
			}
		}
		p.Rows = append(p.Rows, row)
	}
	return h.Render.Render(w, r, http.StatusOK, "access", p.Lang, p)
}

func cell(g Grant, role app.Role) string {
	one := app.Actor{Roles: []app.Role{role}}
	switch {
	case !one.Is(g.Who...):
		return ""
	case g.Second != nil && !one.Is(g.Second...):
		return "first"
	}
	return "yes"
}
