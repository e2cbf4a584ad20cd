package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"robotbailiff/engine"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/payments"
)

const (
	refundPath = "/p/case/refund"
	ownIBAN    = "KZ86125KZT5004100100"
)

// owed makes 845 tenge of a payment on our own account due back in a case.
func owed(t *testing.T, s stage, id int64) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO payments (source, txn_id, amount, currency, value_date, case_id, received_at, refund_due)
VALUES ('treasury', 'owed-' || $1::bigint, 84500, 'KZT', '2026-03-02', $1, $2, 84500)`, id, uitest.Morning)
	must(t, err)
}

// names goes from the page of the refund to the one that asks for the code.
func (s stage) names(t *testing.T, iban string) *uitest.Page {
	t.Helper()
	page := s.Submit(s.Get(refundPath+"?lang=ru"), refundPath, map[string]string{"iban": iban})
	if page.Status != http.StatusOK || !page.Has("#code") {
		t.Fatalf("%d %s", page.Status, page.Text("main"))
	}
	return page
}

// The debtor names the account, confirms it with the code, and sees no more of it than its end.
func TestRefund_toTheDebtorsOwnAccount(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	owed(t, s, p.CaseID)
	s.enter(t, p)
	s.wants(t, s.Get("/p/case?lang=ru"), "Вам вернут 845,00 ₸", "Укажите свой счёт", "Указать счёт для возврата")
	page := s.names(t, "kz86 125k-zt50 0410 0100")
	s.wants(t, page, "KZ86 125K ZT50 0410 0100", "Ахметов Данияр Серікұлы", "845,00 ₸", "В SMS названы последние знаки счёта")
	checkPage(t, page, "ru")
	code := s.codeOf(t, p.CaseID)
	wrong := s.Submit(page, refundPath+"/confirm", map[string]string{"code": otherThan(code)})
	s.wants(t, wrong, "Код не подходит. Осталось попыток: 4")
	checkPage(t, wrong, "ru")
	if strings.Contains(wrong.Body, otherThan(code)) {
		t.Error("the page repeats what was typed as a code")
	}
	got := s.Submit(wrong, refundPath+"/confirm", map[string]string{"code": code})
	if got.Header.Get("Location") != refundPath+"?given=1" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	page = s.Get(refundPath + "?given=1")
	s.wants(t, page, "Счёт записан", "счёт кончается на 0100", "Этот счёт указали вы")
	s.wants(t, s.Get("/p/case"), "Счёт указан. Перевод отправят, когда его утвердят два сотрудника", "Куда и когда вернут")
	if strings.Contains(page.Body, "125KZT") {
		t.Error("the page shows the account once it is kept")
	}
	var by, reason, sealed string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT given_by, reason, encode(sealed, 'escape') FROM refund_requisites`).Scan(&by, &reason, &sealed))
	if by != "debtor" || reason != "sms_code" || strings.Contains(sealed, "125KZT") {
		t.Errorf("%s, %s, %s", by, reason, sealed)
	}
	due, err := s.robot.Payments.DueList(t.Context(), s.Pool, 0, 10)
	must(t, err)
	raw, err := s.Keys.Open(due[0].Given, payments.RequisitesPlace)
	if want := fmt.Sprintf(`{"n":"Ахметов Данияр Серікұлы","i":"%s","b":"%s"}`, p.IIN, ownIBAN); err != nil || string(raw) != want {
		t.Errorf("%s %v", raw, err)
	}
}

// Whoever only holds the link gets nowhere: without the code, with the code of a refusal, or with the code for another account.
func TestRefund_takesTheCodeOfThisAccount(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	owed(t, s, p.CaseID)
	s.enter(t, p)
	kept := func() (n int) {
		must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM refund_requisites`).Scan(&n))
		return n
	}
	s.onward(t, s.Get("/p/case/refuse"))
	refusal := s.codeOf(t, p.CaseID)
	page := s.Get(refundPath)
	for _, code := range []string{"", "12345", "000000", refusal} {
		if got := s.post(page, refundPath+"/confirm", map[string]string{"iban": ownIBAN, "code": code}); got.Status != http.StatusUnprocessableEntity || kept() != 0 {
			t.Errorf("%q: %d", code, got.Status)
		}
	}
	s.real(t, 2*60*1e9)
	asked := s.names(t, "KZ940700000000000003")
	other := s.codeOf(t, p.CaseID)
	if got := s.post(asked, refundPath+"/confirm", map[string]string{"iban": ownIBAN, "code": other}); got.Status != http.StatusUnprocessableEntity || kept() != 0 {
		t.Errorf("the code for another account: %d", got.Status)
	}
	if got := s.post(asked, confirmPath, map[string]string{"understood": "yes", "total": "25193.75", "code": other}); got.Status != http.StatusUnprocessableEntity || s.isRefused(t, p.CaseID) {
		t.Errorf("a refusal by the code for an account: %d", got.Status)
	}
	if got := s.Submit(asked, refundPath+"/confirm", map[string]string{"code": other}); got.Status != http.StatusSeeOther || kept() != 1 {
		t.Errorf("its own code: %d", got.Status)
	}
	for _, path := range []string{"/confirm", "/code"} {
		if got := s.Get(refundPath + path); got.Header.Get("Location") != refundPath {
			t.Errorf("reading %s: %d", path, got.Status)
		}
	}
	if made, jobs := s.codes(t); made != 2 || jobs != 2 {
		t.Errorf("%d codes, %d jobs: reading sends none", made, jobs)
	}
}

// What is wrong with an account is said beside it, and what was typed stays.
func TestRefund_saysWhatIsWrongWithAnAccount(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	owed(t, s, p.CaseID)
	s.enter(t, p)
	s.Get(refundPath + "?lang=ru")
	for typed, says := range map[string]string{
		"": "а у вас 0", "KZ86125KZT500410010": "а у вас 19", "KZ86125KZT5004100101": "один из знаков неверен", "RU86125KZT5004100100": "начинается с букв и пяти цифр",
		"КZ86125KZT5004100100": "есть буквы кириллицы", "4400430012345678": "а у вас 16", strings.Repeat("9", 20): "начинается с букв",
	} {
		got := s.Submit(s.Get(refundPath), refundPath, map[string]string{"iban": typed})
		s.wants(t, got, says)
		if got.Status != http.StatusUnprocessableEntity || got.Attr("#iban", "value") != typed || !got.Has(`#iban[aria-invalid="true"]`) {
			t.Errorf("%q: %d, %q", typed, got.Status, got.Attr("#iban", "value"))
		}
		checkPage(t, got, "ru")
	}
	if made, _ := s.codes(t); made != 0 {
		t.Errorf("%d codes were sent for them", made)
	}
	got := s.Submit(s.Get(refundPath), refundPath, map[string]string{"iban": "KZ86 12", "speak": "kk"})
	if got.Attr("#iban", "value") != "KZ86 12" || got.Attr("html", "lang") != "kk" {
		t.Error("another language loses what was typed")
	}
	page := s.names(t, ownIBAN)
	got = s.Submit(page, refundPath+"/confirm", map[string]string{"code": "123456", "speak": "en"})
	if got.Attr("html", "lang") != "en" || !strings.Contains(got.Text("main"), "KZ86 125K ZT50 0410 0100") || strings.Contains(got.Body, "123456") {
		t.Errorf("another language loses the account, or repeats the code: %s", got.Text("main"))
	}
}

func FuzzParseAccount(f *testing.F) {
	for _, s := range []string{ownIBAN, "kz86 125k zt50 0410 0100", "", "КZ86", strings.Repeat("K", 300), "KZ86\u2011125KZT5004100100"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iban, err := app.ParseAccount(s)
		if err == nil && len(iban) != 20 || err != nil && iban != "" {
			t.Errorf("%q gives %q, %v", s, iban, err)
		}
		if again, bad := app.ParseAccount(iban); err == nil && (bad != nil || again != iban) {
			t.Errorf("%q is no account", iban)
		}
	})
}

// Where no SMS arrives, where codes cannot be sent and where nothing is due, no account is taken; and a helper learns the sum alone.
func TestRefund_whereItCannotBe(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, none := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	owed(t, s, p.CaseID)
	s.enter(t, none)
	for _, got := range []*uitest.Page{s.Get(refundPath), s.post(s.Get("/p/case"), refundPath, map[string]string{"iban": ownIBAN})} {
		if got.Status != http.StatusConflict {
			t.Errorf("without money: %d", got.Status)
		}
	}
	s.enter(t, p)
	path, code := s.invite(t)
	helper := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	helper.helps(path, code)
	if page := helper.Get("/p/case?lang=ru"); !strings.Contains(page.Text("main"), "Вам вернут 845") || page.Has(`a[href="`+refundPath+`"]`) || helper.Get(refundPath).Status != http.StatusForbidden {
		t.Error("a helper sees more or less than the sum")
	}
	do(engine.ActorStranger, engine.SetHold{Reason: engine.HoldWrongPerson})(t, s, p.CaseID)
	page := s.Submit(s.Get(refundPath+"?lang=ru"), refundPath, map[string]string{"iban": ownIBAN})
	s.wants(t, page, "наши сообщения до вас не доходят", "Счёт не записан")
	checkPage(t, page, "ru")
	if made, _ := s.codes(t); made != 0 || page.Has("#code") {
		t.Error("a code was sent to a stranger")
	}
	bare := setupWith(t, testkit.DB(t), func(use *app.Config, _ *portal.Config) { use.Codes = app.Codes{} })
	q := bare.open(t, uitest.Writ{})
	owed(t, bare, q.CaseID)
	bare.enter(t, q)
	if page := bare.Get(refundPath); page.Status != http.StatusOK || page.Has("#iban") {
		t.Errorf("without codes an account is asked for: %d", page.Status)
	}
}

func TestRefund_pagesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	owed(t, s, p.CaseID)
	for _, l := range i18n.DebtorLangs {
		in := s
		in.Browser = s.Another()
		in.enter(t, p)
		keep := func(name string, page *uitest.Page) {
			checkPage(t, page, string(l))
			testkit.Golden(t, "refund/"+name+"."+string(l)+".txt", []byte(page.Outline("main")))
		}
		keep("case", in.Get("/p/case?lang="+string(l)))
		keep("wanted", in.Get(refundPath))
		keep("code", in.Submit(in.Get(refundPath), refundPath, map[string]string{"iban": ownIBAN}))
	}
}
