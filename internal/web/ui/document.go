package ui

import (
	"net/http"
	"strconv"
)

// SendFile answers with a file to be kept, which no cache keeps. The name is one that we made: letters, digits, points and dashes.
func SendFile(w http.ResponseWriter, r *http.Request, name, mediaType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = w.Write(body) // whoever has gone misses nothing
	return nil
}
