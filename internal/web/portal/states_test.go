package portal_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
)

// step moves a case on.
type step func(t *testing.T, s stage, id int64)

func do(actor string, cmd engine.Command) step {
	return func(t *testing.T, s stage, id int64) { must(t, s.World.Do(t.Context(), id, actor, cmd)) }
}

var (
	notified = step(func(t *testing.T, s stage, id int64) { must(t, s.Notify(t.Context(), id)) })
	arrested = step(func(t *testing.T, s stage, id int64) { must(t, s.Arrest(t.Context(), id)) })
	lifted   = step(func(t *testing.T, s stage, id int64) { must(t, s.Lift(t.Context(), id)) })
	refused  = do(engine.ActorDebtor, engine.RequestRefusal{})
	tick     = do(engine.ActorRobot, engine.Tick{})

	// unproven lets the whole ladder of notices pass without a proof of delivery.
	unproven = step(func(t *testing.T, s stage, id int64) {
		for range 12 {
			s.Clock.Advance(36 * time.Hour)
			_, err := s.Store.Apply(t.Context(), []engine.For{{CaseID: id, Actor: engine.ActorRobot, Command: engine.Tick{}}})
			must(t, err)
		}
	})
)

func paid(tenge int64) step {
	return func(t *testing.T, s stage, id int64) { must(t, s.Pay(t.Context(), id, tenge)) }
}

func later(d time.Duration) step {
	return func(_ *testing.T, s stage, _ int64) { s.Clock.Advance(d) }
}

func assigned(t *testing.T, s stage, id int64) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `WITH b AS (INSERT INTO bailiffs (region, name, licence) VALUES ('75', 'Сейтқали Айнұр', 'ЖСО-2711') RETURNING id)
INSERT INTO handovers (case_id, bailiff_id, reason, assigned_at) SELECT $1, id, '{}', now() FROM b`, id)
	must(t, err)
	do(engine.ActorRobot, engine.Assign{BailiffID: 1, Among: 1})(t, s, id)
}

const day = 24 * time.Hour

// cases are all states that a debtor can meet, and what the page must say in Russian.
var cases = []struct {
	name  string
	writ  uitest.Writ
	steps []step
	says  []string
	never []string
}{
	{name: "opened", says: []string{"Открыто дело о неоплаченном долге", "На счетах ничего не удержано", "2 апреля дело перейдёт частному"}},
	{name: "money_back", steps: []step{notified, paid(20155), owed}, says: []string{"Вам вернут 845,00 ₸", "Укажите свой счёт"}},
	{name: "notified", steps: []step{notified}, says: []string{"До 10 марта включительно на счетах ничего не удерживают"}},
	{name: "unproven", steps: []step{unproven}, says: []string{"Оплатить 20 155 ₸", "Доставка уведомления не подтвердилась"}, never: []string{"арестована"}},
	{name: "asked", steps: []step{notified, later(9 * day), tick}, says: []string{"Началось взыскание долга", "Банк ещё не ответил"}},
	{name: "arrested", steps: []step{notified, arrested}, says: []string{"На счёте арестована сумма долга", "Остальными деньгами можно пользоваться"}},
	{
		name: "no_account", steps: []step{notified, later(9 * day), tick, do(engine.ActorBank, engine.OrderAnswered{Purpose: engine.Arrest, Ordinal: 1, Answer: engine.NoFunds})},
		says: []string{"Подходящих средств на счетах не нашлось"},
	},
	{name: "part_paid", steps: []step{notified, paid(5000)}, says: []string{"15 155,00 ₸", "Оплачено 5 000,00 ₸ из 20 155,00 ₸"}},
	{name: "held", steps: []step{do("desk:test", engine.SetHold{Reason: "identity"})}, says: []string{"Дело проверяет специалист", "пока ничего не взыскивается"}},
	{name: "suspended", steps: []step{do(engine.ActorCourt, engine.Suspend{Reason: "appeal"})}, says: []string{"Дело приостановлено, пока ничего"}},
	{
		name: "suspended_until", steps: []step{do(engine.ActorCourt, engine.Suspend{Reason: "deferral", Until: calendar.MakeDate(2026, 3, 20)})},
		says: []string{"Дело приостановлено до 20 марта"},
	},
	{name: "refused", steps: []step{notified, refused}, says: []string{"Вы отказались", "Отменить отказ можно до 3 марта, 09:00", "Оплатить 20 155 ₸"}, never: []string{"Если ничего не делать"}},
	{
		name: "paid", steps: []step{notified, arrested, paid(20155), later(4 * time.Minute), lifted},
		says: []string{"Долг оплачен, дело закрыто", "Арест снят: 12 марта, 09:07 (через 4 минуты после оплаты)"}, never: []string{"Если ничего не делать", "Оплатить 20"},
	},
	{name: "paid_lifting", steps: []step{notified, arrested, paid(20155)}, says: []string{"Банку уже сказано снять арест"}, never: []string{"Оплатить 20"}},
	{name: "paid_late_lift", steps: []step{notified, arrested, paid(20155), later(3 * day), lifted}, says: []string{"через 3 дня после оплаты"}},
	{
		name: "cancelled", writ: uitest.Writ{Kind: "tax_order", NoDate: true}, steps: []step{notified, do(engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"})},
		says: []string{"Платить не нужно, дело закрыто"}, never: []string{"Оплатить 20", "Если ничего"},
	},
	{
		name: "handed_over", steps: []step{notified, arrested, later(26 * day), tick},
		says: []string{"Дело передано частному судебному исполнителю", "назначается", "Арест 20 155,00 ₸ на счёте сохраняется", "не больше 5 038,75 ₸"}, never: []string{"Оплатить 20"},
	},
	{name: "assigned", steps: []step{notified, later(40 * day), tick, assigned}, says: []string{"Сейтқали Айнұр, лицензия ЖСО-2711"}},
	{name: "handed_refused", steps: []step{refused, later(day), tick}, says: []string{"По отказу дело о долге 20 155,00 ₸ передано"}},
	{
		name: "settled_late", steps: []step{later(40 * day), tick, paid(20155)},
		says: []string{"Долг погашен", "После завершения дела получено 20 155,00 ₸", "может попросить свою оплату"}, never: []string{"назначается"},
	},
	{
		name: "settled_in_time", steps: []step{later(40 * day), tick, func(t *testing.T, s stage, id int64) {
			must(t, s.PayOn(t.Context(), id, 20155, calendar.MakeDate(2026, 3, 31)))
		}},
		says: []string{"Долг погашен", "больше ничего не требуется"}, never: []string{"может попросить"},
	},
	{
		name: "recalled", steps: []step{later(40 * day), tick, do(engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"})},
		says: []string{"Платить не нужно", "Дело отозвано у частного судебного исполнителя"}, never: []string{"может попросить"},
	},
	{
		name: "given_back", steps: []step{notified, arrested, paid(20155), lifted, later(day), do("desk:a, desk:b", engine.Cancel{Ground: "issuer_act", Act: "77", GiveBack: true})},
		says: []string{"Платить не нужно, дело закрыто", "Решение отменено: 13 марта", "20 155,00 ₸ вернут тому, кто платил", "платить было не нужно"}, never: []string{"Спасибо", "Оплатить 20"},
	},
	{
		name: "not_yours", steps: []step{notified, arrested, paid(20155), lifted, do("desk:a, desk:b", engine.Cancel{Ground: engine.GroundOtherPerson, GiveBack: true})},
		says: []string{"Платить не нужно, дело закрыто", "Дело оказалось не о вас", "20 155,00 ₸ вернут тому, кто платил"}, never: []string{"Спасибо", "Решение отменено"},
	},
}

func TestCasePage_coversEveryState(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			p := s.open(t, c.writ)
			for _, step := range c.steps {
				step(t, s, p.CaseID)
			}
			s.enter(t, p)
			page := s.Get("/p/case?lang=ru")
			if page.Status != http.StatusOK {
				t.Fatalf("status %d", page.Status)
			}
			s.wants(t, page, c.says...)
			for _, word := range c.never {
				if strings.Contains(page.Text("main"), word) {
					t.Errorf("the page says %q:\n%.2000s", word, page.Text("main"))
				}
			}
			for _, l := range i18n.DebtorLangs {
				page := s.Get("/p/case?lang=" + string(l))
				checkPage(t, page, string(l))
				testkit.Golden(t, "case/"+c.name+"."+string(l)+".txt", []byte(page.Outline("main", "details")))
			}
		})
	}
}

// checkPage holds what is true of every page.
func checkPage(t *testing.T, p *uitest.Page, lang string) {
	t.Helper()
	if p.Attr("html", "lang") != lang || p.Attr(`.langs [aria-current]`, "lang") != lang {
		t.Errorf("the page does not say that it is in %s", lang)
	}
	if len(p.All("h1")) != 1 || !p.Has("main#main") || !p.Has(`a.skip[href="#main"]`) || !p.Has("title") {
		t.Error("the page lacks its landmarks")
	}
	ids := map[string]bool{}
	for _, n := range p.All("[id]") {
		for _, a := range n.Attr {
			if a.Key == "id" && ids[a.Val] {
				t.Errorf("the id %s is there twice", a.Val)
			} else if a.Key == "id" {
				ids[a.Val] = true
			}
		}
	}
	for _, n := range p.All("[aria-labelledby]") {
		for _, a := range n.Attr {
			if a.Key == "aria-labelledby" && !ids[a.Val] {
				t.Errorf("%s labels nothing", a.Val)
			}
		}
	}
	for _, outside := range []string{"script", "link[href^=http]", "img", "iframe", "[src]", "[style]", "[onclick]"} {
		if p.Has(outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	oneLanguage(t, p, i18n.Lang(lang))
	for _, form := range p.All(`form[method="post"]`) {
		if form.FirstChild == nil || !strings.Contains(p.Body, `name="form_token"`) {
			t.Error("a form has no token")
		}
	}
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, _ = z.Write([]byte(p.Body))
	_ = z.Close()
	if small.Len() > 14<<10 {
		t.Errorf("the page weighs %d bytes compressed", small.Len())
	}
}

func TestCasePage_explainsEachDecisionWithItsArticle(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	notified(t, s, p.CaseID)
	arrested(t, s, p.CaseID)
	s.enter(t, p)
	for lang, want := range map[string]string{"kk": "№ 261-IV Заң, 10-3", "ru": "Закон № 261-IV, ст. 10-3", "en": "Law No. 261-IV, art. 10-3"} {
		got := s.Get("/p/case?lang=" + lang).Text("details .steps")
		if !strings.Contains(got, want) || !strings.Contains(got, "86") {
			t.Errorf("%s: the trace lacks %q: %.800s", lang, want, got)
		}
	}
}

// Why the arrest lies where it does: what the plan says, in the words of the reader, and no more of an account than its end.
func TestCasePage_explainsTheChoiceOfAccounts(t *testing.T) {
	t.Parallel()
	place := func(bank, last string, tenge int64) orders.ChosenPlace {
		return orders.ChosenPlace{Bank: bank, Account: last, Sum: uitest.Tenge(tenge)}
	}
	at := uitest.Morning
	for name, c := range map[string]struct {
		chosen orders.Chosen
		says   []string
	}{
		"one":     {orders.Chosen{Asked: uitest.Tenge(20155), At: at, Places: []orders.ChosenPlace{place("halyk", "4100", 20155)}}, []string{"halyk, счёт с последними знаками 4100: 20 155,00 ₸", "хватает на весь долг"}},
		"several": {orders.Chosen{Asked: uitest.Tenge(20155), At: at, Places: []orders.ChosenPlace{place("halyk", "4100", 20000), place("kaspi", "77AB", 155)}}, []string{"kaspi, счёт с последними знаками 77AB: 155,00 ₸", "взяты 2 счёта"}},
		"short":   {orders.Chosen{Asked: uitest.Tenge(20155), At: at, Places: []orders.ChosenPlace{place("halyk", "4100", 500)}}, []string{"Удержано 500,00 ₸ из 20 155,00 ₸"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupWith(t, testkit.DB(t), func(use *app.Config, _ *portal.Config) {
				use.Chosen = func(context.Context, engine.Querier, int64) ([]orders.Chosen, error) {
					return []orders.Chosen{c.chosen}, nil
				}
			})
			p := s.open(t, uitest.Writ{})
			notified(t, s, p.CaseID)
			arrested(t, s, p.CaseID)
			s.enter(t, p)
			s.wants(t, s.Get("/p/case?lang=ru"), append(c.says, "Почему арест на этом счёте", "Счета для пособий", "Прожиточный минимум, 50 851,00 ₸")...)
			for _, l := range i18n.DebtorLangs {
				page := s.Get("/p/case?lang=" + string(l))
				checkPage(t, page, string(l))
				testkit.Golden(t, "plan/"+name+"."+string(l)+".txt", []byte(page.Outline("details .plan")))
			}
		})
	}
}

func TestOtherPages_areAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	notified(t, s, p.CaseID)
	arrested(t, s, p.CaseID)
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		b := s.Another()
		keep := func(name string, page *uitest.Page) {
			checkPage(t, page, l)
			testkit.Golden(t, name+"."+l+".txt", []byte(page.Outline("body")))
		}
		in := s
		in.Browser = b
		keep("gate", b.Get("/p/"+p.Token+"?lang="+l))
		keep("entry", b.Get("/p/?lang="+l))
		keep("gone", b.Get("/p/case?lang="+l))
		in.enter(t, p)
		price := b.Get("/p/case/refuse?lang=" + l)
		keep("refuse", price)
		keep("confirm", in.onward(t, price))
		keep("verify", b.Get("/verify"))
		keep("returned", s.Another().Get("/p/return?lang="+l))
		keep("pay", b.Get("/p/case/pay"))
		begun := in.begin(t, "5000")
		keep("begun", b.Get(begun))
		keep("payment_waiting", b.Get(strings.TrimSuffix(begun, "?new=1")))
		keep("pay_underway", b.Get("/p/case/pay"))
		keep("case_underway", b.Get("/p/case"))
		in.leave(t)
	}
}

func TestLanguage_isKeptAndChosen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{Language: "ru"})
	lang := func(page *uitest.Page) string { return page.Attr("html", "lang") }
	if got := lang(s.Get("/p/" + p.Token)); got != "kk" {
		t.Errorf("without any wish the gate is in %s", got)
	}
	s.Lang = "en-GB,en;q=0.9"
	if got := lang(s.Get("/p/" + p.Token)); got != "en" {
		t.Errorf("the browser's wish gives %s", got)
	}
	s.enter(t, p)
	if got := lang(s.Get("/p/case")); got != "ru" {
		t.Errorf("behind the gate the language of the case gives %s", got)
	}
	s.Get("/p/case?lang=kk")
	if got := lang(s.Get("/p/case/refuse")); got != "kk" {
		t.Errorf("the chosen language was lost: %s", got)
	}
	if got := s.Get("/p/case?undone=1").Attr(`.langs a[lang="en"]`, "href"); got != "?lang=en&undone=1" {
		t.Errorf("the language row leaves the page: %s", got)
	}
}
