package wire

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
)

func drawRegister(t *rapid.T) Message {
	id := rapid.Custom(func(t *rapid.T) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(rapid.String().Draw(t, "id"))) })
	name := rapid.StringMatching(`[A-ZА-ЯӘҚ][a-zа-яәқ <>&"']{0,20}`)
	cursor := rapid.StringMatching(`[A-Za-z0-9._~-]{0,40}`)
	m := Message{
		Kind: rapid.SampledFrom([]Kind{Enter, AskEntries, Entries}).Draw(t, "kind"), ID: id.Draw(t, "message"), At: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC(),
		Bank: orders.RegisterName, After: cursor.Draw(t, "after"),
	}
	switch m.Kind {
	case AskEntries:
		m.Limit = rapid.IntRange(1, MaxHolds).Draw(t, "limit")
	case Entries:
		m.About, m.Next, m.Listed = id.Draw(t, "about"), cursor.Draw(t, "next"), []orders.Listed{}
		if rapid.Bool().Draw(t, "any") {
			m.Listed = append(m.Listed, orders.Listed{ID: id.Draw(t, "entry"), CaseID: 7, Since: m.At})
		}
	default:
		m.After = ""
		for _, id := range rapid.SliceOfNDistinct(id, 1, 4, func(u uuid.UUID) uuid.UUID { return u }).Draw(t, "orders") {
			e := orders.Entry{ID: id, CaseID: rapid.Int64Range(1, 1<<62).Draw(t, "case"), Purpose: rapid.SampledFrom([]engine.Purpose{engine.Register, engine.Deregister, engine.Entrust}).Draw(t, "purpose")}
			region := rapid.StringMatching(`[0-9]{2}`).Draw(t, "region")
			switch e.Purpose {
			case engine.Register:
				e.IIN, e.Name, e.Duty = rapid.StringMatching(`[0-9]{12}`).Draw(t, "iin"), name.Draw(t, "name"), "fine_prescription"
				e.IssuedOn, e.Executor = calendar.MakeDate(2026, 3, rapid.IntRange(1, 31).Draw(t, "day")), orders.Executor{Region: region}
				if rapid.Bool().Draw(t, "issuer") {
					e.Issuer = name.Draw(t, "issuer")
				}
			case engine.Deregister:
				e.Of = uuid.NewSHA1(id, nil)
			default:
				e.Of, e.Executor = uuid.NewSHA1(id, nil), orders.Executor{Region: region, Name: name.Draw(t, "bailiff"), Licence: "L-1"}
			}
			m.Entries = append(m.Entries, e)
		}
	}
	return m
}

func registerSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile("../../../../deploy/schema/register.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("register.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("register.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is written to the register and by it is read back, and is what the published schema describes.
func TestRegister_messagesFitTheSchema(t *testing.T) {
	t.Parallel()
	schema := registerSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		m := drawRegister(t)
		for _, as := range []Encoding{JSON, XML} {
			body, err := Encode(m, as)
			if err != nil {
				t.Fatalf("%v of %+v", err, m)
			}
			got, err := Decode(body, as)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Fatalf("%s: %s", as, diff)
			}
			if as == XML {
				continue
			}
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Fatalf("%v\n%s", err, body)
			}
		}
	})
}

// The schema and the reader refuse the same: what an order lacks, and what it must not have.
func TestRegister_refuses(t *testing.T) {
	t.Parallel()
	schema := registerSchema(t)
	good := `{"type":"enter","version":"v1","id":"00000000-0000-4000-8000-000000000001","at":"2026-03-02T09:00:00+05:00","bank":"register","orders":[` +
		`{"id":"00000000-0000-4000-8000-000000000011","case":"1700042","purpose":"register","iin":"900101300017","name":"Ә. Қ.","issued_on":"2026-02-01","duty":"tax_order","region":"75"},` +
		`{"id":"00000000-0000-4000-8000-000000000012","case":"1700043","purpose":"deregister","of":"00000000-0000-4000-8000-000000000010"}]}`
	for what, c := range map[string]struct{ old, new, code string }{
		"as it is":             {},
		"no name":              {`"name":"Ә. Қ.",`, ``, CodeMissing},
		"no date":              {`"issued_on":"2026-02-01",`, ``, CodeMissing},
		"no region":            {`,"region":"75"`, ``, CodeMissing},
		"a name of two lines":  {`Ә. Қ.`, `Ә.\nҚ.`, CodeInvalid},
		"an entry of an entry": {`"duty"`, `"of":"00000000-0000-4000-8000-000000000010","duty"`, CodeInvalid},
		"nothing to remove":    {`,"of":"00000000-0000-4000-8000-000000000010"`, ``, CodeMissing},
		"a removal by name":    {`"purpose":"deregister"`, `"purpose":"deregister","name":"Ә. Қ."`, CodeInvalid},
		"an arrest":            {`"purpose":"deregister"`, `"purpose":"arrest"`, CodeInvalid},
		"a sum":                {`"purpose":"deregister"`, `"purpose":"deregister","amount":"1.00"`, CodeUnknown},
		"nobody executes":      {`"purpose":"deregister"`, `"purpose":"entrust"`, CodeMissing},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		_, err := Decode([]byte(text), JSON)
		v, verr := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if verr != nil {
			t.Fatal(verr)
		}
		e, _ := errors.AsType[*Error](err)
		if c.code == "" && (err != nil || schema.Validate(v) != nil) || c.code != "" && (e == nil || e.Code != c.code || schema.Validate(v) == nil) {
			t.Errorf("%s: %v, %v", what, err, schema.Validate(v))
		}
	}
	// and no bank gets an order about the register
	bank := strings.Replace(sample(t, JSON), `"purpose":"arrest"`, `"purpose":"register"`, 1)
	if _, err := Decode([]byte(bank), JSON); err == nil {
		t.Error("a bank was told to enter somebody into the register")
	}
}
