package intake

import (
	"fmt"
	"runtime"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
)

func TestCrowd_findsNumbersOfTwoPersons(t *testing.T) {
	t.Parallel()
	keys := testkit.Keys(t)
	const none = calendar.Date(0)
	foreign := iin("850615", '0', 0) // holds no birth date that can be read
	born, other := calendar.MakeDate(1985, 6, 15), calendar.MakeDate(1990, 1, 1)
	type row struct {
		iin, name string
		born      calendar.Date
	}
	a := iin("800101", '3', 0)
	for name, c := range map[string]struct {
		rows []row
		want bool
	}{
		"one person":                    {[]row{{a, "Ахметов Айдар", none}, {a, "АХМЕТОВ АЙДАР СЕРІКҰЛЫ", none}}, false},
		"two names":                     {[]row{{a, "Ахметов Айдар", none}, {a, "Ким Виктор", none}}, true},
		"two names and one between":     {[]row{{a, "Ахметов Айдар", none}, {a, "Ахметов Виктор", none}, {a, "Ким Виктор", none}}, true},
		"letters written otherwise":     {[]row{{a, "Қайратов Әлібек", none}, {a, "Кайратов Алибек", none}}, false},
		"an initial says nothing":       {[]row{{a, "Ахметов А.", none}, {a, "А.", none}}, false},
		"two numbers":                   {[]row{{a, "Ахметов Айдар", none}, {iin("800102", '3', 0), "Ким Виктор", none}}, false},
		"two birth dates":               {[]row{{foreign, "Смит Джон", born}, {foreign, "Смит Джон", other}}, true},
		"one birth date, one unknown":   {[]row{{foreign, "Смит Джон", born}, {foreign, "Смит Джон", none}}, false},
		"a row that contradicts itself": {[]row{{a, "Ахметов Айдар", none}, {a, "Ким Виктор", other}}, false},
		"no number":                     {[]row{{"800101300000", "Ахметов Айдар", none}, {"800101300000", "Ким Виктор", none}}, false},
	} {
		var crowd crowd
		for _, r := range c.rows {
			crowd.add(r.iin, r.name, r.born)
		}
		s := crowd.suspects(keys)
		if got := len(s) > 0; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if c.want && !s[personKey(keys.Blind(BlindIIN, c.rows[0].iin)[:16])] {
			t.Errorf("%s: another number is suspected", name)
		}
	}
}

func TestContents_countRepetitions(t *testing.T) {
	t.Parallel()
	var c contents
	for i := range 1000 {
		w := Writ{DocumentNumber: fmt.Sprint(i % 900)}
		c.add(w.Hash())
	}
	if n := c.repeated(); n != 100 {
		t.Errorf("%d repeated", n)
	}
}

// What the first look keeps of a row fits into 32 bytes. Not parallel, since it measures the heap.
func TestCrowd_memory(t *testing.T) {
	const n = 200_000
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = iin(fmt.Sprintf("%02d%02d%02d", i%100, 1+i/100%12, 1+i/1200%28), '3', i/33600)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	crowd, contents := &crowd{}, &contents{}
	for i, number := range numbers {
		crowd.add(number, "Ахметов Айдар Серікұлы", 0)
		contents.add((&Writ{DocumentNumber: numbers[i]}).Hash())
	}
	perRow := (heap() - before) / n
	t.Logf("%d bytes a row", perRow)
	if perRow > 32 {
		t.Errorf("%d bytes a row", perRow)
	}
	runtime.KeepAlive(crowd)
	runtime.KeepAlive(contents)
	runtime.KeepAlive(numbers)
}

func BenchmarkCrowd(b *testing.B) {
	number := iin("800101", '3', 0)
	b.ReportAllocs()
	var crowd crowd
	for b.Loop() {
		crowd.add(number, "Ахметов Айдар Серікұлы", 0)
	}
}
