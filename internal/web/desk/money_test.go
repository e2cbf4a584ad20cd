package desk_test

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/payments"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/pain"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	ourIBAN   = "KZ510700000000000001"
	payerIBAN = "KZ940700000000000003"
)

// till is a desk whose money is kept by the real robot.
type till struct {
	stage
	robot  *jobs.Robot
	people []uitest.Person
}

func openTill(t *testing.T) till {
	t.Helper()
	return openTillFor(t, anybody)
}

// openTillFor is one at which some people may sign in.
func openTillFor(t *testing.T, people []app.Actor) till {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	robot, err := jobs.New(jobs.Config{
		Pool: w.Pool, Clock: w.Clock, Packs: w.Packs, Keys: w.Keys, Log: slog.New(slog.DiscardHandler), Host: "example.kz",
		House: jobs.House{Name: "Департамент", BIN: "971240001315", KNP: "190", Version: pain.V03},
	})
	must(t, err)
	docs, err := w.Papers(nil)
	must(t, err)
	service, err := app.New(app.Config{
		Pool: w.Pool, Cases: robot.Engine, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Money: robot,
		Papers: docs, Objections: objections.New(w.Pool, w.Keys), Lists: caselist.New(w.Pool, w.Keys), Machinery: robot, DemoSignIn: true, DemoPeople: people,
	})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	s := till{stage: stage{World: w, Browser: uitest.Open(t, h), service: service}, robot: robot}
	must(t, pg.InTx(t.Context(), w.Pool, func(tx pgx.Tx) error {
		return robot.Payments.RegisterAccount(t.Context(), tx, payments.Account{IBAN: ourIBAN, AddedBy: "test", AddedAt: uitest.Morning})
	}))
	for i := range 3 {
		p, debt := s.open(t, uitest.Writ{Amount: int64(10000 + i*1000)}), money.FromTiyn(int64(10000+i*1000)*100)
		s.people = append(s.people, p)
		must(t, pg.InTx(t.Context(), w.Pool, func(tx pgx.Tx) error { // the world's own engine books nothing
			return robot.Payments.MoveDebts(t.Context(), tx, []payments.DebtMove{{CaseID: p.CaseID, Kind: "opened", Amount: debt}}, uitest.Morning)
		}))
	}
	return s
}

func (s till) number(i int) string { return caseno.Format(s.people[i].CaseID) }

// statement takes lines as one statement.
func (s till) statement(t *testing.T, name string, opening int64, lines ...source.Line) {
	t.Helper()
	day := calendar.DateOf(uitest.Morning)
	st := payments.Statement{Account: ourIBAN, Format: "test", MessageID: name, Number: name, SHA256: sha256.Sum256([]byte(name)), Part: 1, From: day, To: day, Lines: len(lines), Balanced: true, Opening: money.FromTiyn(opening)}
	st.Closing = st.Opening
	for i := range lines {
		l := &lines[i]
		l.Currency, l.Booked, l.Value = "KZT", day, day
		if l.Credit {
			st.Credits, st.Closing = st.Credits.Add(l.Amount), st.Closing.Add(l.Amount)
		} else {
			st.Debits, st.Closing = st.Debits.Add(l.Amount), st.Closing.Sub(l.Amount)
		}
	}
	taking, err := s.robot.Take(t.Context(), []payments.Statement{st})
	must(t, err)
	for i := range lines {
		must(t, taking.Line(1, &lines[i]))
	}
	_, err = taking.End(t.Context(), nil)
	must(t, err)
}

// queue makes a day with money of every kind.
func (s till) queue(t *testing.T) {
	t.Helper()
	wrong := []byte(s.number(0))
	wrong[8] = '0' + (wrong[8]-'0'+1)%10
	s.statement(t, "1", 100_000_000,
		source.Line{Ref: "L1", Credit: true, Amount: money.FromTiyn(1_000_000), Purpose: "штраф по делу " + string(wrong), Payer: source.Party{Name: "Петров Пётр", IBAN: payerIBAN}},
		source.Line{Ref: "L2", Credit: true, Amount: money.FromTiyn(500_000), Purpose: "оплата", Payer: source.Party{Name: "Иванов Иван", IIN: s.people[1].IIN, IBAN: payerIBAN}},
		source.Line{Ref: "L3", Credit: true, Amount: money.FromTiyn(1_300_000), Purpose: "дело " + s.number(2), Payer: source.Party{Name: "Ахметова Айгүл", IBAN: payerIBAN}},
		source.Line{Ref: "D1", Amount: money.FromTiyn(15_000), Purpose: "комиссия"})
}

func (s till) sound(t *testing.T) {
	t.Helper()
	found, err := payments.Check(t.Context(), s.Pool)
	must(t, err)
	for _, v := range found {
		t.Errorf("%s case %d: %s", v.ID, v.CaseID, v.Detail)
	}
}

func (s till) payment(t *testing.T, txn string) string {
	t.Helper()
	var id string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT id::text FROM payments WHERE txn_id LIKE '%/' || $1`, txn).Scan(&id))
	return id
}

func TestMoney_twoPeoplePlaceIt(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.queue(t)
	second := s.two(t)
	s.wants(t, s.Get("/desk/money?lang=en").Text("main"), "Received today 28,000.00", "Allocated to cases 12,000.00", "3 payments", "Bank statements", "1,027,850.00", "150.00", "a bank’s fee")
	queue := s.Get("/desk/money/suspense?lang=en")
	s.wants(t, queue.Text("main"), s.number(0), "its number with one slip · exactly the sum", s.number(1), "the payer is the debtor", "П.П.", "******")
	for _, secret := range []string{"Петров", "Иванов", payerIBAN, s.people[1].IIN, "штраф по делу"} {
		if strings.Contains(queue.Body, secret) {
			t.Errorf("the queue shows %s", secret)
		}
	}
	id := s.payment(t, "L1")
	path := "/desk/money/payments/" + id
	page := s.Get(path + "?lang=en")
	form := func(fill map[string]string) url.Values {
		v := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "lang": {"en"}, "payment": {id}}
		for k, x := range fill {
			v.Set(k, x)
		}
		return v
	}
	if got := s.Post("/desk/money/acts", form(map[string]string{"kind": "assign", "case": "26-1", "reason": "x"})); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), "no such case") {
		t.Errorf("no such case: %d", got.Status)
	}
	if got := s.Post("/desk/money/acts", form(map[string]string{"kind": "assign", "case": s.number(0), "amount": "20 000,00", "reason": "x"})); !strings.Contains(got.Text(`[role="alert"]`), "Lower the sum") || got.Attr(`input[name="amount"]`, "value") != "20 000,00" {
		t.Errorf("too much: %s", got.Text("main"))
	}
	got := s.Post("/desk/money/acts", form(map[string]string{"kind": "assign", "case": s.number(0), "reason": "one slip in the number"}))
	act := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(act, "/desk/money/acts/") {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	mine := s.Get(act)
	s.wants(t, mine.Text("main"), "Assign to a case", "one slip in the number", "10,000.00", "This is your proposal")
	if mine.Has(`form[action="` + act + `/approve"]`) {
		t.Error("the page offers him to do what he proposed")
	}
	s.wants(t, s.Get(path).Text("main"), "waits for a second person")
	page = second.Get(act + "?lang=en")
	s.wants(t, page.Text("main"), "Paid", "left 0.00")
	if got := s.Post(act+"/approve", url.Values{"form_token": {mine.Attr(`input[name="form_token"]`, "value")}, "lang": {"en"}, "seen": {page.Attr(`input[name="seen"]`, "value")}}); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Another person") {
		t.Errorf("the same person: %d", got.Status)
	}
	submit(t, second, act, act+"/approve", nil)
	s.wants(t, second.Get(act).Text("main"), "Done", "desk:demo-2")
	s.wants(t, s.Get("/desk/cases/"+s.number(0)+"?lang=en").Text("main"), "Paid")
	if got := second.Submit(page, act+"/approve", nil); got.Status != http.StatusConflict {
		t.Errorf("done twice: %d", got.Status)
	}
	// why the fee left
	submit(t, s.Browser, "/desk/money", "/desk/money/acts", map[string]string{"meaning": "bank_fee", "reason": "tariff"})
	page = second.Get("/desk/money")
	fee := page.Attr("#open ~ .scroll a", "href")
	submit(t, second, fee, fee+"/approve", nil)
	s.wants(t, s.Get("/desk/money").Text("main"), "All departures are explained")
	s.sound(t)
}

func TestMoney_openingThePayerIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.queue(t)
	s.signIn(t)
	path := "/desk/money/payments/" + s.payment(t, "L1")
	page := s.Get(path + "?lang=en")
	if got := s.Submit(page, path+"/open", map[string]string{"reason": " "}); got.Status != http.StatusUnprocessableEntity || strings.Contains(got.Body, "Петров") {
		t.Errorf("without a reason: %d", got.Status)
	}
	got := s.Submit(page, path+"/open", map[string]string{"reason": "he called"})
	if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d", got.Status)
	}
	s.wants(t, got.Text("main"), "Петров Пётр", payerIBAN, "штраф по делу", "written down")
	var n int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM desk_openings WHERE actor = 'desk:demo' AND what = 'payer' AND reason = 'he called'`).Scan(&n))
	if n != 1 {
		t.Errorf("%d are written down", n)
	}
	if got := s.Another().Get("/desk/money"); got.Status != http.StatusForbidden {
		t.Errorf("a stranger: %d", got.Status)
	}
	for _, path := range []string{"/desk/money/payments/999999", "/desk/money/acts/9", "/desk/money/files/9", "/desk/money/payments/x"} {
		if got := s.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestMoney_refundsGoByTwoPeople(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.queue(t)
	second := s.two(t)
	page := s.Get("/desk/money/refunds?lang=en")
	s.wants(t, page.Text("main"), "1,000.00", "А.А. KZ…0003", s.number(2))
	if strings.Contains(page.Body, "Ахметова") || strings.Contains(page.Body, payerIBAN) {
		t.Error("the queue shows the person")
	}
	got := s.Post("/desk/money/refunds/collect", url.Values{
		"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "lang": {"en"}, "payment": {page.Attr(`input[name="payment"]`, "value")}, "account": {ourIBAN}, "reason": {"weekly"},
	})
	file := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(file, "/desk/money/files/") {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	if s.Get(file).Has(`form[action="` + file + `/release"]`) {
		t.Error("who collected may release")
	}
	submit(t, second, file+"?lang=en", file+"/release", nil)
	page = second.Get(file)
	s.wants(t, page.Text("main"), "Released", "released to the bank")
	taken := second.Submit(page, file+"/take", map[string]string{"reason": "to the bank"})
	again := s.Submit(s.Get(file), file+"/take", map[string]string{"reason": "once more"})
	if taken.Status != http.StatusOK || taken.Body != again.Body || !strings.Contains(taken.Body, payerIBAN) || !strings.Contains(taken.Header.Get("Content-Disposition"), "RB-REFUND-000001.xml") {
		t.Errorf("taken %d, again %d", taken.Status, again.Status)
	}
	ref := page.Text("#orders ~ .scroll th.hash")
	refunds := s.Get("/desk/money/refunds")
	s.wants(t, refunds.Text("main"), "Nothing is due back", "1 not answered")
	bad := s.Upload(refunds, "/desk/money/report", nil, "a.xml", []byte("<html>"))
	if bad.Status != http.StatusUnprocessableEntity || !strings.Contains(bad.Text(`[role="alert"]`), "no answer of a bank") {
		t.Errorf("%d %s", bad.Status, bad.Text("main"))
	}
	told := s.Upload(refunds, "/desk/money/report", nil, "a.xml", []byte(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<GrpHdr><MsgId>A</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RB-REFUND-000001</OrgnlMsgId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>`+ref+`</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`))
	s.wants(t, told.Text(`[role="status"]`), "Paid: 1.")
	s.sound(t)
	for _, l := range i18n.Langs {
		for _, path := range []string{"/desk/money", "/desk/money/suspense", "/desk/money/refunds", file, "/desk/money/payments/" + s.payment(t, "L2")} {
			if got := s.Get(path + "?lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
				t.Errorf("%s in %s: %d", path, l, got.Status)
			}
		}
	}
}

func TestMoney_isNotThereUnlessConfigured(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.signIn(t)
	if got := s.Get("/desk/money"); got.Status != http.StatusServiceUnavailable {
		t.Errorf("%d", got.Status)
	}
}

func TestMoney_looksAsItDid(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.queue(t)
	s.signIn(t)
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "money."+l+".txt", []byte(s.Get("/desk/money?lang="+l).Outline("main")))
		testkit.Golden(t, "moneypayment."+l+".txt", []byte(s.Get("/desk/money/payments/"+s.payment(t, "L2")+"?lang="+l).Outline("main")))
	}
}
