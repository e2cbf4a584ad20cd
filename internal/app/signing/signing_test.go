package signing_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/seal"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type stage struct {
	*testing.T
	*uitest.World
	docs *papers.Service
	log  bytes.Buffer
}

func setup(t *testing.T, change func(*papers.Config)) *stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, World: w}
	s.docs, err = w.PapersWith(func(c *papers.Config) {
		c.Signatures = signing.NewKept(w.Keys)
		if change != nil {
			change(c)
		}
	})
	s.must(err)
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) open(x uitest.Writ) uitest.Person {
	s.Helper()
	p, err := s.Open(s.Context(), x)
	s.must(err)
	return p
}

// signer is somebody with a certificate of his own.
func (s *stage) signer(n byte) *pades.Signer {
	s.Helper()
	chain, key, err := sandbox.Signer(bytes.Repeat([]byte{n}, 32), bytes.Repeat([]byte{n + 1}, 32))
	s.must(err)
	out, err := pades.New(chain, key)
	s.must(err)
	return out
}

func (s *stage) by(all map[string]*pades.Signer) *signing.Signing {
	s.Helper()
	out, err := signing.New(signing.Config{Pool: s.Pool, Keys: s.Keys, Clock: s.Clock, Papers: s.docs, Signers: all, Log: slog.New(slog.NewTextHandler(&s.log, nil))})
	s.must(err)
	return out
}

// settled waits until what was written is behind every transaction that runs on this server, which other tests share.
func (s *stage) settled() {
	s.Helper()
	for behind := false; !behind; {
		s.must(s.Pool.QueryRow(s.Context(), `SELECT NOT EXISTS (SELECT 1 FROM events WHERE tx >= pg_snapshot_xmin(pg_current_snapshot())) FROM pg_sleep(0.01)`).Scan(&behind))
	}
}

// run signs until nothing is left.
func (s *stage) run(x *signing.Signing, want int) {
	s.Helper()
	s.settled()
	signed := 0
	for {
		n, err := x.Run(s.Context())
		s.must(err)
		if n == 0 {
			break
		}
		signed += n
	}
	if signed != want {
		s.Errorf("signed %d, want %d; log: %s", signed, want, s.log.String())
	}
}

func (s *stage) make(id int64, name string, who papers.Reader) []byte {
	s.Helper()
	f, err := s.docs.Make(s.Context(), s.Pool, id, name, i18n.RU, who)
	s.must(err)
	return f.Body
}

// serials gives, by the names of its documents, under which certificate each decree of a case is signed.
func (s *stage) serials(id int64) map[string]string {
	s.Helper()
	all, err := s.docs.List(s.Context(), s.Pool, id, i18n.RU)
	s.must(err)
	out := map[string]string{}
	for _, d := range all {
		if d.Signed != nil {
			out[d.Name] = d.Signed.Certificate
		}
	}
	return out
}

func (s *stage) words(pdf []byte) string {
	s.Helper()
	path := filepath.Join(s.TempDir(), "x.pdf")
	s.must(os.WriteFile(path, pdf, 0o600))
	out, err := exec.CommandContext(s.Context(), "pdftotext", "-layout", path, "-").Output()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		s.Skip("pdftotext is not installed (package poppler-utils)")
	}
	s.must(err)
	return strings.Join(strings.Fields(strings.ReplaceAll(string(out), "\u00a0", " ")), " ")
}

func TestRun_signsEachDecreeOnce(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{Language: "ru"})
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	plain := s.make(p.CaseID, "decree-1.pdf", papers.Debtor)
	by := s.signer(1)
	x := s.by(map[string]*pades.Signer{signing.All: by})
	s.run(x, 2)
	first := s.make(p.CaseID, "decree-1.pdf", papers.Debtor)
	if bytes.Equal(first, plain) {
		t.Fatal("not signed")
	}
	for _, name := range []string{"decree-1.pdf", "decree-3.pdf"} {
		got, err := pades.Verify(s.make(p.CaseID, name, papers.Debtor))
		now, _ := s.Clock.Now(t.Context())
		if err != nil || got.Certificate.SerialNumber.Text(16) != by.Serial() || !got.At.Equal(now) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if text := s.words(first); !strings.Contains(text, by.Name()) || !strings.Contains(text, "Подписано: 2026-03-12 09:") || !strings.Contains(text, "Ахметов") || strings.Contains(text, "не подписан") {
		t.Error(text)
	}
	desk := s.make(p.CaseID, "decree-1.pdf", papers.Desk)
	if text := s.words(desk); !strings.Contains(text, "Копия. Подлинник подписан") || strings.Contains(text, "Ахметов") {
		t.Error(text)
	}
	if _, err := pades.Verify(desk); err == nil {
		t.Error("the copy of the desk is signed")
	}
	code, err := s.Keys.DecreeCode(p.CaseID, 3)
	s.must(err)
	if c, err := s.docs.Check(t.Context(), s.Pool, code); err != nil || c == nil || c.Signed == nil || c.Signed.Signer != by.Name() {
		t.Errorf("%+v, %v", c, err)
	}
	s.Clock.Advance(time.Hour)
	s.must(s.Pay(t.Context(), p.CaseID, 5000))
	s.run(x, 1)
	if !bytes.Equal(first, s.make(p.CaseID, "decree-1.pdf", papers.Debtor)) {
		t.Error("a signed decree is other bytes later")
	}
	s.run(x, 0)
}

// What was signed under an older certificate stays as it was and stays verifiable; what comes next is signed under the new one.
func TestRun_afterTheCertificateWasReplaced(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{})
	before, after := s.signer(1), s.signer(7)
	s.run(s.by(map[string]*pades.Signer{signing.All: before}), 1)
	old := s.make(p.CaseID, "decree-1.pdf", papers.Debtor)
	s.must(s.Notify(t.Context(), p.CaseID))
	s.must(s.Arrest(t.Context(), p.CaseID))
	s.run(s.by(map[string]*pades.Signer{signing.All: after}), 1)
	if got := s.make(p.CaseID, "decree-1.pdf", papers.Debtor); !bytes.Equal(got, old) {
		t.Error("signed anew")
	}
	if got, err := pades.Verify(old); err != nil || got.Certificate.SerialNumber.Text(16) != before.Serial() {
		t.Errorf("%+v, %v", got, err)
	}
	if got := s.serials(p.CaseID); got["decree-1.pdf"] != before.Serial() || got["decree-3.pdf"] != after.Serial() {
		t.Errorf("%v", got)
	}
}

func TestRun_eachBodyHasItsSigner(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	almaty, elsewhere := s.open(uitest.Writ{}), s.open(uitest.Writ{Name: "Сериков Бекзат", Region: "71"})
	own, other := s.signer(1), s.signer(7)
	s.run(s.by(map[string]*pades.Signer{"75": own}), 1) // Astana has nobody, and waits
	if got := s.serials(elsewhere.CaseID); len(got) != 0 {
		t.Errorf("%v", got)
	}
	_, err := s.Pool.Exec(t.Context(), `UPDATE decrees_wanted SET look_at = now()`)
	s.must(err)
	s.run(s.by(map[string]*pades.Signer{"75": own, signing.All: other}), 1)
	if a, b := s.serials(almaty.CaseID), s.serials(elsewhere.CaseID); a["decree-1.pdf"] != own.Serial() || b["decree-1.pdf"] != other.Serial() {
		t.Errorf("%v %v", a, b)
	}
}

// The decree of an arrest is signed when its accounts are chosen, and not before; the others do not wait for it.
func TestRun_waitsForTheAccounts(t *testing.T) {
	t.Parallel()
	var chosen map[int][]orders.Leg
	s := setup(t, func(c *papers.Config) {
		c.Plans = func(context.Context, papers.Querier, int64) (map[int][]orders.Leg, error) { return chosen, nil }
	})
	p := s.open(uitest.Writ{})
	s.must(s.Notify(t.Context(), p.CaseID))
	s.Clock.Advance(10 * 24 * time.Hour)
	s.must(s.Do(t.Context(), p.CaseID, engine.ActorRobot, engine.Tick{}))
	x := s.by(map[string]*pades.Signer{signing.All: s.signer(1)})
	s.run(x, 1)
	chosen = map[int][]orders.Leg{1: {{Bank: "halyk", Parts: []orders.Part{{Account: uitest.Account, Amount: uitest.Tenge(20155)}}}}}
	_, err := s.Pool.Exec(t.Context(), `UPDATE decrees_wanted SET look_at = now()`)
	s.must(err)
	s.run(x, 1)
	var left int
	s.must(s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM decrees_wanted`).Scan(&left))
	if left != 0 || len(s.serials(p.CaseID)) != 2 {
		t.Errorf("%d wait, %v", left, s.serials(p.CaseID))
	}
}

func TestRun_signsNothingUnderACertificateThatIsNotValid(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	p := s.open(uitest.Writ{})
	s.Clock.Advance(100 * 366 * 24 * time.Hour)
	s.run(s.by(map[string]*pades.Signer{signing.All: s.signer(1)}), 0)
	if text := s.log.String(); !strings.Contains(text, "26-0000001-4") || strings.Contains(text, "Ахметов") {
		t.Error(text)
	}
	if got := s.serials(p.CaseID); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// However many processes sign, each decree is signed once.
func TestRun_byManyAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	const cases = 20
	for range cases {
		s.open(uitest.Writ{})
	}
	signers := map[string]*pades.Signer{signing.All: s.signer(1)}
	s.settled()
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		sum int
	)
	for range 4 {
		x := s.by(signers)
		wg.Go(func() {
			for range cases {
				n, err := x.Run(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				sum += n
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var kept int
	s.must(s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM decrees`).Scan(&kept))
	if sum != cases || kept != cases {
		t.Errorf("%d signed, %d kept", sum, kept)
	}
}

// An event whose transaction ends late is not passed over.
func TestRun_waitsForTransactionsThatRun(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	tx, err := s.Pool.Begin(t.Context())
	s.must(err)
	_, err = tx.Exec(t.Context(), `SELECT pg_current_xact_id()`)
	s.must(err)
	p := s.open(uitest.Writ{})
	x := s.by(map[string]*pades.Signer{signing.All: s.signer(1)})
	if n, err := x.Run(t.Context()); n != 0 || err != nil {
		t.Errorf("signed %d while one still runs: %v", n, err)
	}
	s.must(tx.Rollback(t.Context()))
	s.run(x, 1)
	if got := s.serials(p.CaseID); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

func TestKept_isImmutableAndBoundToItsRow(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	a, b := s.open(uitest.Writ{}), s.open(uitest.Writ{Name: "Сериков Бекзат"})
	s.run(s.by(map[string]*pades.Signer{signing.All: s.signer(1)}), 2)
	for _, sql := range []string{`UPDATE decrees SET signer = 'x'`, `DELETE FROM decrees`, `TRUNCATE decrees`} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was done", sql)
		}
	}
	var body []byte
	s.must(s.Pool.QueryRow(t.Context(), `SELECT body FROM decrees WHERE case_id = $1`, a.CaseID).Scan(&body))
	if bytes.Contains(body, []byte("%PDF")) {
		t.Error("a signed decree lies in the clear")
	}
	s.must(pgx.BeginFunc(t.Context(), s.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`)
		if err == nil {
			_, err = tx.Exec(t.Context(), `UPDATE decrees SET body = $2 WHERE case_id = $1`, b.CaseID, body)
		}
		return err
	}))
	if _, err := s.docs.Make(t.Context(), s.Pool, b.CaseID, "decree-1.pdf", i18n.RU, papers.Debtor); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another person's decree is given: %v", err)
	}
	if got, err := signing.NewKept(s.Keys).Of(t.Context(), s.Pool, a.CaseID, 2); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNew_refusesAHalfConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := signing.New(signing.Config{}); err == nil {
		t.Error("made of nothing")
	}
}
