package statistics

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// possible lists what each hidden number may be, to one who sees all that is shown of a column, knows that a mark of few is 1 to 4, and that what
// is hidden besides is at least 5 and at most the smallest number of 5 or more that is shown. It tries every way.
func possible(column []int64, marks []Mark, total Mark) []map[int64]bool {
	var rest, shown int64
	most := int64(60) // where nothing bounds it
	for i, n := range column {
		rest += n
		if marks[i] == Shown {
			shown += n
			if n >= Least {
				most = min(most, n)
			}
		}
	}
	out := make([]map[int64]bool, len(column))
	try := make([]int64, len(column))
	var walk func(i int, left int64) bool
	walk = func(i int, left int64) (any bool) {
		if i == len(column) {
			if total == Shown && left != 0 || total == Few && (rest-left < 1 || rest-left >= Least) {
				return false
			}
			return true
		}
		from, to := column[i], column[i]
		switch marks[i] {
		case Few:
			from, to = 1, Least-1
		case Hidden:
			from, to = Least, most
		case Shown:
		}
		for n := from; n <= to; n++ {
			if total == Shown && n > left {
				break
			}
			try[i] = n
			if walk(i+1, left-n) {
				any = true
				if out[i] == nil {
					out[i] = map[int64]bool{}
				}
				out[i][n] = true
			}
		}
		return any
	}
	walk(0, rest)
	return out
}

// From what is published no number that is hidden can be computed: every small one may be anything from 1 to 4, and every other hidden one
// may be more than one thing.
func TestHide_nothingHiddenCanBeComputed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		column := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) int64 {
			if rapid.Bool().Draw(rt, "small") {
				return rapid.Int64Range(0, 6).Draw(rt, "n")
			}
			return rapid.Int64Range(0, 25).Draw(rt, "n")
		}), 1, 6).Draw(rt, "column")
		marks, total := Hide(column)
		can := possible(column, marks, total)
		var sum int64
		for i, n := range column {
			sum += n
			switch {
			case n > 0 && n < Least && marks[i] != Few, (n == 0 || n >= Least) && marks[i] == Few, n == 0 && marks[i] != Shown:
				rt.Fatalf("%v: %v", column, marks)
			case marks[i] == Few && len(can[i]) != Least-1:
				rt.Fatalf("%v, %v, total %v: number %d may only be %v", column, marks, total, i, can[i])
			case marks[i] == Hidden && len(can[i]) < 2:
				rt.Fatalf("%v, %v, total %v: number %d may only be %v", column, marks, total, i, can[i])
			}
		}
		if !slices.Contains(marks, Few) && (total != Shown || slices.Contains(marks, Hidden)) {
			rt.Fatalf("%v: %v, total %v: something is hidden for nothing", column, marks, total)
		}
		if sum > 0 && sum < Least && total == Shown {
			rt.Fatalf("%v: the total is %v", column, total)
		}
	})
}

func TestHide_examples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		column []int64
		marks  []Mark
		total  Mark
	}{
		{"nothing is small", []int64{0, 5, 9}, []Mark{Shown, Shown, Shown}, Shown},
		{"one small number hides others with it", []int64{2, 40, 9, 30}, []Mark{Few, Shown, Hidden, Shown}, Shown},
		{"two that may be anything hide each other", []int64{2, 3, 40}, []Mark{Few, Few, Shown}, Shown},
		{"two that are both the least do not", []int64{1, 1, 40, 12}, []Mark{Few, Few, Shown, Hidden}, Shown},
		{"there is nothing else to hide than the total", []int64{1, 5}, []Mark{Few, Shown}, Hidden},
		{"the whole is one small number", []int64{3, 0}, []Mark{Few, Shown}, Few},
		{"the whole is small", []int64{1, 0, 2}, []Mark{Few, Shown, Few}, Hidden},
	} {
		marks, total := Hide(c.column)
		if !slices.Equal(marks, c.marks) || total != c.total {
			t.Errorf("%s: %v: %v, total %v", c.name, c.column, marks, total)
		}
	}
}

// What is hidden is not handed out at all, and with a number go the sums and the share that would tell it.
func TestPublish_handsNothingOutThatIsHidden(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var all []Counts
		for i := range rapid.IntRange(1, 8).Draw(rt, "regions") {
			n := func(name string) int64 { return rapid.Int64Range(0, 12).Draw(rt, name) }
			c := Counts{Region: string(rune('a' + i)), Opened: n("opened"), Paid: n("paid"), Cancelled: n("cancelled"), HandedOver: n("handed over"), Refused: n("refused"), Payments: rapid.Int64Range(-2, 12).Draw(rt, "payments")}
			c.InTime = rapid.Int64Range(0, c.Paid).Draw(rt, "in time")
			c.Days = Medians{ToPaid: rapid.IntRange(-1, 40).Draw(rt, "to paid"), ToEnd: rapid.IntRange(-1, 40).Draw(rt, "to end")}
			c.Collected, c.Saved = money.FromTiyn(c.Payments*1_000), money.FromTiyn(c.Paid*100)
			all = append(all, c)
		}
		m := publish(calendar.MakeDate(2026, 9, 1), all, Medians{ToPaid: 3, ToEnd: 9})
		for _, r := range append(slices.Clone(m.Regions), m.Country) {
			for _, c := range []Cell{r.Opened, r.Paid, r.Otherwise, r.HandedOver, r.Refused} {
				if c.Mark != Shown && c.N != 0 || c.Mark == Shown && c.N > 0 && c.N < Least {
					rt.Fatalf("%+v is handed out", c)
				}
			}
			if r.Paid.Mark != Shown && (!r.Saved.Hidden || !r.Collected.Hidden || !r.InTime.Hidden) || r.Saved.Hidden && !r.Saved.Sum.IsZero() || r.Collected.Hidden && !r.Collected.Sum.IsZero() || r.InTime.Hidden && r.InTime.Percent != 0 {
				rt.Fatalf("%+v tells what is hidden", r)
			}
			if r.ToPaid.Days != 0 && (r.Paid.Mark != Shown || r.Paid.N < Least) || r.ToPaid.Hidden && r.Paid.Mark == Shown || r.ToEnd.Hidden && r.ToEnd.Days != 0 {
				rt.Fatalf("%+v: a median of few", r)
			}
			if r.Paid.Mark == Shown && r.Otherwise.Mark == Shown && r.HandedOver.Mark == Shown && r.Paid.N+r.Otherwise.N+r.HandedOver.N < Least && r.ToEnd.Days != 0 {
				rt.Fatalf("%+v: a median of few ends", r)
			}
		}
		for _, hidden := range []func(Row) bool{
			func(r Row) bool { return r.Collected.Hidden }, func(r Row) bool { return r.Saved.Hidden }, func(r Row) bool { return r.InTime.Hidden },
		} {
			n := 0
			for _, r := range m.Regions {
				if hidden(r) {
					n++
				}
			}
			if n == 1 && !hidden(m.Country) {
				rt.Fatalf("one sum alone is hidden, and the whole is shown: %+v", m)
			}
		}
	})
}

func TestPublish_smallRegionsGoTogether(t *testing.T) {
	t.Parallel()
	m := publish(calendar.MakeDate(2026, 9, 1), []Counts{{Region: "71", Opened: 3}, {Region: "75", Opened: 100, Paid: 40, InTime: 30, Payments: 41, Collected: money.FromTiyn(100), Saved: money.FromTiyn(25)}, {Region: "10", Opened: 4}, {Region: "11"}}, noMedians)
	if len(m.Regions) != 2 || m.Regions[0].Region != "75" || m.Regions[1].Grouped != 2 || m.Regions[1].Opened != (Cell{N: 7}) || m.Country.Opened != (Cell{N: 107}) || m.Country.InTime.Percent != 75 {
		t.Errorf("%+v", m)
	}
}
