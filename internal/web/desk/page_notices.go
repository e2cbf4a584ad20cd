package desk

import (
	"net/http"
	"slices"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

// noticeDays are the stretches of time to choose from.
var noticeDays = []int{1, 7, 30}

type noticesPage struct {
	ui.Page
	View      app.NoticeList
	Days      []int
	Channels  []notify.Channel
	Languages []string
}

func (h *handler) notices(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	q := r.URL.Query()
	f := app.NoticeFilter{Channel: q.Get("channel"), Language: q.Get("language")}
	if f.Days, _ = strconv.Atoi(q.Get("days")); !slices.Contains(noticeDays, f.Days) {
		f.Days = 7
	}
	if !slices.Contains(notify.Channels, notify.Channel(f.Channel)) {
		f.Channel = ""
	}
	if !slices.Contains(text.Languages, f.Language) {
		f.Language = ""
	}
	v, err := h.app.Notices(r.Context(), actor, f)
	if err != nil {
		return err
	}
	p := noticesPage{Page: h.page(w, r, i18n.Say("desk.notices.title")), View: v, Days: noticeDays, Channels: notify.Channels, Languages: text.Languages}
	return h.Render.Render(w, r, http.StatusOK, "notices", p.Lang, p)
}
