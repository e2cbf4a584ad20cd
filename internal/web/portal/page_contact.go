package portal

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

type contactPage struct {
	ui.Page
	Contact   app.Contact
	Languages []languageChoice
	Devices   []deviceLine
	Saved     bool
	Telegram  string // address that links a chat; empty: nobody has asked for one
	From, To  string // of the quiet hours; empty: there are none
}

type languageChoice struct {
	Code, Name string
	Chosen     bool
}

type deviceLine struct {
	ID       int64
	Platform string
	Since    calendar.Date
}

// platformNames are proper names, the same in every language.
var platformNames = map[string]string{"android": "Android", "ios": "iOS", "web": "Web"}

func (h *handler) contact(w http.ResponseWriter, r *http.Request) error {
	return h.showContact(w, r, "")
}

func (h *handler) linkTelegram(w http.ResponseWriter, r *http.Request) error {
	address, err := h.app.LinkTelegram(r.Context(), h.session(r))
	if err != nil {
		return err
	}
	return h.showContact(w, r, address)
}

func (h *handler) unlinkTelegram(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.UnlinkTelegram(r.Context(), h.session(r)); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/contact?saved=1")
}

func (h *handler) showContact(w http.ResponseWriter, r *http.Request, telegram string) error {
	c, err := h.app.Contact(r.Context(), h.session(r))
	if err != nil {
		return err
	}
	p := contactPage{Page: h.page(w, r, i18n.Say("contact.title")), Contact: c, Telegram: telegram, Saved: r.URL.Query().Get("saved") != ""}
	for _, code := range c.Languages {
		p.Languages = append(p.Languages, languageChoice{Code: code, Name: i18n.Lang(code).Name(), Chosen: code == c.Language})
	}
	for _, d := range c.Devices {
		p.Devices = append(p.Devices, deviceLine{ID: d.ID, Platform: platformNames[d.Platform], Since: calendar.DateOf(d.Since)})
	}
	if ui.Speaks(r) {
		p.keep(r.PostFormValue("notices"), notify.Channel(r.PostFormValue("channel")))
	}
	p.Fills = true
	if q := c.Quiet; q != nil {
		p.From, p.To = minute(q.From), minute(q.To)
	}
	return h.Render.Render(w, r, http.StatusOK, "contact", p.Lang, p)
}

// keep keeps what was chosen and not yet saved.
func (p *contactPage) keep(language string, channel notify.Channel) {
	if slices.Contains(p.Contact.Languages, language) {
		for i := range p.Languages {
			p.Languages[i].Chosen = p.Languages[i].Code == language
		}
	}
	if slices.Contains(p.Contact.Channels, channel) {
		p.Contact.Channel = channel
	}
}

func (h *handler) contactAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showContact(w, r, "")
}

func minute(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func (h *handler) prefer(w http.ResponseWriter, r *http.Request) error {
	err := h.app.Prefer(r.Context(), h.session(r), r.PostFormValue("notices"), r.PostFormValue("channel"))
	if errors.Is(err, app.ErrChoice) {
		return &ui.Failure{Status: http.StatusUnprocessableEntity, Name: "not_possible", Out: "/p/case/contact"}
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/contact?saved=1")
}
