package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
)

const benchRows = 20_000

func readAll(tb testing.TB, file []byte) int {
	tb.Helper()
	rows, err := Open(bytes.NewReader(file), true)
	if err != nil {
		tb.Fatal(err)
	}
	var row Row
	for n := 0; ; n++ {
		switch err := rows.Next(&row); {
		case errors.Is(err, io.EOF):
			return n
		case err != nil:
			tb.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"csv", table(goodRows(benchRows), ",")},
		{"jsonl", lines(b, goodRows(benchRows))},
		{"xml", xmlOf(goodRows(benchRows))},
		{"xlsx", sheetOf(b, goodRows(benchRows))},
		{"xlsx shared strings", sharedOf(b, goodRows(benchRows))},
		{"csv.gz", gzipOf(b, table(goodRows(benchRows), ","))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.file)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, c.file)
			}
			b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkPrepare is reading plus what needs no database: fields, content hash, blind index.
func BenchmarkPrepare(b *testing.B) {
	file, keys := table(goodRows(benchRows), ","), testkit.Keys(b)
	b.ReportAllocs()
	for b.Loop() {
		rows, err := Open(bytes.NewReader(file), true)
		if err != nil {
			b.Fatal(err)
		}
		err = pipeline(context.Background(), rows, chunking{size: 2000, source: "court-7101", keys: keys}, func(context.Context, []item) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkImport compares, in one run, the whole import, the same file again, the same rows in another file, and a bare
// COPY of the rows that the import has left in the tables.
func BenchmarkImport(b *testing.B) {
	rows := goodRows(benchRows)
	file, other := table(rows, ","), table(shuffled(rows, 1), ";")
	for _, size := range []int{1000, 2000, 4000} {
		b.Run("chunk="+itoa(size), func(b *testing.B) {
			var first, again, elsewhere, raw float64
			for b.Loop() {
				im, pool := newImporter(b)
				timed := func(file []byte) float64 {
					w := clock.StartStopwatch()
					mustImport(b, im, file, Options{ChunkSize: size})
					return w.Elapsed().Seconds()
				}
				first += timed(file)
				copied := tablesOf(b, pool, testkit.DB(b))
				raw += copied
				again += timed(file)
				elsewhere += timed(other)
			}
			n := float64(benchRows) * float64(b.N)
			b.ReportMetric(n/first, "import/s")
			b.ReportMetric(n/raw, "copy/s")
			b.ReportMetric(100*raw/first, "%copy")
			b.ReportMetric(100*raw/again, "%copy-same-file")
			b.ReportMetric(100*raw/elsewhere, "%copy-other-file")
		})
	}
}

func itoa(n int) string { return string(rune('0'+n/1000)) + "000" }

// tablesOf copies what an import has written from one database to another and says how long the writing took.
func tablesOf(b *testing.B, from, to *pgxpool.Pool) (seconds float64) {
	b.Helper()
	ctx := context.Background()
	src, err := from.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Release()
	dst, err := to.Acquire(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer dst.Release()
	for _, name := range []string{"rule_packs", "applies", "batches", "debtors", "writs", "cases", "events", "due", "case_totals", "batch_rows"} {
		var buf bytes.Buffer
		if _, err := src.Conn().PgConn().CopyTo(ctx, &buf, "COPY "+name+" TO STDOUT (FORMAT binary)"); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		w := clock.StartStopwatch()
		if _, err := dst.Conn().PgConn().CopyFrom(ctx, &buf, "COPY "+name+" FROM STDIN (FORMAT binary)"); err != nil {
			b.Fatal(name, err)
		}
		seconds += w.Elapsed().Seconds()
	}
	return seconds
}
