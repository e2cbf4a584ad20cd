package desk

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the files below are part of the program
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// The script of the live figures is htmx 4.0.1 with its extension for server-sent events, unchanged as npm has them (Zero-Clause BSD, see
// script/LICENSE). A test pins their hashes. Besides it only the keys run (page_keys.go), and every page works without both.
var (
	//go:embed script/htmx-4.0.1.min.js
	htmx []byte
	//go:embed script/hx-sse-4.0.1.min.js
	htmxSSE []byte
)

// scriptFile is one file for the browser, under a name made of its content: it may be kept for ever.
type scriptFile struct {
	path        string
	body, small []byte
}

var script = newScript(htmx, htmxSSE)

func newScript(parts ...[]byte) *scriptFile {
	f := &scriptFile{body: bytes.Join(parts, []byte("\n"))}
	sum := sha256.Sum256(f.body)
	f.path = "/desk/script/" + hex.EncodeToString(sum[:12]) + ".js"
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(f.body) // memory does not fail
	_ = z.Close()
	f.small = b.Bytes()
	return f
}

// ServeHTTP implements http.Handler.
func (f *scriptFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.small
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever has gone misses nothing
	}
}
