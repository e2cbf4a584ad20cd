package gateway

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestParse_paid(t *testing.T) {
	m, err := Parse([]byte(`{"id":"e1","type":"payment.paid","timestamp":"2026-11-22T10:00:00Z","data":{"txn_id":"T-1",
		"amount":"12345.67","currency":"KZT","reference":"дело 26-0000001-5","value_date":"2026-11-22","extra":{"a":[1,{"b":2}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	tr := m.Transfer("kaspi", 7)
	if tr.EventRow != 7 || tr.Source != "kaspi" || tr.TxnID != "T-1" || tr.Amount.Tiyn() != 1234567 || tr.Currency != "KZT" ||
		tr.Reference != "дело 26-0000001-5" || tr.ValueDate != calendar.MakeDate(2026, time.November, 22) {
		t.Fatalf("%+v", tr)
	}
}

func TestParse_reversedNeedsNoDate(t *testing.T) {
	m, err := Parse([]byte(`{"type":"payment.reversed","data":{"txn_id":"T-1","amount":"5","currency":"KZT"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := m.Reversal("kaspi", 8); r.TxnID != "T-1" || r.Amount.Tiyn() != 500 || r.EventRow != 8 || r.Source != "kaspi" || r.Currency != "KZT" {
		t.Fatalf("%+v", r)
	}
}

func TestParse_refusals(t *testing.T) {
	data := func(s string) string { return `{"type":"payment.paid","data":{` + s + `}}` }
	const good = `"txn_id":"T","amount":"1","currency":"KZT","value_date":"2026-11-22"`
	if _, err := Parse([]byte(data(good))); err != nil {
		t.Fatal(err)
	}
	without := func(s string) string { return strings.Replace(data(good), s, "", 1) }
	instead := func(s, other string) string { return strings.Replace(data(good), s, other, 1) }
	for name, c := range map[string]struct {
		body  string
		code  ParseCode
		field string
	}{
		"nothing":                 {"", NotJSON, ""},
		"not JSON":                {"<html>", NotJSON, ""},
		"two values":              {data(good) + "{}", NotJSON, ""},
		"broken off":              {data(good)[:40], NotJSON, ""},
		"not UTF-8":               {instead(`"T"`, "\"\xff\""), NotJSON, ""},
		"a byte order mark":       {"\ufeff" + data(good), NotJSON, ""},
		"too large":               {data(good) + strings.Repeat(" ", MaxBody), TooLarge, ""},
		"too deep":                {`{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, TooDeep, ""},
		"key twice":               {data(good + `,"amount":"999"`), DuplicateKey, ""},
		"key in other case":       {data(good + `,"AMOUNT":"999"`), DuplicateKey, ""},
		"key by escape":           {data(good + `,"amo\u0075nt":"999"`), DuplicateKey, ""},
		"key with the Kelvin":     {data(good + `,"k":1,"` + "\u212a" + `":2`), DuplicateKey, ""},
		"long s":                  {`{"type":"payment.paid","ſ":1,"s":2}`, DuplicateKey, ""},
		"key twice, deep":         {data(good + `,"x":[{"a":1,"a":2}]`), DuplicateKey, ""},
		"data twice":              {`{"type":"payment.paid","data":{` + good + `},"data":{` + good + `}}`, DuplicateKey, ""},
		"only the other case":     {instead(`"amount"`, `"AMOUNT"`), FieldMissing, "data.amount"},
		"array":                   {"[]", FieldInvalid, ""},
		"null":                    {"null", FieldInvalid, ""},
		"no type":                 {`{"data":{}}`, FieldMissing, "type"},
		"type is a number":        {`{"type":1}`, FieldInvalid, "type"},
		"unknown type":            {`{"type":"payment.maybe","data":{}}`, TypeUnknown, "type"},
		"no data":                 {`{"type":"payment.paid"}`, FieldMissing, "data"},
		"data is null":            {`{"type":"payment.paid","data":null}`, FieldInvalid, "data"},
		"no txn_id":               {without(`"txn_id":"T",`), FieldMissing, "data.txn_id"},
		"empty txn_id":            {instead(`"T"`, `""`), FieldMissing, "data.txn_id"},
		"txn_id with NUL":         {instead(`"T"`, `"\u0000"`), FieldInvalid, "data.txn_id"},
		"txn_id half a surrogate": {instead(`"T"`, `"\ud800"`), FieldInvalid, "data.txn_id"},
		"long txn_id":             {instead(`"T"`, `"`+strings.Repeat("x", 256)+`"`), FieldInvalid, "data.txn_id"},
		"amount is a number":      {instead(`"1"`, `1`), FieldInvalid, "data.amount"},
		"amount is null":          {instead(`"1"`, `null`), FieldInvalid, "data.amount"},
		"amount is zero":          {instead(`"1"`, `"0.00"`), FieldInvalid, "data.amount"},
		"amount is negative":      {instead(`"1"`, `"-1"`), FieldInvalid, "data.amount"},
		"three decimals":          {instead(`"1"`, `"1.005"`), FieldInvalid, "data.amount"},
		"exponent":                {instead(`"1"`, `"1e3"`), FieldInvalid, "data.amount"},
		"NaN":                     {instead(`"1"`, `"NaN"`), FieldInvalid, "data.amount"},
		"other digits":            {instead(`"1"`, `"١"`), FieldInvalid, "data.amount"},
		"currency in small":       {instead(`"KZT"`, `"kzt"`), FieldInvalid, "data.currency"},
		"currency is long":        {instead(`"KZT"`, `"TENGE"`), FieldInvalid, "data.currency"},
		"no date":                 {without(`,"value_date":"2026-11-22"`), FieldMissing, "data.value_date"},
		"date with time":          {instead(`"2026-11-22"`, `"2026-11-22T00:00:00Z"`), FieldInvalid, "data.value_date"},
		"no such day":             {instead(`"2026-11-22"`, `"2026-02-29"`), FieldInvalid, "data.value_date"},
		"fee is a number":         {data(good + `,"fee":0.1`), FieldInvalid, "data.fee"},
		"fee is null":             {data(good + `,"fee":null`), FieldInvalid, "data.fee"},
		"fee is negative":         {data(good + `,"fee":"-0.01"`), FieldInvalid, "data.fee"},
		"fee is all of it":        {data(good + `,"fee":"1.00"`), FieldInvalid, "data.fee"},
		"fee of half a tiyn":      {data(good + `,"fee":"0.005"`), FieldInvalid, "data.fee"},
		"reference is an object":  {data(good + `,"reference":{}`), FieldInvalid, "data.reference"},
	} {
		m, err := Parse([]byte(c.body))
		if e, ok := errors.AsType[*ParseError](err); !ok || e.Code != c.code || e.Field != c.field || m.Type != "" {
			t.Errorf("%s: %v, want %s %s", name, err, c.code, c.field)
		}
	}
}

// A message of foreign currency is read: that it contradicts a booked transfer is for the books to see.
func TestParse_foreignCurrencyIsRead(t *testing.T) {
	m, err := Parse([]byte(`{"type":"payment.reversed","data":{"txn_id":"T-1","amount":"5","currency":"USD"}}`))
	if err != nil || m.Currency != "USD" {
		t.Fatal(m, err)
	}
}

func TestEncode_andBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			Type:      rapid.SampledFrom([]Type{Paid, Reversed}).Draw(t, "type"),
			TxnID:     rapid.StringMatching(`[A-Za-z0-9-]{1,40}`).Draw(t, "txn"),
			Amount:    money.FromTiyn(rapid.Int64Range(1, money.Limit).Draw(t, "amount")),
			Currency:  "KZT",
			Reference: rapid.String().Draw(t, "reference"),
			ValueDate: calendar.Date(rapid.Int32Range(700_000, 800_000).Draw(t, "date")),
		}
		if m.Type == Paid && m.Amount.Tiyn() > 1 {
			m.Fee = money.FromTiyn(rapid.Int64Range(0, m.Amount.Tiyn()-1).Draw(t, "fee"))
		}
		body, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if back.Type != m.Type || back.TxnID != m.TxnID || !back.Amount.Equal(m.Amount) || back.Currency != m.Currency ||
			!back.Fee.Equal(m.Fee) || back.Reference != m.Reference || back.ValueDate != m.ValueDate {
			t.Fatalf("%+v became %+v", m, back)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(message)
	f.Add([]byte(`{"type":"payment.reversed","data":{"txn_id":"T-1","amount":"5","currency":"USD","Amount":"1"}}`))
	f.Add([]byte(`{"a":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Parse(body)
		if err != nil {
			if _, typed := errors.AsType[*ParseError](err); !typed {
				t.Fatalf("untyped %v", err)
			}
			return
		}
		if !m.Amount.IsPositive() || m.TxnID == "" || len(m.Currency) != 3 || m.Type == Paid && m.ValueDate.IsZero() {
			t.Fatalf("%q gave %+v", body, m)
		}
	})
}
