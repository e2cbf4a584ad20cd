package portal

import (
	"errors"
	"net/http"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// ways are the ways in without a link, and the page that says which messages are ours.
func (h *handler) ways(route func(pattern string, f ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("GET /p/{$}", h.home)
	form("POST /p/{$}", h.enterByNumber, h.homeAgain)
	route("GET /p/sms", h.real)
}

var homeWords = words{form: "home.form", wrong: "home.wrong", locked: "home.locked"}

// numberWords say what is wrong with the number of a case.
var numberWords = map[caseno.Code]string{
	caseno.CodeFormat: "home.number_format", caseno.CodeLength: "home.number_length", caseno.CodeCheckDigit: "home.number_check_digit", caseno.CodeSerial: "home.number_serial",
}

type homePage struct {
	ui.Page
	answers
	Number    string
	BadNumber *i18n.Text
	LinkDays  int
	SignIn    bool // an identity provider is the other way in
}

func (h *handler) home(w http.ResponseWriter, r *http.Request) error {
	return h.showHome(w, r, http.StatusOK, homePage{})
}

func (h *handler) showHome(w http.ResponseWriter, r *http.Request, status int, p homePage) (err error) {
	if p.LinkDays, err = h.app.LinkDays(r.Context()); err != nil {
		return err
	}
	p.Page = h.NewPage(w, r, i18n.Say("home.title"))
	p.Fills, p.SignIn = true, h.signIn != nil
	return h.Render.Render(w, r, status, "home", p.Lang, p)
}

func typedAtHome(r *http.Request) homePage {
	return homePage{answers: answers{IIN: r.PostFormValue("iin"), Year: r.PostFormValue("year")}, Number: r.PostFormValue("number")}
}

func (h *handler) homeAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showHome(w, r, http.StatusOK, typedAtHome(r))
}

func (h *handler) enterByNumber(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.allow(r) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy"}
	}
	p := typedAtHome(r)
	visit, err := h.app.EnterByNumber(r.Context(), p.Number, p.IIN, p.Year)
	if err == nil {
		return h.begin(w, r, visit)
	}
	status, fault := p.explain(err, homeWords)
	if fault != nil {
		return fault
	}
	if form, ok := errors.AsType[*app.FormError](err); ok {
		if form.Number != "" {
			p.BadNumber = text(numberWords[form.Number])
		}
		if !form.LastFour && !form.BirthYear {
			p.Wrong = p.BadNumber
		}
	}
	return h.showHome(w, r, status, p)
}

type realPage struct {
	ui.Page
	Host string
}

// real says how to tell a message of ours from a forged one.
func (h *handler) real(w http.ResponseWriter, r *http.Request) error {
	p := realPage{Page: h.NewPage(w, r, i18n.Say("real.title")), Host: h.host}
	return h.Render.Render(w, r, http.StatusOK, "real", p.Lang, p)
}
