package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const private = `"chat":{"id":77,"type":"private"},"from":{"id":77,"is_bot":false,"first_name":"x","language_code":"ru-KZ"},"date":1`

func start(words string) string {
	return fmt.Sprintf(`{"update_id":1,"message":{"message_id":1,%s,"text":%q}}`, private, words)
}

func member(kind, status string) string {
	return fmt.Sprintf(`{"update_id":1,"my_chat_member":{"chat":{"id":77,"type":%q},"from":{"id":77},"date":1,"old_chat_member":{"status":"member","user":{"id":1}},"new_chat_member":{"status":%q,"user":{"id":1}}}}`, kind, status)
}

func TestHook_keepsBeforeItAnswers(t *testing.T) {
	t.Parallel()
	broken := errors.New("the database is away")
	for name, c := range map[string]struct {
		body, secret string
		err          error
		status       int
		kept         string
		says         string
	}{
		"start":            {start("/start good"), secret, nil, 200, "link good 77", "Дайын"},
		"start, unkept":    {start("/start good"), secret, broken, 500, "link good 77", ""},
		"a bad code":       {start("/start bad"), secret, nil, 200, "link bad 77", "не действует"},
		"no code":          {start("/start"), secret, nil, 200, "", ""},
		"stop":             {start("/stop"), secret, nil, 200, "left 77 false", "по SMS"},
		"stop, unkept":     {start("/stop"), secret, broken, 500, "left 77 false", ""},
		"small talk":       {start("Сәлем"), secret, nil, 200, "", ""},
		"blocked":          {member("private", "kicked"), secret, nil, 200, "left 77 true", ""},
		"back again":       {member("private", "member"), secret, nil, 200, "", ""},
		"out of a group":   {member("group", "kicked"), secret, nil, 200, "", ""},
		"start in a group": {strings.Replace(start("/start good"), "private", "group", 1), secret, nil, 200, "", ""},
		"another update":   {`{"update_id":1,"poll":{"id":"1"}}`, secret, nil, 200, "", ""},
		"no update":        {`…`, secret, nil, 200, "", ""},
		"nobody's word":    {start("/start good"), "", nil, 401, "", ""},
		"another's word":   {start("/start good"), strings.Repeat("0", 32), nil, 401, "", ""},
		"a flood":          {start("/start " + strings.Repeat("x", maxUpdate)), secret, nil, 413, "", ""},
	} {
		kept := ""
		h := NewHook(HookConfig{
			Secret: secret, Log: silent,
			Link: func(_ context.Context, code string, chat int64) (string, bool, error) {
				kept += fmt.Sprintf("link %s %d", code, chat)
				return map[string]string{"good": "kk"}[code], code == "good", c.err
			},
			Left: func(_ context.Context, chat int64, blocked bool) error {
				kept += fmt.Sprintf("left %d %t", chat, blocked)
				return c.err
			},
		})
		r := httptest.NewRequest(http.MethodPost, "/hooks/telegram", strings.NewReader(c.body))
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", c.secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || kept != c.kept {
			t.Errorf("%s: %d, kept %q", name, w.Code, kept)
		}
		var answer struct {
			Method, Text string
			ChatID       int64 `json:"chat_id"`
		}
		if c.says == "" {
			if w.Body.Len() != 0 {
				t.Errorf("%s: answered %s", name, w.Body)
			}
		} else if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Method != "sendMessage" || answer.ChatID != 77 || !strings.Contains(answer.Text, c.says) {
			t.Errorf("%s: %s, %v", name, w.Body, err)
		}
	}
	w := httptest.NewRecorder()
	NewHook(HookConfig{Secret: secret}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/hooks/telegram", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestSay_hasEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, words := range []map[string]string{linked, badCode, stopped} {
		for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
			if got := say(words, strings.ToUpper(l)+"-kz"); got == "" || got != words[l] {
				t.Errorf("%s: %q", l, got)
			}
		}
		if got := say(words, "de"); !strings.Contains(got, words["kk"]) || !strings.Contains(got, words["ru"]) {
			t.Errorf("another language gets %q", got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{start("/start code"), start("/stop"), member("private", "kicked"), `{}`, `{"message":{}}`, `{"my_chat_member":{}}`, "\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		u, ok := read(body)
		if !ok && u != (update{}) || (u.kind == "start") != (u.code != "") {
			t.Errorf("%q: %+v, %t", body, u, ok)
		}
	})
}
