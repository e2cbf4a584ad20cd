package desk

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"robotbailiff/engine/review"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/worklist"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type workPage struct {
	ui.Page
	View  app.Work
	Kinds []periodLink // all and each kind
	Whose []periodLink // everybody's, one's own, nobody's
	Lists []workListRow
	Next  string // address of the next page; empty: there is none
}

// workListRow is what waits of one kind, with the address of all of it.
type workListRow struct {
	app.WorkList
	Items []workRow
	All   string
}

// workRow is one thing with the address of what people did about it.
type workRow struct {
	worklist.Item
	Thing string
}

type workThingPage struct {
	ui.Page
	View     app.WorkThing
	Actor    string
	Mine     bool // the actor works it
	Others   bool // somebody else works it
	Verdicts []string
	Problem  string // of what was just tried
	Typed    string // its words
}

// workKinds are the rights that one needs to see a kind of work: those of its room. A kind that is not here is open to all who see work.
var workKinds = map[string]Right{
	"objections": Objections, "reviews": Cases, "trials": Cases, "undelivered": Cases, "orders": Cases,
	"identities": Cases, "approve_identities": Cases, "suspense": Money, "refunds": Money, "reversals": Money, "approve_money": Money,
}

// workRoutes are the pages of what waits for a person.
func (h *handler) workRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/work", h.inside(h.work))
	route("GET /desk/work/thing", h.inside(h.workThing))
	route("POST /desk/work/thing", h.inside(h.doWork))
	route("POST /desk/work/give", h.inside(h.giveWork))
	route("GET /desk/work/give", h.inside(h.workThing)) // the language row after a post
	route("POST /desk/work/review", h.inside(h.decideReview))
	route("GET /desk/work/review", h.inside(h.workThing)) // the language row after a post
}

// seesWork gives the kinds of work that an actor may see.
func seesWork(actor app.Actor) (names []string) {
	for _, k := range worklist.Kinds {
		if right, ok := workKinds[k.Name]; !ok || May(actor, right) {
			names = append(names, k.Name)
		}
	}
	return names
}

const (
	whoseMine = "mine"
	whoseFree = "free"
)

func (h *handler) work(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	get := r.URL.Query().Get
	q := app.WorkQuery{Kinds: seesWork(actor), Kind: get("kind"), Mine: get("whose") == whoseMine, Free: get("whose") == whoseFree}
	q.After.Key = get("after")
	q.After.Since, _ = time.Parse(time.RFC3339Nano, get("from")) // what is no instant is the first page
	v, err := h.app.Work(r.Context(), actor, q)
	if err != nil {
		return err
	}
	p := workPage{Page: h.page(w, r, i18n.Say("work.title")), View: v}
	whose := ""
	switch {
	case q.Mine:
		whose = whoseMine
	case q.Free:
		whose = whoseFree
	}
	p.Kinds = append(p.Kinds, periodLink{Href: workPath(url.Values{"whose": {whose}}), Current: v.Query.Kind == ""})
	for _, k := range worklist.Kinds {
		if slices.Contains(q.Kinds, k.Name) && (k.Local || actor.Whole()) {
			p.Kinds = append(p.Kinds, periodLink{Name: k.Name, Href: workPath(url.Values{"kind": {k.Name}, "whose": {whose}}), Current: v.Query.Kind == k.Name})
		}
	}
	for _, x := range []string{"", whoseMine, whoseFree} {
		p.Whose = append(p.Whose, periodLink{Name: x, Href: workPath(url.Values{"kind": {v.Query.Kind}, "whose": {x}}), Current: x == whose})
	}
	for _, l := range v.Lists {
		if len(l.Items) == 0 && v.Query.Kind == "" {
			continue
		}
		row := workListRow{WorkList: l, All: workPath(url.Values{"kind": {l.Kind.Name}, "whose": {whose}})}
		for _, i := range l.Items {
			row.Items = append(row.Items, workRow{Item: i, Thing: thingPath(i.Kind, i.Key)})
		}
		p.Lists = append(p.Lists, row)
	}
	if v.Next.Key != "" {
		p.Next = workPath(url.Values{"kind": {v.Query.Kind}, "whose": {whose}, "from": {v.Next.Since.UTC().Format(time.RFC3339Nano)}, "after": {v.Next.Key}})
	}
	return h.Render.Render(w, r, http.StatusOK, "work", p.Lang, p)
}

// workPath is the address of a list of work, without what is empty.
func workPath(q url.Values) string {
	for k := range q {
		if q.Get(k) == "" {
			q.Del(k)
		}
	}
	if len(q) == 0 {
		return "/desk/work"
	}
	return "/desk/work?" + q.Encode()
}

func thingPath(kind, key string) string {
	return "/desk/work/thing?" + url.Values{"kind": {kind}, "key": {key}}.Encode()
}

func (h *handler) workThing(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showThing(w, r, actor, http.StatusOK, workThingPage{})
}

func (h *handler) showThing(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p workThingPage) error {
	kind, key := r.FormValue("kind"), r.FormValue("key")
	if !slices.Contains(seesWork(actor), kind) {
		return worklist.ErrNone
	}
	v, err := h.app.WorkThing(r.Context(), actor, kind, key, h.Lang(r))
	if err != nil {
		return err
	}
	p.Page, p.View, p.Actor, p.Verdicts = h.page(w, r, i18n.Say("work.kind."+kind)), v, actor.Name, review.Verdicts
	p.Mine, p.Others = v.Item.Who == actor.Name, v.Item.Who != "" && v.Item.Who != actor.Name
	return h.Render.Render(w, r, status, "workthing", p.Lang, p)
}

// doWork keeps what somebody does himself about a thing that waits.
func (h *handler) doWork(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	act := worklist.Act{Act: r.PostFormValue("act"), Outcome: r.PostFormValue("outcome"), Words: r.PostFormValue("words")}
	if act.Act == worklist.Given {
		act.Act = "" // has a right of its own
	}
	return h.actOnWork(w, r, actor, act)
}

// giveWork has somebody else do a thing that waits.
func (h *handler) giveWork(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnWork(w, r, actor, worklist.Act{Act: worklist.Given, Assignee: r.PostFormValue("assignee")})
}

func (h *handler) actOnWork(w http.ResponseWriter, r *http.Request, actor app.Actor, act worklist.Act) error {
	kind, key := r.PostFormValue("kind"), r.PostFormValue("key")
	if !slices.Contains(seesWork(actor), kind) {
		return worklist.ErrNone
	}
	err := h.app.DoWork(r.Context(), actor, kind, key, act)
	if x := problemOf(err, workProblems); x != nil {
		return h.showThing(w, r, actor, x.status, workThingPage{Problem: x.code, Typed: act.Words})
	}
	if err != nil {
		return err
	}
	if act.Act == worklist.Closed {
		return ui.Redirect(w, workPath(url.Values{"kind": {kind}}))
	}
	return ui.Redirect(w, thingPath(kind, key))
}

// decideReview keeps what somebody found about a decision that was drawn.
func (h *handler) decideReview(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	words := r.PostFormValue("words")
	err := h.app.DecideReview(r.Context(), actor, r.PostFormValue("number"), int(number(r.PostFormValue("seq"))), r.PostFormValue("verdict"), words)
	if x := problemOf(err, workProblems); x != nil {
		return h.showThing(w, r, actor, x.status, workThingPage{Problem: x.code, Typed: words})
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, workPath(url.Values{"kind": {"reviews"}}))
}

// workProblems are why an act on work is refused beside its form.
var workProblems = []problem{
	{worklist.ErrTaken, "taken", http.StatusConflict},
	{worklist.ErrNotHis, "not_his", http.StatusConflict},
	{worklist.ErrNobody, "nobody", http.StatusUnprocessableEntity},
	{worklist.ErrOutcome, "outcome", http.StatusUnprocessableEntity},
	{worklist.ErrWords, "words", http.StatusUnprocessableEntity},
	{review.ErrWords, "fault", http.StatusUnprocessableEntity},
	{review.ErrVerdict, "verdict", http.StatusUnprocessableEntity},
}
