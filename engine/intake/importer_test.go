package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
)

func TestImport_opensACaseForEachWrit(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	file := table(goodRows(300), ",")
	var progress []int
	rep := mustImport(t, im, file, Options{ChunkSize: 70, Progress: func(n int) { progress = append(progress, n) }})
	if got, want := counts(rep), [5]int{300, 300, 0, 0, 0}; got != want {
		t.Fatalf("got %v %+v, want %v", got, rep.Errors[:min(3, len(rep.Errors))], want)
	}
	if d := cmp.Diff([]int{140, 280, 300}, progress); d != "" {
		t.Errorf("progress: %s", d)
	}
	again := mustImport(t, im, file, Options{MaxErrors: 10})
	if got, want := counts(again), [5]int{300, 0, 300, 0, 0}; got != want || again.SameAs != rep.BatchID || len(again.Errors) != 10 {
		t.Fatalf("the same file again: %v same as %d, want %v same as %d", got, again.SameAs, want, rep.BatchID)
	}
	noViolations(t, pool)
	sealed := one[[]byte](t, pool, `SELECT iin_sealed FROM debtors d JOIN writs w ON w.debtor_id = d.id WHERE w.row_no = 2`)
	if got, err := testkit.Keys(t).Open(sealed, SealedIIN); err != nil || string(got) != goodRow(0)["debtor_iin"] {
		t.Errorf("the sealed IIN: %v", err)
	}
}

func one[T any](tb testing.TB, pool *pgxpool.Pool, sql string, args ...any) T {
	tb.Helper()
	var v T
	if err := pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		tb.Fatal(err)
	}
	return v
}

// badRows has a row for each code that one file can show; the keys are the codes.
func badRows() (rows []values, want []string) {
	add := func(code string, r values) { rows, want = append(rows, r), append(want, code) }
	add(rules.CodeIdentityConflict, goodRow(0)) // a later row gives its IIN to somebody else: which of the two is right?
	add(rules.CodeAboveThreshold, goodRow(1).with("amount", "86500.00"))
	add("", goodRow(2).with("amount", "86499.99"))
	add(rules.CodeAmountInvalid, goodRow(3).with("amount", "5 000,00"))
	add(rules.CodeIINInvalid, goodRow(4).with("debtor_iin", "10203300001"))
	add(rules.CodeNotNaturalPerson, goodRow(5).with("debtor_iin", goodRow(5)["issuer_bin"]))
	add(rules.CodeKindNotSimplified, goodRow(6).with("kind", "writ_of_execution"))
	add(rules.CodeTooEarly, goodRow(7).with("unpaid_confirmed_on", "2026-02-01"))
	add(rules.CodeTooLate, goodRow(8).with("document_date", "", "in_force_date", "2024-06-03"))
	add(rules.CodeNotInForce, goodRow(9).with("in_force_date", "2027-12-01"))
	add(rules.CodeFieldMissing, goodRow(10).with("unpaid_confirmed_on", ""))
	add(rules.CodeFieldInvalid, goodRow(11).with("region", "Астана"))
	add(rules.CodeIdentityConflict, goodRow(12).with("debtor_iin", goodRow(0)["debtor_iin"], "debtor_name", "Цой Виктор"))
	add(rules.CodeIdentityConflict, goodRow(13).with("debtor_birth_date", "1990-01-01"))
	add(rules.CodeMinor, goodRow(14).with("debtor_iin", iin("100615", '5', 0)))
	add(CodeDuplicate, goodRow(2).with("amount", "86499.99"))
	add(CodeConflict, goodRow(2).with("amount", "86499.98"))
	add(rules.CodeIdentityConflict, goodRow(15).with("debtor_iin", goodRow(0)["debtor_iin"], "debtor_name", goodRow(0)["debtor_name"])) // a second writ of one debtor
	return rows, want
}

func TestImport_everyCode(t *testing.T) {
	t.Parallel()
	rows, want := badRows()
	file := table(rows, ",")
	var reports []Report
	for _, size := range []int{3, 1000} { // verdicts do not depend on how rows fall into chunks
		im, pool := newImporter(t)
		dry := mustImport(t, im, file, Options{ChunkSize: size, DryRun: true})
		if n := one[int](t, pool, `SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM debtors) + (SELECT count(*) FROM case_serials)`); n != 0 {
			t.Errorf("a dry run has written %d rows", n)
		}
		rep := mustImport(t, im, file, Options{ChunkSize: size})
		noViolations(t, pool)
		got := make([]string, len(rows))
		for _, e := range rep.Errors {
			got[e.Row-2] = e.Code
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("codes (-want +got):\n%s", d)
		}
		if got, want := counts(rep), [5]int{18, 1, 1, 10, 6}; got != want {
			t.Errorf("counts %v, want %v", got, want)
		}
		dry.BatchID = rep.BatchID
		if d := cmp.Diff(rep, dry); d != "" {
			t.Errorf("a dry run reports otherwise (-import +dry):\n%s", d)
		}
		if n := one[int](t, pool, `SELECT count(*) FROM debtors`); n != 1 {
			t.Errorf("%d debtors are stored, want only the one with an accepted writ", n)
		}
		if n := one[int](t, pool, `SELECT count(*) FROM batch_rows WHERE (sealed IS NULL) <> (verdict IN ('accepted', 'duplicate'))`); n != 0 {
			t.Errorf("%d rows keep too much or too little", n)
		}
		if n := one[int](t, pool, `SELECT count(*) FROM batch_rows WHERE trace IS NULL AND code IN ('above_threshold', 'iin_invalid', 'too_early', 'minor')`); n != 0 {
			t.Errorf("%d refusals have no trace", n)
		}
		sealed := one[[]byte](t, pool, `SELECT sealed FROM batch_rows WHERE code = 'not_natural_person'`)
		if raw, err := testkit.Keys(t).Open(sealed, SealedRow); err != nil || !bytes.Contains(raw, []byte(`"document_number":"`+goodRow(5)["document_number"])) {
			t.Errorf("the sealed row: %v", err)
		}
		reports = append(reports, rep)
	}
	if d := cmp.Diff(reports[0], reports[1]); d != "" {
		t.Errorf("the report depends on the chunks:\n%s", d)
	}
}

// A row that comes again corrected, after its first form was refused, is taken.
func TestImport_refusedFirstThenAccepted(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	bad := goodRow(1).with("amount", "99999.00")
	rep := mustImport(t, im, table([]values{bad, goodRow(1), bad, goodRow(1)}, ","), Options{})
	if got, want := counts(rep), [5]int{4, 1, 1, 1, 1}; got != want {
		t.Errorf("%v, want %v: %+v", got, want, rep.Errors)
	}
	noViolations(t, pool)
}

// INV-I1: what was accepted is a duplicate in any other order, cut and encoding.
func TestImport_sameRowsElsewhereAreDuplicates(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	rows := goodRows(60)
	for i := range rows {
		rows[i] = withoutKazakhLetters(rows[i])
	}
	if rep := mustImport(t, im, table(rows, ","), Options{}); rep.Accepted != 60 {
		t.Fatalf("%+v", rep)
	}
	rapid.Check(t, func(rt *rapid.T) {
		some := shuffled(rows, rapid.Uint64().Draw(rt, "seed"))[:rapid.IntRange(1, len(rows)).Draw(rt, "rows")]
		var file []byte
		switch rapid.IntRange(0, 7).Draw(rt, "encoding") {
		case 0:
			file = table(some, ",")
		case 1:
			file = append([]byte("\xEF\xBB\xBF"), table(some, ";")...)
		case 2:
			file = cp1251Of(t, table(some, ";"))
		case 3:
			file = lines(t, some)
		case 4:
			file = xmlOf(some)
		case 5:
			file = sheetOf(t, some)
		case 6:
			file = gzipOf(t, xmlOf(some))
		case 7:
			file = zipOf(t, lines(t, some))
		}
		rep := mustImport(t, im, file, Options{ChunkSize: rapid.IntRange(1, 80).Draw(rt, "chunk"), DryRun: rapid.Bool().Draw(rt, "dry")})
		if rep.Rows != len(some) || rep.Duplicate != len(some) {
			rt.Fatalf("%+v", rep)
		}
	})
	if n := one[int](t, pool, `SELECT count(*) FROM cases`); n != 60 {
		t.Errorf("%d cases", n)
	}
	noViolations(t, pool)
}

// One row that the database refuses is quarantined; the others of its chunk are taken.
func TestImport_oneBadRowStopsNoOther(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	exec(t, pool, `ALTER TABLE writs ADD CHECK (document_number NOT LIKE '7101-26-000013/%')`)
	rep := mustImport(t, im, table(goodRows(50), ","), Options{ChunkSize: 20})
	if got, want := counts(rep), [5]int{50, 49, 0, 0, 1}; got != want || rep.Errors[0].Row != 15 || rep.Errors[0].Code != CodeRowFailed {
		t.Errorf("%v %+v", got, rep.Errors)
	}
	if got := one[string](t, pool, `SELECT trace->0->>2 FROM batch_rows WHERE code = 'row_failed'`); got != "sqlstate=23514" {
		t.Errorf("the cause is %s", got)
	}
	noViolations(t, pool)
}

func exec(tb testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	tb.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		tb.Fatal(err)
	}
}

func TestImport_caseNumbersOfTheYearRunOut(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	exec(t, pool, `INSERT INTO case_serials (year, next) VALUES (26, 9999990)`)
	file := table(goodRows(12), ",")
	_, err := im.Import(context.Background(), "court-7101", "a.csv", bytes.NewReader(file), Options{ChunkSize: 5})
	if full, ok := errors.AsType[*YearFullError](err); !ok || full.Year != 26 {
		t.Fatalf("got %v", err)
	}
	if n := one[int64](t, pool, `SELECT max(id) FROM cases`); n != 26*10_000_000+9_999_999 || !caseno.Valid(n) {
		t.Errorf("the last case is %d", n)
	}
	noViolations(t, pool)
}

func TestImport_aBrokenFileStoresNothing(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	for name, file := range map[string][]byte{
		"quote at the end": append(table(goodRows(30), ","), "court-7101,\"x"...),
		"header only":      table(nil, ","),
		"no source":        table([]values{goodRow(1).with("source", "")}, ","),
	} {
		_, err := im.Import(context.Background(), "", "a.csv", bytes.NewReader(file), Options{ChunkSize: 5})
		if _, ok := errors.AsType[*FatalError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := one[int](t, pool, `SELECT count(*) FROM batches`); n != 0 {
		t.Errorf("%d batches", n)
	}
}

// changing is a file that is altered after it was hashed and looked through: the second time it is read from the start is for its rows.
type changing struct {
	*bytes.Reader
	rewinds int
	other   []byte
}

func (c *changing) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		if c.rewinds++; c.rewinds == 2 {
			c.Reader = bytes.NewReader(c.other)
		}
	}
	return c.Reader.Seek(offset, whence)
}

func TestImport_aFileAlteredMeanwhile(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	file := table(goodRows(5), ",")
	other := bytes.Replace(file, []byte(goodRow(3)["document_number"]), []byte("another"), 1)
	_, err := im.Import(context.Background(), "court-7101", "a.csv", &changing{Reader: bytes.NewReader(file), other: other}, Options{})
	if fatal, ok := errors.AsType[*FatalError](err); !ok || fatal.Code != FatalChanged {
		t.Fatalf("got %v", err)
	}
	if state := one[string](t, pool, `SELECT state FROM batches`); state != "failed" {
		t.Errorf("the batch is %s", state)
	}
	rep := mustImport(t, im, file, Options{})
	if rep.Accepted != 1 || rep.Duplicate != 4 || rep.Resumed {
		t.Errorf("the file in full: %+v", rep)
	}
	noViolations(t, pool)
}

// A stream that cannot be read twice gives the same as a file. Without a known sender each row names its own source.
func TestImport_fromAStream(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	rows := append(goodRows(10), goodRow(9).with("source", "court-7502"), goodRow(11).with("source", "court-7502"))
	stream := struct{ io.Reader }{bytes.NewReader(lines(t, rows))}
	rep, err := im.Import(context.Background(), "", "../../etc/a\x00b.jsonl", stream, Options{Language: "en"})
	if err != nil || rep.Accepted != 12 {
		t.Errorf("%+v, %v", rep, err)
	}
	rows[0] = goodRow(20) // otherwise it is the same file
	rep, err = im.Import(context.Background(), "court-7502", "a.jsonl", bytes.NewReader(lines(t, rows)), Options{Language: "en"})
	if err != nil || rep.Duplicate != 2 || rep.Rejected != 10 || rep.Errors[0] != (RowError{1, rules.CodeFieldInvalid, "source", Message(rules.CodeFieldInvalid, "en")}) {
		t.Errorf("a sender who speaks for others: %+v, %v", rep, err)
	}
	if got := one[string](t, pool, `SELECT source || ' ' || file_name FROM batches ORDER BY id LIMIT 1`); got != "court-7101 ab.jsonl" {
		t.Errorf("batch of %q", got)
	}
	noViolations(t, pool)
}

func TestCheck_findsWhatIsBroken(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	mustImport(t, im, table(append(goodRows(5), goodRow(6).with("amount", "0")), ","), Options{})
	exec(t, pool, `UPDATE batches SET accepted = 4, duplicate = 1`)
	exec(t, pool, `ALTER TABLE batch_rows DISABLE TRIGGER batch_rows_settled`)
	exec(t, pool, `UPDATE batch_rows SET sealed = NULL`)
	exec(t, pool, `UPDATE writs SET amount = amount + 1 WHERE row_no = 2`)
	exec(t, pool, `DELETE FROM writs WHERE row_no = 3`)
	exec(t, pool, `UPDATE writs SET case_id = 1 WHERE row_no = 4`)
	found, err := Check(context.Background(), pool)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range found {
		got = append(got, fmt.Sprintf("%s %s", v.ID, strings.SplitN(v.Detail, ":", 2)[0]))
	}
	want := []string{
		"INV-I1 batch 1", "INV-I1 batch 1 row 3", "INV-I1 batch 1 row 4", "INV-I1 batch 1 row 7",
		"INV-I2 the writ has no case", "INV-I2 writ", "INV-I2 the case has no writ", "INV-I2 the case has no writ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestImport_leavesNoGoroutine(t *testing.T) {
	im, _ := newImporter(t)
	testkit.NoLeaks(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := im.Import(ctx, "court-7101", "a.csv", bytes.NewReader(table(goodRows(100), ",")), Options{ChunkSize: 5, Progress: func(int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
