package portal_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/web/ui/uitest"
)

func TestGate_opensTheCaseAndKeepsTheAddressClean(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.Get("/p/case?lang=ru")
	if page.Status != http.StatusOK {
		t.Fatalf("status %d: %s", page.Status, page.Text())
	}
	s.wants(t, page, "Ахметов", "20 155,00 ₸", "до 1 апреля, 23:59", "Оплатить 20 155 ₸", "5 038,75 ₸", "25 193,75 ₸")
}

func TestGate_showsNoPersonalDataAndLooksNothingUp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	real, none := s.Another().Get("/p/"+p.Token+"?lang=kk"), s.Another().Get("/p/"+strings.Repeat("2", 22)+"?lang=kk")
	broken := s.Another().Get("/p/x?lang=kk")
	same := func(page *uitest.Page, token string) string {
		body := strings.ReplaceAll(page.Body, page.Attr(`input[name="form_token"]`, "value"), "")
		return strings.ReplaceAll(body, `action="/p/`+token, "")
	}
	if same(real, p.Token) != same(none, strings.Repeat("2", 22)) || same(real, p.Token) != same(broken, "x") || real.Status != none.Status || real.Status != http.StatusOK {
		t.Error("a link that exists looks different from one that does not")
	}
	for _, secret := range []string{"Ахметов", "20 155", p.IIN, "26-0"} {
		if strings.Contains(plain(real.Body), secret) {
			t.Errorf("the gate shows %q", secret)
		}
	}
}

// Somebody who has the number of a debtor says so and is shown nothing. The case waits for an operator; that it exists is not told.
func TestGate_theMessageCameToSomebodyElse(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, ended := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{Document: "N-2"})
	path := "/p/" + p.Token
	for _, phone := range []string{"", "12", "12345"} { // not four digits
		got := s.Submit(s.Get(path+"?lang=ru"), path, map[string]string{"phone": phone, "stranger": "yes"})
		if got.Status != http.StatusUnprocessableEntity || !got.Has(`form[action="`+path+`"] #phone[aria-invalid]`) || got.Attr("#phone", "value") != phone {
			t.Errorf("%q: %d", phone, got.Status)
		}
		checkPage(t, got, "ru")
	}
	for _, phone := range []string{"9997", "9998", "9999"} { // a program that guesses is thanked as well, and nothing happens
		if got := s.Submit(s.Get(path), path, map[string]string{"phone": phone}); got.Header.Get("Location") != "/p/stranger" {
			t.Errorf("%q: %d", phone, got.Status)
		}
	}
	before, err := engine.Load(t.Context(), s.Pool, []int64{p.CaseID})
	must(t, err)
	if before[0].Hold != "" {
		t.Fatalf("the wrong number holds the case for %q", before[0].Hold)
	}
	_, err = s.Store.Apply(t.Context(), []engine.For{{CaseID: ended.CaseID, Actor: engine.ActorCourt, Command: engine.Cancel{Act: "1", Ground: "annulled"}}})
	must(t, err)
	for _, token := range []string{p.Token, p.Token, ended.Token, strings.Repeat("2", 22), "x"} { // twice: once is enough
		b, path := s.Another(), "/p/"+token
		got := b.Submit(b.Get(path+"?lang=ru"), path, map[string]string{"phone": p.Phone[8:], "stranger": "yes"})
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/p/stranger" {
			t.Errorf("%s: %d %s", token, got.Status, got.Text("main"))
		}
	}
	s.wants(t, s.Get("/p/stranger?lang=ru"), "SMS по этому делу на ваш номер больше не придут")
	cases, err := engine.Load(t.Context(), s.Pool, []int64{p.CaseID, ended.CaseID})
	must(t, err)
	for _, c := range cases {
		if want := map[bool]string{true: engine.HoldWrongPerson}[c.ID == p.CaseID]; c.Hold != want {
			t.Errorf("case %d: held for %q, want %q", c.ID, c.Hold, want)
		}
	}
	var held int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE case_id = $1 AND kind = 'held' AND actor = $2`, p.CaseID, engine.ActorStranger).Scan(&held))
	if held != 1 {
		t.Errorf("%d events", held)
	}
}

func TestGate_treatsAnUnknownLinkLikeAWrongAnswer(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	texts := map[string]bool{}
	for _, token := range []string{p.Token, strings.Repeat("2", 22), "nothing"} {
		b, path := s.Another(), "/p/"+token
		got := ""
		for range 6 {
			page := b.Submit(b.Get(path+"?lang=ru"), path, map[string]string{"iin": "9999", "year": "1900"})
			got += page.Text("main") + strings.Repeat("!", page.Status)
		}
		texts[got] = true
	}
	if len(texts) != 1 {
		t.Errorf("%d different conversations: the link gives itself away", len(texts))
	}
}

func TestGate_locksForADayAndTheLinkLives(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	path := "/p/" + p.Token
	try := func(iin string) int {
		return s.Submit(s.Get(path), path, map[string]string{"iin": iin, "year": p.Year}).Status
	}
	if got := try("12"); got != http.StatusUnprocessableEntity {
		t.Errorf("half an answer gave %d", got)
	}
	for i := range 4 {
		if got := try("9999"); got != http.StatusUnprocessableEntity {
			t.Errorf("wrong answer %d gave %d", i+1, got)
		}
	}
	if got := try("9999"); got != http.StatusTooManyRequests {
		t.Errorf("the fifth wrong answer gave %d", got)
	}
	if got := try(p.IIN[8:]); got != http.StatusTooManyRequests {
		t.Errorf("the right answer got through the lock: %d", got)
	}
	s.Clock.Advance(23*time.Hour + 59*time.Minute)
	if got := try(p.IIN[8:]); got != http.StatusTooManyRequests {
		t.Errorf("the lock ended early: %d", got)
	}
	s.Clock.Advance(2 * time.Minute)
	if got := try("9999"); got != http.StatusUnprocessableEntity {
		t.Errorf("after the lock a wrong answer gave %d", got)
	}
	if got := try(p.IIN[8:]); got != http.StatusSeeOther {
		t.Errorf("the link has died: %d", got)
	}
}

func TestGate_countsAttemptsThatComeAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	path := "/p/" + p.Token
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for range 12 {
		b := s.Another()
		page := b.Get(path)
		wg.Go(func() {
			got := b.Submit(page, path, map[string]string{"iin": "9999", "year": "1990"}).Status
			mu.Lock()
			statuses[got]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if statuses[http.StatusUnprocessableEntity] != 4 || statuses[http.StatusTooManyRequests] != 8 {
		t.Errorf("answers that were looked at: %v, want four and then the lock", statuses)
	}
}

func TestGate_boundsTriesOfOneAddress(t *testing.T) {
	t.Parallel()
	s := setup(t)
	last := 0
	for i := range 21 {
		path := "/p/" + strings.Repeat("3", 20) + string(rune('A'+i%8)) + "2"
		last = s.Submit(s.Get(path), path, map[string]string{"iin": "1111", "year": "1990"}).Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("try 21 within a minute gave %d", last)
	}
}

func TestReading_neverWrites(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), p.CaseID))
	s.enter(t, p)
	before, err := s.Counts(t.Context())
	must(t, err)
	paths := []string{
		"/p/", "/p/closed", "/p/" + p.Token, "/p/" + strings.Repeat("2", 22), "/p/case", "/p/case/waiting", "/p/case/refuse", "/p/case/refused",
		"/p/case/contact", "/p/case/device", "/p/case/device/remove", "/p/case/telegram", "/p/case/telegram/remove", "/p/case/pay", "/p/return", "/verify?code=x", "/p/case/payment/x/leave", "/p/case/undo", "/p/case/extend", "/p/case/leave", "/p/case/refuse/confirm", "/p/case?lang=ru", "/p/nowhere/at/all",
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if got := s.Browser.Do(method, path, nil, nil); got.Status >= 500 {
				t.Errorf("%s %s: %d", method, path, got.Status)
			}
		}
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("reading has written:\n%s\n---\n%s", before, after)
	}
	s.Submit(s.Get("/p/case"), "/p/case/extend", nil)
	if after, err = s.Counts(t.Context()); err != nil || before == after {
		t.Errorf("this test does not see a write: %v", err)
	}
}
