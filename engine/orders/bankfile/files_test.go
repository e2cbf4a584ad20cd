package bankfile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/bankfile"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/rules/money"
)

var start = time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSigner(t testing.TB) *wire.Signer {
	t.Helper()
	private, _ := peertest.SigningKey(t)
	s, err := wire.NewSigner(private)
	must(t, err)
	return s
}

// house is a folder with both sides of it.
type house struct {
	t            testing.TB
	dir          string
	as           wire.Encoding
	books        *peertest.Memory
	ours, theirs *wire.Signer
	clock        *clock.Manual
	findings     []string
	kept         []wire.Evidence
}

func newHouse(t testing.TB, as wire.Encoding) *house {
	t.Helper()
	return &house{t: t, dir: t.TempDir(), as: as, books: peertest.NewMemory(), ours: newSigner(t), theirs: newSigner(t), clock: clock.NewManual(start)}
}

func (h *house) peer(change ...func(*bankfile.Config)) *bankfile.Peer {
	h.t.Helper()
	cfg := bankfile.Config{
		Name: "village", Dir: h.dir, Encoding: h.as, Signer: h.ours, Verifier: h.theirs.Verifier(), Clock: h.clock,
		Report: func(_ context.Context, f wire.Finding) { h.findings = append(h.findings, f.Code) },
		Keep:   func(_ context.Context, e wire.Evidence) error { h.kept = append(h.kept, e); return nil },
	}
	for _, c := range change {
		c(&cfg)
	}
	p, err := bankfile.Open(cfg)
	must(h.t, err)
	h.t.Cleanup(func() { _ = p.Close() })
	return p
}

// night lets the bank look into the folder.
func (h *house) night() error {
	bank, err := far.OpenFiles(far.Config{Name: "village", Peer: h.books, Signer: h.theirs, Ministry: h.ours.Verifier(), Clock: h.clock}, h.dir, h.as)
	if err != nil {
		return err
	}
	return errors.Join(bank.Run(context.Background()), bank.Close())
}

// say puts a message of the bank into the folder.
func (h *house) say(m wire.Message) {
	h.t.Helper()
	box, err := bankfile.OpenBox(h.dir, "in")
	must(h.t, err)
	m.ID, m.At, m.Bank = uuid.New(), start, "village"
	_, err = box.Put(m, h.as, h.theirs, 1)
	must(h.t, errors.Join(err, box.Close()))
}

func (h *house) path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

// overnight is a peer whose bank looks into the folder before each question.
type overnight struct {
	*bankfile.Peer
	h *house
}

func (o overnight) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	must(o.h.t, o.h.night())
	return o.Peer.Query(ctx, ids)
}

func (o overnight) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	if a, err := o.Peer.Accounts(ctx, iins); !errors.Is(err, bankfile.ErrNotYet) {
		return a, err
	}
	must(o.h.t, o.h.night())
	return o.Peer.Accounts(ctx, iins)
}

func (o overnight) Holds(ctx context.Context, after string, limit int) ([]orders.Hold, string, error) {
	must(o.h.t, o.h.night())
	return o.Peer.Holds(ctx, after, limit)
}

func TestFiles_areAPeer(t *testing.T) {
	t.Parallel()
	for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			peertest.TestPeer(t, func(t *testing.T) orders.Peer {
				h := newHouse(t, as)
				return overnight{h.peer(), h}
			})
		})
	}
}

func arrest(word string, tiyn int64) orders.Instruction {
	return orders.Instruction{ID: peertest.ID(word), CaseID: 1700042, Purpose: engine.Arrest, IIN: peertest.Rich, Amount: money.FromTiyn(tiyn)}
}

func (h *house) submit(p *bankfile.Peer, batch ...orders.Instruction) {
	h.t.Helper()
	replies, err := p.Submit(h.t.Context(), batch)
	must(h.t, err)
	if len(replies) != len(batch) {
		h.t.Fatalf("%d replies to %d orders", len(replies), len(batch))
	}
	for _, r := range replies {
		if !r.Known || r.Answer != "" {
			h.t.Errorf("a file is no answer: %+v", r)
		}
	}
}

func (h *house) query(p *bankfile.Peer, word string) (orders.Reply, error) {
	h.t.Helper()
	replies, err := p.Query(h.t.Context(), []uuid.UUID{peertest.ID(word)})
	if len(replies) != 1 {
		return orders.Reply{}, err
	}
	return replies[0], err
}

func (h *house) packages(box string) (names []string) {
	h.t.Helper()
	entries, err := os.ReadDir(h.path(box))
	must(h.t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Killed at any point, the next start knows by the folders alone what was written and answered; what was written is not written again.
func TestFiles_areTheMemory(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.XML)
	h.submit(h.peer(), arrest("a", 100), arrest("b", 200))
	h.submit(h.peer(), arrest("a", 100), arrest("b", 200))
	if got := h.packages("out"); !cmp.Equal(got, []string{"00000001"}) {
		t.Errorf("written: %v", got)
	}
	if r, err := h.query(h.peer(), "a"); err != nil || !r.Known || r.Answer != "" {
		t.Errorf("%+v, %v", r, err)
	}
	must(t, h.night())
	must(t, h.night()) // it answers once
	p := h.peer()
	if r, err := h.query(p, "b"); err != nil || r.Answer != engine.Accepted || !r.Sum.Equal(money.FromTiyn(200)) || r.Bank != "village" {
		t.Errorf("%+v, %v", r, err)
	}
	if held, _ := h.books.Held(); held != 300 {
		t.Errorf("%d tiyn are held", held)
	}
	if len(h.kept) != 3 { // one reply, a list of each night
		t.Errorf("kept: %d", len(h.kept))
	}
	if _, err := h.theirs.Verifier().Verify(h.kept[0].Signature, h.kept[0].Body); err != nil {
		t.Error(err)
	}
}

// Many processes write at once: no number is missing, none is there twice, nothing is lost.
func TestFiles_numbersOfManyProcesses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	const writers, each = 4, 10
	var all errgroup.Group
	for w := range writers {
		p := h.peer()
		all.Go(func() error {
			for i := range each {
				if _, err := p.Submit(t.Context(), []orders.Instruction{arrest(fmt.Sprint(w, "/", i), 1)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, all.Wait())
	var want []string
	for n := range writers * each {
		want = append(want, fmt.Sprintf("%08d", n+1))
	}
	if diff := cmp.Diff(want, h.packages("out")); diff != "" {
		t.Error(diff)
	}
	must(t, h.night())
	if held, _ := h.books.Held(); held != writers*each {
		t.Errorf("%d tiyn are held", held)
	}
}

// What is wrong with a package of the bank stops the reading there, says so, and what was read before stays good. Put right, it goes on.
func TestFiles_faults(t *testing.T) {
	t.Parallel()
	second := func(h *house, name string) string { return h.path("in", "00000002", name) }
	edit := func(h *house, old, now string) {
		body, err := os.ReadFile(second(h, "message.json"))
		must(h.t, err)
		if !strings.Contains(string(body), old) {
			h.t.Fatalf("no %s in %s", old, body)
		}
		body = []byte(strings.Replace(string(body), old, now, 1))
		signature, err := h.theirs.Sign(body)
		must(h.t, errors.Join(err, os.WriteFile(second(h, "message.json"), body, 0o600), os.WriteFile(second(h, "message.json.jws"), []byte(signature), 0o600)))
	}
	for name, c := range map[string]struct {
		spoil func(h *house)
		code  string
	}{
		"missing":         {func(h *house) { must(h.t, os.Rename(h.path("in", "00000002"), h.path("elsewhere"))) }, bankfile.FaultGap},
		"no signature":    {func(h *house) { must(h.t, os.Remove(second(h, "message.json.jws"))) }, bankfile.FaultGap},
		"no message":      {func(h *house) { must(h.t, os.Remove(second(h, "message.json"))) }, bankfile.FaultGap},
		"changed":         {func(h *house) { must(h.t, os.WriteFile(second(h, "message.json"), []byte("{}"), 0o600)) }, bankfile.FaultSignature},
		"wrong total":     {func(h *house) { edit(h, `"total":"2.00"`, `"total":"2.01"`) }, wire.CodeTotals},
		"wrong count":     {func(h *house) { edit(h, `"count":"1"`, `"count":"2"`) }, wire.CodeTotals},
		"wrong number":    {func(h *house) { edit(h, `"number":"2"`, `"number":"7"`) }, bankfile.FaultNumber},
		"no figures":      {func(h *house) { edit(h, `"number":"2","count":"1","total":"2.00",`, ``) }, bankfile.FaultNumber},
		"of another bank": {func(h *house) { edit(h, `"village"`, `"kaspi"`) }, bankfile.FaultBank},
		"not a reply":     {func(h *house) { edit(h, `{"type":"replies"`, `{"type":"hint"`) }, wire.CodeUnknown},
		"two messages":    {func(h *house) { must(h.t, os.WriteFile(second(h, "message.xml"), nil, 0o600)) }, bankfile.FaultUnreadable},
		"a link": {func(h *house) {
			must(h.t, os.Rename(second(h, "message.json"), second(h, "m")))
			must(h.t, os.Symlink("m", second(h, "message.json")))
		}, bankfile.FaultUnreadable},
		"not the contract": {func(h *house) { edit(h, `"accepted"`, `"done"`) }, wire.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, wire.JSON)
			p := h.peer()
			for i, word := range []string{"a", "b", "c"} {
				o := arrest(word, int64(i+1)*100)
				h.submit(p, o)
				h.say(wire.Message{Kind: wire.Replies, Replies: []orders.Reply{o.Reply(engine.Accepted, o.Amount)}})
			}
			good := h.path("good")
			must(t, os.CopyFS(good, os.DirFS(h.path("in", "00000002"))))
			c.spoil(h)
			for range 2 { // it stays a fault
				_, err := h.query(p, "a")
				f, ok := errors.AsType[*bankfile.Fault](err)
				if !ok || f.Code != c.code || f.Package != "in/00000002" || f.Remedy == "" || strings.Contains(f.Error(), peertest.Rich) {
					t.Fatalf("%v, want %s", err, c.code)
				}
			}
			if r, _ := h.query(p, "a"); r.Answer != engine.Accepted {
				t.Errorf("a: %+v", r)
			}
			for _, word := range []string{"b", "c"} {
				if r, _ := h.query(p, word); r.Answer != "" || !r.Known {
					t.Errorf("%s: %+v", word, r)
				}
			}
			must(t, os.RemoveAll(h.path("in", "00000002")))
			must(t, os.Rename(good, h.path("in", "00000002")))
			if r, err := h.query(p, "c"); err != nil || r.Answer != engine.Accepted {
				t.Errorf("c: %+v, %v", r, err)
			}
		})
	}
}

// The last package may still be on its way: that is no fault.
func TestFiles_lastPackageMayBeOnItsWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	p := h.peer()
	h.submit(p, arrest("a", 100))
	must(t, h.night())
	signature := h.path("in", "00000001", "message.json.jws")
	must(t, os.RemoveAll(h.path("in", "00000002"))) // the list
	must(t, os.Rename(signature, h.path("later")))
	must(t, os.Mkdir(h.path("in", ".part-x"), 0o700))
	if r, err := h.query(p, "a"); err != nil || r.Answer != "" || !r.Known {
		t.Errorf("%+v, %v", r, err)
	}
	must(t, os.Rename(h.path("later"), signature))
	if r, err := h.query(p, "a"); err != nil || r.Answer != engine.Accepted {
		t.Errorf("%+v, %v", r, err)
	}
}

// A file of ours that somebody changed is not believed either: an order must not seem to be new.
func TestFiles_ownPackageThatWasChanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	h.submit(h.peer(), arrest("a", 100))
	must(t, os.WriteFile(h.path("out", "00000001", "message.json"), []byte("{}"), 0o600))
	r, err := h.peer().Query(t.Context(), []uuid.UUID{peertest.ID("a")})
	if f, ok := errors.AsType[*bankfile.Fault](err); !ok || f.Code != bankfile.FaultSignature || len(r) != 0 {
		t.Errorf("%v, %v", r, err)
	}
}

func TestFiles_neverBelieve(t *testing.T) {
	t.Parallel()
	reply := func(word string, a engine.Answer, tiyn int64) orders.Reply {
		return orders.Reply{ID: peertest.ID(word), CaseID: 1700042, Known: true, Answer: a, Sum: money.FromTiyn(tiyn)}
	}
	for name, c := range map[string]struct {
		say  []orders.Reply
		want string
	}{
		"an order of nobody": {[]orders.Reply{reply("z", engine.Accepted, 100)}, wire.DoubtStranger},
		"of another case":    {[]orders.Reply{{ID: peertest.ID("a"), CaseID: 1700043, Known: true, Answer: engine.Accepted, Sum: money.FromTiyn(100)}}, wire.DoubtCase},
		"more":               {[]orders.Reply{reply("a", engine.Accepted, 101)}, wire.DoubtAbove},
		"accepted for less":  {[]orders.Reply{reply("a", engine.Accepted, 1)}, wire.DoubtSum},
		"twice":              {[]orders.Reply{reply("a", engine.Accepted, 100), reply("a", engine.NoFunds, 0)}, wire.DoubtTwice},
	} {
		h := newHouse(t, wire.XML)
		p := h.peer()
		h.submit(p, arrest("a", 100))
		h.say(wire.Message{Kind: wire.Replies, Replies: c.say})
		if r, err := h.query(p, "a"); err != nil || r.Answer != "" || !cmp.Equal(h.findings, []string{c.want}) {
			t.Errorf("%s: %+v, %v, %v", name, r, err, h.findings)
		}
	}
	h := newHouse(t, wire.XML)
	p := h.peer()
	h.submit(p, arrest("a", 100))
	for _, a := range []engine.Answer{"", engine.NoFunds, engine.NoFunds, engine.Protected} { // taken, then final; again is harmless
		h.say(wire.Message{Kind: wire.Replies, Replies: []orders.Reply{reply("a", a, 0)}})
	}
	if r, err := h.query(p, "a"); err != nil || r.Answer != engine.NoFunds || !cmp.Equal(h.findings, []string{bankfile.DoubtChanged}) {
		t.Errorf("%+v, %v, %v", r, err, h.findings)
	}
}

// What the bank says it has never seen is written again, under the same id.
func TestFiles_unseenIsWrittenAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	p := h.peer()
	h.submit(p, arrest("a", 100))
	h.say(wire.Message{Kind: wire.Replies, Replies: []orders.Reply{{ID: peertest.ID("a")}}})
	if r, err := h.query(p, "a"); err != nil || r.Known {
		t.Errorf("%+v, %v", r, err)
	}
	h.submit(p, arrest("a", 100))
	if got := h.packages("out"); len(got) != 2 {
		t.Errorf("written: %v", got)
	}
}

// Accounts are asked for once a day, the list of arrests counts for a day, and half a list does not count.
func TestFiles_freshness(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	p := h.peer()
	ask := func() error {
		_, err := p.Accounts(t.Context(), []string{peertest.Rich, peertest.Stranger})
		return err
	}
	holds := func() error { _, _, err := p.Holds(t.Context(), "", 10); return err }
	for range 2 {
		if err := ask(); !errors.Is(err, bankfile.ErrNotYet) {
			t.Errorf("%v", err)
		}
	}
	if got := h.packages("out"); len(got) != 1 {
		t.Errorf("asked: %v", got)
	}
	if err := holds(); !errors.Is(err, bankfile.ErrNotYet) {
		t.Errorf("%v", err)
	}
	must(t, h.night())
	must(t, errors.Join(ask(), holds()))
	h.clock.Advance(25 * time.Hour)
	if err := ask(); !errors.Is(err, bankfile.ErrNotYet) || len(h.packages("out")) != 2 {
		t.Errorf("%v, %v", err, h.packages("out"))
	}
	if err := holds(); !errors.Is(err, bankfile.ErrNotYet) {
		t.Errorf("%v", err)
	}
	must(t, h.night())
	must(t, errors.Join(ask(), holds()))
	one := orders.Hold{ID: peertest.ID("x"), CaseID: 1, Amount: money.FromTiyn(1), Since: start}
	h.say(wire.Message{Kind: wire.Holds, Holds: []orders.Hold{one}, Next: one.ID.String()})
	if list, _, err := p.Holds(t.Context(), "", 10); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	h.say(wire.Message{Kind: wire.Holds, After: "elsewhere"})
	if f, ok := errors.AsType[*bankfile.Fault](holds()); !ok || f.Code != bankfile.FaultPage {
		t.Errorf("%v", f)
	}
}

// After the old packages were archived, the numbers go on.
func TestFiles_archived(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	h.submit(h.peer(), arrest("a", 100))
	must(t, h.night())
	must(t, os.RemoveAll(h.path("out")))
	must(t, os.RemoveAll(h.path("in")))
	p := h.peer(func(c *bankfile.Config) { c.FirstOut, c.FirstIn = 2, 3 })
	h.submit(p, arrest("b", 100))
	if got := h.packages("out"); !cmp.Equal(got, []string{"00000002"}) {
		t.Errorf("written: %v", got)
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, wire.JSON)
	for name, change := range map[string]func(*bankfile.Config){
		"name": func(c *bankfile.Config) { c.Name = "Village" }, "encoding": func(c *bankfile.Config) { c.Encoding = "" }, "no key": func(c *bankfile.Config) { c.Signer = nil },
		"one key": func(c *bankfile.Config) { c.Verifier = h.ours.Verifier() }, "no folder": func(c *bankfile.Config) { c.Dir = h.path("nowhere") },
	} {
		cfg := bankfile.Config{Name: "village", Dir: h.dir, Encoding: wire.JSON, Signer: h.ours, Verifier: h.theirs.Verifier(), Clock: h.clock}
		change(&cfg)
		if p, err := bankfile.Open(cfg); err == nil {
			t.Errorf("%s: no error", name)
			_ = p.Close()
		}
	}
}
