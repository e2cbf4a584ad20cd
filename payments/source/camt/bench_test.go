package camt_test

import (
	"bytes"
	"io"
	"iter"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/camt"
	"robotbailiff/payments/source/sample"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func many(n int) sample.Part {
	day := calendar.MakeDate(2026, 3, 2)
	return sample.Part{
		Head: &source.Statement{Format: "camt.053.001.08", ID: "S1", Number: "1", Account: "KZ86125KZT5004100100", Currency: "KZT", From: day, To: day, Created: "2026-03-02T20:00:00", Balanced: true, Closing: money.FromTiyn(int64(n) * 100)},
		Lines: iter.Seq[*source.Line](func(yield func(*source.Line) bool) {
			l := source.Line{Credit: true, Amount: money.FromTiyn(100), Currency: "KZT", Booked: day, Value: day, KNP: "911", Payer: source.Party{Name: "Иванов Иван Иванович", IIN: "940101300005", IBAN: "KZ563190000012344567", BIC: "HSBKKZKX"}}
			for i := range n {
				l.Ref, l.EndToEnd, l.Purpose = "B"+strconv.Itoa(i), "E"+strconv.Itoa(i), "Оплата по делу 26-"+strconv.Itoa(1000000+i)+"-5 штраф"
				if !yield(&l) {
					return
				}
			}
		}),
	}
}

func BenchmarkRead(b *testing.B) {
	const entries = 20_000
	var file bytes.Buffer
	if err := sample.Camt(&file, many(entries)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	begin := processorTime()
	for b.Loop() {
		n := 0
		err := camt.Read(bytes.NewReader(file.Bytes()), source.Visitor{Line: func(*source.Statement, *source.Line) error { n++; return nil }})
		if err != nil || n != entries {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(entries)*float64(b.N)/(processorTime()-begin).Seconds(), "entries/cpu-s") // the machine may be shared
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A file of a hundred thousand entries needs no more memory than one of a hundred.
func TestRead_keepsMemoryFlat(t *testing.T) {
	const entries = 100_000
	r, w := io.Pipe()
	go func() { _ = w.CloseWithError(sample.Camt(w, many(entries))) }()
	var stats runtime.MemStats
	least, most, n := uint64(1<<62), uint64(0), 0
	err := camt.Read(r, source.Visitor{Line: func(*source.Statement, *source.Line) error {
		if n++; n%(entries/10) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&stats)
			least, most = min(least, stats.HeapAlloc), max(most, stats.HeapAlloc)
		}
		return nil
	}})
	if err != nil || n != entries {
		t.Fatal(n, err)
	}
	if most > least+1<<20 {
		t.Errorf("live memory goes from %d to %d bytes", least, most)
	}
}
