package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/sandbox/fcm"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/payments"
)

// visit passes the gate of a case's first link, as its debtor: the n-th of the test's batch.
func (s *shell) visit(site string, id int64, n int) *uitest.Browser {
	s.t.Helper()
	b := uitest.Visit(s.t, &httptest.Server{URL: site})
	path := "/p/" + s.parts().keys.LinkToken(id, 1)
	got := b.Submit(b.Get(path+"?lang=ru"), path, map[string]string{"iin": iin(n * 20)[8:], "year": "1985"})
	if got.Header.Get("Location") != "/p/case" {
		s.t.Fatalf("the gate: %d %s", got.Status, got.Text("main"))
	}
	return b
}

// oneDebtor makes cases those of the debtor of the first, who has a telephone.
func (s *shell) oneDebtor(ids []int64, phone string) {
	s.t.Helper()
	s.exec(`UPDATE writs SET debtor_id = (SELECT debtor_id FROM writs WHERE case_id = $1) WHERE case_id = ANY($2)`, ids[0], ids)
	s.exec(`UPDATE cases SET debtor_id = (SELECT debtor_id FROM cases WHERE id = $1) WHERE id = ANY($2)`, ids[0], ids)
	s.exec(`UPDATE debtors d SET phone_sealed = $1 FROM cases c WHERE c.debtor_id = d.id AND c.id = $2`, s.parts().keys.Seal([]byte(phone), "debtors.phone_sealed"), ids[0])
}

// notices waits until a notice of a case has become what is wanted on each channel, and gives the language.
func (s *shell) notices(id int64, kind, want string) (language string) {
	s.t.Helper()
	for {
		var got string
		err := s.pool.QueryRow(s.t.Context(), `SELECT coalesce(string_agg(concat_ws(' ', channel, status, nullif(detail, '')), ', ' ORDER BY channel), ''), coalesce(max(language), '')
			FROM notices WHERE case_id = $1 AND kind = $2`, id, kind).Scan(&got, &language)
		if err != nil {
			s.t.Fatalf("the last was %q: %v", got, err) // the test's own limit ends the wait
		}
		if got == want {
			return language
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// payPart pays a part of a case's debt, which calls for a courtesy.
func (s *shell) payPart(id int64, event string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"type":"payment.paid","timestamp":"2026-03-02T05:00:00Z","data":{"txn_id":%q,"reference":%q,"amount":"5000.50","currency":"KZT","value_date":"2026-03-02"}}`, event, caseno.Format(id))
	if _, err := s.parts().robot.Receive(s.t.Context(), payments.Event{Source: "gateway", EventID: event, Body: []byte(body)}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shell) apply(id int64, actor string, cmd engine.Command) {
	s.t.Helper()
	out, err := s.parts().robot.Engine.Apply(s.t.Context(), []engine.For{{CaseID: id, Actor: actor, Command: cmd}})
	if err != nil || out[0].Refusal != nil {
		s.t.Fatalf("%+v, %v", out, err)
	}
}

// A debtor says on the page of one case how to be told; the next notices of the other case go out so: in that language, a courtesy
// by the channel of his choice alone, and what has legal weight by SMS as well.
func TestServe_aWishHoldsForTheOtherCase(t *testing.T) {
	o := newOffice(t)
	t.Setenv("BAILIFF_SMS_HTTP", strings.Replace(o.url, "http://", "json+http://token-of-the-ministry@", 1))
	t.Setenv("BAILIFF_SMS_RECEIPT_SECRETS", receiptSecret)
	t.Setenv("BAILIFF_SMS_ONLY", "+77010000001")
	t.Setenv("BAILIFF_PUSH_URL", o.url)
	t.Setenv("BAILIFF_PUSH_SECRET", pushSecret)
	t.Setenv("BAILIFF_PUSH_RECEIPT_SECRETS", receiptSecret)
	s := durableShell(t)
	ids := s.cases(2)
	s.oneDebtor(ids, "+77010000001")
	var token string
	if err := s.pool.QueryRow(t.Context(), `SELECT encode(d.iin_blind, 'hex') FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`, ids[0]).Scan(&token); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BAILIFF_PUSH_ONLY", token)
	site := s.serves("--pulse", "50ms")
	o.receipts <- site
	for _, id := range ids {
		if got := s.notices(id, "opening", "push delivered opened, sms delivered delivered"); got != "ru" {
			t.Fatalf("before the wish: %s", got)
		}
	}
	b := s.visit(site, ids[0], 0)
	if got := b.Submit(b.Get("/p/case/contact"), "/p/case/contact", map[string]string{"notices": "en", "channel": "push"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	o.mu.Lock()
	clear(o.texts)
	o.mu.Unlock()

	s.payPart(ids[1], "part-1")
	if got := s.notices(ids[1], "part_paid", "push delivered opened, sms created"); got != "en" {
		t.Errorf("a courtesy in %s", got)
	}
	if _, err := s.now.Advance(t.Context(), 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	s.notices(ids[1], "part_paid", "push delivered opened, sms expired not_needed")
	o.mu.Lock()
	if len(o.texts) != 0 || !strings.Contains(o.pushes[token], "payment received") {
		t.Errorf("%q %q", o.texts, o.pushes)
	}
	o.mu.Unlock()

	s.apply(ids[1], engine.ActorCourt, engine.Cancel{Act: "1", Ground: "annulled"})
	if got := s.notices(ids[1], "cancelled", "push delivered opened, sms delivered delivered"); got != "en" {
		t.Errorf("the end of the case in %s", got)
	}

	b.Submit(b.Get("/p/case"), "/p/case/leave", nil) // the visit is over, and stays a proof
	var v evidenceView
	s.want(exitDone, &v, "evidence", caseno.Format(ids[0]))
	if len(v.Opened) != 1 || v.Opened[0].Ordinal != 1 || v.Opened[0].Visits != 1 || v.Opened[0].FirstAt.Before(testkit.Morning) || v.Opened[0].FirstAt.After(testkit.Morning.Add(15*time.Minute)) {
		t.Errorf("%+v", v.Opened)
	}
	s.want(exitDone, &v, "evidence", caseno.Format(ids[1]))
	if len(v.Opened) != 0 {
		t.Errorf("the other case: %+v", v.Opened)
	}
	s.want(exitDone, &map[string]any{}, "evidence", "--pdf", filepath.Join(t.TempDir(), "evidence.pdf"), caseno.Format(ids[0]))
}

// google is the sandbox's FCM with the key file of its service account, named in the environment.
func google(t *testing.T) *fcm.Service {
	t.Helper()
	g, err := fcm.New(fcm.Config{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	key, err := g.KeyFile(srv.URL + "/token")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BAILIFF_FCM_KEY_FILE", file)
	t.Setenv("BAILIFF_FCM_URL", srv.URL)
	return g
}

// Pushes go to the newest device that the debtor has registered. One that FCM does not know any more is never used again, and the
// debtor hears by SMS instead.
func TestServe_pushesOverFCM(t *testing.T) {
	g := google(t)
	const tablet, phone = "cOfATablet:APA91b-0123456789", "cOfAPhone:APA91b-9876543210"
	t.Setenv("BAILIFF_PUSH_ONLY", tablet+","+phone)
	s := durableShell(t)
	ids := s.cases(1)
	s.oneDebtor(ids, "+77010000001")
	site := s.serves("--pulse", "50ms", "--faults", "{}")
	s.notices(ids[0], "opening", "push failed no_device, sms sent")
	b := s.visit(site, ids[0], 0)
	b.Submit(b.Get("/p/case/contact"), "/p/case/contact", map[string]string{"notices": "kk", "channel": "push"})
	for _, token := range []string{tablet, phone} {
		if got := b.PostBody("/p/case/device", "application/json", strings.NewReader(fmt.Sprintf(`{"platform":"android","token":%q}`, token))); got.Status != http.StatusNoContent {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	g.Unregister(phone)
	s.payPart(ids[0], "part-1")
	s.notices(ids[0], "part_paid", "push failed UNREGISTERED, sms created")
	if _, err := s.now.Advance(t.Context(), 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := s.notices(ids[0], "part_paid", "push failed UNREGISTERED, sms sent"); got != "kk" {
		t.Errorf("in %s", got)
	}
	s.apply(ids[0], engine.ActorCourt, engine.Cancel{Act: "1", Ground: "annulled"})
	s.notices(ids[0], "cancelled", "push sent, sms sent")
	if got := g.Taken(""); len(got) != 1 || got[0].Token != tablet || !strings.Contains(got[0].Body, "жабылды") && !strings.Contains(got[0].Title, caseno.Format(ids[0])) {
		t.Errorf("%+v", got)
	}
	var acts string
	if err := s.pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', actor, act, data->>'reason'), ', ' ORDER BY id) FROM contact_acts`).Scan(&acts); err != nil {
		t.Fatal(err)
	}
	if want := "debtor preferred, debtor device_added, debtor device_added, gateway device_gone unregistered"; acts != want {
		t.Errorf("recorded %q, want %q", acts, want)
	}
}

func TestServe_saysWhatIsWrongWithFCM(t *testing.T) {
	google(t)
	good := map[string]string{"BAILIFF_FCM_KEY_FILE": os.Getenv("BAILIFF_FCM_KEY_FILE"), "BAILIFF_FCM_PROJECT": "", "BAILIFF_FCM_URL": os.Getenv("BAILIFF_FCM_URL"), "BAILIFF_PUSH_URL": "", "BAILIFF_PUSH_ONLY": "0123456789abcdef"}
	s := durableShell(t)
	for _, c := range []struct{ name, value, says string }{
		{"BAILIFF_PUSH_URL", "http://127.0.0.1:1", "BAILIFF_PUSH_URL and BAILIFF_FCM_KEY_FILE are two ways for the same messages"},
		{"BAILIFF_FCM_KEY_FILE", "/nowhere/key.json", "no such file"},
		{"BAILIFF_FCM_KEY_FILE", s.file("key.json"), "it is no JSON"},
		{"BAILIFF_FCM_PROJECT", "No Project", "is no name of a project"},
		{"BAILIFF_FCM_URL", "http://fcm.example", "an address is https://"},
		{"BAILIFF_PUSH_ONLY", "", "BAILIFF_PUSH_ONLY says who may get messages"},
		{"BAILIFF_PUSH_ONLY", "everybody", "a sandbox never goes live"},
	} {
		for name, value := range good {
			t.Setenv(name, value)
		}
		t.Setenv(c.name, c.value)
		if status, _, stderr := s.run("serve", "--addr", "127.0.0.1:0"); status != exitUsage || !strings.Contains(stderr, c.says) {
			t.Errorf("%s=%s: %d %s", c.name, c.value, status, stderr)
		}
	}
}

// telegramPeer is the far end of a bot: it knows where to tell updates, and keeps what was sent to each chat.
type telegramPeer struct {
	url string

	mu           sync.Mutex
	hook, secret string
	sent         map[string]string // the last text, by the chat
	blocked      bool
}

func newTelegram(t *testing.T) *telegramPeer {
	t.Helper()
	g := &telegramPeer{sent: map[string]string{}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		status, answer := http.StatusOK, map[string]any{"ok": true, "result": true}
		switch r.URL.Path {
		case "/bot123456789:AAsecret_of-the-bot-01/setWebhook":
			g.hook, g.secret = r.FormValue("url"), r.FormValue("secret_token")
		case "/bot123456789:AAsecret_of-the-bot-01/getMe":
			answer["result"] = map[string]any{"id": 1, "is_bot": true, "first_name": "x", "username": "bailiff_bot"}
		case "/bot123456789:AAsecret_of-the-bot-01/sendMessage":
			if g.blocked {
				status, answer = http.StatusForbidden, map[string]any{"ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
				break
			}
			g.sent[r.FormValue("chat_id")] = r.FormValue("text")
			answer["result"] = map[string]any{"message_id": 5, "date": 1, "chat": map[string]any{"id": 7700112233, "type": "private"}}
		default:
			t.Errorf("a request to %s", r.URL.Path)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(srv.Close)
	g.url = srv.URL
	return g
}

// say has a person write to the bot, and gives the bot's answer. The hook is asked at the site of the test: the address that
// Telegram was told is the one seen from outside.
func (g *telegramPeer) say(t *testing.T, site, words string) string {
	t.Helper()
	for secret := ""; ; time.Sleep(10 * time.Millisecond) { // the test's own limit ends the wait
		g.mu.Lock()
		secret = g.secret
		g.mu.Unlock()
		if secret == "" {
			continue
		}
		body := fmt.Sprintf(`{"update_id":1,"message":{"message_id":1,"chat":{"id":7700112233,"type":"private"},"date":1,"text":%q}}`, words)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site+"/hooks/telegram", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var answer struct{ Text string }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%d, %v", resp.StatusCode, err)
		}
		return answer.Text
	}
}

// A debtor links a chat from the page and wishes to be told there: a courtesy comes there alone, what has legal weight by SMS too.
// When the bot is blocked the link is gone, and SMS is what remains.
func TestServe_noticesOverTelegram(t *testing.T) {
	g := newTelegram(t)
	for name, value := range map[string]string{
		"TOKEN": "123456789:AAsecret_of-the-bot-01", "BOT": "bailiff_bot", "HOOK": "https://bailiff.example/hooks/telegram", "URL": g.url, "ONLY": "7700112233",
	} {
		t.Setenv("BAILIFF_TELEGRAM_"+name, value)
	}
	s := durableShell(t)
	ids := s.cases(1)
	s.oneDebtor(ids, "+77010000001")
	site := s.serves("--pulse", "50ms", "--faults", "{}")
	s.notices(ids[0], "opening", "push sent, sms sent")
	b := s.visit(site, ids[0], 0)
	shown := b.Submit(b.Get("/p/case/contact"), "/p/case/telegram", nil)
	_, code, _ := strings.Cut(shown.Attr("main a.button", "href"), "?start=")
	if got := g.say(t, site, "/start "+code); !strings.Contains(got, "Дайын") && !strings.Contains(got, "Готово") {
		t.Fatalf("the bot answers %q", got)
	}
	if got := b.Submit(b.Get("/p/case/contact"), "/p/case/contact", map[string]string{"notices": "kk", "channel": "telegram"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	s.payPart(ids[0], "part-1")
	s.notices(ids[0], "part_paid", "sms created, telegram sent")
	g.mu.Lock()
	if g.hook != "https://bailiff.example/hooks/telegram" || !strings.Contains(g.sent["7700112233"], caseno.Format(ids[0])) {
		t.Errorf("%q %q", g.hook, g.sent)
	}
	g.blocked = true
	g.mu.Unlock()
	if _, err := s.now.Advance(t.Context(), 15*time.Minute); err != nil {
		t.Fatal(err)
	}
	s.notices(ids[0], "part_paid", "sms expired not_needed, telegram sent")
	s.apply(ids[0], engine.ActorDebtor, engine.RequestRefusal{})
	s.notices(ids[0], "refusal", "sms sent, telegram failed forbidden")
	s.apply(ids[0], engine.ActorCourt, engine.Cancel{Act: "1", Ground: "annulled"})
	s.notices(ids[0], "cancelled", "sms sent") // the link is gone, and the wish with it
	status, out, stderr := s.run("evidence", caseno.Format(ids[0]))
	if status != exitDone || !strings.Contains(out, "by telegram in kk") {
		t.Errorf("%d %s%s", status, out, stderr)
	}
}

func TestServe_saysWhatIsWrongWithTelegram(t *testing.T) {
	good := map[string]string{"TOKEN": "123456789:AAsecret_of-the-bot-01", "BOT": "bailiff_bot", "HOOK": "https://bailiff.example/hooks/telegram", "URL": "http://127.0.0.1:1", "ONLY": "7700112233"}
	s := durableShell(t)
	for _, c := range []struct{ name, value, says string }{
		{"TOKEN", "AAsecret", "as BotFather gave it"},
		{"BOT", "", "no name of a bot"},
		{"HOOK", "http://bailiff.example/hooks/telegram", "an address is https://"},
		{"URL", "ftp://x", "an address is https://"},
		{"ONLY", "", "BAILIFF_TELEGRAM_ONLY says who may get messages"},
		{"ONLY", "everybody", "a sandbox never goes live"},
		{"ONLY", "@somebody", "entry 1 cannot be used"},
	} {
		for name, value := range good {
			t.Setenv("BAILIFF_TELEGRAM_"+name, value)
		}
		t.Setenv("BAILIFF_TELEGRAM_"+c.name, c.value)
		if status, _, stderr := s.run("serve", "--addr", "127.0.0.1:0"); status != exitUsage || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "AAsecret") {
			t.Errorf("%s=%s: %d %s", c.name, c.value, status, stderr)
		}
	}
}
