package testkit_test

import (
	"context"
	"os"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/migrations"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestDB_hasTheSchemaAndIsOnesOwn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one, two := testkit.DB(t), testkit.DB(t)
	status, err := migrations.Status(ctx, one)
	if err != nil || status.Pending != 0 || status.Version == 0 {
		t.Fatalf("status %+v, %v", status, err)
	}
	if _, err := one.Exec(ctx, `CREATE TABLE only_here (x int)`); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := two.QueryRow(ctx, `SELECT to_regclass('only_here') IS NOT NULL`).Scan(&there); err != nil || there {
		t.Fatalf("seen in the other database: %t, %v", there, err)
	}
}

func TestURL_leadsToTheSameDatabase(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	if got := testkit.URL(t, pool); got == "" || got == os.Getenv(testkit.EnvURL) {
		t.Fatalf("got %q", got)
	}
}

func TestTx_isRolledBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for range 2 { // the second one would fail if the first one had stayed
		t.Run("", func(t *testing.T) {
			if _, err := testkit.Tx(t).Exec(ctx, `CREATE TABLE gone (x int)`); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestClockAndKeys_areTheSameEachTime(t *testing.T) {
	t.Parallel()
	now, err := testkit.Clock(t).Now(context.Background())
	if err != nil || !now.Equal(testkit.Morning) {
		t.Fatalf("now %v, %v", now, err)
	}
	if a, b := testkit.Keys(t).LinkToken(1, 2), testkit.Keys(t).LinkToken(1, 2); a != b {
		t.Fatalf("%s, then %s", a, b)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "golden.txt", []byte("what the test got\n"))
}

func BenchmarkDB(b *testing.B) {
	for b.Loop() {
		b.Run("", func(b *testing.B) { testkit.DB(b) })
	}
}
