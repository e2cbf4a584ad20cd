package strictjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		`{"a":1,"b":[{"a":2},{"a":3}]}`: nil,
		`"x"`:                           nil,
		``:                              ErrSyntax,
		`<html>`:                        ErrSyntax,
		`{} {}`:                         ErrSyntax,
		"\ufeff{}":                      ErrSyntax,
		"\"\xff\"":                      ErrSyntax,
		`{"a":1,"a":2}`:                 ErrDuplicate,
		`{"a":1,"A":2}`:                 ErrDuplicate,
		`{"amount":1,"amo\u0075nt":2}`:  ErrDuplicate,
		`{"k":1,"` + "\u212a" + `":2}`:  ErrDuplicate,
		`{"x":[{"s":1,"ſ":2}]}`:         ErrDuplicate,
		strings.Repeat("[", 17) + strings.Repeat("]", 17): ErrDepth,
		strings.Repeat("[", 16) + strings.Repeat("]", 16): nil,
	} {
		if err := Check([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// What passes is one value for every reader: written again, it passes again.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":null}]}`, `{"a":1,"A":2}`, `[[[]]]`, `{"a":1} `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if Check(text) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%q passed: %v", text, err)
		}
		again, err := json.Marshal(v)
		if err == nil {
			err = Check(again)
		}
		if err != nil {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
	})
}
