package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func tenge(n int64) money.Amount { return money.FromTiyn(n * 100) }

const longName = "Нұрмұхаммедова-Әбдірахманқызы Қарлығаш Жақсылыққызы"

func decreeOf(l i18n.Lang, act Act) Decree {
	return Decree{
		Lang: l, Region: "75", Case: "26-0000001-5", Number: "26-0000001-5/1", At: begun, Debtor: "Ахметов Данияр Серікұлы", IIN: "******0014",
		Writ: Writ{Kind: "fine_prescription", Document: "26160000001", Date: calendar.MakeDate(2025, 11, 12), Issuer: "Алматы қ. Полиция департаменті", Claimant: "Қазақстан Республикасының Қаржы министрлігі"},
		Act:  act, Appeal: &Appeal{Days: 10, Working: true, Article: law(l, "10(5), 10-7")},
		Code: decreeCode, Verify: "https://1414.gov.kz/verify", Check: "https://1414.gov.kz/verify?code=" + decreeCode,
	}
}

const decreeCode = "7K3M-P0QZ-9F4C-X2TA-6H8W-B5NE"

func law(l i18n.Lang, articles string) string {
	return map[i18n.Lang]string{i18n.KK: "№\u00a0261-IV Заң, ", i18n.RU: "Закон №\u00a0261-IV, ст.\u00a0", i18n.EN: "Law No. 261-IV, art. "}[l] + articles
}

func opening(l i18n.Lang) Decree {
	return decreeOf(l, Opening{
		Sum: tenge(20155), InForce: calendar.MakeDate(2025, 11, 25), TermEndsOn: calendar.MakeDate(2026, 4, 1), Voluntary: 5, VoluntaryWorks: true, Free: true,
		Checks: law(l, "38(1), 9(1)(11), 10-1(1), 9, 11(1-1), 10-2(1), 11(1), 10-4"), Articles: Articles{Ground: law(l, "10-1(1)"), Term: law(l, "10-4"), Free: law(l, "1-1"), Measures: law(l, "10-3, 32(2)(1-1), 32(6), 62(6)")},
	})
}

func holding(n int) []Hold {
	var all []Hold
	for i := range n {
		all = append(all, Hold{Bank: []string{"halyk", "kaspi", "bcc"}[i%3], Account: fmt.Sprintf("KZ…%04d", 1000+i), Sum: money.FromTiyn(int64(1000000 + i))})
	}
	return all
}

func arrest(l i18n.Lang, accounts int) Decree {
	d := decreeOf(l, Arrest{
		Order: 1, Sum: tenge(20155), NotifiedOn: calendar.MakeDate(2026, 3, 2), VoluntaryEndsOn: calendar.MakeDate(2026, 3, 10), Accounts: holding(accounts),
		Articles: Articles{Measures: law(l, "10-3, 32(2)(1-1), 32(6), 62(6)"), Free: law(l, "58(2), 62(3), 98")},
	})
	d.Number = "26-0000001-5/5"
	return d
}

func standing() []Hold {
	return []Hold{{Bank: "halyk, kaspi", Decree: "26-0000001-5/5", Sum: tenge(15155)}}
}

func termination(l i18n.Lang) Decree {
	return decreeOf(l, Termination{
		Paid: tenge(20155), PaidOn: calendar.MakeDate(2026, 3, 12), Standing: standing(), Recall: true, Refund: tenge(45),
		Articles: Articles{Ground: law(l, "10-5(1)(1), 47(2)")},
	})
}

func cancellation(l i18n.Lang) Decree {
	return decreeOf(l, Termination{Cancelled: true, Act: "77", Pending: true, Refund: tenge(5000), Articles: Articles{Ground: law(l, "10-5(1)(2)")}})
}

func transfer(l i18n.Lang) Decree {
	return decreeOf(l, Transfer{
		Left: tenge(15155), TermEndsOn: calendar.MakeDate(2026, 4, 1), Standing: standing(), Recall: true,
		Articles: Articles{Ground: law(l, "10-6(1)(1), 138(1)"), Choice: law(l, "52, 162(1)(2)")},
	})
}

func transferRefused(l i18n.Lang) Decree {
	return decreeOf(l, Transfer{
		Left: tenge(20155), TermEndsOn: calendar.MakeDate(2026, 4, 1), RefusedAt: begun.Add(26 * time.Hour), Pending: true,
		Articles: Articles{Ground: law(l, "10-6(1)(2), 10-6(3)"), Choice: law(l, "52, 162(1)(2)")},
	})
}

func reduction(l i18n.Lang) Decree {
	return decreeOf(l, Reduction{
		Left: tenge(15155), Paid: tenge(5000), PaidOn: calendar.MakeDate(2026, 3, 12), TermEndsOn: calendar.MakeDate(2026, 4, 1),
		Standing: []Hold{{Bank: "halyk, kaspi", Decree: "26-0000001-5/5", Sum: tenge(20155)}}, Articles: Articles{Ground: law(l, "58(4), 10-3, 32(2)(1-1), 32(6), 62(6)"), Term: law(l, "10-4")},
	})
}

func reductionLowered(l i18n.Lang) Decree {
	return decreeOf(l, Reduction{
		Left: tenge(15155), Lowered: tenge(5000), Act: "78", TermEndsOn: calendar.MakeDate(2026, 4, 1), Standing: standing(), Articles: Articles{Ground: law(l, "10-2(2), 62(6)")},
	})
}

func collection(l i18n.Lang) Decree {
	return decreeOf(l, Collection{
		Order: 1, Sum: tenge(15155), Left: tenge(20155), Standing: standing(),
		Articles: Articles{Ground: law(l, "10-3, 58"), Free: law(l, "58(2), 62(3), 98"), Measures: law(l, "10-3, 32(2)(1-1), 32(6), 62(6)")},
	})
}

func takeback(l i18n.Lang) Decree {
	return decreeOf(l, Takeback{
		Transfer: "26-0000001-5/9", TransferOn: calendar.MakeDate(2026, 4, 2), Paid: tenge(20155), PaidOn: calendar.MakeDate(2026, 4, 1), TermEndsOn: calendar.MakeDate(2026, 4, 1),
		Standing: standing(), Refund: tenge(45), Articles: Articles{Ground: law(l, "10-5(1)(1), 47(2)")},
	})
}

func takebackCancelled(l i18n.Lang) Decree {
	return decreeOf(l, Takeback{
		Transfer: "26-0000001-5/9", TransferOn: calendar.MakeDate(2026, 4, 2), Cancelled: true, Act: "77", Pending: true, Recall: true, Articles: Articles{Ground: law(l, "10-5(1)(2)")},
	})
}

func copied(l i18n.Lang) Decree {
	d := signed(l)
	d.Copy, d.Debtor, d.Signature.Post = true, "А. Д.", ""
	return d
}

func signed(l i18n.Lang) Decree {
	d := opening(l)
	d.Signature = &Signature{Signer: "Ә. Қ. Серікбаев", Post: "Департамент басшысы", Certificate: "3f9a21c07be4", At: begun.Add(time.Minute)}
	return d
}

// long is a decree with everything long, over pages.
func long(l i18n.Lang) Decree {
	d := arrest(l, 90)
	d.Debtor, d.Writ.Issuer = longName, strings.Repeat("Мамандандырылған ауданаралық әкімшілік сот ", 4)
	d.Writ.Document = strings.Repeat("7512-24-00-3/", 9)
	return d
}

func refusalOf(l i18n.Lang) RefusalPaper {
	return RefusalPaper{
		Lang: l, Region: "75", Case: "26-0000001-5", Debtor: longName, At: begun, Debt: tenge(20155), Fee: money.FromTiyn(503875), Rate: "25\u00a0%", FeeArticle: law(l, "118"),
		Until: begun.Add(24 * time.Hour), Held: tenge(20155), Article: law(l, "10-1(3)"),
	}
}

func slipOf(l i18n.Lang) SlipPaper {
	return SlipPaper{
		Lang: l, Region: "75", Case: "26-0000001-5", Debtor: longName, Sum: tenge(20155), At: begun,
		Payee: Payee{Name: "Алматы қаласының Әділет департаменті", BIN: "971240001315", IBAN: "KZ86125KZT5004100100", BIC: "KKMFKZ2A", KBe: "11", KNP: "911", KBK: "204105", KNO: "6007"},
	}
}

func noticeOf(l i18n.Lang) NoticePaper {
	return NoticePaper{Lang: l, Region: "75", Case: "26-0000001-5", Notice: usual(l).Notices[0]}
}

var (
	made   = map[i18n.Lang]map[string][]byte{}
	making sync.Mutex
)

// samples are all papers of a case, by name, made once.
func samples(tb testing.TB, l i18n.Lang) map[string][]byte {
	tb.Helper()
	making.Lock()
	defer making.Unlock()
	if made[l] == nil {
		made[l] = layOut(tb, l)
	}
	return made[l]
}

func layOut(tb testing.TB, l i18n.Lang) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	keep := func(name string, pdf []byte, err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("%s in %s: %v", name, l, err)
		}
		out[name] = pdf
	}
	undone := refusalOf(l)
	undone.Undone = begun.Add(time.Hour)
	for name, d := range map[string]Decree{
		"opening": opening(l), "arrest": arrest(l, 2), "termination": termination(l), "cancellation": cancellation(l), "transfer": transfer(l), "transfer_refused": transferRefused(l),
		"reduction": reduction(l), "reduction_lowered": reductionLowered(l), "collection": collection(l), "takeback": takeback(l), "takeback_cancelled": takebackCancelled(l),
		"giveback":       decreeOf(l, Giveback{Paid: tenge(20155), Refund: tenge(20155), Act: "77", Articles: Articles{Ground: law(l, "10-5(1)(2)")}}),
		"giveback_other": decreeOf(l, Giveback{Paid: tenge(20155), Refund: tenge(155), Other: true}),
		"signed":         signed(l), "copy": copied(l), "long": long(l),
	} {
		pdf, err := MakeDecree(d)
		keep(name, pdf, err)
	}
	pdf, err := Refusal(refusalOf(l))
	keep("refusal", pdf, err)
	pdf, err = Refusal(undone)
	keep("refusal_undone", pdf, err)
	pdf, err = Slip(slipOf(l))
	keep("slip", pdf, err)
	pdf, err = Notice(noticeOf(l))
	keep("notice", pdf, err)
	if l != i18n.EN {
		pdf, err = MakeApplication(applicationOf(l, false))
		keep("application", pdf, err)
		pdf, err = MakeApplication(applicationOf(l, true))
		keep("application_parts", pdf, err)
	}
	return out
}

func applicationOf(l i18n.Lang, parts bool) Application {
	a := Application{
		Lang: l, Region: "75", Case: "26-0000001-5", Debtor: longName, Sum: tenge(20155), Months: 1, At: begun, Article: "888",
		Writ:  Writ{Kind: "fine_prescription", Document: "26160000001", Date: calendar.MakeDate(2025, 11, 12), Issuer: "Алматы қ. Полиция департаменті"},
		Words: "Жұмыссыз қалдым, үш балам бар.\nТабысым жоқ: өтінішке анықтама қоса беремін.",
	}
	if parts {
		a.Parts, a.Months, a.Writ.Issuer, a.Writ.Date = true, 3, "", 0
	}
	return a
}

func TestPapers_golden(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs {
		for name, pdf := range samples(t, l) {
			if name == "long" || l == i18n.EN && !slices.Contains([]string{"refusal", "slip", "notice"}, name) {
				continue // decrees are in the languages of proceedings
			}
			testkit.Golden(t, filepath.Join("papers", name+"_"+string(l)+".txt"), []byte(strings.Join(pages(t, pdf), "\n\f\n")+"\n"))
		}
	}
}

// A paper that is laid out again is the same bytes, today and in years: whoever changes this hash changes old papers too.
func TestPapers_areTheSameBytesForEver(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, l := range i18n.Langs {
		all, again := samples(t, l), layOut(t, l)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !bytes.Equal(all[name], again[name]) {
				t.Errorf("%s in %s: other bytes the second time", name, l)
			}
			sum := sha256.Sum256(all[name])
			fmt.Fprintf(&b, "%s %s_%s.pdf\n", hex.EncodeToString(sum[:]), name, l)
		}
	}
	testkit.Golden(t, filepath.Join("papers", "SHA256SUMS"), []byte(b.String()))
}

func TestPapers_areSoundAndSmall(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs {
		for name, pdf := range samples(t, l) {
			most := MostBytes
			if name == "long" {
				most = MostSigned // nobody has ninety accounts
			}
			if len(pdf) > most {
				t.Errorf("%s in %s: %d bytes", name, l, len(pdf))
			}
			if out := tool(t, pdf, "qpdf", "qpdf", "--check", "PDF"); strings.Contains(out, "WARNING") {
				t.Errorf("%s in %s: %s", name, l, out)
			}
			for line := range strings.SplitSeq(tool(t, pdf, "poppler-utils", "pdffonts", "PDF"), "\n") {
				if f := strings.Fields(line); strings.Contains(line, "DejaVu") && (len(f) < 5 || !strings.Contains(line, "yes yes yes")) {
					t.Errorf("%s in %s: a font is not embedded, subset and mapped: %s", name, l, line)
				}
			}
		}
	}
}

// Each sheet is found in a drawer by its head, and nothing long is cut off.
func TestDecree_goesOnOverPages(t *testing.T) {
	t.Parallel()
	for l, want := range map[i18n.Lang]struct{ head, columns string }{
		i18n.KK: {"Қаулы № 26-0000001-5/5 борышкердің шоттардағы ақшасына тыйым салу туралы", "№ Банк Шот Сома"},
		i18n.RU: {"Постановление № 26-0000001-5/5 о наложении ареста на деньги должника на счетах", "№ Банк Счёт Сумма"},
	} {
		all := pages(t, samples(t, l)["long"])
		if len(all) != 4 {
			t.Errorf("%s: %d pages", l, len(all))
		}
		for i, p := range all[1:] {
			if !strings.HasPrefix(p, want.head+"\n"+want.columns+"\n") {
				t.Errorf("%s: page %d begins with %.200s", l, i+2, p)
			}
		}
		text := strings.Join(all, "\n")
		for i := range 90 {
			if !strings.Contains(text, fmt.Sprintf("KZ…%04d", 1000+i)) {
				t.Errorf("%s: account %d is missing", l, i)
			}
		}
		if bare := strings.ReplaceAll(text, "\n", ""); strings.Count(bare, "7512-24-00-3/") != 9 || !strings.Contains(text, longName) {
			t.Errorf("%s: something long was cut", l)
		}
	}
}

// A bank's reader gets the requisites out of the printed code.
func TestSlip_codeIsRead(t *testing.T) {
	t.Parallel()
	for _, l := range []i18n.Lang{i18n.KK, i18n.RU} {
		d := slipOf(l)
		pdf, err := Slip(d)
		if err != nil {
			t.Fatal(err)
		}
		png := filepath.Join(t.TempDir(), "slip")
		tool(t, pdf, "poppler-utils", "pdftoppm", "-r", "150", "-png", "-singlefile", "PDF", png)
		got := tool(t, pdf, "zbar-tools", "zbarimg", "--nodbus", "--quiet", "--raw", png+".png")
		if strings.TrimSuffix(got, "\n") != SlipText(d) {
			t.Errorf("read %q, want %q", got, SlipText(d))
		}
	}
	want := "IBAN=KZ86125KZT5004100100\nBIC=KKMFKZ2A\nBIN=971240001315\nKBE=11\nKNP=911\nKBK=204105\nKNO=6007\nSUM=20155.00\nCUR=KZT\nCASE=26-0000001-5"
	if got := SlipText(slipOf(i18n.RU)); got != want {
		t.Errorf("%q", got)
	}
	bare := slipOf(i18n.RU)
	bare.Payee.KBK, bare.Payee.KNO, bare.Payee.BIC = "", "", ""
	if got := SlipText(bare); strings.Contains(got, "KBK") || strings.Contains(got, "KNO") || strings.Contains(got, "BIC") {
		t.Errorf("a code that nobody knows is in %q", got)
	}
}

// Whoever holds a decree gets to the page that says whether it is genuine, by a camera or by typing.
func TestDecree_codeIsRead(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"opening", "arrest", "collection", "copy"} {
		pdf := samples(t, i18n.KK)[name]
		png := filepath.Join(t.TempDir(), "decree")
		tool(t, pdf, "poppler-utils", "pdftoppm", "-r", "150", "-png", "PDF", png)
		last := fmt.Sprintf("%s-%d.png", png, len(pages(t, pdf)))
		got := tool(t, pdf, "zbar-tools", "zbarimg", "--nodbus", "--quiet", "--raw", last)
		if strings.TrimSuffix(got, "\n") != "https://1414.gov.kz/verify?code="+decreeCode {
			t.Errorf("%s: read %q", name, got)
		}
	}
	bare := opening(i18n.RU)
	bare.Code, bare.Check, bare.Verify = "", "", ""
	pdf, err := MakeDecree(bare)
	if err != nil || strings.Contains(strings.Join(pages(t, pdf), ""), "Проверить") {
		t.Errorf("a decree without a code: %v", err)
	}
}

func TestPapers_refuseHalfOfThemselves(t *testing.T) {
	t.Parallel()
	decree := func(spoil func(*Decree)) error {
		d := opening(i18n.RU)
		spoil(&d)
		_, err := MakeDecree(d)
		return err
	}
	slip := func(spoil func(*SlipPaper)) error {
		d := slipOf(i18n.RU)
		spoil(&d)
		_, err := Slip(d)
		return err
	}
	refusal, notice := refusalOf(i18n.RU), noticeOf(i18n.RU)
	refusal.Until, notice.Notice.SentAt = time.Time{}, nil
	_, noUntil := Refusal(refusal)
	_, notSent := Notice(notice)
	application := func(spoil func(*Application)) error {
		a := applicationOf(i18n.RU, true)
		spoil(&a)
		_, err := MakeApplication(a)
		return err
	}
	for name, err := range map[string]error{
		"an application in no language of proceedings": application(func(a *Application) { a.Lang = i18n.EN }), "an application for no time": application(func(a *Application) { a.Months = 0 }),
		"an application of nobody": application(func(a *Application) { a.Debtor = "" }), "an application about nothing": application(func(a *Application) { a.Sum = money.Zero }),
		"a decree in no language": decree(func(d *Decree) { d.Lang = "de" }), "a decree of nobody": decree(func(d *Decree) { d.Region = "" }),
		"a decree without number": decree(func(d *Decree) { d.Number = "" }), "a decree of no day": decree(func(d *Decree) { d.At = time.Time{} }),
		"a decree on nobody": decree(func(d *Decree) { d.Debtor = "" }), "a decree of nothing": decree(func(d *Decree) { d.Act = nil }),
		"a slip without account": slip(func(d *SlipPaper) { d.Payee.IBAN = "" }), "a slip of nothing": slip(func(d *SlipPaper) { d.Sum = money.Zero }),
		"a refusal for ever": noUntil, "a notice that was not sent": notSent,
	} {
		if err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

func BenchmarkDecree(b *testing.B) {
	for b.Loop() {
		if _, err := MakeDecree(opening(i18n.KK)); err != nil {
			b.Fatal(err)
		}
	}
}
