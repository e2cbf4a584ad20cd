package paper

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func receiptOf(lang i18n.Lang) ReceiptPaper {
	const code = "7K2Q-9XVB-00TZ-W4NH-8MDR-A3PG"
	return ReceiptPaper{
		Lang: lang, Case: "26-0000001-5", Document: "26160000001", Issuer: "Алматы қ. Полиция департаменті", Amount: money.FromTiyn(2015550),
		On: calendar.MakeDate(2026, 9, 12), Received: time.Date(2026, 9, 12, 9, 7, 0, 0, time.UTC), Code: code,
		Verify: "https://1414.gov.kz/verify", Check: "https://1414.gov.kz/verify?code=" + code,
	}
}

func TestReceipt_golden(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.DebtorLangs {
		pdf, err := Receipt(receiptOf(lang))
		again, err2 := Receipt(receiptOf(lang))
		if err != nil || err2 != nil || !bytes.Equal(pdf, again) {
			t.Fatalf("%s: %v, %v", lang, err, err2)
		}
		if len(pdf) > 40<<10 {
			t.Errorf("%s: %d bytes", lang, len(pdf))
		}
		all := pages(t, pdf)
		if len(all) != 1 {
			t.Errorf("%s: %d pages", lang, len(all))
		}
		testkit.Golden(t, "receipt_"+string(lang)+".txt", []byte(strings.Join(all, "\n\f\n")+"\n"))
	}
}

func TestReceipt_isCleanAndItsCodeLeadsToTheCheck(t *testing.T) {
	t.Parallel()
	d := receiptOf(i18n.KK)
	pdf, err := Receipt(d)
	if err != nil {
		t.Fatal(err)
	}
	if out := tool(t, pdf, "qpdf", "qpdf", "--check", "PDF"); !strings.Contains(out, "No syntax or stream encoding errors") {
		t.Errorf("qpdf: %s", out)
	}
	tool(t, pdf, "zbar-tools", "zbarimg", "--version")
	if got := tool(t, pdf, "poppler-utils", "sh", "-c", `pdftoppm -r 150 -singlefile -png "$0" "$0" && zbarimg --quiet --raw "$0.png" 2>/dev/null`, "PDF"); strings.TrimSpace(got) != d.Check {
		t.Errorf("the QR code holds %q", got)
	}
}

func TestReceipt_refusesHalfOfOne(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*ReceiptPaper){
		"case": func(d *ReceiptPaper) { d.Case = "" }, "sum": func(d *ReceiptPaper) { d.Amount = money.Zero }, "day": func(d *ReceiptPaper) { d.On = 0 }, "code": func(d *ReceiptPaper) { d.Code = "" },
	} {
		d := receiptOf(i18n.RU)
		spoil(&d)
		if _, err := Receipt(d); err == nil {
			t.Errorf("a receipt without its %s", name)
		}
	}
}
