package portal

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/contact"
)

// maxDevice is the longest body of a registration.
const maxDevice = 8 << 10

// Errors of a registration that is none.
var (
	errMedia = errors.New("send Content-Type: application/json")
	errBody  = errors.New(`send one JSON object with two texts, {"platform":"android","token":"…"}`)
)

// device is what an app sends.
type device struct {
	Platform string `json:"platform"`
	Token    string `json:"token"`
}

// readDevice reads a registration, and nothing else than one.
func readDevice(body []byte) (d device, err error) {
	var wide struct {
		Platform *string `json:"platform"`
		Token    *string `json:"token"`
	}
	if json.Unmarshal(body, &wide) != nil || wide.Platform == nil || wide.Token == nil { // its error would hold some of the token
		return d, errBody
	}
	d = device{*wide.Platform, *wide.Token}
	return d, contact.CheckDevice(d.Platform, d.Token)
}

// addDevice registers the device on which an app holds a debtor's session. An app has no form, and so no form token: instead the
// body must be JSON, which no page of another site can send without being allowed to, and nobody is.
func (h *handler) addDevice(w http.ResponseWriter, r *http.Request) {
	err := h.takeDevice(r)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, app.ErrNoSession):
		problem(w, http.StatusForbidden, "no_session", "the visit is over: open the personal link again")
	case errors.Is(err, app.ErrHelper):
		problem(w, http.StatusForbidden, "helper", "only the debtor may register a device, and not a helper")
	case errors.Is(err, errMedia):
		problem(w, http.StatusUnsupportedMediaType, "media_type", errMedia.Error())
	case errors.Is(err, errBody):
		problem(w, http.StatusUnprocessableEntity, "body", errBody.Error())
	case errors.Is(err, contact.ErrPlatform):
		problem(w, http.StatusUnprocessableEntity, "platform", contact.ErrPlatform.Error())
	case errors.Is(err, contact.ErrToken):
		problem(w, http.StatusUnprocessableEntity, "token", contact.ErrToken.Error())
	default:
		h.Fault(r, err)
		problem(w, http.StatusInternalServerError, "fault", "the fault is ours: try again later")
	}
}

func (h *handler) takeDevice(r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errMedia
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDevice+1))
	if err != nil || len(body) > maxDevice {
		return errBody
	}
	d, err := readDevice(body)
	if err != nil {
		return err
	}
	return h.app.AddDevice(r.Context(), h.session(r), d.Platform, d.Token)
}

// problem answers an app after RFC 9457.
func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "code": code, "detail": detail}) // nobody is left to be told
}

func (h *handler) removeDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("device"), 10, 64)
	if err != nil {
		return &ui.Failure{Status: http.StatusUnprocessableEntity, Name: "not_possible", Out: "/p/case/contact"}
	}
	if err := h.app.RemoveDevice(r.Context(), h.session(r), id); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/contact?saved=1")
}

func (h *handler) backToContact(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/case/contact")
}
