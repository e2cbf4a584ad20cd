package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxDepth = 16

// unambiguous proves that every reader of the body sees the same message: one JSON value in UTF-8, with no key twice and
// no two keys that differ in case only. Go takes the last of them and ignores case, others take the first:
// {"amount":"1","AMOUNT":"999"} must not be either.
func unambiguous(body []byte) error {
	if !utf8.Valid(body) || !json.Valid(body) {
		return &ParseError{Code: NotJSON}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &ParseError{Code: NotJSON}
	}
	return nil
}

// walk reads one value.
func walk(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return &ParseError{Code: NotJSON}
	}
	open, nested := t.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return &ParseError{Code: TooDeep}
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
		return &ParseError{Code: NotJSON}
	}
	return nil
}

// key reads the key of a member and notes it.
func key(d *json.Decoder, keys map[string]struct{}) error {
	t, err := d.Token()
	if err != nil {
		return &ParseError{Code: NotJSON}
	}
	name, _ := t.(string)
	folded := fold(name)
	if _, twice := keys[folded]; twice {
		return &ParseError{Code: DuplicateKey}
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
