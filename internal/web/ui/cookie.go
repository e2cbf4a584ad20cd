package ui

import (
	"net/http"
	"time"
)

// Cookies names the cookies of one site. Over TLS they carry the prefix __Host-, which binds them to this very host;
// without TLS, on the loopback of a sandbox, a browser would refuse that prefix.
type Cookies struct{ Secure bool }

func (c Cookies) name(short string) string {
	if c.Secure {
		return "__Host-rb_" + short
	}
	return "rb_" + short
}

// Get reads a cookie; an absent one is empty.
func (c Cookies) Get(r *http.Request, short string) string {
	k, err := r.Cookie(c.name(short))
	if err != nil {
		return ""
	}
	return k.Value
}

// Set writes a cookie. A lifetime of zero lasts as long as the browser; a negative one removes the cookie.
func (c Cookies) Set(w http.ResponseWriter, short, value string, life time.Duration) {
	k := &http.Cookie{ //nolint:gosec // Secure is off only on the loopback of a sandbox
		Name: c.name(short), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if life < 0 {
		k.MaxAge = -1
	}
	http.SetCookie(w, k)
}
