package drop

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"robotbailiff/engine/intake"
	"robotbailiff/rules/money"
)

const (
	manifestEnd  = ".manifest.json"
	signatureEnd = ".p7s"
	partEnd      = ".part"

	maxName     = 120 // bytes: what we append must still be a file name
	maxManifest = 1 << 20
)

// manifest is what a sender says of a file.
type manifest struct {
	sum       [32]byte
	size      int64
	promise   intake.Promise
	signature []byte
}

// errManifest says that a manifest cannot be used; errUnfinished, that it may still be growing.
var (
	errManifest   = errors.New("drop: the manifest needs sha256, size, rows and amount_sum")
	errUnfinished = errors.New("drop: the manifest is no JSON")
)

func parseManifest(text []byte) (m manifest, err error) {
	text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	if !json.Valid(text) {
		return m, errUnfinished
	}
	var raw struct {
		SHA256    string          `json:"sha256"`
		Size      *int64          `json:"size"`
		Rows      *int            `json:"rows"`
		Sum       json.RawMessage `json:"amount_sum"`
		Signature string          `json:"signature"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return m, errManifest
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, errManifest
	}
	sum, err := hex.DecodeString(raw.SHA256)
	if err != nil || len(sum) != len(m.sum) || raw.Size == nil || raw.Rows == nil || *raw.Size < 0 || *raw.Rows < 0 {
		return m, errManifest
	}
	copy(m.sum[:], sum)
	m.size, m.promise.Rows = *raw.Size, *raw.Rows
	if m.promise.Sum, err = money.Parse(strings.Trim(string(raw.Sum), `"`)); err != nil {
		return m, errManifest
	}
	if m.signature, err = base64.StdEncoding.DecodeString(raw.Signature); err != nil {
		return m, errManifest
	}
	return m, nil
}

// goodName says whether a name is safe to be told, stored and shown anywhere.
func goodName(name string) bool {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || name[0] == '.' || name != strings.TrimSpace(name) ||
		strings.HasSuffix(name, manifestEnd) || strings.HasSuffix(name, signatureEnd) || strings.HasSuffix(name, partEnd) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-+() ", r)
	})
}
