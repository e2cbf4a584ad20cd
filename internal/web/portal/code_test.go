package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/passcode"
)

const confirmPath = "/p/case/refuse/confirm"

// onward goes from the price to the page that asks for the code.
func (s stage) onward(t *testing.T, price *uitest.Page) *uitest.Page {
	t.Helper()
	if got := s.Submit(price, "/p/case/refuse", nil); got.Status != http.StatusSeeOther || got.Header.Get("Location") != confirmPath {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	return s.Get(confirmPath)
}

// codeOf takes the code of a case to be sent, as the worker does: it is nowhere to be read.
func (s stage) codeOf(t *testing.T, id int64) string {
	t.Helper()
	var l passcode.Letter
	var ok bool
	must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) (err error) {
		l, ok, err = s.robot.Codes.Claim(t.Context(), tx, id)
		return err
	}))
	if !ok {
		t.Fatal("there is no code to send")
	}
	return l.Code
}

// codes is how many codes were asked for, and how many jobs send one.
func (s stage) codes(t *testing.T) (made, jobs int) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), `SELECT coalesce((SELECT sum(serial) FROM passcodes), 0), (SELECT count(*) FROM river_job WHERE kind = 'notify.code')`).Scan(&made, &jobs))
	return made, jobs
}

// real makes real time pass for the codes.
func (s stage) real(t *testing.T, d time.Duration) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `ALTER TABLE passcodes DISABLE TRIGGER passcodes_forward`)
	must(t, err)
	_, err = s.Pool.Exec(t.Context(), `UPDATE passcodes SET made_at = made_at - $1::interval, asked_at = ARRAY(SELECT a - $1::interval FROM unnest(asked_at) a)`, d)
	must(t, err)
	_, err = s.Pool.Exec(t.Context(), `ALTER TABLE passcodes ENABLE TRIGGER passcodes_forward`)
	must(t, err)
}

func (s stage) isRefused(t *testing.T, id int64) (yes bool) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), `SELECT refusal_at IS NOT NULL FROM cases WHERE id = $1`, id).Scan(&yes))
	return yes
}

func (s stage) types(page *uitest.Page, code string) *uitest.Page {
	return s.Submit(page, confirmPath, map[string]string{"understood": "yes", "code": code})
}

func otherThan(code string) string {
	if code[0] == '9' {
		return "8" + code[1:]
	}
	return "9" + code[1:]
}

func TestCode_wrongFiveTimes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.onward(t, s.Get("/p/case/refuse?lang=ru"))
	code := s.codeOf(t, p.CaseID)
	for _, none := range []string{"", "12345", "abcdef", "1234567"} {
		got := s.types(page, none)
		s.wants(t, got, "Нужны ровно шесть цифр")
		if got.Status != http.StatusUnprocessableEntity || !got.Has(`#code[aria-invalid="true"]`) || !got.Has(`input[name="understood"][checked]`) {
			t.Errorf("%q: %d", none, got.Status)
		}
	}
	bad := otherThan(code)
	for left := 4; left > 0; left-- {
		got := s.types(page, bad[:3]+" "+bad[3:])
		s.wants(t, got, "Код не подходит. Осталось попыток: "+string(rune('0'+left)))
		if got.Status != http.StatusUnprocessableEntity || strings.Contains(got.Body, bad) || got.Attr("#code", "value") != "" {
			t.Errorf("%d left: %d, or the page repeats what was typed", left, got.Status)
		}
		checkPage(t, got, "ru")
	}
	got := s.types(page, bad)
	s.wants(t, got, "Код пять раз введён неверно")
	if got.Has("#code") {
		t.Error("there is a field for a code that works no more")
	}
	if got := s.types(page, code); got.Status != http.StatusUnprocessableEntity || s.isRefused(t, p.CaseID) {
		t.Errorf("the right one after five wrong ones: %d", got.Status)
	}
	s.real(t, 2*time.Minute)
	s.Submit(s.Get(confirmPath), "/p/case/refuse/code", nil)
	if got := s.types(s.Get(confirmPath), s.codeOf(t, p.CaseID)); got.Header.Get("Location") != "/p/case/refused" || !s.isRefused(t, p.CaseID) {
		t.Errorf("with a new one: %d", got.Status)
	}
}

func TestCode_expiresByRealTimeAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.onward(t, s.Get("/p/case/refuse?lang=ru"))
	code := s.codeOf(t, p.CaseID)
	s.real(t, passcode.Life)
	got := s.types(page, code)
	s.wants(t, got, "Прошло десять минут")
	if s.isRefused(t, p.CaseID) {
		t.Fatal("refused by an old code")
	}
	s.onward(t, s.Get("/p/case/refuse")) // from the price there comes a new one
	s.Clock.Advance(6 * time.Hour)
	if got := s.types(s.Get(confirmPath), s.codeOf(t, p.CaseID)); got.Header.Get("Location") != "/p/case/refused" {
		t.Errorf("legal time has ended a code: %d %s", got.Status, got.Text("main"))
	}
}

func TestCode_isSentAgainWithinBounds(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	for range 3 { // the button of the price, pressed again and again
		s.onward(t, s.Get("/p/case/refuse?lang=ru"))
	}
	for range 2 { // reading sends nothing
		s.Get(confirmPath)
		s.Get("/p/case/refuse/code")
	}
	if made, jobs := s.codes(t); made != 1 || jobs != 1 {
		t.Fatalf("%d codes, %d jobs", made, jobs)
	}
	first := s.codeOf(t, p.CaseID)
	page := s.Get(confirmPath)
	s.wants(t, page, "Новый код можно отправить через 1 мин.")
	again := func() { s.post(page, "/p/case/refuse/code", nil) }
	again()
	if made, _ := s.codes(t); made != 1 {
		t.Errorf("within a minute: %d codes", made)
	}
	s.real(t, time.Minute)
	s.Submit(s.Get(confirmPath), "/p/case/refuse/code", nil)
	second := s.codeOf(t, p.CaseID)
	if first != second {
		if got := s.types(page, first); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("the code before: %d", got.Status)
		}
	}
	s.real(t, time.Minute)
	again()
	s.real(t, time.Minute)
	again()
	if made, jobs := s.codes(t); made != 3 || jobs != 3 {
		t.Errorf("in an hour: %d codes, %d jobs", made, jobs)
	}
	s.wants(t, s.Get(confirmPath), "через 57 мин", "не больше трёх в час")
	for range 3 {
		s.real(t, time.Hour)
		again()
	}
	s.real(t, 2*time.Hour)
	again()
	if made, _ := s.codes(t); made != 6 {
		t.Errorf("in a day: %d codes", made)
	}
	s.wants(t, s.Get(confirmPath), "За сутки отправлено шесть кодов", "Прошло десять минут")
}

// Two tabs have one code. What one of them has done the other is told, and nothing is done twice.
func TestCode_twoTabsAndReplay(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	first := s.onward(t, s.Get("/p/case/refuse?lang=ru"))
	second := s.onward(t, s.Get("/p/case/refuse"))
	code := s.codeOf(t, p.CaseID)
	if got := s.types(first, code); got.Header.Get("Location") != "/p/case/refused" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	if got := s.types(second, code); got.Header.Get("Location") != "/p/case/refused" {
		t.Errorf("the other tab: %d", got.Status)
	}
	if got := s.Get(confirmPath).Header.Get("Location"); got != "/p/case/refused" {
		t.Errorf("reading leads to %q", got)
	}
	var events int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE case_id = $1 AND kind = 'refusal_requested'`, p.CaseID).Scan(&events))
	if events != 1 {
		t.Errorf("refused %d times", events)
	}
	s.Submit(s.Get("/p/case/refused"), "/p/case/undo", nil)
	again := s.types(first, code)
	s.wants(t, again, "Этот код уже использован")
	if again.Status != http.StatusUnprocessableEntity || s.isRefused(t, p.CaseID) {
		t.Errorf("the same code after the refusal was taken back: %d", again.Status)
	}
}

func TestCode_ofOneCaseOpensNoOther(t *testing.T) {
	t.Parallel()
	s := setup(t)
	mine, other := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	theirs := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	theirs.enter(t, other)
	theirs.onward(t, theirs.Get("/p/case/refuse"))
	foreign := s.codeOf(t, other.CaseID)
	s.enter(t, mine)
	page := s.onward(t, s.Get("/p/case/refuse"))
	own := s.codeOf(t, mine.CaseID)
	if got := s.types(page, foreign); own != foreign && got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the code of another case: %d", got.Status)
	}
	if s.isRefused(t, other.CaseID) || own != foreign && s.isRefused(t, mine.CaseID) {
		t.Error("something was refused")
	}
	if got := theirs.types(theirs.Get(confirmPath), foreign); got.Header.Get("Location") != "/p/case/refused" {
		t.Errorf("their own: %d", got.Status)
	}
}

// A case that meanwhile cannot be refused does not use the code up, and one that came to a stranger is good for nothing.
func TestCode_isNotUsedUpForNothing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.onward(t, s.Get("/p/case/refuse"))
	code := s.codeOf(t, p.CaseID)
	do(engine.ActorStranger, engine.SetHold{Reason: engine.HoldWrongPerson})(t, s, p.CaseID)
	if got := s.types(page, code); got.Status != http.StatusConflict || s.isRefused(t, p.CaseID) {
		t.Errorf("a code that went to a stranger: %d", got.Status)
	}
	must(t, s.Pay(t.Context(), p.CaseID, 20155))
	if got := s.types(page, code); got.Status != http.StatusConflict {
		t.Errorf("a case that is paid: %d", got.Status)
	}
	var unused bool
	must(t, s.Pool.QueryRow(t.Context(), `SELECT used_at IS NULL AND tries = 0 FROM passcodes WHERE case_id = $1`, p.CaseID).Scan(&unused))
	if !unused {
		t.Error("the code was used up")
	}
}

// Without a telephone that takes SMS no code is sent anywhere, and the page says what to do instead.
func TestCode_withoutATelephone(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]step{
		"none":         sql(`UPDATE debtors d SET phone_sealed = NULL FROM cases c WHERE c.debtor_id = d.id AND c.id = $1`),
		"wrong person": do(engine.ActorStranger, engine.SetHold{Reason: engine.HoldWrongPerson}),
		"undeliverable": func(t *testing.T, s stage, id int64) {
			t.Helper()
			must(t, s.Sent(t.Context(), id, 7))
			sql(`UPDATE notices SET status = 'failed', delivered_at = NULL WHERE case_id = $1`)(t, s, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			p := s.open(t, uitest.Writ{})
			lose(t, s, p.CaseID)
			s.enter(t, p)
			page := s.onward(t, s.Get("/p/case/refuse?lang=ru"))
			s.wants(t, page, "Мы не можем отправить вам код", "1414", "департамент юстиции", "Ничего не зарегистрировано")
			checkPage(t, page, "ru")
			if page.Status != http.StatusOK || page.Has("#code") || page.Has(`form[action^="/p/case/refuse"]`) || strings.Contains(page.Text("main"), "***") {
				t.Errorf("%d %s", page.Status, page.Text("main"))
			}
			s.post(page, "/p/case/refuse/code", nil)
			if made, jobs := s.codes(t); made+jobs != 0 {
				t.Errorf("%d codes, %d jobs", made, jobs)
			}
			if got := s.post(page, confirmPath, map[string]string{"understood": "yes", "total": "25193.75", "code": "123456"}); got.Status < 400 || s.isRefused(t, p.CaseID) {
				t.Errorf("refusing: %d", got.Status)
			}
			if name == "none" {
				for _, l := range []string{"kk", "ru", "en"} {
					testkit.Golden(t, "confirm_no_phone."+l+".txt", []byte(s.Get(confirmPath+"?lang="+l).Outline("main")))
				}
			}
		})
	}
}

func sql(text string) step {
	return func(t *testing.T, s stage, id int64) {
		t.Helper()
		_, err := s.Pool.Exec(t.Context(), text, id)
		must(t, err)
	}
}

func TestCode_thatDidNotArriveIsTold(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	s.onward(t, s.Get("/p/case/refuse?lang=ru"))
	s.codeOf(t, p.CaseID)
	sql(`UPDATE passcodes SET sent = 'failed' WHERE case_id = $1`)(t, s, p.CaseID)
	s.wants(t, s.Get(confirmPath), "SMS на +7 *** *** ** 01 не доставлено", "Новый код можно отправить через")
}

// Where codes cannot be sent a refusal is neither offered nor taken, whatever is posted.
func TestRefusal_withoutAWayForCodesIsNone(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*app.Codes){
		"nothing": func(c *app.Codes) { *c = app.Codes{} }, "no way": func(c *app.Codes) { c.Send = nil }, "no store": func(c *app.Codes) { c.Store = nil },
	} {
		s := setupWith(t, testkit.DB(t), func(use *app.Config, _ *portal.Config) { cut(&use.Codes) })
		p := s.open(t, uitest.Writ{})
		s.enter(t, p)
		page := s.Get("/p/case")
		if page.Has(`a[href="/p/case/refuse"]`) {
			t.Errorf("%s: it is offered", name)
		}
		for _, path := range []string{"/p/case/refuse", confirmPath} {
			if got := s.Get(path); got.Status != http.StatusConflict {
				t.Errorf("%s: %s: %d", name, path, got.Status)
			}
		}
		for _, path := range []string{"/p/case/refuse", confirmPath, "/p/case/refuse/code"} {
			for _, code := range []string{"", "000000", "123456"} {
				if got := s.post(page, path, map[string]string{"understood": "yes", "total": "25193.75", "code": code}); got.Status != http.StatusConflict || s.isRefused(t, p.CaseID) {
					t.Errorf("%s: %s with %q: %d", name, path, code, got.Status)
				}
			}
		}
	}
}
