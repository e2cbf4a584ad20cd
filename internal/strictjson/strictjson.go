// Package strictjson proves that every reader of a JSON text sees the same thing: Go takes the last of two equal keys and
// ignores case, others take the first, so that {"amount":"1","AMOUNT":"999"} would be two messages.
//
// It must not decode a value or know what a message means. Its errors hold nothing of the text.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrSyntax says that the text is not exactly one JSON value in UTF-8.
	ErrSyntax = errors.New("not_json")
	// ErrDepth says that the value is nested beyond any honest message.
	ErrDepth = errors.New("too_deep")
	// ErrDuplicate says that a key is there twice, or that two keys differ in case only.
	ErrDuplicate = errors.New("duplicate_key")
)

const maxDepth = 16

// Check proves that the text is one JSON value in UTF-8, with no key twice and no two keys that differ in case only. The error is
// one of the above.
func Check(text []byte) error {
	if !utf8.Valid(text) || !json.Valid(text) {
		return ErrSyntax
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrSyntax
	}
	return nil
}

// walk reads one value.
func walk(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return ErrSyntax
	}
	open, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return ErrDepth
	}
	keys := make(map[string]struct{})
	for d.More() {
		if open == '{' {
			if err := key(d, keys); err != nil {
				return err
			}
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return ErrSyntax
	}
	return nil
}

// key reads the key of a member and notes it.
func key(d *json.Decoder, keys map[string]struct{}) error {
	t, err := d.Token()
	if err != nil {
		return ErrSyntax
	}
	name, _ := t.(string)
	folded := fold(name)
	if _, twice := keys[folded]; twice {
		return ErrDuplicate
	}
	keys[folded] = struct{}{}
	return nil
}

// fold gives the same text for all spellings that differ in case only, in any script: the Kelvin sign is a k.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}
