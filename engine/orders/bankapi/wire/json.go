package wire

import (
	"bytes"
	"encoding/json"
	"errors"

	"robotbailiff/internal/strictjson"
)

const jsonKind = "type"

// readJSON reads by exact names: encoding/json would match those of a struct in any case of letters.
func readJSON(body []byte) (Kind, record, error) {
	if err := strictjson.Check(body); err != nil {
		code := CodeNotJSON
		switch {
		case errors.Is(err, strictjson.ErrDuplicate):
			code = CodeDuplicate
		case errors.Is(err, strictjson.ErrDepth):
			code = CodeTooDeep
		}
		return "", nil, &Error{Code: code}
	}
	top, err := members(body, "")
	if err != nil {
		return "", nil, err
	}
	raw, ok := top[jsonKind]
	if !ok {
		return "", nil, &Error{CodeMissing, jsonKind}
	}
	kind, err := jsonText(raw, jsonKind)
	if err != nil {
		return "", nil, err
	}
	s, ok := shapes[Kind(kind)]
	if !ok {
		return "", nil, &Error{CodeKind, jsonKind}
	}
	delete(top, jsonKind)
	r, err := s.fromJSON(top, "")
	return Kind(kind), r, err
}

func (s *shape) fromJSON(m map[string]json.RawMessage, at string) (record, error) {
	r := make(record, len(m))
	for name, raw := range m {
		f, ok := s.field(name)
		if !ok {
			return nil, &Error{CodeUnknown, at + "*"} // a name can be a value that slipped
		}
		v, err := f.fromJSON(raw, at)
		if err != nil {
			return nil, err
		}
		r[name] = v
	}
	return r, s.complete(r, at)
}

func (f field) fromJSON(raw json.RawMessage, at string) (v value, err error) {
	if f.item == nil {
		v.text, err = jsonText(raw, at+f.name)
		return v, err
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil || entries == nil {
		return v, &Error{CodeInvalid, at + f.name}
	}
	if len(entries) > f.max {
		return v, &Error{CodeBound, at + f.name}
	}
	v.list = make([]record, len(entries))
	for i, e := range entries {
		place := entry(at, f.name, i)
		if f.item.leaf() {
			t, err := jsonText(e, place)
			if err != nil {
				return v, err
			}
			v.list[i] = record{"": {text: t}}
			continue
		}
		m, err := members(e, place)
		if err != nil {
			return v, err
		}
		if v.list[i], err = f.item.fromJSON(m, place+"."); err != nil {
			return v, err
		}
	}
	return v, nil
}

func members(raw []byte, place string) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, &Error{CodeInvalid, place}
	}
	return m, nil
}

// jsonText reads a string; null is none, and neither is a number.
func jsonText(raw json.RawMessage, place string) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", &Error{CodeInvalid, place}
	}
	return *s, nil
}

// writeJSON writes in the order of the description, without blanks, so that the same message is the same bytes.
func writeJSON(kind Kind, r record) []byte {
	b := bytes.NewBufferString(`{"` + jsonKind + `":"` + string(kind) + `"`)
	for _, f := range shapes[kind].fields {
		if v, ok := r[f.name]; ok {
			b.WriteByte(',')
			f.toJSON(b, v)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (f field) toJSON(b *bytes.Buffer, v value) {
	b.WriteString(`"` + f.name + `":`)
	if f.item == nil {
		quote(b, v.text)
		return
	}
	b.WriteByte('[')
	for i, r := range v.list {
		if i > 0 {
			b.WriteByte(',')
		}
		if f.item.leaf() {
			quote(b, r[""].text)
			continue
		}
		b.WriteByte('{')
		first := true
		for _, inner := range f.item.fields {
			if v, ok := r[inner.name]; ok {
				if !first {
					b.WriteByte(',')
				}
				first = false
				inner.toJSON(b, v)
			}
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
}

func quote(b *bytes.Buffer, s string) {
	text, _ := json.Marshal(s) // a string always can be
	b.Write(text)
}
