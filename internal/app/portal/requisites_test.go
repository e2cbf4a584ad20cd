package portal_test

import (
	"errors"
	"strings"
	"testing"

	"robotbailiff/internal/app/portal"
	"robotbailiff/rules/calendar"
)

const good = `{"from":"2026-01-01","beneficiary":"Департамент","bin":"971240001315","iban":"KZ86125KZT5004100100","bic":"KKMFKZ2A","bank":"Казначейство","kbe":"11","knp":"911","kbk":"204109"}`

func TestRequisites_areDated(t *testing.T) {
	t.Parallel()
	later := strings.NewReplacer("2026-01-01", "2026-07-01", "204109", "204110").Replace(good)
	tax := strings.NewReplacer(`"from"`, `"kinds":["tax_order"],"from"`, "204109", "101201").Replace(good)
	table, err := portal.ParseRequisites([]byte("[" + good + "," + later + "," + tax + "]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		on         calendar.Date
		kind, want string
	}{
		{calendar.MakeDate(2025, 12, 31), "court_ruling", ""},
		{calendar.MakeDate(2026, 1, 1), "court_ruling", "204109"},
		{calendar.MakeDate(2026, 6, 30), "court_ruling", "204109"},
		{calendar.MakeDate(2026, 7, 1), "court_ruling", "204110"},
		{calendar.MakeDate(2026, 7, 1), "tax_order", "101201"},
	} {
		if got, ok := table.On(c.on, c.kind); got.KBK != c.want || ok != (c.want != "") {
			t.Errorf("%s, %s: %q, want %q", c.on, c.kind, got.KBK, c.want)
		}
	}
}

func TestParseRequisites_namesThePlaceOfAFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, fresh, field string }{
		{`"2026-01-01"`, `""`, "from"},
		{"971240001315", "971240001316", "bin"},
		{"KZ86125", "KZ87125", "iban"},
		{"KKMFKZ2A", "kk", "bic"},
		{`"11"`, `"1"`, "kbe"},
		{`"911"`, `"9112"`, "knp"},
		{`"204109"`, `"20410A"`, "kbk"},
		{"Казначейство", "", "bank"},
		{"Департамент", "", "beneficiary"},
	} {
		_, err := portal.ParseRequisites([]byte("[" + good + "," + strings.Replace(good, c.old, c.fresh, 1) + "]"))
		if e, ok := errors.AsType[*portal.RequisitesError](err); !ok || e.Entry != 2 && e.Field != "from" || e.Entry == 2 && e.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	for _, whole := range []string{"", "{}", "[]", "[" + good + "] []", strings.Replace("["+good+"]", `"kbe"`, `"kbi"`, 1), strings.Replace("["+good+"]", `"kbe"`, `"KNP":"1","kbe"`, 1), strings.Repeat(" ", 70<<10)} {
		if _, err := portal.ParseRequisites([]byte(whole)); err == nil {
			t.Errorf("%.40q was taken", whole)
		}
	}
}

func FuzzParseRequisites(f *testing.F) {
	f.Add([]byte("[" + good + "]"))
	f.Add([]byte(`[{"from":"2026-13-01"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := portal.ParseRequisites(raw)
		if _, known := errors.AsType[*portal.RequisitesError](err); (err == nil) == known {
			t.Fatalf("%v", err)
		}
		if r, ok := table.On(calendar.MakeDate(2100, 1, 1), "tax_order"); ok && (len(r.KBK) != 6 || len(r.IBAN) != 20) {
			t.Errorf("%+v", r)
		}
	})
}
