package telegram

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"robotbailiff/notify"
)

// npmPeer starts the npm package telegram-test-api and gives its address. Without BAILIFF_TEST_NODE_MODULES the test is skipped, as
// on a machine without Node; where the variable promises the packages and this one is missing it fails.
func npmPeer(t *testing.T) string {
	t.Helper()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package telegram-test-api: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	if _, err := os.Stat(filepath.Join(modules, "telegram-test-api", "package.json")); err != nil {
		t.Fatal("BAILIFF_TEST_NODE_MODULES is set, and the npm package telegram-test-api is not there: make contract installs it")
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/peer.cjs")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "BAILIFF_TEST_NODE_MODULES=" + modules} // no proxy
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	var said struct{ Port int }
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &said) != nil {
		t.Fatal("the peer did not start")
	}
	return fmt.Sprintf("http://127.0.0.1:%d", said.Port)
}

func post(t *testing.T, address string, what any) {
	t.Helper()
	body, err := json.Marshal(what)
	must(t, err)
	resp, err := http.Post(address, "application/json", bytes.NewReader(body))
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", address, resp.StatusCode)
	}
}

// A person opens the deep link, gets the chat linked by the update that comes to our hook, and later a notice with its letters intact.
func TestNPM_linksAChatAndGetsANotice(t *testing.T) {
	t.Parallel()
	peer := npmPeer(t)
	codes := make(chan string, 1)
	hook := httptest.NewServer(NewHook(HookConfig{
		Secret: secret, Log: silent,
		Link: func(_ context.Context, code string, chat int64) (string, bool, error) {
			codes <- fmt.Sprint(code, " ", chat)
			return "kk", true, nil
		},
		Left: func(context.Context, int64, bool) error { return nil },
	}))
	t.Cleanup(hook.Close)
	g := gateway(t, Config{Endpoint: peer, Hook: hook.URL, Name: "TestNameBot"}) // its own name, which cannot be chosen
	must(t, g.Ready(t.Context()))
	must(t, g.Run(t.Context()))
	post(t, peer+"/say", map[string]any{"token": token, "chat": 77, "text": "/start Code_of-a-debtor"})
	if got := <-codes; got != "Code_of-a-debtor 77" {
		t.Errorf("linked by %q", got)
	}
	words := "Іс 26-0000001-4: әғқңөұүһі, 20 155 ₸. 1414.gov.kz/p/Token"
	sent, err := g.Send(t.Context(), []notify.Message{{Ref: "1-1-telegram", Channel: notify.Telegram, To: "77", Text: words}})
	if err != nil || len(sent) != 1 || sent[0].Status != notify.Accepted || sent[0].ProviderRef == "" {
		t.Fatalf("%+v, %v", sent, err)
	}
	resp, err := http.Get(peer + "/got?chat=77&token=" + url.QueryEscape(token))
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	var got []struct { // as the person's client shows it
		Message struct {
			ChatID  json.Number `json:"chat_id"`
			Text    string      `json:"text"`
			Preview struct {
				Disabled bool `json:"is_disabled"`
			} `json:"link_preview_options"`
		} `json:"message"`
	}
	must(t, json.NewDecoder(resp.Body).Decode(&got))
	if len(got) != 1 || got[0].Message.Text != words || got[0].Message.ChatID.String() != "77" || !got[0].Message.Preview.Disabled {
		t.Errorf("%+v", got)
	}
}
