package desk

import (
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// How often a silent stream says that it lives, so that nobody between cuts it, and how long one message may take.
const (
	heartBeat   = 15 * time.Second
	writeWithin = 10 * time.Second
)

// live tells an open page its new figures, as server-sent events, until the visit ends. It tells figures only, and only what has changed;
// what is new is announced and never pushed into a list.
func (h *handler) live(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if !streams(r) {
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found"}
	}
	n, err := h.app.Listen(actor, h.Cookies.Get(r, sessionCookie))
	if errors.Is(err, app.ErrCrowded) {
		w.Header().Set("Retry-After", "60")
		return &ui.Failure{Status: http.StatusServiceUnavailable, Name: "busy"}
	}
	if err != nil {
		return err
	}
	defer n.Leave()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_ = h.tell(&stream{w: w, c: http.NewResponseController(w)}, r, n, actor) // the page has gone
	return nil
}

// streams says whether a request wants a stream of events.
func streams(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

func (h *handler) tell(s *stream, r *http.Request, n *app.Listener, actor app.Actor) error {
	if err := s.send(r, "retry: 5000\n\n"); err != nil {
		return err
	}
	beat := time.NewTicker(heartBeat)
	defer beat.Stop()
	q, page := todayQuery(r), newLivePage(r, i18n.For(h.Lang(r)))
	for {
		news, more, ended := n.Next(r.Context(), beat.C, actor, q)
		switch {
		case ended:
			return s.send(r, "event: end\ndata: end\n\n")
		case !more:
			return nil
		case news == nil:
			if err := s.send(r, ": \n\n"); err != nil {
				return err
			}
			continue
		}
		data, err := page.changes(news)
		if err != nil {
			h.Fault(r, err)
			return err
		}
		if data == "" {
			continue
		}
		if err := s.send(r, "data: "+data+"\n\n"); err != nil {
			return err
		}
	}
}

// stream is the way to one page.
type stream struct {
	w io.Writer
	c *http.ResponseController
}

func (s *stream) send(r *http.Request, text string) error {
	now, err := clock.System().Now(r.Context())
	if err != nil {
		return err
	}
	_ = s.c.SetWriteDeadline(now.Add(writeWithin)) // where there is none, the server's own holds
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.c.Flush()
}

// livePage is what one open page was told so far.
type livePage struct {
	p       *i18n.Printer
	batches bool  // it is a page of court batches
	cases   int64 // that were opened when the page was made
	batch   int64 // the newest batch then
	on      *bool // whether the robot was on
	told    map[string]string
}

func newLivePage(r *http.Request, p *i18n.Printer) *livePage {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	return &livePage{p: p, cases: number("cases"), batch: number("batch"), batches: r.URL.Query().Has("batch"), told: map[string]string{}}
}

// changes gives the places of the page whose words have changed, each with its words.
func (l *livePage) changes(news *app.News) (string, error) {
	var now map[string]string
	if l.batches {
		var err error
		if now, err = batchFigures(l.p, news.Batches); err != nil {
			return "", err
		}
	} else {
		now = figures(l.p, &news.Today)
		if !news.KPIs {
			maps.DeleteFunc(now, func(name, _ string) bool { return strings.HasPrefix(name, "k-") })
		}
	}
	said, err := l.announce(news)
	if err != nil {
		return "", err
	}
	now["news"] = said
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was, known := l.told[name]; known && was == now[name] || !known && name == "news" && said == "" {
			continue
		}
		words := now[name]
		if name != "news" && !strings.HasSuffix(name, "-bar") { // which are markup of ours
			words = html.EscapeString(words)
		}
		fmt.Fprintf(&b, `<span id="c-%s" hx-swap-oob="innerHTML">%s</span>`, name, words)
	}
	l.told = now
	return b.String(), nil
}

// announce says what is new since the page was made; empty: nothing.
func (l *livePage) announce(news *app.News) (string, error) {
	var says []i18n.Text
	if !l.batches {
		if on := news.Today.Robot.On(); l.on == nil {
			l.on = &on
		} else if on != *l.on {
			says = append(says, i18n.Say(map[bool]string{true: "today.news.on", false: "today.news.off"}[on]))
		}
		if n := news.Today.Opened - l.cases; l.cases >= 0 && n > 0 {
			says = append(says, i18n.Say("today.news.cases", "n", int(n)))
		}
	} else if l.batch >= 0 {
		n := 0
		for _, b := range news.Batches {
			if b.ID > l.batch {
				n++
			}
		}
		if n > 0 {
			says = append(says, i18n.Say("today.news.batches", "n", n))
		}
	}
	if len(says) == 0 {
		return "", nil
	}
	var words []string
	for _, s := range says {
		text, err := l.p.Say(s)
		if err != nil {
			return "", err
		}
		words = append(words, html.EscapeString(text))
	}
	show, err := l.p.T("today.news.show")
	if err != nil {
		return "", err
	}
	return strings.Join(words, " ") + ` <a href="">` + html.EscapeString(show) + `</a>`, nil
}
