package drop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const court = "court-7101"

// stage is a drop folder on a database of its own.
type stage struct {
	*Folder
	t     *testing.T
	pool  *pgxpool.Pool
	store *engine.Store
	dir   string // of the one sender
}

func newStage(t *testing.T, by intake.Proof) *stage {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	must(t, err)
	store := engine.NewStore(engine.Config{Pool: pool, Clock: testkit.Clock(t), Packs: packs})
	s := &stage{t: t, pool: pool, store: store, dir: filepath.Join(t.TempDir(), court)}
	must(t, os.MkdirAll(s.dir, 0o750))
	s.join(Config{}, by)
	s.pass(Pass{})
	return s
}

// join gives the stage another folder over the same files and database.
func (s *stage) join(c Config, by intake.Proof) {
	s.t.Helper()
	c.Inbox = intake.NewInbox(s.store, testkit.Keys(s.t), intake.InboxConfig{Proof: by})
	c.Dir, c.Process = filepath.Dir(s.dir), true
	var err error
	s.Folder, err = New(c)
	must(s.t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) pass(want Pass) {
	s.t.Helper()
	got, err := s.Pass(context.Background())
	must(s.t, err)
	if d := cmp.Diff(want, got); d != "" {
		s.t.Fatalf("a pass (-want +got):\n%s%s", d, s.tree())
	}
}

// later makes everything look as old as it can be.
func (s *stage) later() {
	s.elapsed = func(clock.Stopwatch) time.Duration { return orphanWithin + time.Hour }
}

func (s *stage) put(name string, text []byte) {
	s.t.Helper()
	must(s.t, os.WriteFile(filepath.Join(s.dir, inDir, name), text, 0o600))
}

// announce puts a file with the manifest that fits it.
func (s *stage) announce(name string, file []byte) {
	s.t.Helper()
	s.put(name, file)
	s.put(name+manifestEnd, manifestOf(s.t, file, 0))
}

// manifestOf announces a file, with so many rows more than it has.
func manifestOf(t testing.TB, file []byte, more int) []byte {
	t.Helper()
	lines := strings.Split(strings.TrimRight(string(file), "\n"), "\n")[1:]
	sum := money.Zero
	for _, line := range lines {
		if a, err := money.Parse(strings.Split(line, ",")[13]); err == nil {
			sum = sum.Add(a)
		}
	}
	hash := sha256.Sum256(file)
	return fmt.Appendf(nil, `{"sha256":%q,"size":%d,"rows":%d,"amount_sum":%q}`, hex.EncodeToString(hash[:]), len(file), len(lines)+more, sum)
}

// rows gives the first rows of the sample batch, which are good ones.
func rows(t testing.TB, n int) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/samples/court-batch.csv")
	must(t, err)
	return bytes.Join(bytes.SplitAfter(text, []byte("\n"))[:n+1], nil)
}

func (s *stage) ack(name string) (a answer) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, outDir, name+".ack.json"))
	must(s.t, err)
	must(s.t, json.Unmarshal(text, &a))
	return a
}

// tree lists all files, with random prefixes left out.
func (s *stage) tree() string {
	s.t.Helper()
	var all []string
	must(s.t, filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		if before, after, ok := strings.Cut(rel, "~"); ok && len(filepath.Base(before)) == 8 {
			rel = filepath.Dir(before) + "/~" + after
		}
		all = append(all, rel)
		return err
	}))
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (s *stage) is(want ...string) {
	s.t.Helper()
	if d := cmp.Diff(strings.Join(want, "\n"), s.tree()); d != "" {
		s.t.Errorf("files (-want +got):\n%s", d)
	}
}

func (s *stage) count(table string) (n int) {
	s.t.Helper()
	must(s.t, s.pool.QueryRow(s.t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestPass_takesAFileAndAnswers(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.put("a.csv", rows(t, 3))
	s.pass(Pass{Waiting: 1}) // no manifest yet
	s.announce("a.csv", rows(t, 3))
	s.pass(Pass{Taken: 1, Finished: 1})
	s.is("done/1~a.csv", "done/1~a.csv.manifest.json", "out/a.csv.ack.json", "out/a.csv.report.csv")
	a := s.ack("a.csv")
	if a.Batch != 1 || a.State != "done" || a.Rows != 3 || a.Accepted != 3 || a.Report != "a.csv.report.csv" || s.count("cases") != 3 {
		t.Errorf("%+v", a)
	}
	report, err := os.ReadFile(filepath.Join(s.dir, outDir, a.Report))
	if err != nil || bytes.Count(report, []byte("accepted")) != 3 {
		t.Errorf("%v\n%s", err, report)
	}
	s.pass(Pass{})

	s.announce("a.csv", rows(t, 3)) // the very same once more
	s.pass(Pass{Taken: 1, Finished: 1})
	if again := s.ack("a.csv"); again.Batch != 1 || s.count("batches") != 1 {
		t.Errorf("the same file again is another batch: %+v", again)
	}
	s.announce("b.csv", rows(t, 3)) // the same bytes under another name
	s.pass(Pass{Taken: 1, Finished: 1})
	if other := s.ack("b.csv"); other.SameAs != 1 || other.Duplicate != 3 || s.count("cases") != 3 {
		t.Errorf("%+v", other)
	}
}

func TestPass_refusesWhatIsNotAsAnnounced(t *testing.T) {
	t.Parallel()
	good := rows(t, 3)
	for name, c := range map[string]struct {
		manifest string
		code     string
	}{
		"sha256":       {strings.Replace(string(manifestOf(t, good, 0)), `"sha256":"`, `"sha256":"00`, 1), CodeManifestInvalid},
		"another hash": {strings.Replace(string(manifestOf(t, good, 0)), `"sha256":"`+hashOf(good)[:2], `"sha256":"`+other(hashOf(good)[:2]), 1), intake.FatalManifest},
		"smaller":      {strings.Replace(string(manifestOf(t, good, 0)), `"size":`, `"size":1`, 1), intake.FatalManifest},
		"larger":       {strings.Replace(string(manifestOf(t, good, 0)), fmt.Sprintf(`"size":%d`, len(good)), `"size":7`, 1), intake.FatalManifest},
		"rows":         {string(manifestOf(t, good, 1)), intake.FatalManifest},
		"sum":          {strings.Replace(string(manifestOf(t, good, 0)), `"amount_sum":"`, `"amount_sum":"1`, 1), intake.FatalManifest},
		"no rows":      {`{"sha256":"` + hashOf(good) + `","size":1,"amount_sum":"1.00"}`, CodeManifestInvalid},
		"cut off":      {string(manifestOf(t, good, 0)[:40]), CodeManifestInvalid},
		"two":          {`{} {}`, CodeManifestInvalid},
		"endless":      {strings.Repeat(" ", maxManifest+1), CodeManifestInvalid},
		"huge":         {`{"sha256":"` + hashOf(good) + `","size":99999999999,"rows":1,"amount_sum":"1.00"}`, intake.FatalSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			s.put("a.csv", good)
			s.put("a.csv"+manifestEnd, []byte(c.manifest))
			s.later()
			if _, err := s.Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a := s.ack("a.csv"); a.Code != c.code || a.Remedy == "" || a.State != "refused" && a.State != "failed" {
				t.Errorf("%+v", a)
			}
			if n := s.count("cases"); n != 0 {
				t.Errorf("%d cases were opened", n)
			}
			if left, err := os.ReadDir(filepath.Join(s.dir, quarantineDir)); err != nil || len(left) != 2 {
				t.Errorf("%v\n%s", err, s.tree())
			}
			s.announce("a.csv", good) // corrected, under the same name
			s.pass(Pass{Taken: 1, Finished: 1})
			if a := s.ack("a.csv"); a.State != "done" || a.Accepted != 3 {
				t.Errorf("after the correction: %+v", a)
			}
		})
	}
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

func other(hex string) string {
	if hex == "00" {
		return "11"
	}
	return "00"
}

// One bad row must not stop the others, whatever its sum was announced as.
func TestPass_aRowWithoutASumDoesNotBreakThePromise(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	good := rows(t, 8)
	bad := bytes.Replace(good, []byte(",4325.00,"), []byte(",43 25??,"), 1)
	s.put("a.csv", bad)
	s.put("a.csv"+manifestEnd, bytes.Replace(manifestOf(t, good, 0), []byte(hashOf(good)), []byte(hashOf(bad)), 1))
	s.pass(Pass{Taken: 1, Finished: 1})
	if a := s.ack("a.csv"); a.State != "done" || a.Accepted != 7 || a.Rejected != 1 {
		t.Errorf("%+v", a)
	}
}

func TestPass_waitsForWhatIsNotComplete(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	s.put("a.csv.part", rows(t, 2))
	s.put(".hidden", nil)
	s.pass(Pass{})
	s.put("a.csv", rows(t, 2))
	s.put("a.csv"+manifestEnd, manifestOf(t, rows(t, 2), 0)[:10])
	s.put("b.csv"+manifestEnd, manifestOf(t, rows(t, 2), 0))
	s.put("c.csv", rows(t, 2))
	s.put("d.csv"+signatureEnd, []byte("x"))
	s.pass(Pass{Waiting: 4})
	s.later()
	s.pass(Pass{Quarantined: 4})
	for name, code := range map[string]string{"a.csv": CodeManifestInvalid, "b.csv": CodeFileMissing, "c.csv": CodeManifestMissing, "d.csv": CodeManifestMissing} {
		if got := s.ack(name).Code; got != code {
			t.Errorf("%s: %s, want %s", name, got, code)
		}
	}
	s.is("in/.hidden", "in/a.csv.part", "out/a.csv.ack.json", "out/b.csv.ack.json", "out/c.csv.ack.json", "out/d.csv.ack.json",
		"quarantine/~a.csv", "quarantine/~a.csv.manifest.json", "quarantine/~b.csv.manifest.json", "quarantine/~c.csv", "quarantine/~d.csv.p7s")
}

// Nothing outside the root is read, written or moved, whatever a sender makes in his folder.
func TestPass_followsNoLink(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	outside := filepath.Join(t.TempDir(), "secret.csv")
	must(t, os.WriteFile(outside, rows(t, 2), 0o600))
	in := filepath.Join(s.dir, inDir)
	must(t, os.Symlink(outside, filepath.Join(in, "link.csv")))
	s.put("link.csv"+manifestEnd, manifestOf(t, rows(t, 2), 0))
	must(t, syscall.Mkfifo(filepath.Join(in, "pipe.csv"), 0o600))
	s.put("pipe.csv"+manifestEnd, manifestOf(t, rows(t, 2), 0))
	must(t, os.Mkdir(filepath.Join(in, "folder.csv"), 0o700))
	must(t, os.Symlink(filepath.Dir(outside), filepath.Join(filepath.Dir(s.dir), "other-court")))
	s.put("a\x1b[31m.csv", rows(t, 2))
	s.put("\u202Efdp.csv", rows(t, 2))
	s.put(strings.Repeat("x", 121), rows(t, 2))
	s.pass(Pass{Waiting: 2, Quarantined: 3})
	if n := s.count("batches"); n != 0 {
		t.Errorf("%d batches", n)
	}
	if got, err := os.ReadFile(outside); err != nil || !bytes.Equal(got, rows(t, 2)) {
		t.Errorf("the file outside is another: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(outside)); err != nil || len(left) != 1 {
		t.Errorf("something was made outside: %v %v", left, err)
	}

	p := s.place()
	if _, _, err := p.open(inDir + "/link.csv"); err == nil {
		t.Error("a link was opened")
	}
	if _, _, err := p.open(inDir + "/../../../etc/passwd"); err == nil {
		t.Error("a name leads out")
	}
	must(t, os.RemoveAll(filepath.Join(s.dir, outDir)))
	must(t, os.Symlink(filepath.Dir(outside), filepath.Join(s.dir, outDir)))
	s.pass(Pass{Failed: 1})
}

func (s *stage) place() *place {
	s.t.Helper()
	root, err := os.OpenRoot(filepath.Dir(s.dir))
	must(s.t, err)
	p, err := openPlace(root, court)
	must(s.t, errors.Join(err, root.Close()))
	s.t.Cleanup(func() { _ = p.root.Close() })
	return p
}

// A pass may be killed after each of its steps. The next one ends with the same files, one batch, and each row once.
func TestPass_goesOnAfterAKill(t *testing.T) {
	t.Parallel()
	move := func(s *stage, from, to string) {
		must(s.t, os.Rename(filepath.Join(s.dir, from), filepath.Join(s.dir, to)))
	}
	steps := []func(s *stage){
		func(s *stage) {
			m, err := parseManifest(manifestOf(s.t, rows(s.t, 3), 0))
			must(s.t, err)
			_, err = s.receive(context.Background(), s.place(), "a.csv", &m)
			must(s.t, err)
		},
		func(s *stage) { move(s, "in/a.csv", "work/1~a.csv") },
		func(s *stage) { move(s, "in/a.csv.manifest.json", "work/1~a.csv.manifest.json") },
		func(s *stage) {
			_, err := s.cfg.Inbox.Process(context.Background(), 1, nil)
			must(s.t, err)
		},
		func(s *stage) {
			b, err := s.cfg.Inbox.Batch(context.Background(), 1)
			must(s.t, err)
			must(s.t, s.tell(context.Background(), s.place(), &b, "a.csv", "a.csv", 0))
		},
		func(s *stage) { move(s, "work/1~a.csv.manifest.json", "done/1~a.csv.manifest.json") },
		func(s *stage) { move(s, "work/1~a.csv", "done/1~a.csv") },
	}
	for killed := 1; killed <= len(steps); killed++ {
		t.Run(fmt.Sprint(killed), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, nil)
			s.announce("a.csv", rows(t, 3))
			for _, step := range steps[:killed] {
				step(s)
			}
			for range 2 {
				if _, err := s.Pass(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s.is("done/1~a.csv", "done/1~a.csv.manifest.json", "out/a.csv.ack.json", "out/a.csv.report.csv")
			if s.count("batches") != 1 || s.count("cases") != 3 || s.ack("a.csv").Accepted != 3 {
				t.Errorf("%d batches, %d cases, %+v", s.count("batches"), s.count("cases"), s.ack("a.csv"))
			}
		})
	}
}

// asks is a proof that wants to see a signature.
type asks struct{}

func (asks) Prove(_ context.Context, a intake.Arrival, _ *intake.File) (intake.Proven, error) {
	if string(a.Signature) != "signed" {
		return intake.Proven{}, &intake.ProofError{Code: "signature_missing", Remedy: "sign it"}
	}
	return intake.Proven{Signer: "court"}, nil
}

func TestPass_bringsTheSignature(t *testing.T) {
	t.Parallel()
	s := newStage(t, asks{})
	s.announce("a.csv", rows(t, 3))
	s.pass(Pass{Taken: 1, Finished: 1})
	if a := s.ack("a.csv"); a.State != "refused" || a.Code != "signature_missing" || s.count("cases") != 0 {
		t.Errorf("%+v", a)
	}
	s.put("a.csv"+signatureEnd, []byte("signed"))
	s.announce("a.csv", rows(t, 3))
	s.put("b.csv", rows(t, 2))
	s.put("b.csv"+manifestEnd, bytes.Replace(manifestOf(t, rows(t, 2), 0), []byte("{"), []byte(`{"signature":"c2lnbmVk",`), 1))
	s.pass(Pass{Taken: 2, Finished: 2})
	s.is("done/2~a.csv", "done/2~a.csv.manifest.json", "done/2~a.csv.p7s", "done/3~b.csv", "done/3~b.csv.manifest.json",
		"out/a.csv.ack.json", "out/a.csv.report.csv", "out/b.csv.ack.json", "out/b.csv.report.csv", "quarantine/1~a.csv", "quarantine/1~a.csv.manifest.json")
}

// With the register before it the folder takes what the court signed and nothing else, and signs what it answers.
func TestPass_takesWhatTheCourtSigned(t *testing.T) {
	t.Parallel()
	notary := testkit.NewNotary(t)
	s := newStage(t, nil)
	sources := intake.NewSources(s.pool, testkit.Keys(t))
	must(t, sources.Put(t.Context(), intake.Source{
		Name: court, Proof: proof.CMS, Roots: notary.Roots, Subjects: []string{notary.Subject}, Active: true, GatesOn: true,
	}, "test"))
	signer, err := proof.NewKeySigner(bytes.Repeat([]byte{1}, 32))
	must(t, err)
	s.join(Config{Sign: func(_ context.Context, content []byte) (proof.Signature, error) {
		return signer.Sign(testkit.Morning, content)
	}},
		intake.NewAdmission(sources, testkit.Clock(t).Now))

	for name, of := range map[string][]byte{"other.csv": rows(t, 2), "good.csv": rows(t, 3)} {
		s.put(name+signatureEnd, notary.CMS(t, of))
		s.announce(name, rows(t, 3))
	}
	s.pass(Pass{Taken: 2, Finished: 2})
	if a := s.ack("other.csv"); a.State != "refused" || a.Code != proof.CodeMismatch {
		t.Errorf("signed over other bytes: %+v", a)
	}
	if a := s.ack("good.csv"); a.State != "done" || a.Accepted != 3 || s.count("cases") != 3 {
		t.Errorf("signed by the court: %+v", a)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, outDir, "good.csv.ack.json"))
	must(t, err)
	got, err := os.ReadFile(filepath.Join(s.dir, outDir, "good.csv.ack.json.jws"))
	must(t, err)
	if want, err := signer.Sign(testkit.Morning, text); err != nil || !bytes.Equal(got, want.Bytes) {
		t.Errorf("the acknowledgement's signature is not over its bytes: %s", got)
	}
}

// A batch that waits for two people is answered at once, and again when they have decided.
func TestPass_answersABatchThatWaits(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	file := rows(t, 10)
	for range 3 {
		file = append(file, bytes.SplitAfter(file, []byte("\n"))[1]...) // a row once more
	}
	file = append(file, bytes.Repeat(bytes.SplitAfter(file, []byte("\n"))[1], 9)...)
	s.announce("a.csv", file)
	s.pass(Pass{Taken: 1, Waiting: 1})
	if a := s.ack("a.csv"); a.State != "waiting" || len(a.Reasons) != 1 || a.Report == "" || s.count("cases") != 0 {
		t.Fatalf("%+v", a)
	}
	s.pass(Pass{Waiting: 1})
	if _, err := s.cfg.Inbox.Reject(t.Context(), 1, "aigul", "one row again and again"); err != nil {
		t.Fatal(err)
	}
	s.pass(Pass{Finished: 1})
	if a := s.ack("a.csv"); a.State != "rejected" {
		t.Errorf("%+v", a)
	}
	s.is("out/a.csv.ack.json", "out/a.csv.report.csv", "quarantine/1~a.csv", "quarantine/1~a.csv.manifest.json")
}

// A row that people have sent back later is told once more: in the acknowledgement of its file, or beside that of a later file of the name.
func TestPass_tellsLaterVerdicts(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	lines := bytes.SplitAfter(rows(t, 10), []byte("\n"))
	for i, line := range lines[:3] {
		if i > 0 {
			fields := strings.Split(string(line), ",")
			fields[9] = "1921-02-03" // another birth date than that of the number
			lines[i] = []byte(strings.Join(fields, ","))
		}
	}
	s.announce("a.csv", bytes.Join(lines, nil))
	s.pass(Pass{Taken: 1, Finished: 1})
	if a := s.ack("a.csv"); a.Quarantined != 2 || a.Revision != 0 {
		t.Fatalf("%+v", a)
	}
	s.sendBack(2)
	s.pass(Pass{})
	if a := s.ack("a.csv"); a.Quarantined != 1 || a.Rejected != 1 || a.Revision != 1 || a.Batch != 1 {
		t.Errorf("%+v", a)
	}
	report, err := os.ReadFile(filepath.Join(s.dir, outDir, "a.csv.report.csv"))
	must(t, err)
	if !bytes.Contains(report, []byte("identity_refused")) {
		t.Error("the report does not say so")
	}
	must(t, os.Remove(filepath.Join(s.dir, outDir, "a.csv.ack.json")))
	s.pass(Pass{}) // he was told: nothing comes again
	if _, err := os.Stat(filepath.Join(s.dir, outDir, "a.csv.ack.json")); err == nil {
		t.Error("told twice")
	}
	s.announce("a.csv", rows(t, 5))
	s.pass(Pass{Taken: 1, Finished: 1})
	s.sendBack(3)
	s.pass(Pass{})
	if a, old := s.ack("a.csv"), s.ack("1~a.csv"); a.Batch != 2 || old.Batch != 1 || old.Revision != 2 || old.Rejected != 2 || old.Report != "1~a.csv.report.csv" {
		t.Errorf("%+v %+v", a, old)
	}
}

// sendBack has two people send a row of the first batch back.
func (s *stage) sendBack(row int) {
	s.t.Helper()
	ctx := context.Background()
	must(s.t, pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO identity_words (batch_id, row_no, answer, reason, region, proposed_by) VALUES (1, $1, 'back', 'x', '', 'a')`, row); err != nil {
			return err
		}
		return s.cfg.Inbox.SendBack(ctx, tx, 1, row, func(v intake.Verdict, code string) error {
			_, err := tx.Exec(ctx, `UPDATE identity_words SET verdict = 'agreed', decided_by = 'b', decided_at = clock_timestamp(), became = $2, code = $3 WHERE row_no = $1`, row, string(v), code)
			return err
		})
	}))
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(`{"sha256":"` + strings.Repeat("0", 64) + `","size":1,"rows":1,"amount_sum":"1.00"}`))
	f.Add([]byte(`{"sha256":"","size":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseManifest(text); err == nil && (m.size < 0 || m.promise.Rows < 0 || m.promise.Sum.Sign() < 0) {
			t.Errorf("%+v", m)
		}
	})
}
