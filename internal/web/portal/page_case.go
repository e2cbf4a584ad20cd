package portal

import (
	"net/http"

	"robotbailiff/engine"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type casePage struct {
	ui.Page
	View         app.View
	What         i18n.Text // what happened, in one sentence
	Stage        string    // open or ended
	Facts        []i18n.Text
	End          i18n.Text
	Tone         string
	Term         term
	CanUndo      bool
	ShowNothing  bool
	ShowDisagree bool
	Grounds      []string // on which one may object
	Notices      []i18n.Text
	Decisions    []story.Entry
	Plans        [][]i18n.Text // why an arrest lies on the accounts on which it does
	Documents    []documentLink
	SignIn       bool // an identity provider would open the other cases
}

// term is the bar of the thirty days.
type term struct{ Day, Days, Width int }

const barWidth = 300

var grounds = func() (names []string) {
	for _, g := range engine.ObjectionGrounds {
		names = append(names, string(g))
	}
	return names
}()

func (h *handler) caseFile(w http.ResponseWriter, r *http.Request) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	p := newCasePage(v)
	p.Page, p.SignIn = h.page(w, r, title(v)), h.signIn != nil && !v.Helper && !v.SignedIn
	if r.URL.Query().Get("undone") != "" && !v.Refused && v.End.At.IsZero() {
		p.Notices = append(p.Notices, i18n.Say("case.undone"))
	}
	return h.Render.Render(w, r, http.StatusOK, "case", p.Lang, p)
}

func newCasePage(v app.View) casePage {
	p := casePage{View: v, What: what(v), Stage: "open", CanUndo: !v.UndoUntil.IsZero(), Documents: documentLinks(v.Documents), Grounds: grounds}
	for _, e := range v.Story {
		if len(e.Steps) > 0 {
			p.Decisions = append(p.Decisions, e)
		}
	}
	for _, c := range v.Chosen {
		p.Plans = append(p.Plans, planOf(c))
	}
	if !v.End.At.IsZero() {
		p.Stage = "ended"
		p.End, p.Tone, p.Facts = ending(v)
		return p
	}
	p.Term = termOf(v)
	p.Facts = openFacts(v)
	p.ShowDisagree = true
	p.ShowNothing = !v.Refused && v.Waiting == nil
	return p
}

func termOf(v app.View) term {
	days := max(v.TermDays, 1)
	day := min(max(v.TermDay, 0), days)
	return term{Day: day, Days: days, Width: barWidth * day / days}
}

// title says where the case stands.
func title(v app.View) i18n.Text {
	switch {
	case v.State != "cancelled" && v.End.CancelReason != "":
		return i18n.Say("case.title.cancelled")
	case v.State == "handed_over" && v.Outstanding.IsZero():
		return i18n.Say("case.title.settled")
	case !v.End.At.IsZero():
		return i18n.Say("case.title." + v.State)
	case v.Refused:
		return i18n.Say("case.title.refused")
	case v.Held:
		return i18n.Say("case.title.held")
	case v.Suspended:
		return i18n.Say("case.title.suspended")
	case v.Arrest != nil && v.Arrest.Sure:
		return i18n.Say("case.title.arrested")
	case v.State == "enforcing":
		return i18n.Say("case.title.enforcing")
	}
	return i18n.Say("case.title.open")
}

// what says what happened: which document, and since when there is a case.
func what(v app.View) i18n.Text {
	kind := v.Kind
	switch kind {
	case "court_ruling", "authority_ruling", "fine_prescription", "tax_order":
	default:
		kind = "document"
	}
	key, pairs := "case.what."+kind, []any{"document", v.Document, "opened", v.OpenedOn}
	if !v.End.At.IsZero() {
		key, pairs = "case.was", append(pairs, "kind", i18n.Say("kind."+kind))
	}
	if v.DocumentDate.IsZero() {
		return i18n.Say(key, pairs...)
	}
	return i18n.Say(key+"_dated", append(pairs, "dated", v.DocumentDate)...)
}

func openFacts(v app.View) []i18n.Text {
	var f []i18n.Text
	add := func(key string, pairs ...any) { f = append(f, i18n.Say("case.fact."+key, pairs...)) }
	switch {
	case v.Held:
		add("held")
	case v.Suspended && !v.Until.IsZero():
		add("suspended_until", "until", v.Until)
	case v.Suspended:
		add("suspended")
	}
	switch {
	case v.Arrest != nil && v.Arrest.Sure:
		add("arrested", "amount", v.Arrest.Amount)
	case v.Arrest != nil:
		add("arrest_asked", "amount", v.Arrest.Amount)
	case v.State == "notified" && v.VoluntaryRuns:
		add("voluntary", "until", v.VoluntaryEndsOn)
	case v.State == "enforcing":
		add("no_account")
	default:
		add("nothing_held")
	}
	return f
}

// ending says how the case ended, and in which tone.
func ending(v app.View) (head i18n.Text, tone string, facts []i18n.Text) {
	add := func(key string, pairs ...any) { facts = append(facts, i18n.Say("case.end."+key, pairs...)) }
	tone = "good"
	switch {
	case !v.End.VoidedAt.IsZero():
		head = i18n.Say("case.end."+void(v), "at", v.End.VoidedAt)
		add(void(v) + "_text")
		add("given_back", "amount", v.End.GivenBack)
	case v.State == "paid":
		head = i18n.Say("case.end.paid", "at", v.End.At)
		add("paid_text", "amount", v.Paid)
	case v.State == "cancelled":
		head = i18n.Say("case.end."+void(v), "at", v.End.At)
		add(void(v) + "_text")
	case v.Outstanding.IsZero():
		head = i18n.Say("case.end.settled")
		switch {
		case v.End.CancelReason != "":
			add(void(v) + "_text")
		case v.End.Recalled:
			add("settled_text")
		default:
			add("settled_late")
		}
	default:
		tone = "warn"
		head = i18n.Say("case.end.handed_over", "at", v.End.At)
		add("handed_over_text", "amount", v.Outstanding, "fee", v.Fee.Amount)
		if v.End.Bailiff != "" {
			add("bailiff", "name", v.End.Bailiff, "licence", v.End.Licence)
			if v.End.Contact != "" {
				add("bailiff_contact", "contact", v.End.Contact)
			} else {
				add("bailiff_register")
			}
		} else {
			add("bailiff_soon")
		}
		if v.Arrest != nil {
			add("arrest_stays", "amount", v.Arrest.Amount)
		}
		return head, tone, facts
	}
	switch {
	case !v.End.LiftedAt.IsZero() && v.State == "paid":
		facts = append(facts, lifted(v))
	case !v.End.LiftedAt.IsZero():
		add("lifted", "at", v.End.LiftedAt)
	case v.End.ArrestWas:
		add("lifting")
	}
	return head, tone, facts
}

// void is why nothing was owed, in a word of the catalogs: the decision is cancelled, or it was about somebody else.
func void(v app.View) string {
	if v.End.CancelReason == engine.GroundOtherPerson {
		return "not_yours"
	}
	return "cancelled"
}

// lifted says how soon after the payment the arrest was gone.
func lifted(v app.View) i18n.Text {
	minutes := int(v.End.LiftedAfter.Minutes())
	switch {
	case minutes < 1:
		return i18n.Say("case.end.lifted_at_once", "at", v.End.LiftedAt)
	case minutes < 120:
		return i18n.Say("case.end.lifted_minutes", "at", v.End.LiftedAt, "n", minutes)
	case minutes < 48*60:
		return i18n.Say("case.end.lifted_hours", "at", v.End.LiftedAt, "n", minutes/60)
	}
	return i18n.Say("case.end.lifted_days", "at", v.End.LiftedAt, "n", minutes/60/24)
}

// planOf says in plain words why an arrest lies on these accounts and on no others.
func planOf(c app.Chosen) []i18n.Text {
	var says []i18n.Text
	for _, p := range c.Places {
		says = append(says, i18n.Say("plan.place", "bank", p.Bank, "last", p.Account, "sum", p.Sum))
	}
	switch {
	case c.Whole && len(c.Places) == 1:
		says = append(says, i18n.Say("plan.one"))
	case c.Whole:
		says = append(says, i18n.Say("plan.several", "n", len(c.Places)))
	default:
		says = append(says, i18n.Say("plan.short", "held", c.Held, "asked", c.Asked))
	}
	says = append(says, i18n.Say("plan.protected"))
	if c.Minimum.IsPositive() {
		says = append(says, i18n.Say("plan.minimum", "sum", c.Minimum))
	}
	return says
}

// Fixed shows one view to everybody who asks. It is for measuring: what a case page costs when nothing has to be found out.
func Fixed(c Config, v app.View) (http.Handler, error) {
	site, err := newSite(c)
	if err != nil {
		return nil, err
	}
	h, p := &handler{Site: site}, newCasePage(v)
	heading := title(v)
	return site.Protect(site.Handle(func(w http.ResponseWriter, r *http.Request) error {
		shown := p
		shown.Page = h.page(w, r, heading)
		return h.Render.Render(w, r, http.StatusOK, "case", shown.Lang, shown)
	}, explain)), nil
}
