package notify

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify/text"
	"robotbailiff/notify/wording"
)

// A notice keeps the words with which it was created, in every process and for ever; a new one gets the words in force.
func TestTexts_aNoticeKeepsItsVersion(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), testkit.DB(t)
	old := newWorld(t, pool)
	create(t, old.Store, pool, opening(firstCase+1, 1, noon), opening(firstCase+2, 1, noon))
	before := ofCase(t, old.Store, pool, firstCase+1)

	words := wording.NewStore(pool)
	place := text.Place{Kind: text.Opening, Language: "kk"}
	w := text.BuiltIn().Words()["kk"][text.Opening]
	w.Title, w.Body[3] = "Жаңа: №{case} іс ашылды", "Кім, не үшін, қалай төлеу керек: {link}"
	steps := []error{words.Save(ctx, "desk:a", place, 1, w)}
	d, err := words.Draft(ctx, "desk:a")
	_, proposed := words.Propose(ctx, "desk:a", "shorter", d.Seen, noon)
	steps = append(steps, err, proposed)

	// proposed is not in force
	fresh := newStore(t)
	create(t, fresh, pool, opening(firstCase+3, 1, noon))
	steps = append(steps, words.Approve(ctx, 2, "desk:b", "", noon))
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	// approved: a process that looks now uses it at once
	looking := newStore(t)
	create(t, looking, pool, opening(firstCase+4, 1, noon))

	for caseID, version := range map[int64]int{firstCase + 1: 1, firstCase + 2: 1, firstCase + 3: 1, firstCase + 4: 2} {
		for _, s := range []*Store{old.Store, fresh, looking, newStore(t)} {
			for _, n := range ofCase(t, s, pool, caseID) {
				if n.TextVersion != version {
					t.Errorf("case %d has version %d, want %d", caseID, n.TextVersion, version)
				}
				if changed := n.Channel == Push && n.Title[:len("Жаңа")] == "Жаңа"; n.Channel == Push && changed != (version == 2) {
					t.Errorf("version %d says %q", version, n.Title)
				}
			}
		}
	}
	for i, n := range ofCase(t, newStore(t), pool, firstCase+1) {
		if n.Text != before[i].Text || n.Title != before[i].Title {
			t.Errorf("it said %q, now it says %q", before[i].Text, n.Text)
		}
	}
	// the worker that has not met the version yet sends it all the same
	if err := old.run(firstCase+1, firstCase+4); err != nil {
		t.Fatal(err)
	}
	for ref, messages := range old.push.got {
		for _, m := range messages {
			caseID, _, _, err := ParseRef(ref)
			if want := ofCase(t, looking, pool, caseID); err != nil || m.Title != want[0].Title || m.Text != want[0].Text {
				t.Errorf("sent %q %q, evidence %+v", m.Title, m.Text, want[0])
			}
		}
	}
	if len(old.push.got) != 2 {
		t.Errorf("%d pushes", len(old.push.got))
	}
}

// A batch asks at most once a second which words are in force, not for each notice.
func TestTexts_costNoQueryPerNotice(t *testing.T) {
	t.Parallel()
	pool, s := testkit.DB(t), newStore(t)
	inTx(t, pool, func(tx pgx.Tx) error {
		q := &countedTx{Tx: tx}
		for i := range int64(50) {
			if err := s.Create(t.Context(), q, []Intent{opening(firstCase+i+1, 1, noon)}); err != nil {
				return err
			}
		}
		if q.rows > 5 {
			t.Errorf("%d questions for 50 batches", q.rows)
		}
		return nil
	})
}

type countedTx struct {
	pgx.Tx

	rows int
}

func (c *countedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.rows++
	return c.Tx.QueryRow(ctx, sql, args...)
}
