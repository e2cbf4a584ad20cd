// Package tillpage is the page on which people pay at the gateway of the sandbox's world: it stands for the page of a bank.
//
// It must not be served in production, know the portal, or tell our side anything: that is the gateway's messages' work. GET changes nothing.
//
// The entry point is [Handler].
package tillpage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"

	"github.com/google/uuid"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/sandbox"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

//go:embed page.html
var source string

const style = `body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem 1rem;background:Canvas;color:CanvasText}main{max-width:24rem;margin:0 auto}` +
	`.mark{font-weight:700;letter-spacing:.04em}h1{font-size:2rem;margin:.25rem 0}button{font:inherit;width:100%;min-height:48px;border-radius:.5rem;padding:.5rem 1rem}.small{font-size:.875rem}`

var page = template.Must(template.New("page").Funcs(template.FuncMap{"css": func() template.CSS { return style }}).Parse(source))

type view struct{ Path, Number, Sum, State, Back string }

// acts are what somebody can do on the page.
var acts = map[string]gateway.Reason{"declined": gateway.Declined, "insufficient_funds": gateway.NoFunds, "cancelled": gateway.Cancelled}

// Handler serves the pages of a till below sandbox.TillPath.
func Handler(t *sandbox.Till) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+sandbox.TillPath+"{id}", func(w http.ResponseWriter, r *http.Request) { show(t, w, r) })
	m.HandleFunc("POST "+sandbox.TillPath+"{id}", func(w http.ResponseWriter, r *http.Request) { act(t, w, r) })
	return http.NewCrossOriginProtection().Handler(m)
}

func show(t *sandbox.Till, w http.ResponseWriter, r *http.Request) {
	id, _ := uuid.Parse(r.PathValue("id")) // what is no id belongs to no payment
	c, err := t.Checkout(r.Context(), id)
	if fails(w, err) {
		return
	}
	var b bytes.Buffer
	v := view{Path: sandbox.TillPath + id.String(), Number: caseno.Format(c.CaseID), Sum: money.FromTiyn(c.Amount).String(), State: c.State, Back: c.Back}
	if fails(w, page.Execute(&b, v)) {
		return
	}
	hash := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody is left to be told
}

func act(t *sandbox.Till, w http.ResponseWriter, r *http.Request) {
	id, _ := uuid.Parse(r.PathValue("id"))
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	err := error(nil)
	switch do := r.PostFormValue("do"); {
	case do == "pay":
		err = t.Pay(r.Context(), id)
	case acts[do] != "":
		err = t.Decline(r.Context(), id, acts[do])
	default:
		http.Error(w, "nothing chosen", http.StatusUnprocessableEntity)
		return
	}
	if fails(w, err) {
		return
	}
	w.Header().Set("Location", sandbox.TillPath+id.String())
	w.WriteHeader(http.StatusSeeOther)
}

func fails(w http.ResponseWriter, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, sandbox.ErrNoCheckout):
		http.Error(w, "no such payment", http.StatusNotFound)
	default:
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return true
}
