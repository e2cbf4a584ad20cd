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
	im, pool := newImporter(t)
	got := mustImport(t, im, file, Options{ChunkSize: 30})
	got.BatchID = want.BatchID
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-one by one +in lanes):\n%s", d)
	}
	noViolations(t, pool)
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
	parts, ok := intoLanes([]*item{row(2, 1, 10), row(3, 2, 11), row(4, 3, 10), row(5, 1, 10)})
	if d := cmp.Diff([][]int{{2, 4, 5}, {3}}, [][]int{numbers(parts[0]), numbers(parts[1])}); d != "" || !ok {
		t.Errorf("%v %s", ok, d)
	}
	if _, ok = intoLanes([]*item{row(2, 1, 10), row(3, 1, 11), row(4, 3, 10)}); ok {
		t.Error("a document in two lanes was parted")
	}
	unreadable := row(3, 1, 0)
	unreadable.problem.Code = CodeRowMalformed
	if _, ok = intoLanes([]*item{row(2, 1, 11), unreadable}); !ok {
		t.Error("a row without a document was taken for one with it")
	}
}
