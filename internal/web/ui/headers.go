package ui

import "net/http"

// policy is the content policy: nothing at all, except the one style sheet of the page and forms to ourselves; and, where the site has a
// script, scripts of our own origin, which may ask nobody but ourselves.
func policy(style string, scripts bool) string {
	p := "default-src 'none'; style-src " + style + "; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
	if scripts {
		p += "; script-src 'self'; connect-src 'self'"
	}
	return p
}

// Headers puts the protective headers on every answer, also on errors. A page replaces the content policy by its own.
func Headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy("'none'", false))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
		h.Set("Cache-Control", "no-store")
		h.Add("Vary", "Cookie, Accept-Language, Accept-Encoding")
		next.ServeHTTP(w, r)
	})
}
