package qr_test

import (
	"errors"
	"strings"
	"testing"

	"robotbailiff/internal/qr"
)

func TestMake_drawsTheSameInBothWays(t *testing.T) {
	t.Parallel()
	c, err := qr.Make("https://1414.gov.kz/verify?code=7K2Q-9XVB-00TZ-W4NH-8MDR-A3PG")
	if err != nil {
		t.Fatal(err)
	}
	runs, dark := 0, 0
	c.Runs(func(x, y, n int) {
		runs, dark = runs+1, dark+n
		if x < 4 || y < 4 || x+n > c.Size()-4 || y >= c.Size()-4 || n < 1 {
			t.Errorf("the run %d,%d+%d lies in the border", x, y, n)
		}
	})
	if runs != strings.Count(c.Path(), "M") || dark < c.Size()*c.Size()/5 || dark > c.Size()*c.Size()/2 {
		t.Errorf("%d runs, %d dark modules of %d², path %.60s", runs, dark, c.Size(), c.Path())
	}
}

func TestMake_refusesWhatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	if _, err := qr.Make(""); !errors.Is(err, qr.ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := qr.Make(strings.Repeat("x", 4000)); err == nil {
		t.Error("more than a code can hold was drawn")
	}
}
