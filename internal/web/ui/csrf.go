package ui

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
)

const (
	formCookie = "form"
	// FormField is the name of the hidden field with the form token.
	FormField = "form_token"
)

// forms makes and checks form tokens: an HMAC of a random cookie, masked anew on each page so that compression tells
// nothing about it. No state is kept.
type forms struct {
	key     []byte
	cookies Cookies
}

// token gives the token for the forms of a page, and the browser its cookie if it has none.
func (f forms) token(w http.ResponseWriter, r *http.Request) string {
	id := f.cookies.Get(r, formCookie)
	if len(id) != 22 {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw) // never fails: without randomness the program ends
		id = base64.RawURLEncoding.EncodeToString(raw)
		f.cookies.Set(w, formCookie, id, 0)
	}
	sum := f.sum(id)
	mask := make([]byte, len(sum))
	_, _ = rand.Read(mask)
	out := make([]byte, 2*len(sum))
	copy(out, mask)
	subtle.XORBytes(out[len(sum):], mask, sum)
	return base64.RawURLEncoding.EncodeToString(out)
}

// good says whether a posted form carries the token of this browser.
func (f forms) good(r *http.Request) bool { return f.match(r, r.PostFormValue(FormField)) }

// match says whether a token is of this browser.
func (f forms) match(r *http.Request, token string) bool {
	id := f.cookies.Get(r, formCookie)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if id == "" || err != nil || len(raw) != 2*sha256.Size {
		return false
	}
	got := make([]byte, sha256.Size)
	subtle.XORBytes(got, raw[:sha256.Size], raw[sha256.Size:])
	return hmac.Equal(got, f.sum(id))
}

func (f forms) sum(id string) []byte {
	h := hmac.New(sha256.New, f.key)
	_, _ = h.Write([]byte("form:" + id)) // a hash never fails
	return h.Sum(nil)
}
