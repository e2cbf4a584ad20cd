package exhibit

import (
	"bytes"
	"compress/zlib"
	"io"
	"regexp"
	"strconv"
)

// Bounds of what is unpacked of a PDF only to be looked at.
const (
	maxStreams  = 4000
	maxUnpacked = 64 << 20
	maxStream   = 16 << 20
)

// active are names by which a PDF runs something, fetches something or carries another file. It may not use them, not even in words
// that nothing refers to.
var active = regexp.MustCompile(`/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|GoToE|ImportData|SubmitForm|XFA)(?:[^A-Za-z0-9]|$)`)

var (
	escape = regexp.MustCompile(`#[0-9A-Fa-f]{2}`)
	stream = regexp.MustCompile(`stream\r?\n`)
	header = regexp.MustCompile(`^%PDF-[12]\.[0-9]`)
)

// takePDF keeps a PDF as it came. That nothing was found says no more than that: an encrypted one cannot be looked into. So nobody
// here ever opens one; operators get it as a file to keep.
func takePDF(b []byte) (Exhibit, error) {
	end := bytes.TrimRight(b, "\x00\t\n\f\r ")
	if !header.Match(b) || !bytes.HasSuffix(end, []byte("%%EOF")) || !bytes.Contains(b, []byte("startxref")) {
		return Exhibit{}, ErrDamaged
	}
	if runs(b) {
		return Exhibit{}, ErrActive
	}
	left := maxUnpacked
	for n, at := range stream.FindAllIndex(b, maxStreams+1) {
		if n == maxStreams {
			return Exhibit{}, ErrDamaged
		}
		z, err := zlib.NewReader(bytes.NewReader(b[at[1]:]))
		if err != nil {
			continue // an image, or packed otherwise
		}
		plain, _ := io.ReadAll(io.LimitReader(z, int64(min(left, maxStream)+1))) // what was read before a fault counts as well
		if left -= len(plain); left < 0 || len(plain) > maxStream {
			return Exhibit{}, ErrPixels
		}
		if runs(plain) {
			return Exhibit{}, ErrActive
		}
	}
	return Exhibit{Kind: PDF, Bytes: b}, nil
}

// runs looks for the names, also where their letters are written as numbers.
func runs(b []byte) bool {
	if active.Match(b) {
		return true
	}
	if !bytes.Contains(b, []byte("#")) {
		return false
	}
	return active.Match(escape.ReplaceAllFunc(b, func(x []byte) []byte {
		v, _ := strconv.ParseUint(string(x[1:]), 16, 8) // two hexadecimal digits are always a byte
		return []byte{byte(v)}
	}))
}
