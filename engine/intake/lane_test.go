package intake

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows of one person or one document get the verdicts that they would get one by one, also when a document number was given
// to persons of different lanes.
func TestImport_lanesKeepTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	rows := goodRows(200)
	for i := 3; i < len(rows); i += 7 { // the number of a row shortly before, mostly of another person
		rows[i]["document_number"] = rows[i-3]["document_number"]
	}
	for i := 5; i < len(rows); i += 11 { // a writ that comes twice
		rows[i] = rows[i-5]
	}
	file := table(rows, ",")
	im, _ := newImporter(t)
	want := mustImport(t, im, file, Options{ChunkSize: 1})
	for _, size := range []int{2, 3, 7, 30} {
		im, pool := newImporter(t)
		got := mustImport(t, im, file, Options{ChunkSize: size})
		got.BatchID = want.BatchID
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("chunks of %d (-one by one +in lanes):\n%s", size, d)
		}
		noViolations(t, pool)
	}
}

func TestIntoLanes(t *testing.T) {
	t.Parallel()
	row := func(no int, doc, person byte) *item {
		return &item{row: Row{No: no}, doc: docKey{doc}, person: personKey{person}}
	}
	numbers := func(items []*item) (out []int) {
		for _, it := range items {
			out = append(out, it.row.No)
		}
		return out
	}
	docs, parts, ok := intoLanes([]*item{row(2, 1, 10), row(3, 2, 11), row(4, 3, 10), row(5, 1, 10)})
	if d := cmp.Diff([][]int{{2, 4, 5}, {3}}, [][]int{numbers(parts[0]), numbers(parts[1])}); d != "" || !ok {
		t.Errorf("%v %s", ok, d)
	}
	before := &wave{docs: docs}
	for _, c := range []struct {
		doc, person byte
		want        bool
	}{{1, 10, false}, {1, 12, false}, {1, 11, true}, {2, 10, true}, {4, 10, false}} {
		docs, _, _ := intoLanes([]*item{row(6, 5, 10), row(7, c.doc, c.person)})
		if got := before.crosses(docs); got != c.want {
			t.Errorf("document %d of person %d crosses the wave before: %v", c.doc, c.person, got)
		}
	}
	if _, _, ok = intoLanes([]*item{row(2, 1, 10), row(3, 1, 11), row(4, 3, 10)}); ok {
		t.Error("a document in two lanes was parted")
	}
	unreadable := row(3, 1, 0)
	unreadable.problem.Code = CodeRowMalformed
	if _, _, ok = intoLanes([]*item{row(2, 1, 11), unreadable}); !ok {
		t.Error("a row without a document was taken for one with it")
	}
}
