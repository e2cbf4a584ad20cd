package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
)

// received is one message as it came over the wire.
type received struct {
	Header map[string]string `json:"headers"`
	Body   string            `json:"body"`
	Secret string            `json:"secret"`
}

// tellOne runs a message through all of it: batch, case, feed, signature, HTTP.
func tellOne(t *testing.T) received {
	t.Helper()
	s := serve(t)
	got := make(chan received, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := map[string]string{}
		for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature} {
			h[name] = r.Header.Get(name)
		}
		got <- received{Header: h, Body: string(text)}
	}))
	t.Cleanup(hook.Close)
	s.must(s.sources.Put(t.Context(), intake.Source{Name: court, Proof: proof.None, Active: true, WebhookURL: hook.URL + "/hook"}, "test"))
	secret, err := s.sources.NewWebhookSecret(t.Context(), court, "test")
	s.must(err)
	s.process(read[status](t, s.send("k", goodFile("W-1"), 202)).ID)
	for len(got) == 0 { // transactions of other tests on this server may be older
		s.must(s.feed.Replay(t.Context(), court, ""))
		s.must(s.feed.Deliver(t.Context(), court))
	}
	m := <-got
	m.Secret = secret
	s.conformsTo("urn:contract#/components/schemas/Changed", []byte(m.Body))
	s.ask("GET", "/api/v1/writs", "?limit=1", request{}, 200)
	s.ask("POST", "/api/v1/webhooks/replay", "", request{}, 202)
	return m
}

func (s *server) conformsTo(schema string, text []byte) {
	s.t.Helper()
	var v any
	s.must(json.Unmarshal(text, &v))
	c, err := s.schema.Compile(schema)
	s.must(err)
	if err := c.Validate(v); err != nil {
		s.t.Errorf("%v\n%s", err, text)
	}
}

func TestPoster_isVerifiedByStandardWebhooks(t *testing.T) {
	t.Parallel()
	m := tellOne(t)
	wh, err := standardwebhooks.NewWebhook(m.Secret)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for k, v := range m.Header {
		h.Set(k, v)
	}
	if err := wh.Verify([]byte(m.Body), h); err != nil {
		t.Error(err)
	}
	if err := wh.Verify([]byte(m.Body+" "), h); err == nil {
		t.Error("another body verifies")
	}
	peer(t, m)
}

// peer has the npm package verify the same message, where the pipeline has installed it.
func peer(t *testing.T, m received) {
	t.Helper()
	dir := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if dir == "" {
		t.Log("the npm package standardwebhooks is not looked at: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
		return
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "message.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", `
const {Webhook} = require(process.argv[1] + "/standardwebhooks");
const m = JSON.parse(require("fs").readFileSync(process.argv[2]));
const wh = new Webhook(m.secret);
wh.verify(m.body, m.headers);
try { wh.verify(m.body + " ", m.headers); process.exit(3); } catch (e) { console.log("verified"); }`, dir, file)
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "verified\n" {
		t.Errorf("npm standardwebhooks: %v: %s", err, out)
	}
}

func TestPoster_reachesNobodyInside(t *testing.T) {
	t.Parallel()
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was reached") }))
	defer inside.Close()
	for _, to := range []string{inside.URL, "http://example.kz/", "https://localhost:1/", "https://[::1]:1/", "https://[::ffff:10.0.0.1]/", "ftp://x/", "://"} {
		m := feed.Message{URL: to, Secret: "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", ID: "m", Body: []byte("{}")}
		if code, err := Poster(false)(t.Context(), m); err == nil {
			t.Errorf("%s: %d", to, code)
		}
	}
	away := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer away.Close()
	m := feed.Message{URL: away.URL, Secret: "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", ID: "m", Body: []byte("{}")}
	if code, err := Poster(true)(t.Context(), m); err != nil || code != http.StatusTemporaryRedirect {
		t.Errorf("a redirect is an answer like others: %d, %v", code, err)
	}
	for _, ip := range []string{"10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::"} {
		if reachable(netip.MustParseAddr(ip), false) {
			t.Errorf("%s is taken for public", ip)
		}
	}
	for _, ip := range []string{"95.56.1.1", "2a00:1450::1"} {
		if !reachable(netip.MustParseAddr(ip), false) || reachable(netip.MustParseAddr(ip), true) {
			t.Errorf("%s: public, and not of a sandbox", ip)
		}
	}
}
