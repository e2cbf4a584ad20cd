package intake

import (
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"testing"

	"robotbailiff/rules"
)

func rowOf(v values) *Row {
	row := &Row{No: 2}
	for name, value := range v {
		f, ok := fieldNamed(name)
		if !ok {
			panic(name)
		}
		row.Values[f] = value
	}
	return row
}

func TestParse_problems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value string
		want         Problem
	}{
		{"document_number", " \u00a0", Problem{rules.CodeFieldMissing, "document_number"}},
		{"debtor_name", "", Problem{rules.CodeFieldMissing, "debtor_name"}},
		{"amount", "", Problem{rules.CodeFieldMissing, "amount"}},
		{"amount", "1 000", Problem{rules.CodeAmountInvalid, "amount"}},
		{"amount", "10.005", Problem{rules.CodeAmountInvalid, "amount"}},
		{"amount", "1e3", Problem{rules.CodeAmountInvalid, "amount"}},
		{"amount", "0.00", Problem{rules.CodeAmountInvalid, "amount"}},
		{"amount", "-5", Problem{rules.CodeAmountInvalid, "amount"}},
		{"in_force_date", "12.01.2026", Problem{rules.CodeFieldInvalid, "in_force_date"}},
		{"in_force_date", "2026-02-30", Problem{rules.CodeFieldInvalid, "in_force_date"}},
		{"debtor_birth_date", "unknown", Problem{rules.CodeFieldInvalid, "debtor_birth_date"}},
		{"debtor_language", "de", Problem{rules.CodeFieldInvalid, "debtor_language"}},
		{"region", "7", Problem{rules.CodeFieldInvalid, "region"}},
		{"region", "٧٥", Problem{rules.CodeFieldInvalid, "region"}},
		{"debtor_phone", "12345", Problem{rules.CodeFieldInvalid, "debtor_phone"}},
		{"debtor_phone", "+8 701 123 45 67", Problem{rules.CodeFieldInvalid, "debtor_phone"}},
		{"debtor_phone", "+998901234567", Problem{rules.CodeFieldInvalid, "debtor_phone"}},
		{"debtor_name", "?????? ?????", Problem{rules.CodeFieldInvalid, "debtor_name"}},
		{"debtor_name", "Ахмет\uFFFDв", Problem{rules.CodeFieldInvalid, "debtor_name"}},
		{"debtor_name", "A\x00B", Problem{rules.CodeFieldInvalid, "debtor_name"}},
		{"debtor_name", "123", Problem{rules.CodeFieldInvalid, "debtor_name"}},
		{"debtor_name", strings.Repeat("а", 400), Problem{rules.CodeFieldInvalid, "debtor_name"}},
		{"issuer_bin", "123", Problem{rules.CodeFieldInvalid, "issuer_bin"}},
		{"iban", "KZ00 0701 05KS N000 0000", Problem{rules.CodeFieldInvalid, "iban"}},
		{"kbk", "2041", Problem{rules.CodeFieldInvalid, "kbk"}},
		{"knp", "x25", Problem{rules.CodeFieldInvalid, "knp"}},
		{"source", "court-7502", Problem{rules.CodeFieldInvalid, "source"}},
		{"source", "", Problem{}},      // the sender is known
		{"kind", "alimony", Problem{}}, // a matter of the rules, as the number is
		{"debtor_iin", "1", Problem{}},
	} {
		if _, got := Parse(rowOf(goodRow(1).with(c.field, c.value)), "court-7101"); got != c.want {
			t.Errorf("%s=%q: %+v, want %+v", c.field, c.value, got, c.want)
		}
	}
	if _, got := Parse(rowOf(goodRow(1).with("amount", "x", "region", "")), ""); got != (Problem{rules.CodeFieldMissing, "region"}) {
		t.Errorf("a missing field is told before an invalid one: %+v", got)
	}
}

func TestParse_writesOneWay(t *testing.T) {
	t.Parallel()
	want, p := Parse(rowOf(goodRow(1)), "")
	if p.Code != "" {
		t.Fatal(p)
	}
	for _, c := range [][2]string{
		{"debtor_phone", "+7 701 000-00-01"},
		{"debtor_phone", "77010000001"},
		{"debtor_phone", "701 0000001"},
		{"debtor_name", "  " + strings.ReplaceAll(goodRow(1)["debtor_name"], " ", " \n\t") + "\u00a0"},
		{"debtor_language", "RU"},
		{"debtor_language", ""},
		{"currency", "kzt"},
		{"iban", "kz24 0701 05ks n000 0000"},
		{"amount", goodRow(1)["amount"] + " "},
		{"source", " court-7101"},
	} {
		got, p := Parse(rowOf(goodRow(1).with(c[0], c[1])), "court-7101")
		if p.Code != "" || got.Hash() != want.Hash() {
			t.Errorf("%s=%q: %+v, %+v", c[0], c[1], p, got)
		}
	}
	if want.DebtorPhone != "+77010000001" {
		t.Errorf("phone %q", want.DebtorPhone)
	}
	composed, _ := Parse(rowOf(goodRow(1).with("debtor_name", "Ким Айдар")), "")
	apart, p := Parse(rowOf(goodRow(1).with("debtor_name", "Ким Аи\u0306дар")), "")
	if p.Code != "" || apart.Hash() != composed.Hash() {
		t.Errorf("letters in two parts: %+v", p)
	}
	for _, f := range append(slices.Collect(fieldsBefore(FieldAction)), FieldDebtorAddress) {
		if f == FieldSource {
			continue
		}
		other := map[Field]string{FieldDebtorPhone: "87010000009", FieldDebtorLanguage: "kk", FieldIssuerBIN: "", FieldClaimantBIN: "", FieldIBAN: "", FieldKBK: "204162", FieldKNP: "026", FieldRegion: "10", FieldAmount: "1.01"}[f]
		if other == "" && strings.HasSuffix(f.String(), "_date") || f == FieldUnpaidConfirmedOn {
			other = "1999-01-01"
		} else if other == "" && !slices.Contains([]Field{FieldIssuerBIN, FieldClaimantBIN, FieldIBAN}, f) {
			other = "other x"
		}
		got, p := Parse(rowOf(goodRow(1).with(f.String(), other)), "")
		if p.Code != "" || got.Hash() == want.Hash() {
			t.Errorf("%s is not part of the content: %+v", f, p)
		}
	}
}

func first8(sum [32]byte) []byte { return sum[:8] }

func fieldsBefore(end Field) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for f := range end {
			if !yield(f) {
				return
			}
		}
	}
}

// A writ of before the address was a field has the hash that it had.
func TestHash_withoutAnAddressIsOfBefore(t *testing.T) {
	t.Parallel()
	w, p := Parse(rowOf(goodRow(3)), "")
	if got := hex.EncodeToString(first8(w.Hash())); p.Code != "" || w.DebtorAddress != "" || got != "dcd9743df3419eeb" {
		t.Errorf("%s, %+v", got, p)
	}
}

func TestPerson_other(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"Ахметов Айдар Серікұлы", "АХМЕТОВ АЙДАР", false},
		{"Сейітқали Әлия", "Сейиткали Алия", false},
		{"Семёнов П. К.", "Семенов Пётр", false},
		{"Иванова-Петрова Анна", "Петрова А.", false},
		{"Ахметов Айдар", "Ким Сергей", true},
		{"А. Б.", "Ким Сергей", false},
	} {
		var p person
		p.learn(c.a, 0)
		if got := p.other(c.b, 0); got != c.want {
			t.Errorf("%s, %s: %v", c.a, c.b, got)
		}
	}
	var p person
	p.learn("Ким Сергей", 1)
	if !p.other("Ким Сергей", 2) || p.other("Ким Сергей", 0) {
		t.Error("a birth date that differs means another person, an unknown one does not")
	}
}

func TestMessage_everyCodeInThreeLanguages(t *testing.T) {
	t.Parallel()
	want := []string{
		rules.CodeAboveThreshold, rules.CodeAmountInvalid, rules.CodeIINInvalid, rules.CodeNotNaturalPerson, rules.CodeKindNotSimplified,
		rules.CodeTooEarly, rules.CodeTooLate, rules.CodeNotInForce, rules.CodeFieldMissing, rules.CodeFieldInvalid, rules.CodeIdentityConflict,
		rules.CodeMinor, rules.CodeRuleMissing, CodeRowMalformed, CodeDuplicate, CodeConflict, CodeRowFailed,
		rules.CodeUnpaidStale, CodeWritUnknown, CodeCaseEnded, CodeCorrectionRaises, CodeCorrectionField,
		CodeIdentityRefused, CodeSentBack,
	}
	if len(Codes()) != len(want) {
		t.Errorf("%d codes, want %d", len(Codes()), len(want))
	}
	for _, code := range want {
		seen := map[string]bool{}
		for _, lang := range []string{"kk", "ru", "en"} {
			seen[Message(code, lang)] = true
		}
		if len(seen) != 3 || seen[code] || seen[""] {
			t.Errorf("%s: %v", code, seen)
		}
		if verdictOf(code) == Accepted {
			t.Errorf("%s is no verdict", code)
		}
	}
	if Message("new", "kk") != "new" || Message(CodeDuplicate, "uz") != Message(CodeDuplicate, "ru") {
		t.Error("unknown code or language")
	}
}
