package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/trail"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
)

// auditRoutes are the pages of auditors: what was recorded, what people did, who saw whose data, and the verifier of the record.
func (h *handler) auditRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/audit", h.inside(h.auditEvents))
	route("GET /desk/audit/events/{number}/{seq}", h.inside(h.auditEvent))
	route("GET /desk/audit/acts", h.inside(h.auditActs))
	route("GET /desk/audit/access", h.inside(h.auditActs))
	route("GET /desk/audit/chain", h.inside(h.chain))
	route("POST /desk/audit/chain", h.inside(h.askChain))
	route("POST /desk/audit/csv", h.inside(h.auditFile))
	route("GET /desk/audit/csv", h.inside(h.backToAudit)) // the language row after a post
}

const auditPath = "/desk/audit"

// auditPage is what the pages of the room share.
type auditPage struct {
	ui.Page
	Here    string   // events, acts, access or chain
	Bad     []string // fields of the address that make no sense
	Problem string   // of what was just tried; empty: none
	Query   string   // of this list without the place in it
	Next    string   // address of the next page; empty: there is none
}

// Day writes a day of a filter for its field.
func (auditPage) Day(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// Place is the address of one of the lists.
func (p auditPage) Place() string { return auditPlaces[p.Here] }

var auditPlaces = map[string]string{"events": auditPath, "acts": auditPath + "/acts", "access": auditPath + "/access", "chain": auditPath + "/chain"}

type auditEventsPage struct {
	auditPage
	Filter trail.EventFilter
	View   trail.EventPage
	Kinds  []string
	Actors []string
}

type auditEventPage struct {
	auditPage
	Event trail.Event
}

type auditActsPage struct {
	auditPage
	Filter  trail.ActFilter
	View    trail.ActPage
	OfRooms []string
}

type chainPage struct {
	auditPage
	View  trail.Chain
	Typed string
}

func (h *handler) auditEvents(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f, bad := trail.ParseEvents(r.URL.Query())
	return h.showAuditEvents(w, r, actor, http.StatusOK, auditEventsPage{auditPage: auditPage{Bad: bad}, Filter: f})
}

func (h *handler) showAuditEvents(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p auditEventsPage) (err error) {
	if len(p.Bad) > 0 {
		status = http.StatusBadRequest
	} else if p.View, err = h.app.AuditEvents(r.Context(), actor, p.Filter); err != nil {
		return err
	}
	f := p.Filter
	f.After = trail.EventCursor{}
	p.Query = f.Query().Encode()
	if p.View.Next.Seq != 0 {
		f.After = p.View.Next
		p.Next = auditPath + "?" + f.Query().Encode()
	}
	for _, k := range trail.Kinds {
		p.Kinds = append(p.Kinds, string(k))
	}
	p.Page, p.Here, p.Actors = h.page(w, r, i18n.Say("audit.title")), "events", trail.Actors
	return h.Render.Render(w, r, status, "audit", p.Lang, p)
}

func (h *handler) auditEvent(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	seq, err := strconv.Atoi(r.PathValue("seq"))
	if err != nil {
		return trail.ErrNoEvent
	}
	e, err := h.app.AuditEvent(r.Context(), actor, r.PathValue("number"), seq, h.Lang(r))
	if err != nil {
		return err
	}
	p := auditEventPage{auditPage: auditPage{Page: h.page(w, r, i18n.Say("audit.event.title", "seq", strconv.Itoa(e.Seq), "number", e.Number)), Here: "events"}, Event: e}
	return h.Render.Render(w, r, http.StatusOK, "auditevent", p.Lang, p)
}

func (h *handler) auditActs(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	here := "acts"
	if r.URL.Path == auditPlaces["access"] {
		here = "access"
	}
	f, bad := trail.ParseActs(r.URL.Query())
	return h.showAuditActs(w, r, actor, http.StatusOK, auditActsPage{auditPage: auditPage{Bad: bad, Here: here}, Filter: f})
}

func (h *handler) showAuditActs(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p auditActsPage) (err error) {
	title := i18n.Say("audit.acts.title")
	if p.Here == "access" {
		title, p.Filter.Room = i18n.Say("audit.access.title"), trail.RoomAccess
	}
	if len(p.Bad) > 0 {
		status = http.StatusBadRequest
	} else if p.View, err = h.app.AuditActs(r.Context(), actor, p.Filter); err != nil {
		return err
	}
	f := p.Filter
	f.After = trail.ActCursor{}
	p.Query = f.Query().Encode()
	if p.View.Next.Source != 0 {
		f.After = p.View.Next
		p.Next = p.Place() + "?" + f.Query().Encode()
	}
	p.Page, p.OfRooms = h.page(w, r, title), trail.Rooms
	return h.Render.Render(w, r, status, "auditacts", p.Lang, p)
}

func (h *handler) chain(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showChain(w, r, actor, http.StatusOK, chainPage{})
}

func (h *handler) showChain(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p chainPage) (err error) {
	if p.View, err = h.app.Chain(r.Context(), actor, number(r.URL.Query().Get("before"))); err != nil {
		return err
	}
	if p.View.Next != 0 {
		p.Next = auditPlaces["chain"] + "?" + url.Values{"before": {strconv.FormatInt(p.View.Next, 10)}}.Encode()
	}
	p.Page, p.Here = h.page(w, r, i18n.Say("audit.chain.title")), "chain"
	return h.Render.Render(w, r, status, "auditchain", p.Lang, p)
}

func (h *handler) askChain(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	reason := r.PostFormValue("reason")
	err := h.app.AskChain(r.Context(), actor, reason)
	switch {
	case errors.Is(err, trail.ErrNoReason):
		return h.showChain(w, r, actor, http.StatusUnprocessableEntity, chainPage{auditPage: auditPage{Problem: "no_reason"}, Typed: reason})
	case errors.Is(err, trail.ErrRunning):
		return h.showChain(w, r, actor, http.StatusConflict, chainPage{auditPage: auditPage{Problem: "running"}, Typed: reason})
	case err != nil:
		return err
	}
	return ui.Redirect(w, auditPlaces["chain"])
}

// fileProblems are what can keep a list of the trail from leaving.
var fileProblems = []struct {
	err  error
	name string
}{{trail.ErrTooMany, "too_many"}, {trail.ErrTooSlow, "too_slow"}, {trail.ErrNothing, "nothing"}}

// auditFile gives the list that a form names as a file.
func (h *handler) auditFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	here := r.PostFormValue("list")
	q, err := url.ParseQuery(r.PostFormValue("query"))
	if _, known := auditPlaces[here]; err != nil || !known || here == "chain" {
		return &ui.Failure{Status: http.StatusBadRequest, Name: "form", Out: auditPath}
	}
	var file trail.File
	var bad []string
	events, badEvents := trail.ParseEvents(q)
	acts, badActs := trail.ParseActs(q)
	if here == "events" {
		bad = badEvents
	} else if bad = badActs; here == "access" {
		acts.Room = trail.RoomAccess
	}
	switch {
	case len(bad) > 0:
		return &ui.Failure{Status: http.StatusBadRequest, Name: "form", Out: auditPath}
	case here == "events":
		file, err = h.app.TakeAuditEvents(r.Context(), actor, events, h.Lang(r))
	default:
		file, err = h.app.TakeAuditActs(r.Context(), actor, acts, h.Lang(r))
	}
	for _, x := range fileProblems {
		if !errors.Is(err, x.err) {
			continue
		}
		room := auditPage{Problem: x.name, Here: here}
		if here == "events" {
			return h.showAuditEvents(w, r, actor, http.StatusUnprocessableEntity, auditEventsPage{auditPage: room, Filter: events})
		}
		return h.showAuditActs(w, r, actor, http.StatusUnprocessableEntity, auditActsPage{auditPage: room, Filter: acts})
	}
	if err != nil {
		return err
	}
	return ui.SendFile(w, r, file.Name, file.MediaType, file.Body)
}

func (h *handler) backToAudit(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, auditPath)
}
