package desk_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
)

// The page of banks reads what is counted, and never the orders, cases or events, which are many.
func TestBanks_readNoOrders(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	for _, sql := range desk.BanksSQL {
		rows, err := pool.Query(t.Context(), "EXPLAIN "+sql)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(plan) == 0 {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(plan, func(line string) bool {
			return strings.Contains(line, " on orders") || strings.Contains(line, " on cases") || strings.Contains(line, " on events")
		}); i >= 0 {
			t.Errorf("%s\n%s", sql, plan[i])
		}
	}
}
