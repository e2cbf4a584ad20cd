package bench

import (
	"testing"
	"time"
)

// Every page of the desk is measured on cases that have come to where they should.
func TestDesk(t *testing.T) {
	o := options(t, 200)
	o.Slice = 100 * time.Millisecond
	res, err := Desk(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if res.N != 200 || len(res.Pages) != 1+len(deskTasks) || len(res.Goals) != len(deskTasks) {
		t.Errorf("%+v", res)
	}
	for _, p := range res.Pages {
		if p.Pages < 1 || p.P50 <= 0 || p.P95 < p.P50 || p.P99 < p.P95 {
			t.Errorf("%+v", p)
		}
	}
	printed(t, res, res.Table, "one row by its key")
	left(t, o)
}
