package egov

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var source string

const style = `body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem 1rem;background:Canvas;color:CanvasText}main{max-width:28rem;margin:0 auto}` +
	`.mark{font-weight:700;letter-spacing:.04em}h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem}button{font:inherit;width:100%;min-height:48px;border-radius:.5rem;padding:.5rem 1rem;text-align:left}` +
	`form p{margin:0 0 .5rem}.small{font-size:.875rem}`

var page = template.Must(template.New("page").Funcs(template.FuncMap{"css": func() template.CSS { return style }}).Parse(source))

const cookie = "sandbox_egov"

// wish is what a client asks for.
type wish struct{ client, redirect, state, nonce, challenge string }

type view struct {
	Action string
	Asked  url.Values // goes along with the form
	Here   *Person    // who is signed in already
	People []Person
	Ending bool
}

// asked reads a request of a client. What does not come from a client that is known, at its very address, is told to the person alone.
func (p *Provider) asked(w http.ResponseWriter, form url.Values) (wish, *Client, bool) {
	x := wish{form.Get("client_id"), form.Get("redirect_uri"), form.Get("state"), form.Get("nonce"), form.Get("code_challenge")}
	c := p.client(x.client)
	if c == nil || x.redirect != c.Redirect {
		http.Error(w, "the client or its address is not known here", http.StatusBadRequest)
		return x, nil, false
	}
	scopes := strings.Fields(form.Get("scope"))
	if form.Get("response_type") != "code" || form.Get("code_challenge_method") != "S256" || len(x.challenge) != 43 || !slices.Contains(scopes, "openid") {
		p.send(w, x, url.Values{"error": {"invalid_request"}})
		return x, nil, false
	}
	return x, c, true
}

// send sends the browser back to the client.
func (p *Provider) send(w http.ResponseWriter, x wish, q url.Values) {
	q.Set("state", x.state)
	q.Set("iss", p.issuer)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", x.redirect+"?"+q.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// authorize shows who can be chosen.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	x, c, ok := p.asked(w, r.URL.Query())
	if !ok {
		return
	}
	if r.URL.Query().Get("prompt") == "none" {
		p.send(w, x, url.Values{"error": {"login_required"}})
		return
	}
	people, err := c.People(r.Context())
	if failed(w, err) {
		return
	}
	now, err := p.cfg.Clock.Now(r.Context())
	if failed(w, err) {
		return
	}
	v := view{Action: Path + "/authorize", Asked: r.URL.Query(), People: people}
	if s, ok := p.here(r, now); ok {
		if one, ok := find(people, s.person.Subject); ok {
			v.Here = &one
		}
	}
	show(w, v)
}

// choose signs somebody in, or hears that nobody wants to.
func (p *Provider) choose(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if r.ParseForm() != nil {
		http.Error(w, "no form", http.StatusBadRequest)
		return
	}
	x, c, ok := p.asked(w, r.PostForm)
	if !ok {
		return
	}
	if r.PostFormValue("person") == "" {
		p.send(w, x, url.Values{"error": {"access_denied"}})
		return
	}
	people, err := c.People(r.Context())
	if failed(w, err) {
		return
	}
	now, err := p.cfg.Clock.Now(r.Context())
	if failed(w, err) {
		return
	}
	one, ok := find(people, r.PostFormValue("person"))
	if !ok {
		http.Error(w, "there is no such person", http.StatusUnprocessableEntity)
		return
	}
	code, id := rand.Text(), rand.Text()
	p.mu.Lock()
	p.codes[code] = grant{wish: x, person: one, at: now}
	p.sessions[id] = session{person: one, at: now}
	p.mu.Unlock()
	keep(w, id, sessionFor)
	p.send(w, x, url.Values{"code": {code}})
}

// here tells who is signed in already.
func (p *Provider) here(r *http.Request, now time.Time) (session, bool) {
	k, err := r.Cookie(cookie)
	if err != nil {
		return session{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.sessions[k.Value]
	if ok && now.Sub(s.at) >= sessionFor {
		delete(p.sessions, k.Value)
		return session{}, false
	}
	return s, ok
}

func keep(w http.ResponseWriter, id string, d time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // a sandbox is served on the loopback, without TLS
		Name: cookie, Value: id, Path: Path, MaxAge: int(d.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// askEnd asks whether the sign-out is meant: an address that was followed is no answer.
func (p *Provider) askEnd(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	show(w, view{Action: Path + "/end", Ending: true, Asked: url.Values{"client_id": {q.Get("client_id")}, "post_logout_redirect_uri": {q.Get("post_logout_redirect_uri")}}})
}

// end ends the session here and sends the browser back, to where the client had said.
func (p *Provider) end(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if k, err := r.Cookie(cookie); err == nil {
		p.mu.Lock()
		delete(p.sessions, k.Value)
		p.mu.Unlock()
	}
	keep(w, "", -time.Second)
	c := p.client(r.PostFormValue("client_id"))
	if c == nil || c.Bye == "" || r.PostFormValue("post_logout_redirect_uri") != c.Bye {
		show(w, view{Ending: true})
		return
	}
	w.Header().Set("Location", c.Bye)
	w.WriteHeader(http.StatusSeeOther)
}

func show(w http.ResponseWriter, v view) {
	var b bytes.Buffer
	if failed(w, page.Execute(&b, v)) {
		return
	}
	hash := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody is left to be told
}
