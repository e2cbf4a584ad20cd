// Package smspage shows the codes that the SMS centre of the sandbox's world has got: the debtors of a sandbox have no telephones, and
// whoever tries the pages in the place of one has to read a code somewhere.
//
// It must not be served in production, where nobody but the debtor reads a code, nor change anything.
//
// The entry point is [Handler].
package smspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/rules/calendar"
)

// Path is where the page is.
const Path = "/sandbox/sms"

//go:embed page.html
var source string

const style = `body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem 1rem;background:Canvas;color:CanvasText}main{max-width:36rem;margin:0 auto}` +
	`li{margin:0 0 1rem}.small{font-size:.875rem}`

var page = template.Must(template.New("page").Funcs(template.FuncMap{"css": func() template.CSS { return style }}).Parse(source))

type message struct{ At, Fate, Words string }

const newestSQL = `SELECT at, fate, words FROM sandbox.messages WHERE words <> '' ORDER BY at DESC, key DESC LIMIT 20`

// Handler shows the newest codes in the books of a world.
func Handler(books *pgxpool.Pool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, err := books.Query(r.Context(), newestSQL)
		var found []message
		if err == nil {
			found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m message, err error) {
				var at time.Time
				err = row.Scan(&at, &m.Fate, &m.Words)
				m.At = at.In(calendar.Almaty).Format("2006-01-02 15:04:05")
				return m, err
			})
		}
		var b bytes.Buffer
		if err == nil {
			err = page.Execute(&b, found)
		}
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		hash := sha256.Sum256([]byte(style))
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
		_, _ = w.Write(b.Bytes()) // the reader has gone: nobody is left to be told
	})
}
