package intake

import (
	"bytes"
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func importerOn(tb testing.TB, pool *pgxpool.Pool) *Importer {
	tb.Helper()
	packs, err := engine.RegisterPack(context.Background(), pool, pack.Default())
	if err != nil {
		tb.Fatal(err)
	}
	return New(engine.NewStore(engine.Config{Pool: pool, Clock: testkit.Clock(tb), Packs: packs}), testkit.Keys(tb))
}

func newImporter(tb testing.TB) (*Importer, *pgxpool.Pool) {
	tb.Helper()
	pool := testkit.DB(tb)
	return importerOn(tb, pool), pool
}

func mustImport(tb testing.TB, im *Importer, file []byte, o Options) Report {
	tb.Helper()
	rep, err := im.Import(context.Background(), "court-7101", "batch.csv", bytes.NewReader(file), o)
	if err != nil {
		tb.Fatal(err)
	}
	return rep
}

func noViolations(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	found, err := Check(context.Background(), pool)
	if err != nil {
		tb.Fatal(err)
	}
	for _, v := range found {
		tb.Errorf("%s case %d: %s", v.ID, v.CaseID, v.Detail)
	}
}

// counts is a report without its list.
func counts(r Report) [5]int {
	return [5]int{r.Rows, r.Accepted, r.Duplicate, r.Rejected, r.Quarantined}
}
