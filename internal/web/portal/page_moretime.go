package portal

import (
	"errors"
	"net/http"
	"strconv"

	"robotbailiff/internal/app/papers"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// adviceRoutes are the pages for people who cannot pay everything now, want to complain, or need a lawyer. They act on nothing.
func (h *handler) adviceRoutes(route func(pattern string, f ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("GET /p/case/time", h.moreTime)
	form("POST /p/case/time", h.application, h.moreTimeAgain)
	route("GET /p/case/complain", h.complain)
	route("GET /p/case/help", h.legalHelp)
}

type timePage struct {
	ui.Page
	More    app.MoreTime
	Choices []choice
	Papers  []languageChoice
	Typed   string
	Fault   string
	Most    int
}

// choice is what may be asked for, as the form sends it.
type choice struct {
	Code, Key string
	Months    int
	Chosen    bool
}

var paperLangs = []i18n.Lang{i18n.KK, i18n.RU}

func codeOf(a app.Asked) string {
	if a.Parts {
		return "parts-" + strconv.Itoa(a.Months)
	}
	return "later-" + strconv.Itoa(a.Months)
}

func (h *handler) moreTime(w http.ResponseWriter, r *http.Request) error {
	return h.showTime(w, r, http.StatusOK, "")
}

func (h *handler) moreTimeAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showTime(w, r, http.StatusOK, "")
}

// showTime keeps what stands in the form.
func (h *handler) showTime(w http.ResponseWriter, r *http.Request, status int, fault string) error {
	m, err := h.app.MoreTime(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	p := timePage{More: m, Typed: r.PostFormValue("words"), Fault: fault, Most: app.MaxApplication}
	for _, a := range m.Choices() {
		c := choice{Code: codeOf(a), Key: "time.later", Months: a.Months}
		if a.Parts {
			c.Key = "time.parts"
		}
		c.Chosen = c.Code == r.PostFormValue("want")
		p.Choices = append(p.Choices, c)
	}
	chosen := i18n.Lang(r.PostFormValue("paper"))
	if chosen == "" {
		chosen = i18n.OfLaw(h.Lang(r))
	}
	for _, l := range paperLangs {
		p.Papers = append(p.Papers, languageChoice{Code: string(l), Name: l.Name(), Chosen: l == chosen})
	}
	p.Page = h.page(w, r, i18n.Say("time.title"))
	p.Fills = len(p.Choices) > 0
	return h.Render.Render(w, r, status, "time", p.Lang, p)
}

// application gives the paper; nothing of it is kept here.
func (h *handler) application(w http.ResponseWriter, r *http.Request) error {
	ask := app.Asked{Months: -1}
	m, err := h.app.MoreTime(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	for _, a := range m.Choices() {
		if codeOf(a) == r.PostFormValue("want") {
			ask = a
		}
	}
	name, pdf, err := h.app.Application(r.Context(), h.session(r), i18n.Lang(r.PostFormValue("paper")), ask, r.PostFormValue("words"))
	switch {
	case errors.Is(err, app.ErrNoWords):
		return h.showTime(w, r, http.StatusUnprocessableEntity, "words")
	case errors.Is(err, app.ErrLong):
		return h.showTime(w, r, http.StatusUnprocessableEntity, "long")
	case errors.Is(err, app.ErrChoice):
		return h.showTime(w, r, http.StatusUnprocessableEntity, "choice")
	case err != nil:
		return err
	}
	return ui.SendFile(w, r, name, papers.MediaType, pdf)
}

type advicePage struct {
	ui.Page
	View    app.View
	Open    bool // the case goes on
	Grounds []string
	Days    int
	Working bool
	Article string
}

func (h *handler) complain(w http.ResponseWriter, r *http.Request) error {
	return h.advise(w, r, "complain", "complain.title")
}

func (h *handler) legalHelp(w http.ResponseWriter, r *http.Request) error {
	return h.advise(w, r, "advice", "advice.title")
}

func (h *handler) advise(w http.ResponseWriter, r *http.Request, name, title string) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	p := advicePage{View: v, Open: v.End.At.IsZero(), Grounds: grounds}
	if p.Days, p.Working, p.Article, err = h.app.Appeal(r.Context(), h.Lang(r)); err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say(title))
	return h.Render.Render(w, r, http.StatusOK, name, p.Lang, p)
}
