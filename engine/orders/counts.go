package orders

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// CountOrders counts the orders by bank and outcome anew. Of several processes one does it at a time; readers see the former
// counts until it is done. An order that went to two banks counts at both.
func (c *Comparer) CountOrders(ctx context.Context) error {
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, c.Sender.Store.Pool(), func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, countLockSQL).Scan(&mine); err != nil || !mine {
			return err
		}
		if _, err := tx.Exec(ctx, dropCountsSQL); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, countOrdersSQL, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("orders: counts: %w", err)
	}
	return nil
}

const countLockSQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('bailiff.orders.count', 0))`

const dropCountsSQL = `DELETE FROM order_counts`

const countOrdersSQL = `INSERT INTO order_counts (bank, purpose, status, why, n, counted_at, oldest)
SELECT b, o.purpose, o.status, CASE WHEN o.status = 'rejected' THEN split_part(o.detail, ':', 1) ELSE '' END, count(*), $1, min(o.requested_at)
  FROM orders o CROSS JOIN LATERAL unnest(CASE WHEN o.purpose IN ('register', 'deregister', 'entrust') THEN ARRAY['` + RegisterName + `'] WHEN o.bank <> '' THEN string_to_array(o.bank, ', ')
         WHEN json_array_length(o.legs) > 0 THEN ARRAY(SELECT l ->> 'bank' FROM json_array_elements(o.legs) l) ELSE ARRAY[''] END) b
 GROUP BY 1, 2, 3, 4`
