package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/review"
)

// Of many hand-overs exactly those are laid before a person that the hashes of their events draw, in the transaction that decides; and who looks
// again, by his own way through the database, finds one that is missing and one that does not belong.
func TestReviews_chanceChooses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 600)
	b.clock.Advance(40 * 24 * time.Hour)
	b.apply(t, each(ids, engine.ActorRobot, engine.Tick{})...)
	type drawn struct {
		ID  int64
		Seq int
	}
	var want []drawn
	for _, id := range ids {
		events, err := engine.Events(t.Context(), b.pool, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			var hash []byte
			if err := b.pool.QueryRow(t.Context(), `SELECT hash FROM events WHERE case_id = $1 AND seq = $2`, id, e.Seq).Scan(&hash); err != nil {
				t.Fatal(err)
			}
			if slices.Contains(engine.Reviewed, e.Kind) && review.Drawn([32]byte(hash)) {
				want = append(want, drawn{id, e.Seq})
			}
		}
	}
	rows, err := b.pool.Query(t.Context(), `SELECT case_id, seq FROM reviews ORDER BY case_id, seq`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[drawn])
	if err != nil || !slices.Equal(got, want) || len(got) == 0 || len(got) > 30 {
		t.Fatalf("laid before people: %v, drawn: %v, %v", got, want, err)
	}
	broken := func() (says []string) {
		t.Helper()
		found, err := engine.Check(t.Context(), b.pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range found {
			if v.ID == "INV-V1" {
				says = append(says, v.Detail)
			}
		}
		return says
	}
	if says := broken(); says != nil {
		t.Fatalf("nothing is wrong, and it says %q", says)
	}
	first := got[0]
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO reviews (case_id, seq, region, kind, one_in, drawn_at) SELECT case_id, 1, '75', kind, 100, at - interval '1 day' FROM events
WHERE seq = 1 AND ('x' || encode(substr(hash, 29, 4), 'hex'))::bit(32)::bigint % 100 <> 0 LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), `ALTER TABLE reviews DISABLE TRIGGER reviews_kept; DELETE FROM reviews WHERE case_id = `+asJSON(t, first.ID)); err != nil {
		t.Fatal(err)
	}
	if says := strings.Join(broken(), "; "); !strings.Contains(says, "is drawn for a person to look at") || !strings.Contains(says, "is not drawn") {
		t.Errorf("it says %q", says)
	}
}

// A verdict is given once; who finds a fault says which; the database holds both when the code does not.
func TestReviews_oneVerdict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO reviews (case_id, seq, region, kind, one_in, drawn_at) VALUES (7, 2, '75', 'arrest_ordered', 100, now())`); err != nil {
		t.Fatal(err)
	}
	decide := func(seq int, verdict, words string) error {
		return pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) error {
			return review.Decide(t.Context(), tx, 7, seq, verdict, "desk:anna", words, time.Date(2026, 9, 1, 6, 0, 0, 0, time.UTC))
		})
	}
	for _, x := range []struct {
		seq            int
		verdict, words string
		want           error
	}{
		{3, review.Right, "", review.ErrNone},
		{2, "maybe", "x", review.ErrVerdict},
		{2, review.Wrong, "  ", review.ErrWords},
		{2, review.Unclear, "", review.ErrWords},
		{2, review.Right, strings.Repeat("ж", 501), review.ErrWords},
		{2, review.Right, "", nil},
		{2, review.Wrong, "late", review.ErrDecided},
	} {
		if err := decide(x.seq, x.verdict, x.words); err != x.want { //nolint:errorlint // they are never wrapped
			t.Errorf("%d %s %.9q: %v, want %v", x.seq, x.verdict, x.words, err, x.want)
		}
	}
	for _, sql := range []string{`UPDATE reviews SET verdict = 'wrong', words = 'x'`, `UPDATE reviews SET seq = 9`, `DELETE FROM reviews`} {
		if _, err := b.pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s passed", sql)
		}
	}
}
