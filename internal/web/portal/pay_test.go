package portal_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/payments"
	"robotbailiff/payments/match"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const requisites = `[{"from":"2026-01-01","beneficiary":"Алматы қ. Әділет департаменті","bin":"971240001315","iban":"KZ86125KZT5004100100","bic":"KKMFKZ2A","bank":"Қазынашылық комитеті","kbe":"11","knp":"911","kbk":"204109"}]`

// till is a payment gateway that does nothing by itself.
type till struct {
	name  string
	mu    sync.Mutex
	begun []gateway.Wish
	ended map[uuid.UUID]gateway.OrderStatus
	down  bool
}

var errDown = errors.New("down")

func newTill(name string) *till {
	return &till{name: name, ended: map[uuid.UUID]gateway.OrderStatus{}}
}

func (t *till) Begin(_ context.Context, w gateway.Wish) (gateway.Checkout, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = append(t.begun, w)
	if t.down {
		return gateway.Checkout{}, errDown
	}
	return gateway.Checkout{Page: "https://" + t.name + ".example.kz/c/" + w.Order.String(), App: "javascript:alert(1)"}, nil
}

func (t *till) Status(_ context.Context, orders []uuid.UUID) (map[uuid.UUID]gateway.OrderStatus, error) {
	out := map[uuid.UUID]gateway.OrderStatus{}
	for _, id := range orders {
		if out[id] = t.ended[id]; out[id].State == "" {
			out[id] = gateway.OrderStatus{State: gateway.StateOpen}
		}
	}
	return out, nil
}

func (t *till) Refund(context.Context, gateway.Refund) (gateway.RefundStatus, error) {
	return gateway.RefundRejected, nil
}

func (t *till) Register(context.Context, calendar.Date, string) ([]gateway.Message, string, error) {
	return nil, "", gateway.ErrNoRegister
}

// paid is the message that an order was paid.
func paidBy(w gateway.Wish, txn string) gateway.Message {
	return gateway.Message{Type: gateway.Paid, TxnID: txn, Amount: w.Amount, Currency: "KZT", Reference: w.Case, ValueDate: calendar.MakeDate(2026, 3, 12), Order: w.Order}
}

// begin begins a payment of a sum at the first till, and gives the path of its page.
func (s stage) begin(t *testing.T, sum string) string {
	t.Helper()
	got := s.Submit(s.Get("/p/case/pay"), "/p/case/pay", map[string]string{"sum": sum, "till": "alpha"})
	path := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(path, "/p/case/payment/") {
		t.Fatalf("paying gave %d %q: %s", got.Status, path, got.Text("main"))
	}
	return path
}

// leave says that nothing was paid there.
func (s stage) leave(t *testing.T) {
	t.Helper()
	page := s.Get("/p/case/pay")
	action := page.Attr(`main form`, "action")
	if got := s.Submit(page, action, nil); got.Header.Get("Location") != "/p/case/pay" {
		t.Fatalf("leaving gave %d", got.Status)
	}
}

// message is what a gateway sends to us.
func (s stage) message(t *testing.T, source string, m gateway.Message) {
	t.Helper()
	body, err := gateway.Encode(m)
	must(t, err)
	_, err = s.robot.Receive(t.Context(), payments.Event{Source: source, EventID: "ev-" + m.TxnID, Body: body})
	must(t, err)
	s.settle(t)
}

func (s stage) settle(t *testing.T) {
	t.Helper()
	_, err := s.robot.Settle(t.Context())
	must(t, err)
}

func (s stage) orders(t *testing.T) int {
	t.Helper()
	var n int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM payment_orders`).Scan(&n))
	return n
}

// atTill gives a debtor behind the gate, with money held on his account.
func atTill(t *testing.T) (stage, uitest.Person) {
	t.Helper()
	s := setup(t)
	return s, s.toTill(t)
}

func (s stage) toTill(t *testing.T) uitest.Person {
	t.Helper()
	p := s.open(t, uitest.Writ{})
	notified(t, s, p.CaseID)
	arrested(t, s, p.CaseID)
	s.enter(t, p)
	s.Get("/p/case?lang=ru")
	return p
}

func TestPay_aSecondClickAndASecondTabAreTheSamePayment(t *testing.T) {
	t.Parallel()
	s, p := atTill(t)
	first := s.Get("/p/case/pay") // two tabs with the same form
	second := s.Get("/p/case/pay")
	path := s.Submit(first, "/p/case/pay", map[string]string{"till": "alpha"}).Header.Get("Location")
	for _, fill := range []map[string]string{{"till": "alpha"}, {"till": "beta"}, {"till": "alpha", "sum": "100"}} {
		if got := s.Submit(second, "/p/case/pay", fill).Header.Get("Location"); got != path {
			t.Errorf("%v leads to %q, not to %q", fill, got, path)
		}
	}
	if s.orders(t) != 1 || len(s.tills["alpha"].begun) != 1 || len(s.tills["beta"].begun) != 0 {
		t.Errorf("%d orders", s.orders(t))
	}
	wish := s.tills["alpha"].begun[0]
	if wish.Return != "https://1414.gov.kz/p/return" || wish.Language != "ru" || wish.Case != caseno.Format(p.CaseID) || wish.Amount.String() != "20155.00" {
		t.Errorf("the gateway was asked %+v", wish)
	}
	begun := s.Get(path)
	s.wants(t, begun, "Перейти к оплате: Альфа Pay", "Откроется страница alpha.example.kz", "20 155,00 ₸")
	if begun.Attr("main a.button", "href") != "https://alpha.example.kz/c/"+wish.Order.String() || strings.Contains(begun.Body, "javascript:") {
		t.Error("the page does not lead to the gateway, or it leads elsewhere")
	}
	// Back from the gateway the button is gone; what the gateway puts into the address says nothing.
	back := s.Get("/p/return?status=paid&amount=1&case=26-0000001-5")
	wait := s.Get(back.Header.Get("Location"))
	s.wants(t, wait, "Ждём подтверждение платежа", "Платить второй раз не нужно", "Через Альфа Pay, начат 12 марта, 09:03", "Страницу можно закрыть")
	if wait.Has(`main a[href="/p/case/pay"]`) || wait.Has(`main a.button[href^="https"]`) || wait.Has(`form[action="/p/case/pay"]`) {
		t.Error("while money is under way a page invites to pay")
	}
	for _, page := range []string{"/p/case", "/p/case/pay"} {
		got := s.Get(page)
		s.wants(t, got, "Платёж в пути", "Платить второй раз не нужно")
		if got.Has(`form[action="/p/case/pay"]`) || got.Has(`main a.button`) {
			t.Errorf("%s invites to a second payment", page)
		}
	}
}

func TestPay_manyClicksAtOnceAreOnePayment(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	page := s.Get("/p/case/pay")
	var wg sync.WaitGroup
	paths := make([]string, 8)
	for i := range paths {
		wg.Go(func() {
			paths[i] = s.Submit(page, "/p/case/pay", map[string]string{"till": "alpha"}).Header.Get("Location")
		})
	}
	wg.Wait()
	for _, path := range paths {
		if path != paths[0] || path == "" {
			t.Errorf("clicks lead to %v", paths)
			break
		}
	}
	if s.orders(t) != 1 {
		t.Errorf("%d orders", s.orders(t))
	}
}

// The browser is closed at the gateway. The message settles the payment, or the question after it does, and the bank lifts the arrest.
func TestPay_settlesWithoutTheBrowser(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"message", "question"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s, p := atTill(t)
			path, _, _ := strings.Cut(s.begin(t, "20 155,00"), "?")
			wish := s.tills["alpha"].begun[0]
			s.Clock.Advance(2 * time.Minute)
			if how == "message" {
				s.message(t, "alpha", paidBy(wish, "K-1"))
			} else {
				s.tills["alpha"].ended[wish.Order] = gateway.OrderStatus{State: gateway.StatePaid, Payment: paidBy(wish, "K-1")}
				must(t, s.robot.AskTill(t.Context(), "alpha"))
				s.settle(t)
			}
			page := s.Get(path)
			s.wants(t, page, "Платёж пришёл", "Оплачено: 12 марта, 09:05", "Банку уже сказано снять арест", "Квитанция: 20 155,00 ₸")
			if !page.Has(`main a[href="`+path+`?look=1"]`) || page.Has(`main a[href="/p/case/pay"]`) {
				t.Error("the page does not offer to look for the lift, or it invites to pay")
			}
			s.Clock.Advance(4 * time.Minute)
			lifted(t, s, p.CaseID)
			page = s.Get(path)
			s.wants(t, page, "Арест снят: 12 марта, 09:09 (через 4 минуты после оплаты)")
			if page.Has(`main a[href*="look="]`) {
				t.Error("everything is done and the page offers to look again")
			}
			if got := s.Get("/p/return").Header.Get("Location"); got != path+"?look=1" {
				t.Errorf("a late return leads to %q", got)
			}
			if got := s.Get("/p/case/pay").Header.Get("Location"); got != "/p/case" {
				t.Errorf("a paid case can be paid: %q", got)
			}
			s.wants(t, s.Get("/p/case"), "Долг оплачен", "Квитанция: 20 155,00 ₸")
		})
	}
}

func TestPay_inParts(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	path, _, _ := strings.Cut(s.begin(t, "5000,50 тг"), "?")
	s.message(t, "alpha", paidBy(s.tills["alpha"].begun[0], "K-1"))
	s.wants(t, s.Get(path), "Получено 5 000,50 ₸", "Осталось заплатить 15 154,50 ₸")
	s.wants(t, s.Get("/p/case"), "15 154,50 ₸", "Оплачено 5 000,50 ₸ из 20 155,00 ₸")
	// The rest, which the field now holds.
	page := s.Get("/p/case/pay")
	if got := plain(page.Attr("#sum", "value")); got != "15 154,50" {
		t.Errorf("the field holds %q", got)
	}
	s.Submit(page, "/p/case/pay", map[string]string{"till": "beta"})
	s.message(t, "beta", paidBy(s.tills["beta"].begun[0], "B-1"))
	s.wants(t, s.Get("/p/case"), "Долг оплачен, дело закрыто")
	if got := s.Get("/p/case").All(".links a"); len(got) != 2 {
		t.Errorf("%d receipts", len(got))
	}
}

func TestPay_badSumsAreToldAndKept(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	for typed, says := range map[string]string{
		" ": "Укажите сумму", "пять тысяч": "не похоже на сумму", "5000,505": "не больше двух цифр", "0,00": "больше нуля", "20155,01": "больше, чем осталось", "-5": "не похоже", "1e3": "не похоже",
	} {
		got := s.Submit(s.Get("/p/case/pay"), "/p/case/pay", map[string]string{"sum": typed, "till": "alpha"})
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("#errors"), says) || got.Attr("#errors a", "href") != "#sum" || got.Attr("#sum", "aria-invalid") != "true" {
			t.Errorf("%q: %d %s", typed, got.Status, got.Text("#errors"))
		}
		if kept := got.Attr("#sum", "value"); kept != typed {
			t.Errorf("%q became %q", typed, kept)
		}
		checkPage(t, got, "ru")
	}
	if got := s.Submit(s.Get("/p/case/pay"), "/p/case/pay", map[string]string{"sum": "500", "till": "gamma"}); got.Status != http.StatusUnprocessableEntity || got.Attr("#sum", "value") != "500" {
		t.Errorf("a till that is not offered: %d", got.Status)
	}
	if s.orders(t) != 0 {
		t.Error("something was begun")
	}
}

func TestPay_aGatewayThatIsDownLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	s.tills["alpha"].down = true
	got := s.Submit(s.Get("/p/case/pay"), "/p/case/pay", map[string]string{"sum": "700", "till": "alpha"})
	s.wants(t, got, "Этот способ сейчас не отвечает. Деньги не списаны", "Оплатить через Beta Bank", "KZ86125KZT5004100100")
	if got.Status != http.StatusBadGateway || got.Attr("#sum", "value") != "700" {
		t.Errorf("%d, the field holds %q", got.Status, got.Attr("#sum", "value"))
	}
	checkPage(t, got, "ru")
	if path := s.Submit(got, "/p/case/pay", map[string]string{"till": "beta"}).Header.Get("Location"); !strings.HasPrefix(path, "/p/case/payment/") || len(s.tills["beta"].begun) != 1 {
		t.Errorf("the other way leads to %q", path)
	}
	// The first one had begun after all and was paid: money is money.
	lost := s.tills["alpha"].begun[0]
	s.message(t, "alpha", paidBy(lost, "K-9"))
	s.wants(t, s.Get("/p/case"), "Оплачено 700,00 ₸ из 20 155,00 ₸")
}

func TestPay_failuresSayWhyAndLetAnotherBegin(t *testing.T) {
	t.Parallel()
	for reason, says := range map[gateway.Reason]string{
		gateway.Declined: "Ваш банк отклонил", gateway.NoFunds: "не хватило денег", gateway.OverLimit: "больше лимита", gateway.Cancelled: "Вы отменили", gateway.NotConfirmed: "не подтверждён кодом", "": "не назвал причину",
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			s, _ := atTill(t)
			path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
			s.tills["alpha"].ended[s.tills["alpha"].begun[0].Order] = gateway.OrderStatus{State: gateway.StateFailed, Reason: reason}
			s.Clock.Advance(2 * time.Minute)
			must(t, s.robot.AskTill(t.Context(), "alpha"))
			page := s.Get(path)
			s.wants(t, page, "Платёж не прошёл", says, "Деньги по этому платежу к нам не поступили")
			if page.Attr("main a.button", "href") != "/p/case/pay" || page.Has(`main a[href*="look="]`) {
				t.Error("no other payment can be begun")
			}
			for _, l := range i18n.DebtorLangs {
				checkPage(t, s.Get(path+"?lang="+string(l)), string(l))
			}
			s.begin(t, "20155")
			if s.orders(t) != 2 {
				t.Errorf("%d orders", s.orders(t))
			}
		})
	}
}

func TestPay_whoDidNotPayThereCanChooseAnew(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
	s.leave(t)
	s.wants(t, s.Get(path), "Этот платёж отложен")
	s.Submit(s.Get("/p/case/pay"), "/p/case/pay", map[string]string{"till": "beta"})
	if len(s.tills["beta"].begun) != 1 {
		t.Fatal("no other payment could be begun")
	}
	s.message(t, "beta", paidBy(s.tills["beta"].begun[0], "B-1"))
	s.message(t, "alpha", paidBy(s.tills["alpha"].begun[0], "K-1")) // he had paid there after all
	s.wants(t, s.Get("/p/case"), "Долг оплачен", "Вам вернут 20 155,00 ₸")
}

func TestPay_expiresAfterThreeDays(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
	s.Clock.Advance(25 * time.Hour)
	if page := s.Get("/p/case"); !page.Has(`main a.button[href="/p/case/pay"]`) {
		t.Error("after a day of silence no other payment is offered")
	}
	s.Clock.Advance(48 * time.Hour)
	must(t, s.robot.AskTill(t.Context(), "alpha"))
	s.enter(t, uitest.Person{Token: s.Keys.LinkToken(260000001, 1), IIN: uitest.IIN(1), Year: "1985"})
	s.wants(t, s.Get(path), "Время оплаты вышло")
}

func TestPay_belongsToItsCase(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	path, _, _ := strings.Cut(s.begin(t, "20155"), "?")
	s.message(t, "alpha", paidBy(s.tills["alpha"].begun[0], "K-1"))
	other := s.open(t, uitest.Writ{})
	in := s
	in.Browser = s.Another()
	in.enter(t, other)
	page := in.Get("/p/case/pay?lang=ru")
	for _, theirs := range []string{path, "/p/case/receipt/1", "/p/case/payment/" + uuid.NewString(), "/p/case/payment/x", "/p/case/receipt/999", "/p/case/receipt/x"} {
		got := in.Get(theirs)
		if got.Status != http.StatusNotFound || strings.Contains(got.Body, "20 155") {
			t.Errorf("%s: %d", theirs, got.Status)
		}
	}
	form := in.Submit(page, "/p/case/pay", map[string]string{"till": "alpha", "sum": "1"}) // a form token of its own
	if form.Status != http.StatusSeeOther {
		t.Fatal("the other debtor cannot pay")
	}
	values := map[string][]string{"form_token": {page.Attr(`input[name="form_token"]`, "value")}}
	if got := in.Post(path+"/leave", values); got.Status != http.StatusNotFound {
		t.Errorf("leaving the payment of another case: %d", got.Status)
	}
}

func TestReturn_withoutASessionIsCalmAndSaysNothing(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	s.begin(t, "20155")
	stranger := s.Another()
	before, err := s.Counts(t.Context())
	must(t, err)
	page := stranger.Get("/p/return?lang=ru&status=failed&order=" + s.tills["alpha"].begun[0].Order.String())
	if page.Status != http.StatusOK || strings.Contains(page.Body, "20 155") || strings.Contains(page.Body, "Альфа") {
		t.Errorf("%d: %s", page.Status, page.Text("main"))
	}
	s.wants(t, page, "Если вы заплатили, больше ничего делать не нужно")
	s.Get("/p/return?status=failed")
	s.Get("/p/case/pay")
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Error("a GET has written")
	}
}

func TestPay_theBankDetailsFindTheirCase(t *testing.T) {
	t.Parallel()
	s, p := atTill(t)
	for _, l := range i18n.DebtorLangs {
		page := s.Get("/p/case/pay?lang=" + string(l))
		checkPage(t, page, string(l))
		dd := page.All(".copy dd")
		if id, how, ok := match.ByReference(uitest.Words(dd[len(dd)-1])); !ok || id != p.CaseID {
			t.Errorf("%s: the purpose %q is matched %s", l, uitest.Words(dd[len(dd)-1]), how)
		}
		s.wants(t, page, "KZ86125KZT5004100100", "KKMFKZ2A", "971240001315", "204109", "911")
	}
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)

// drawn draws what the path of a page's SVG says.
func drawn(t *testing.T, p *uitest.Page) []byte {
	t.Helper()
	const unit = 8
	box := strings.Fields(p.Attr(".qr svg", "viewbox") + p.Attr(".qr svg", "viewBox"))
	size, err := strconv.Atoi(box[len(box)-1])
	must(t, err)
	pic := image.NewGray(image.Rect(0, 0, size*unit, size*unit))
	for i := range pic.Pix {
		pic.Pix[i] = 255
	}
	for _, m := range run.FindAllStringSubmatch(p.Attr(".qr path", "d"), -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		n, _ := strconv.Atoi(m[3])
		for dy := range unit {
			for dx := range n * unit {
				pic.SetGray(x*unit+dx, y*unit+dy, color.Gray{})
			}
		}
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, pic))
	return b.Bytes()
}

// tool runs a program on a file, and skips the test where there is none.
func tool(t *testing.T, file []byte, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not on the PATH", name)
		}
		t.Skipf("%s is not installed, so nobody has looked with other eyes", name)
	}
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, file, 0o600))
	out, err := exec.CommandContext(t.Context(), name, append(args, path)...).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

func TestPay_theQRCodeHoldsThePage(t *testing.T) {
	t.Parallel()
	s, _ := atTill(t)
	page := s.Get(s.begin(t, "20155"))
	want := "https://alpha.example.kz/c/" + s.tills["alpha"].begun[0].Order.String()
	if got := tool(t, drawn(t, page), "zbarimg", "--quiet", "--raw"); got != want {
		t.Errorf("the QR code holds %q, want %q", got, want)
	}
}

func TestReceipt_isAPaperThatCanBeChecked(t *testing.T) {
	t.Parallel()
	s, p := atTill(t)
	s.begin(t, "5000,50")
	s.message(t, "alpha", paidBy(s.tills["alpha"].begun[0], "K-1"))
	link := s.Get("/p/case").Attr(".links a", "href")
	got := s.Get(link)
	pdf := []byte(got.Body)
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(pdf, []byte("%PDF")) || len(pdf) > 40<<10 || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v, %d bytes", got.Status, got.Header, len(pdf))
	}
	if again := s.Get(link); again.Body != got.Body {
		t.Error("the same receipt is another paper")
	}
	words := plain(tool(t, append(pdf, '\n'), "sh", "-c", `pdftotext -layout "$0" -`))
	code, err := s.Keys.ReceiptCode(1, p.CaseID)
	must(t, err)
	for _, want := range []string{caseno.Format(p.CaseID), "5 000,50 ₸", code, "https://1414.gov.kz/verify", "12 марта 2026"} {
		if !strings.Contains(words, want) {
			t.Errorf("the receipt does not say %q:\n%s", want, words)
		}
	}
	if strings.Contains(words, "Ахметов") {
		t.Error("the receipt names its debtor")
	}

	anybody := s.Another()
	for _, typed := range []string{code, strings.ToLower(strings.ReplaceAll(code, "-", ""))} {
		page := anybody.Get("/verify?lang=ru&code=" + typed)
		s.wants(t, page, "Квитанция подлинная", caseno.Format(p.CaseID), "5 000,50 ₸", "12 марта 2026")
		checkPage(t, page, "ru")
		if strings.Contains(page.Body, "Ахметов") {
			t.Error("the check names the debtor")
		}
	}
	must(t, s.Reverse(t, "K-1", 500050))
	s.wants(t, anybody.Get("/verify?code="+code), "Квитанция подлинная", "5 000,50 ₸", "возвращены плательщику")
	if got := s.Get(link).Status; got != http.StatusNotFound {
		t.Errorf("a receipt for money that was taken back: %d", got)
	}
}

// Reverse takes a payment back.
func (s stage) Reverse(t *testing.T, txn string, tiyn int64) error {
	t.Helper()
	body, err := gateway.Encode(gateway.Message{Type: gateway.Reversed, TxnID: txn, Amount: money.FromTiyn(tiyn), Currency: "KZT"})
	if err != nil {
		return err
	}
	if _, err = s.robot.Receive(t.Context(), payments.Event{Source: "alpha", EventID: "back-" + txn, Body: body}); err != nil {
		return err
	}
	_, err = s.robot.Settle(t.Context())
	return err
}

func TestVerify_unknownCodesLookAlikeAndAreFew(t *testing.T) {
	t.Parallel()
	s, p := atTill(t)
	must(t, s.Pay(t.Context(), p.CaseID, 100))
	good, err := s.Keys.ReceiptCode(1, p.CaseID)
	must(t, err)
	noCase, err := s.Keys.ReceiptCode(1, p.CaseID+1)
	must(t, err)
	noPayment, err := s.Keys.ReceiptCode(77, p.CaseID)
	must(t, err)
	b := s.Another()
	b.Get("/verify?lang=ru")
	shape := ""
	for i, code := range []string{"0000-0000-0000-0000-0000-0000", "xyz", noCase, noPayment, good[:len(good)-1] + "?", strings.Repeat("Z", 64)} {
		page := b.Get("/verify?code=" + code)
		outline := page.Outline("main")
		if shape == "" {
			shape = outline
		}
		if page.Status != http.StatusOK || outline != shape || !strings.Contains(outline, "не выдавали") {
			t.Errorf("%d %s: %d\n%s", i, code, page.Status, outline)
		}
	}
	last := 0
	for range 20 {
		last = b.Get("/verify?code=" + good).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the twenty-sixth code in a minute: %d", last)
	}
	testkit.Golden(t, "verify_unknown.ru.txt", []byte(shape))
}
