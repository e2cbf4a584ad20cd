package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/i18n"
)

// problem is an answer that is not what was asked for (RFC 9457): what, where, and what to do.
type problem struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"` // in the language that was asked for
	Status int      `json:"status"`
	Code   string   `json:"code"`
	Detail string   `json:"detail,omitempty"` // in English, for the log of an integrator
	Row    int      `json:"row,omitempty"`
	Fields []string `json:"fields,omitempty"`
	Batch  int64    `json:"batch,omitempty"`
}

// Error implements error.
func (p *problem) Error() string { return "api: " + p.Code }

func wrong(field string) error {
	return &problem{Status: http.StatusBadRequest, Code: codeParameter, Fields: []string{field}}
}

// answer ends a request that has failed; nil says that it was answered.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil || gone(r.Context(), err) {
		return
	}
	p := explain(err)
	if p == nil {
		h.Log.ErrorContext(r.Context(), "api request failed", "route", r.Pattern, "error", err)
		p = &problem{Status: http.StatusInternalServerError, Code: codeFault}
	}
	said := *p
	said.Type, said.Title = "/api/v1/codes#"+p.Code, say(p.Code, language(r))
	text, err := json.Marshal(said)
	if err != nil {
		http.Error(w, http.StatusText(p.Status), p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n')) // nobody is left to be told
}

// explain finds the answer for an error that a sender can do something about; nil for trouble of ours.
func explain(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if f, ok := errors.AsType[*intake.FatalError](err); ok {
		p := &problem{Status: http.StatusUnprocessableEntity, Code: f.Code, Row: f.Row, Fields: f.Fields, Detail: f.Error()}
		switch f.Code {
		case intake.FatalSize, intake.FatalUnpacked:
			p.Status = http.StatusRequestEntityTooLarge
		case intake.FatalSourceUnknown, intake.FatalSourceInactive:
			p.Status, p.Code = http.StatusUnauthorized, codeUnauthorized // switched off while the file was on its way
		}
		return p
	}
	if c, ok := errors.AsType[*intake.KeyConflictError](err); ok {
		return &problem{Status: http.StatusConflict, Code: codeKeyReused, Batch: c.BatchID}
	}
	if a, ok := errors.AsType[*intake.ArrivalError](err); ok {
		return &problem{Status: http.StatusBadRequest, Code: codeParameter, Fields: []string{a.Field}, Detail: a.Error()}
	}
	switch {
	case errors.Is(err, intake.ErrNoBatch):
		return &problem{Status: http.StatusNotFound, Code: codeNotFound}
	case errors.Is(err, feed.ErrCursor):
		return &problem{Status: http.StatusBadRequest, Code: codeCursor, Fields: []string{"since"}}
	case errors.Is(err, feed.ErrNoWebhook):
		return &problem{Status: http.StatusConflict, Code: codeNoWebhook}
	}
	return nil
}

// language is that of texts: the parameter lang, or the best of Accept-Language, or Russian.
func language(r *http.Request) string {
	if l, ok := i18n.Parse(r.URL.Query().Get("lang")); ok {
		return string(l)
	}
	if l, ok := i18n.Match(r.Header.Get("Accept-Language")); ok {
		return string(l)
	}
	return "ru"
}

func bearer(r *http.Request) (string, bool) {
	scheme, key, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(key), ok && strings.EqualFold(scheme, "Bearer")
}

func number(r *http.Request, name string, usual, least, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, wrong(name)
	}
	return n, nil
}

func flag(r *http.Request, name string) (bool, error) {
	switch r.URL.Query().Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, wrong(name)
}

// say gives the text of any code.
func say(code, lang string) string {
	if names, ok := messages[code]; ok {
		return names.In(lang)
	}
	if text := intake.FaultMessage(code, lang); text != code {
		return text
	}
	return intake.Message(code, lang)
}

// codes is the catalogue of all codes, for those who build the other side.
func codes(w http.ResponseWriter, _ *http.Request) error {
	type entry struct {
		Code string `json:"code"`
		Of   string `json:"of"` // row, proof or request: what it speaks of
		KK   string `json:"kk"`
		RU   string `json:"ru"`
		EN   string `json:"en"`
	}
	all := []entry{}
	add := func(of string, codes []string) {
		slices.Sort(codes)
		for _, c := range codes {
			all = append(all, entry{c, of, say(c, "kk"), say(c, "ru"), say(c, "en")})
		}
	}
	add("row", intake.Codes())
	add("proof", proof.Codes())
	add("request", requestCodes())
	return reply(w, http.StatusOK, struct {
		Codes []entry `json:"codes"`
	}{all})
}
