package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// remitting makes a day on which money of three cases is due to claimants: two of them can be told apart and one has no KBK.
func (s till) remitting(t *testing.T) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `UPDATE writs SET claimant_name = 'Департамент казначейства', claimant_bin = '971240001315', iban = $1, kbk = '204000', knp = '900'`, payerIBAN)
	must(t, err)
	_, err = s.Pool.Exec(t.Context(), `UPDATE writs SET kbk = '' WHERE case_id = $1`, s.people[2].CaseID)
	must(t, err)
	var lines []source.Line
	for i := range s.people {
		lines = append(lines, source.Line{Ref: "P" + s.number(i), Credit: true, Amount: money.FromTiyn(500_000), Purpose: "дело " + s.number(i)})
	}
	s.statement(t, "1", 0, lines...)
	s.Clock.Advance(7 * 24 * time.Hour)
}

func TestClaimants_twoPeopleSendTheirMoney(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.remitting(t)
	second := s.two(t)
	page := s.Get("/desk/money/claimants?lang=en")
	s.wants(t, page.Text("main"), "Can be sent now 10,000.00", "2 payments", "Requisites are missing or wrong 5,000.00", "KBK 204000 · KNP 900", "The KBK is missing")
	s.wants(t, s.Get("/desk/money?lang=en").Text("main"), "Due to claimants 15,000.00")

	// the one without a KBK is completed by two people
	scope := page.Attr("tr.on a", "href")
	form := s.Get(scope + "?lang=en")
	if got := s.Submit(form, scope+"/propose", map[string]string{"kbk": "20400", "reason": "letter"}); got.Status != http.StatusUnprocessableEntity || got.Attr(`input[name="kbk"]`, "value") != "20400" {
		t.Errorf("a bad KBK: %d", got.Status)
	}
	if got := s.Submit(form, scope+"/propose", map[string]string{"kbk": "204105", "reason": "letter of the court"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	mine := s.Get(scope)
	s.wants(t, mine.Text("main"), "letter of the court", "another person has to approve")
	if mine.Has(`form[action="` + scope + `/approve"]`) {
		t.Error("who proposed may approve")
	}
	submit(t, second, scope+"?lang=en", scope+"/approve", nil)
	s.wants(t, second.Get(scope).Text("main"), "Completed by two people", "204105")

	got := s.Submit(s.Get("/desk/money/claimants"), "/desk/money/claimants/collect", map[string]string{"account": ourIBAN, "scope": "", "reason": "weekly"})
	file := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(file, "/desk/money/files/") {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	if got := s.Submit(page, "/desk/money/claimants/collect", map[string]string{"account": ourIBAN, "reason": "again"}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("collected twice: %d", got.Status)
	}
	submit(t, second, file+"?lang=en", file+"/release", nil)
	page = s.Get(file)
	s.wants(t, page.Text("main"), "Control sums", "KBK 204105", "15,000.00", "10,000.00")
	taken := s.Submit(page, file+"/take", map[string]string{"reason": "to the bank"})
	if taken.Status != http.StatusOK || !strings.Contains(taken.Body, "<CtrlSum>15000.00</CtrlSum>") || !strings.Contains(taken.Header.Get("Content-Disposition"), "RB-REMIT-000001.xml") {
		t.Errorf("taken %d", taken.Status)
	}
	told := s.Upload(s.Get("/desk/money/claimants"), "/desk/money/report", map[string]string{"at": "claimants"}, "a.xml", []byte(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<GrpHdr><MsgId>A</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RB-REMIT-000001</OrgnlMsgId><GrpSts>ACSC</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>`))
	s.wants(t, told.Text("main"), "Due to claimants", "Paid: 3.", "Nothing is due to claimants")
	s.sound(t)
	for _, l := range i18n.Langs {
		for _, path := range []string{"/desk/money/claimants", file} {
			if got := s.Get(path + "?lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
				t.Errorf("%s in %s: %d", path, l, got.Status)
			}
		}
	}
	for _, path := range []string{"/desk/money/claimants/x", scope} {
		if got := s.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

// What a claimant owes is a task until two people have booked how it was made good.
func TestClaimants_whatTheyOwe(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.remitting(t)
	second := s.two(t)
	got := s.Submit(s.Get("/desk/money/claimants?lang=en"), "/desk/money/claimants/collect", map[string]string{"account": ourIBAN, "reason": "weekly"})
	file := got.Header.Get("Location")
	submit(t, second, file+"?lang=en", file+"/release", nil)
	s.Upload(s.Get("/desk/money/claimants"), "/desk/money/report", map[string]string{"at": "claimants"}, "a.xml", []byte(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<GrpHdr><MsgId>A</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RB-REMIT-000001</OrgnlMsgId><GrpSts>ACSC</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>`))
	s.statement(t, "2", 0, source.Line{Ref: "P" + s.number(0), Amount: money.FromTiyn(500_000), Reversal: true, Purpose: "дело " + s.number(0)},
		source.Line{Ref: "R1", Credit: true, Amount: money.FromTiyn(500_000), Purpose: "возврат ошибочно перечисленного"})
	page := s.Get("/desk/money/claimants?lang=en")
	s.wants(t, page.Text("main"), "Claimants owe", "Департамент казначейства")
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "moneyclaimants."+l+".txt", []byte(s.Get("/desk/money/claimants?lang="+l).Outline("main")))
	}
	s.wants(t, s.Get("/desk/money?lang=en").Text("main"), "Claimants owe 5,000.00")
	if got := s.Submit(page, "/desk/money/acts", map[string]string{"payment": s.payment(t, "P"+s.number(1)), "reason": "x"}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("made good with another's money: %d", got.Status)
	}
	got = s.Submit(page, "/desk/money/acts", map[string]string{"payment": s.payment(t, "R1"), "reason": "it came back"})
	act := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	submit(t, second, act+"?lang=en", act+"/approve", nil)
	s.wants(t, second.Get(act).Text("main"), "The claimant makes good", "Done")
	if got := s.Get("/desk/money/claimants?lang=en"); strings.Contains(got.Text("main"), "Claimants owe") {
		t.Error("it is still a task")
	}
	s.sound(t)
}
