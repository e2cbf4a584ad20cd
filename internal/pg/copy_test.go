package pg_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

// kinds is one value for each type that Copy writes.
type kinds struct {
	Small    int16
	Whole    int32
	Big      int64
	Ref      *int64
	Words    string
	Bytes    []byte
	ID       [16]byte
	At       *time.Time
	Day      *time.Time
	Document []byte
	Yes      bool
}

var kindColumns = []string{"small", "whole", "big", "ref", "words", "bytes", "id", "at", "day", "document", "yes"}

func (k kinds) values() []any {
	return []any{k.Small, k.Whole, k.Big, k.Ref, k.Words, k.Bytes, k.ID, k.At, k.Day, k.Document, k.Yes}
}

func (k kinds) appendTo(r *pg.Row) {
	orZero := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	r.Int2(k.Small)
	r.Int4(k.Whole)
	r.Int8(k.Big)
	if k.Ref == nil {
		r.ID(0)
	} else {
		r.ID(*k.Ref)
	}
	r.Text(k.Words)
	r.Bytes(k.Bytes)
	r.UUID(k.ID)
	r.Time(orZero(k.At))
	r.Date(orZero(k.Day))
	r.Bytes(k.Document)
	r.Bool(k.Yes)
}

func drawKinds(t *rapid.T) kinds {
	k := kinds{
		Small: rapid.Int16().Draw(t, "small"), Whole: rapid.Int32().Draw(t, "whole"), Big: rapid.Int64().Draw(t, "big"),
		Words: strings.ReplaceAll(rapid.String().Draw(t, "words"), "\x00", ""),
		Yes:   rapid.Bool().Draw(t, "yes"),
	}
	copy(k.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	if rapid.Bool().Draw(t, "some") {
		ref := rapid.Int64Min(1).Draw(t, "ref")
		at := time.Unix(rapid.Int64Range(-5_000_000_000, 9_000_000_000).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		day := time.Unix(86_400*rapid.Int64Range(-60_000, 100_000).Draw(t, "day"), 0).UTC()
		k.Ref, k.At, k.Day = &ref, &at, &day
		k.Bytes = append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
		k.Document = fmt.Appendf(nil, `{"n":%d}`, k.Big)
	}
	return k
}

// What Copy writes is what the encoders of pgx write.
func TestCopy_likePgx(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	ctx := t.Context()
	exec := func(t interface{ Fatal(...any) }, sql string) {
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"ours", "theirs"} {
		exec(t, `CREATE TABLE `+table+` (no int GENERATED ALWAYS AS IDENTITY, small smallint NOT NULL, whole int NOT NULL, big bigint NOT NULL, ref bigint,
			words text NOT NULL, bytes bytea, id uuid NOT NULL, at timestamptz, day date, document json, yes boolean NOT NULL)`)
	}
	rapid.Check(t, func(t *rapid.T) {
		exec(t, `TRUNCATE ours, theirs RESTART IDENTITY`)
		rows := rapid.SliceOfN(rapid.Custom(drawKinds), 0, 20).Draw(t, "rows")
		err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
			if err := pg.Copy(ctx, tx, "ours", kindColumns, len(rows), func(r *pg.Row, i int) { rows[i].appendTo(r) }); err != nil {
				return err
			}
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"theirs"}, kindColumns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return rows[i].values(), nil }))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		read := func(table string) []string {
			found, err := pool.Query(ctx, `SELECT x::text FROM `+table+` x ORDER BY no`)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(found, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			return lines
		}
		ours := read("ours")
		if d := cmp.Diff(read("theirs"), ours); d != "" || len(ours) != len(rows) {
			t.Errorf("%d rows (-pgx +ours):\n%s", len(rows), d)
		}
	})
}

func TestCopy_manyBlocks(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	ctx := t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE long (n int NOT NULL, words text NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	word := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), i*i%200_000) } // up to three blocks
	const n = 1000
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		return pg.Copy(ctx, tx, "long", []string{"n", "words"}, n, func(r *pg.Row, i int) {
			r.Int4(int32(i))
			r.Text(word(i))
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := pool.Query(ctx, `SELECT n, words FROM long ORDER BY n`)
	if err != nil {
		t.Fatal(err)
	}
	var i, got int
	var words string
	if _, err = pgx.ForEachRow(found, []any{&got, &words}, func() error {
		if got != i || words != word(i) {
			return fmt.Errorf("row %d: %d with %d letters", i, got, len(words))
		}
		i++
		return nil
	}); err != nil || i != n {
		t.Fatalf("%d rows: %v", i, err)
	}
}

func TestCopy_refusals(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	ctx := t.Context()
	if _, err := pool.Exec(ctx, `CREATE TABLE small (n int NOT NULL, words text NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	for want, row := range map[string]func(r *pg.Row, i int){
		"row 1 of a COPY has 1 values for 2 columns": func(r *pg.Row, i int) {
			if r.Int4(1); i == 0 {
				r.Text("a")
			}
		},
		"incorrect binary data format": func(r *pg.Row, _ int) {
			r.Int8(1)
			r.Text("a")
		},
		"22021": func(r *pg.Row, _ int) {
			r.Int4(1)
			r.Text("a\x00")
		},
	} {
		err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { return pg.Copy(ctx, tx, "small", []string{"n", "words"}, 2, row) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	var n int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM small`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows of refused batches: %v", n, err)
	}
}
