package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/migrations"
	"robotbailiff/rules/money"
)

// Not parallel: the settings are in the environment.

// vault is a folder with the settings of banks, and a bank behind one of them.
type vault struct {
	t     *testing.T
	dir   string
	books *peertest.Memory
	bank  *far.Bank
	good  map[string]any // settings of the bank
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t, dir: t.TempDir(), books: peertest.NewMemory()}
	ourCA, theirCA := peertest.NewAuthority(t, "ministry"), peertest.NewAuthority(t, "bank")
	ourKey, ourPublic := peertest.SigningKey(t)
	theirKey, theirPublic := peertest.SigningKey(t)
	signer, err := wire.NewSigner(theirKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := wire.NewVerifier(ourPublic)
	if err != nil {
		t.Fatal(err)
	}
	v.bank = far.New(far.Config{Name: "halyk", Peer: v.books, Signer: signer, Ministry: verifier, Clock: clock.System()})
	cert, key := ourCA.Issue(t, "ministry", time.Hour)
	for name, text := range map[string][]byte{"our.pem": cert, "our.key": key, "roots.pem": theirCA.PEM, "sign.key": ourKey, "bank.pub": theirPublic} {
		v.write(name, text)
	}
	v.good = map[string]any{
		"url": theirCA.Serve(t, ourCA, time.Hour, v.bank).URL, "encoding": "json", "tls_cert": "our.pem", "tls_key": "our.key", "tls_roots": "roots.pem",
		"sign_key": "sign.key", "bank_keys": []string{"bank.pub"},
	}
	v.set("halyk", nil)
	return v
}

func (v *vault) write(name string, text []byte) {
	v.t.Helper()
	path := filepath.Join(v.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
		v.t.Fatal(err)
	}
}

// set writes the settings of a bank: the good ones with changes.
func (v *vault) set(name string, changes map[string]any) {
	v.t.Helper()
	all := map[string]any{}
	for _, m := range []map[string]any{v.good, changes} {
		for field, value := range m {
			all[field] = value
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		v.t.Fatal(err)
	}
	v.write(name+".json", text)
}

// outdoors names an SMS gateway that nothing is ever sent to.
func outdoors(t *testing.T) {
	t.Helper()
	t.Setenv("BAILIFF_SMS_HTTP", "json+http://token@127.0.0.1:1")
	t.Setenv("BAILIFF_SMS_RECEIPT_SECRETS", receiptSecret)
	t.Setenv("BAILIFF_SMS_ONLY", "+77010000001")
}

// Workers on a production database are told exactly what they lack, all of it at once, and a sandbox never reaches a real bank.
func TestServe_saysWhatWorkersLack(t *testing.T) {
	pool := testkit.DB(t)
	s := &shell{t: t, pool: pool, url: testkit.URL(t, pool)}
	v := newVault(t)
	refused := func(name string, says, not []string, args ...string) {
		t.Helper()
		status, stdout, stderr := s.run(args...)
		if status != exitUsage || strings.Contains(stdout+stderr, "BEGIN") {
			t.Errorf("%s: %d %s%s", name, status, stdout, stderr)
		}
		for _, w := range says {
			if !strings.Contains(stderr, w) {
				t.Errorf("%s: no %q in %s", name, w, stderr)
			}
		}
		for _, w := range not {
			if strings.Contains(stderr, w) {
				t.Errorf("%s: %q in %s", name, w, stderr)
			}
		}
	}
	work := []string{"serve", "--roles", "work"}
	const banks, sms = "BAILIFF_BANKS", "BAILIFF_SMPP or BAILIFF_SMS_HTTP"
	refused("nothing", []string{banks, sms, "--roles web"}, nil, work...)
	refused("compare", []string{banks}, []string{sms, "--roles"}, "compare")
	t.Setenv("BAILIFF_BANKS", v.dir)
	refused("no SMS", []string{sms}, []string{banks}, work...)
	outdoors(t)
	t.Setenv("BAILIFF_BANKS", "")
	refused("no banks", []string{banks}, []string{sms}, work...)
	t.Setenv("BAILIFF_BANKS", t.TempDir())
	refused("an empty folder", []string{"no settings of a bank"}, nil, work...)

	t.Setenv("BAILIFF_BANKS", v.dir)
	v.write("open.key", []byte("secret"))
	if err := os.Chmod(filepath.Join(v.dir, "open.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	v.set("altyn", map[string]any{"sign_key": "open.key", "tls_key": "open.key", "bank_keys": []string{"nowhere.pub"}})
	v.set("dala", map[string]any{"bank_keys": []string{"our.pem", "our.pem"}, "tls_roots": "sign.key"})
	all := []string{"altyn.json: tls_key: ", "altyn.json: sign_key: ", "mode 0640", "chmod 0400", "altyn.json: bank_keys: ", "dala.json: bank_keys: ", "dala.json: bank: the roots"}
	for _, roles := range []string{"work", "web", "web,work"} {
		refused("faults of two banks, "+roles, all, []string{"halyk"}, "serve", "--addr", "127.0.0.1:0", "--roles", roles)
	}
	if _, err := clock.MarkSandbox(t.Context(), pool, testkit.Morning); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{work, {"serve", "--roles", "web"}, {"compare"}} {
		refused("a sandbox", []string{"BAILIFF_BANKS", "banks of its own"}, nil, args...)
	}
}

// productionShell gives a migrated database that is no sandbox and keeps what it acknowledged.
func productionShell(t *testing.T) *shell {
	t.Helper()
	ctx := t.Context()
	c := durableCluster(t)
	if err := c.EnsureDatabase(ctx, "produced", true); err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, url: c.URL("produced")}
	var err error
	if s.pool, err = pg.Open(ctx, s.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	if err := migrations.Up(ctx, s.pool); err != nil {
		t.Fatal(err)
	}
	return s
}

// until waits until a query gives true; the test's own limit ends the wait.
func (s *shell) until(sql string, args ...any) {
	s.t.Helper()
	for done := false; !done; {
		if err := s.pool.QueryRow(s.t.Context(), sql, args...).Scan(&done); err != nil {
			s.t.Fatal(err)
		}
		if !done {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// On a production database the workers talk to the banks of the folder: what they say is kept before it is used, a bank that cannot be
// reached is named and stops nothing, and a signed hint is taken.
func TestServe_withBanks(t *testing.T) {
	v := newVault(t)
	v.set("village", map[string]any{"url": "", "folder": "files"})
	v.write("files/in/00000001/message.json", []byte("{}"))
	v.write("files/in/00000001/message.json.jws", []byte("x"))
	if err := os.MkdirAll(filepath.Join(v.dir, "files", "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	orphan := orders.Instruction{ID: peertest.ID("orphan"), CaseID: 260_000_017, Purpose: engine.Arrest, IIN: peertest.Rich, Amount: money.FromTiyn(100)}
	if _, err := v.books.Submit(t.Context(), []orders.Instruction{orphan}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BAILIFF_BANKS", v.dir)
	outdoors(t)
	s := productionShell(t)
	site := s.serves("--pulse", "50ms")

	s.until(`SELECT count(*) = 1 FROM bank_findings WHERE bank = 'halyk' AND kind = 'orphan' AND leg_id = $1`, orphan.ID)
	s.until(`SELECT count(*) > 0 FROM bank_evidence WHERE bank = 'halyk' AND kind = 'ask_holds' AND direction = 'in'`)
	var report struct{ Failing, Minor []string }
	if body := get(t, site+"/readyz"); json.Unmarshal([]byte(body), &report) != nil || strings.Join(report.Minor, ",") != "bank village" || strings.Contains(strings.Join(report.Failing, ","), "bank") {
		t.Errorf("%s", body)
	}
	// The village has the same key, and the message is halyk's.
	for path, want := range map[string]int{"halyk": http.StatusNoContent, "village": http.StatusBadRequest, "nobody": http.StatusUnauthorized} {
		got, err := v.bank.Hint(t.Context(), http.DefaultClient, site+"/hooks/banks/"+path, wire.JSON, []uuid.UUID{orphan.ID})
		if err != nil || got != want {
			t.Errorf("a hint to %s: %d, %v", path, got, err)
		}
	}
	s.until(`SELECT count(*) = 1 FROM bank_hints WHERE bank = 'halyk' AND leg_id = $1`, orphan.ID)
	if body := get(t, site+"/metrics"); !strings.Contains(body, `bailiff_acts_total{outcome="ok",what="bank_halyk"}`) || !strings.Contains(body, `bailiff_acts_total{outcome="taken",what="bank_hint"} 1`) {
		t.Error("the banks are not in the metrics")
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// A bank may have a rate of its own for the breaker; what is no rate is refused with the bank's name.
func TestBankRates(t *testing.T) {
	v := newVault(t)
	v.set("slow", map[string]any{"arrests_an_hour": 300})
	rates, err := bankRates(v.dir)
	if err != nil || len(rates) != 1 || rates["slow"] != 300 {
		t.Errorf("%v, %v", rates, err)
	}
	if rates, err := bankRates(""); err != nil || len(rates) > 0 {
		t.Errorf("without a folder: %v, %v", rates, err)
	}
	v.set("halyk", map[string]any{"arrests_an_hour": -1})
	if _, err := bankRates(v.dir); err == nil || !strings.Contains(err.Error(), "halyk.json: arrests_an_hour: -1 is no rate") {
		t.Errorf("%v", err)
	}
}
