package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/pack"
)

// inbox is an inbox on a database of its own, with a clock that can be moved.
type inbox struct {
	*Inbox
	t     testing.TB
	pool  *pgxpool.Pool
	clock *clock.Manual
}

func newInbox(t testing.TB, proof Proof) *inbox {
	t.Helper()
	pool := testkit.DB(t)
	return inboxOn(t, pool, testkit.Clock(t), proof)
}

func inboxOn(t testing.TB, pool *pgxpool.Pool, c *clock.Manual, proof Proof) *inbox {
	t.Helper()
	packs, err := engine.RegisterPack(context.Background(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	store := engine.NewStore(engine.Config{Pool: pool, Clock: c, Packs: packs})
	return &inbox{NewInbox(store, testkit.Keys(t), InboxConfig{Proof: proof}), t, pool, c}
}

func (in *inbox) receive(a Arrival, file []byte) Batch {
	in.t.Helper()
	if a.Via == "" {
		a.Via = ViaCLI
	}
	b, err := in.Receive(context.Background(), a, bytes.NewReader(file))
	if err != nil {
		in.t.Fatal(err)
	}
	return b
}

// take receives a file and processes it.
func (in *inbox) take(a Arrival, file []byte) Batch {
	in.t.Helper()
	b, err := in.Process(context.Background(), in.receive(a, file).ID, nil)
	if err != nil {
		in.t.Fatal(err)
	}
	noViolations(in.t, in.pool)
	return b
}

func (in *inbox) cases() int { return one[int](in.t, in.pool, `SELECT count(*) FROM cases`) }

func verdicts(b Batch) [5]int {
	return [5]int{b.Rows, b.Accepted, b.Duplicate, b.Rejected, b.Quarantined}
}

var court = Arrival{Source: "court-7101", FileName: "a.csv", By: "test"}

func TestInbox_keepsTheFileAndTakesItIn(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	file := table(goodRows(4000), ",") // more than one part
	b := in.receive(court, file)
	if b.State != StateReceived || b.Size != int64(len(file)) || in.cases() != 0 {
		t.Fatalf("%+v", b)
	}
	if n := one[int](t, in.pool, `SELECT count(*) FROM batch_files WHERE position($1::bytea IN sealed) = 0`, []byte("7101-26")); n < 2 {
		t.Errorf("%d sealed parts", n)
	}
	var seen []Progress
	b, err := in.Process(t.Context(), b.ID, func(p Progress) { seen = append(seen, p) })
	if err != nil || b.State != StateDone || verdicts(b) != [5]int{4000, 4000, 0, 0, 0} || b.FinishedAt == nil || b.Expected != 4000 {
		t.Fatalf("%+v, %v", b, err)
	}
	if d := cmp.Diff([]Progress{{PhaseLook, 2000, 0}, {PhaseLook, 4000, 0}, {PhaseStage, 4000, 4000}}, seen); d != "" {
		t.Error(d)
	}
	back, err := in.File(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(back); err != nil || !bytes.Equal(got, file) {
		t.Errorf("another file came back: %v", err)
	}
	for range 100 {
		from := rand.IntN(len(file))
		n := rand.IntN(len(file) - from + 1)
		got := make([]byte, n)
		if m, err := back.ReadAt(got, int64(from)); m != n || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, file[from:from+n]) {
			t.Fatalf("ReadAt %d+%d: %d, %v", from, n, m, err)
		}
	}
	noViolations(t, in.pool)
}

// INV-I1: the very same file gives duplicates only, without a gate; the same rows otherwise written wait for two people.
func TestInbox_theSameFileAgain(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	rows := goodRows(30)
	first := in.take(court, table(rows, ","))
	again := in.take(court, table(rows, ","))
	if again.State != StateDone || verdicts(again) != [5]int{30, 0, 30, 0, 0} || again.SameAs != first.ID || again.ID == first.ID {
		t.Errorf("%+v", again)
	}
	other := in.take(court, append(table(rows, ";"), table([]values{goodRow(31)}, ";")[bytes.IndexByte(table(nil, ";"), '\n')+1:]...))
	if other.State != StateWaiting || verdicts(other) != [5]int{31, 1, 30, 0, 0} || in.cases() != 30 {
		t.Errorf("%+v", other)
	}
	all := in.take(court, table(rows, ";"))
	if all.State != StateDone || verdicts(all) != [5]int{30, 0, 30, 0, 0} {
		t.Errorf("a file that would open nothing needs nobody: %+v", all)
	}
}

func TestInbox_keysAndContents(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	file, other := table(goodRows(12), ","), table(goodRows(13), ",")
	a := court
	a.Via, a.Key = ViaAPI, "k-1"
	first := in.receive(a, file)
	if b := in.receive(a, file); b.ID != first.ID || !b.Again {
		t.Errorf("the same key and body: %+v", b)
	}
	var conflict *KeyConflictError
	if _, err := in.Receive(t.Context(), a, bytes.NewReader(other)); !errors.As(err, &conflict) || conflict.BatchID != first.ID {
		t.Errorf("the same key, another body: %v", err)
	}
	a.Key = "k-2"
	if b := in.receive(a, file); b.ID != first.ID || !b.Again {
		t.Errorf("another key while the batch is open: %+v", b)
	}
	if _, err := in.Process(t.Context(), first.ID, nil); err != nil {
		t.Fatal(err)
	}
	if b := in.receive(a, file); b.ID != first.ID || b.State != StateDone || b.Accepted != 12 {
		t.Errorf("the same key later gives the same answer: %+v", b)
	}
	a.Key, a.Source = "k-1", "court-7502" // keys belong to their source
	if b := in.receive(a, other); b.ID == first.ID {
		t.Errorf("%+v", b)
	}
	if n := one[int](t, in.pool, `SELECT count(*) FROM (SELECT batch_id FROM batch_files EXCEPT SELECT id FROM batches) s`); n != 0 {
		t.Errorf("%d files without a batch stay", n)
	}
}

func TestInbox_refusesAtTheDoor(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	api := court
	api.Via = ViaAPI
	for name, c := range map[string]struct {
		a    Arrival
		file io.Reader
		code string
	}{
		"empty":     {api, strings.NewReader(""), FatalEmpty},
		"no header": {api, strings.NewReader("one,two\n1,2\n"), FatalHeaderMissing},
		"too large": {api, io.LimitReader(zeros{}, MaxUploadBytes+1), FatalSize},
		"no source": {Arrival{Via: ViaCLI}, bytes.NewReader(table([]values{goodRow(1).with("source", "")}, ",")), FatalSource},
	} {
		_, err := in.Receive(t.Context(), c.a, c.file)
		if fatal, ok := errors.AsType[*FatalError](err); !ok || fatal.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	cut := io.MultiReader(bytes.NewReader(table(goodRows(5), ",")), cutOff{})
	if _, err := in.Receive(t.Context(), api, cut); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a line that was cut: %v", err)
	}
	for name, a := range map[string]Arrival{
		"nobody": {Via: ViaAPI}, "elsewhere": {Source: "x", Via: "fax"}, "key": {Source: "x", Via: ViaAPI, Key: "a b"},
		"language": {Source: "x", Via: ViaAPI, Language: "de"}, "by": {Source: "x", Via: ViaAPI, By: "a\nb"},
	} {
		var wrong *ArrivalError
		if _, err := in.Receive(t.Context(), a, strings.NewReader("x")); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := one[int](t, in.pool, `SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM batch_files)`); n != 0 {
		t.Errorf("%d rows stay", n)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A file whose structure breaks behind its beginning fails as a whole, and opens nothing.
func TestInbox_aBrokenFileFails(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	b := in.take(court, append(table(goodRows(3000), ","), "court-7101,\"x"...))
	if b.State != StateFailed || b.Fault == nil || b.Fault.Code != FatalQuote || b.Fault.Row != 3002 || in.cases() != 0 {
		t.Errorf("%+v", b)
	}
	a := court
	a.Via = ViaAPI
	many := bytes.Repeat([]byte("court-7101,x\n"), MaxUploadRows+1)
	if b := in.take(a, append([]byte(strings.Join(FieldNames()[:FieldAction], ",")+"\n"), many...)); b.State != StateFailed || b.Fault.Code != FatalRows {
		t.Errorf("%+v", b)
	}
}

// notary believes files that hold a word, and only what follows the first line.
type notary struct{ word string }

func (n notary) Prove(_ context.Context, a Arrival, file *File) (Proven, error) {
	text, err := io.ReadAll(file)
	if err != nil {
		return Proven{}, err
	}
	if string(a.Signature) != n.word {
		return Proven{}, &ProofError{Code: "signature_invalid", Remedy: "sign the file"}
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return Proven{Signer: "Registry", Content: bytes.NewReader(rest)}, nil
}

// What is parsed is what was proven, and the file comes back as it came.
func TestInbox_proof(t *testing.T) {
	t.Parallel()
	in := newInbox(t, notary{"yes"})
	file := append([]byte("an envelope\n"), table(goodRows(4), ",")...)
	a := court
	a.Via, a.Key = ViaAPI, "k"
	b := in.take(a, file)
	if b.State != StateRefused || b.Fault == nil || b.Fault.Code != "signature_invalid" || b.Rows != 0 {
		t.Errorf("%+v", b)
	}
	a.Signature = []byte("yes")
	if b = in.take(a, file); b.State != StateDone || b.Accepted != 4 || b.Signer != "Registry" {
		t.Errorf("%+v", b)
	}
	back, err := in.File(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(back); err != nil || !bytes.Equal(got, file) {
		t.Errorf("another file came back: %v", err)
	}
}

// A dry run tells what would happen, keeps it, and opens nothing; taking the file in afterwards gives the same.
func TestInbox_dryRun(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	rows, want := badRows()
	rows, want = append(rows, goodRows(60)[20:]...), append(want, make([]string, 40)...)
	dry := court
	dry.DryRun = true
	b := in.take(dry, table(rows, ","))
	if b.State != StatePreviewed || verdicts(b) != [5]int{58, 41, 1, 10, 6} || in.cases() != 0 {
		t.Fatalf("%+v", b)
	}
	if n := one[int](t, in.pool, `SELECT (SELECT count(*) FROM debtors) + (SELECT count(*) FROM case_serials)`); n != 0 {
		t.Errorf("a dry run has written %d rows", n)
	}
	found, err := in.Rows(t.Context(), b.ID, RowQuery{Language: "en"})
	if err != nil || len(found) != 58 {
		t.Fatal(len(found), err)
	}
	for i, r := range found {
		if r.Row != i+2 || r.Code != want[i] || (r.Code == "") != (r.Verdict == Accepted) || r.Message != Message(r.Code, "en") || r.CaseID != 0 {
			t.Errorf("%+v, want %q", r, want[i])
		}
		if r.Code == rules.CodeAboveThreshold && len(r.Trace) == 0 {
			t.Errorf("no trace: %+v", r)
		}
	}
	page, err := in.Rows(t.Context(), b.ID, RowQuery{After: 3, Limit: 2, Verdicts: []Verdict{Rejected, Quarantined}})
	if err != nil || len(page) != 2 || page[0].Row != 5 || page[1].Row != 6 {
		t.Errorf("%+v, %v", page, err)
	}
	real := in.take(court, table(rows, ","))
	if real.State != StateDone || verdicts(real) != verdicts(b) {
		t.Errorf("%+v", real)
	}
	if again := in.take(dry, table(rows, ",")); verdicts(again) != [5]int{58, 0, 58, 0, 0} || again.State != StatePreviewed {
		t.Errorf("%+v", again)
	}
}

// One bad row in 10 000.
func TestInbox_oneBadRowInTenThousand(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	rows := goodRows(10_000)
	rows[6789] = rows[6789].with("amount", "1e3")
	b := in.take(court, table(rows, ","))
	if verdicts(b) != [5]int{10_000, 9_999, 0, 1, 0} {
		t.Fatalf("%+v", b)
	}
	found, err := in.Rows(t.Context(), b.ID, RowQuery{Verdicts: []Verdict{Rejected}, Language: "en"})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if got := fmt.Sprintf("%d %s %s %s", found[0].Row, found[0].Field, found[0].Code, found[0].Message); got != "6791 amount amount_invalid The sum must be more than zero and written as 12345.67." {
		t.Error(got)
	}
}

// killed is one process that ends in the middle of its work, at a point that the seed chooses: in the look, or between or
// inside transactions of the rows.
func (in *inbox) killed(id int64, seed uint64) {
	in.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := rand.New(rand.NewPCG(seed, 7))
	chunk, inside := r.IntN(6), r.IntN(2) == 0
	phase := []string{PhaseLook, PhaseStage, PhaseStage, PhaseStage}[r.IntN(4)]
	_, err := in.Process(ctx, id, func(p Progress) {
		if p.Phase != phase {
			return
		}
		if chunk--; chunk >= 0 {
			return
		}
		if inside { // while the next chunk is in the database
			time.AfterFunc(time.Duration(r.IntN(60))*time.Millisecond, cancel)
		} else {
			cancel()
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) && !pgconn.Timeout(err) && !strings.Contains(err.Error(), "cancel") {
		in.t.Fatalf("seed %d: %v", seed, err)
	}
}

// INV-I1: killed at five random points, then resumed by another process, with the same totals as in one go.
func TestInbox_killedAtRandomPoints(t *testing.T) {
	t.Parallel()
	rows, _ := badRows()
	rows = append(rows, goodRows(1_100)[20:]...)
	file := table(rows, ",")
	whole := newInbox(t, nil)
	whole.chunk = 200
	want := whole.take(court, file)
	if want.State != StateDone || want.Rejected != 10 {
		t.Fatalf("%+v", want)
	}
	in := newInbox(t, nil)
	in.chunk = 200
	id := in.receive(court, file).ID
	for seed := range uint64(5) {
		in.killed(id, seed)
		noViolations(t, in.pool)
	}
	fresh := inboxOn(t, in.pool, in.clock, nil)
	got, err := fresh.Process(t.Context(), id, nil)
	if err != nil || got.State != StateDone || verdicts(got) != verdicts(want) {
		t.Fatalf("%+v, %v", got, err)
	}
	noViolations(t, in.pool)
	codes := `SELECT string_agg(row_no || code, ',' ORDER BY row_no) FROM batch_rows WHERE batch_id = $1`
	if a, b := one[string](t, whole.pool, codes, want.ID), one[string](t, in.pool, codes, id); a != b {
		t.Error("the verdicts differ from those in one go")
	}
}

// A batch that is worked in slices, and by two processes at once, gives each row one verdict.
func TestInbox_twoProcessesInSlices(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	id := in.receive(court, table(goodRows(900), ",")).ID
	var wg sync.WaitGroup
	for range 2 {
		other := inboxOn(t, in.pool, in.clock, nil)
		other.chunk = 100
		wg.Go(func() {
			for more := true; more; {
				var err error
				if _, more, err = other.Work(context.Background(), id, time.Nanosecond, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b, err := in.Batch(t.Context(), id)
	if err != nil || b.State != StateDone || verdicts(b) != [5]int{900, 900, 0, 0, 0} || in.cases() != 900 {
		t.Errorf("%+v, %v", b, err)
	}
	noViolations(t, in.pool)
}

// Two uploaders of one file at once, and of the same rows in other files: each row once.
func TestInbox_twoUploadersAtOnce(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	rows := goodRows(400)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			some := rows
			if i >= 2 {
				some = shuffled(rows, uint64(i))
			}
			b, err := in.Receive(context.Background(), Arrival{Source: "court-7101", Via: ViaCLI}, bytes.NewReader(table(some, ",")))
			if err == nil {
				_, err = in.Process(context.Background(), b.ID, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := in.cases(); n != 400 {
		t.Errorf("%d cases", n)
	}
	if n := one[int](t, in.pool, `SELECT coalesce(sum(accepted), 0) FROM batches WHERE state = 'done'`); n != 400 {
		t.Errorf("%d accepted", n)
	}
	noViolations(t, in.pool)
}

// gated gives a batch that waits: three of its ten rows would be rejected.
func (in *inbox) gated(from int) Batch {
	in.t.Helper()
	rows := goodRows(from + 10)[from:]
	for i := range 3 {
		rows[i] = rows[i].with("amount", "0")
	}
	b := in.take(court, table(rows, ","))
	if b.State != StateWaiting {
		in.t.Fatalf("%+v", b)
	}
	return b
}

func TestInbox_gates(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	b := in.gated(0)
	want := []Reason{{GateRejects, 3, 10, 20}}
	if d := cmp.Diff(want, b.Reasons); d != "" || verdicts(b) != [5]int{10, 7, 0, 3, 0} || in.cases() != 0 {
		t.Errorf("%+v %s", b, d)
	}
	if got := b.Reasons[0].Text("en"); got != "3 of 10 rows would be rejected: the limit is 20 %." {
		t.Error(got)
	}
	at := goodRows(120)[110:]
	at[0], at[1] = at[0].with("amount", "0"), at[1].with("amount", "0")
	if b := in.take(court, table(at, ",")); b.State != StateDone { // 20 % is not more than 20 %
		t.Errorf("%+v", b)
	}
	few := goodRows(133)[130:]
	few[0] = few[0].with("amount", "0")
	if b := in.take(court, table(few, ",")); b.State != StateDone || b.Accepted != 2 {
		t.Errorf("a share of three rows means nothing: %+v", b)
	}
	same := append(goodRows(150)[140:], goodRows(150)[140:]...)
	if b := in.take(court, table(append(same, goodRow(140)), ",")); b.State != StateWaiting || b.Reasons[0] != (Reason{GateDuplicates, 11, 21, 50}) {
		t.Errorf("%+v", b)
	}
}

// From a hundred rows on, more than one in a hundred whose number does not fit the person makes a batch wait.
func TestInbox_gateOfIdentity(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	doubtful := func(rows []values, n int) []values {
		for i := range n {
			rows[i] = rows[i].with("debtor_birth_date", "1971-02-03")
		}
		return rows
	}
	if b := in.take(court, table(doubtful(goodRows(99), 2), ",")); b.State != StateDone || b.Quarantined != 2 {
		t.Errorf("99 rows: %+v", b)
	}
	if b := in.take(court, table(doubtful(goodRows(299)[99:], 2), ",")); b.State != StateDone || b.Quarantined != 2 {
		t.Errorf("one in a hundred: %+v", b)
	}
	b := in.take(court, table(doubtful(goodRows(499)[299:], 3), ","))
	if b.State != StateWaiting || len(b.Reasons) != 1 || b.Reasons[0] != (Reason{GateIdentity, 3, 200, 1}) {
		t.Fatalf("%+v", b)
	}
	if got := b.Reasons[0].Text("en"); got != "In 3 of 200 rows the person is in doubt: the limit is 1 %." {
		t.Error(got)
	}
}

// The volume is compared with the median of the sender's own batches, once five are known.
func TestInbox_gateOfVolume(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	next := 0
	send := func(a Arrival, n int) Batch {
		b := in.take(a, table(goodRows(next + n)[next:], ","))
		next += n
		return b
	}
	if b := send(court, 130); b.State != StateDone {
		t.Fatalf("the first batch has nothing to be compared with: %+v", b)
	}
	for range 4 {
		send(court, 40)
	}
	in.gated(5000) // neither batches that wait
	for range 3 {
		dry := court
		dry.DryRun = true
		in.take(dry, table(goodRows(8000)[7999:], ",")) // nor dry runs count
	}
	if b := send(court, 120); b.State != StateDone || b.Figures.Usual != 40 || b.Figures.Batches != 5 {
		t.Errorf("three times the usual: %+v", b)
	}
	b := send(court, 121)
	if b.State != StateWaiting || len(b.Reasons) != 1 || b.Reasons[0] != (Reason{GateVolume, 121, 40, 3}) {
		t.Errorf("more than that: %+v", b)
	}
}

// Two different people let a batch in, the second within 24 hours.
func TestInbox_release(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	id := in.gated(0).ID
	ctx := t.Context()
	code := func(want string, err error) {
		t.Helper()
		var act *ActError
		if !errors.As(err, &act) || act.Code != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	release := func(who, why string) (Batch, error) { return in.Release(ctx, id, who, why) }
	_, err := release("", "checked")
	code(CodeNoActor, err)
	_, err = release("aigul", " \n")
	code(CodeNoReason, err)
	b, err := release("Aigul", "checked by telephone")
	if err != nil || b.State != StateWaiting || b.Proposal == nil || b.Proposal.Actor != "aigul" {
		t.Fatalf("%+v, %v", b, err)
	}
	_, err = release(" aigul ", "me again")
	code(CodeSamePerson, err)
	in.clock.Advance(ReleaseWithin)
	if b, err = release("Bolat", "too late: this is a proposal of its own"); err != nil || b.State != StateWaiting || b.Proposal.Actor != "bolat" {
		t.Fatalf("%+v, %v", b, err)
	}
	in.clock.Advance(ReleaseWithin - time.Microsecond)
	if b, err = release("aigul", "agreed"); err != nil || b.State != StateStaging || b.Rows != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	_, err = release("dana", "me too")
	code(CodeNotWaiting, err)
	if b, err = in.Process(ctx, id, nil); err != nil || b.State != StateDone || verdicts(b) != [5]int{10, 7, 0, 3, 0} || in.cases() != 7 {
		t.Errorf("%+v, %v", b, err)
	}
	noViolations(t, in.pool)
	acts, err := in.Acts(ctx, id)
	if err != nil || len(acts) != 3 || acts[0].Kind != ActProposed || acts[2].Kind != ActReleased || acts[2].Reason != "agreed" {
		t.Errorf("%+v, %v", acts, err)
	}
	if _, err := in.Release(ctx, 999, "a", "b"); !errors.Is(err, ErrNoBatch) {
		t.Error(err)
	}
}

func TestInbox_reject(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	id := in.gated(0).ID
	b, err := in.Reject(t.Context(), id, "aigul", "sent by mistake")
	if err != nil || b.State != StateRejected || b.FinishedAt == nil || in.cases() != 0 || b.Rows != 10 {
		t.Fatalf("%+v, %v", b, err)
	}
	if b, err = in.Process(t.Context(), id, nil); err != nil || b.State != StateRejected || in.cases() != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	noViolations(t, in.pool)
	if again := in.gated(0); again.ID == id || again.SameAs != 0 {
		t.Errorf("a file that was sent away may come again, and waits again: %+v", again)
	}
}

// Two people at once, and both twice: one proposal and one release.
func TestInbox_twoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	id := in.gated(0).ID
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { _, _ = in.Release(context.Background(), id, []string{"a", "b"}[i%2], "looked") })
	}
	wg.Wait()
	if got := one[string](t, in.pool, `SELECT string_agg(act, ' ' ORDER BY id) || ' ' || count(DISTINCT actor) FROM batch_acts`); got != "proposed released 2" {
		t.Error(got)
	}
}

// What the domain says, the database holds by itself.
func TestInbox_fourEyesInTheDatabase(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	id := in.gated(0).ID
	act := `INSERT INTO batch_acts (batch_id, act, actor, reason, at) VALUES ($1, $2, $3, 'x', $4)`
	refused := func(what, sql string, args ...any) {
		t.Helper()
		var pgErr *pgconn.PgError
		if _, err := in.pool.Exec(t.Context(), sql, args...); !errors.As(err, &pgErr) || pgErr.Code[:2] != "23" {
			t.Errorf("%s: %v", what, err)
		}
	}
	at := testkit.Morning
	refused("a batch that nobody released", `UPDATE batches SET state = 'staging' WHERE id = $1`, id)
	refused("a batch that nobody rejected", `UPDATE batches SET state = 'rejected' WHERE id = $1`, id)
	refused("a gate that is lifted", `UPDATE batches SET gated = false WHERE id = $1`, id)
	refused("a release without a proposal", act, id, "released", "b", at)
	exec(t, in.pool, act, id, "proposed", "a", at)
	refused("one person twice", act, id, "released", "a", at)
	refused("a person in capitals", act, id, "released", "A", at)
	refused("a day later", act, id, "released", "b", at.Add(24*time.Hour))
	refused("another past", `UPDATE batch_acts SET actor = 'c'`)
	refused("no past", `DELETE FROM batch_acts`)
	exec(t, in.pool, act, id, "released", "b", at.Add(time.Hour))
	refused("a second release", act, id, "released", "c", at.Add(time.Hour))
	refused("other bytes", `UPDATE batch_files SET sealed = ''`)
	exec(t, in.pool, `UPDATE batches SET state = 'staging' WHERE id = $1`, id)
	refused("back to the gate", `UPDATE batches SET state = 'waiting' WHERE id = $1`, id)
}

// One IIN for two persons: both rows wait for a person, and so do the open cases of the one who was known to have it.
func TestInbox_oneNumberTwoPersons(t *testing.T) {
	t.Parallel()
	in := newInbox(t, nil)
	in.chunk = 50
	in.take(court, table(goodRows(10), ","))
	thief := goodRow(20).with("debtor_iin", goodRow(3)["debtor_iin"], "debtor_name", "Цой Виктор")
	pair := goodRow(21).with("debtor_iin", goodRow(5001)["debtor_iin"], "debtor_name", "Пак Лариса")
	rows := append([]values{goodRow(5001)}, goodRows(200)[30:]...) // the pair is in different chunks
	b := in.take(court, table(append(rows, thief, pair), ","))
	if verdicts(b) != [5]int{173, 170, 0, 0, 3} {
		t.Fatalf("%+v", b)
	}
	found, err := in.Rows(t.Context(), b.ID, RowQuery{Verdicts: []Verdict{Quarantined}})
	if err != nil || len(found) != 3 || found[0].Row != 2 || found[0].Code != rules.CodeIdentityConflict || found[2].Row != 174 {
		t.Errorf("%+v, %v", found, err)
	}
	held := one[string](t, in.pool, `SELECT string_agg(w.document_number || ' ' || c.hold, ',') FROM cases c JOIN writs w ON w.case_id = c.id WHERE c.hold <> ''`)
	if held != goodRow(3)["document_number"]+" identity_conflict" {
		t.Error(held)
	}
}
