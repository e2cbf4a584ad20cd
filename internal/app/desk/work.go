package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/rules/money"
)

// WorkItem is something that waits for a person.
type WorkItem struct {
	Kind   string
	Count  int64
	Oldest time.Time    // since when the oldest waits; zero: not known
	Sum    money.Amount // of money; zero elsewhere
	Link   string       // where it is worked
}

// workRow is what waits in one region; empty: it belongs to none.
type workRow struct {
	kind, region string
	count, sum   int64
	oldest       time.Time
}

// workLists are what waits for a person, in the order in which it is shown. Each query goes by an index of what is open, and counts per
// region; $1 is the legal instant. What has no region yet belongs to the country.
var workLists = []struct {
	kind, link string
	local      bool // counted by region
	sql        string
}{
	{"objections", "/desk/objections", true, `SELECT c.region, count(*), 0::bigint, min(o.made_on)::timestamp AT TIME ZONE 'Asia/Almaty'
  FROM objections o JOIN cases c ON c.id = o.case_id WHERE o.status = 'open' AND $1::timestamptz IS NOT NULL GROUP BY c.region`},
	{"trials", "/desk/trials", true, `SELECT c.region, count(*), 0::bigint, min(a.picked_at)
  FROM trial_arrests a JOIN cases c ON c.id = a.case_id WHERE a.verdict = '' AND $1::timestamptz IS NOT NULL GROUP BY c.region`},
	{"identities", "/desk/imports", false, `SELECT '', count(*), 0::bigint, min(received_at) FROM (SELECT b.received_at
  FROM batches b JOIN batch_rows r ON r.batch_id = b.id AND r.verdict = 'quarantined'
 WHERE b.quarantined > 0 AND b.state = 'done' AND $1::timestamptz IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM writs w WHERE w.source = b.source AND w.document_number = r.document_number) LIMIT 10000) s`},
	{"batches", "/desk/imports?state=waiting", false, `SELECT '', count(*), 0::bigint, min(received_at) FROM batches WHERE state = 'waiting' AND $1::timestamptz IS NOT NULL`},
	{"orders", "/desk/robot#chunks", false, `SELECT '', coalesce(sum(cardinality(case_ids)), 0)::bigint, 0::bigint, min(not_before) FROM chunks
 WHERE done_at IS NULL AND kind <> 'notify' AND not_before < $1::timestamptz AND (error <> '' OR not_before < $1::timestamptz - interval '1 hour')`},
	{"findings", "/desk/orders", false, `SELECT '', count(*), 0::bigint, min(found_at) FROM bank_findings WHERE resolved_at IS NULL AND $1::timestamptz IS NOT NULL`},
	{"suspense", "/desk/money/suspense", false, `SELECT '', count(*), coalesce(sum(amount - allocated - refund_due - reversed - refunded - moved), 0)::bigint, min(received_at)
  FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved AND $1::timestamptz IS NOT NULL`},
	{"refunds", "/desk/money/refunds", false, `SELECT '', count(*), coalesce(sum(refund_due), 0)::bigint, min(received_at) FROM payments WHERE refund_due > 0 AND $1::timestamptz IS NOT NULL`},
	{"approve_money", "/desk/money", false, `SELECT '', count(*), 0::bigint, min(proposed_at) FROM money_acts a
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND NOT EXISTS (SELECT 1 FROM money_act_decisions d WHERE d.act_id = a.id)`},
	{"approve_switch", "/desk/switch", false, `SELECT '', count(DISTINCT s.id), 0::bigint, min(a.at) FROM stops s JOIN stop_acts a ON a.stop_id = s.id AND a.act = 'proposed'
 WHERE s.released_at IS NULL AND a.at > $1::timestamptz - interval '24 hours'`},
	{"approve_texts", "/desk/texts", false, `SELECT '', count(*), 0::bigint, min(proposed_at) FROM text_versions v
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND NOT EXISTS (SELECT 1 FROM text_version_acts a WHERE a.version = v.version)`},
}

func readWork(ctx context.Context, tx pgx.Tx, now time.Time) (all []workRow, err error) {
	batch := &pgx.Batch{}
	for _, l := range workLists {
		batch.Queue(l.sql, now).Query(func(rows pgx.Rows) error {
			w := workRow{kind: l.kind}
			var oldest pgtype.Timestamptz
			_, err := pgx.ForEachRow(rows, []any{&w.region, &w.count, &w.sum, &oldest}, func() error {
				w.oldest = oldest.Time
				all = append(all, w)
				return nil
			})
			return err
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("work: %w", err)
	}
	return all, nil
}

// workOf is what waits in an area. Of what belongs to no region only those are told who see the country.
func workOf(rows []workRow, in area) []WorkItem {
	var list []WorkItem
	for _, l := range workLists {
		if !l.local && !in.whole() {
			continue
		}
		w := WorkItem{Kind: l.kind, Link: l.link}
		for _, r := range rows {
			if r.kind != l.kind || r.count == 0 || l.local && !in.has(r.region) {
				continue
			}
			w.Count, w.Sum = w.Count+r.count, w.Sum.Add(money.FromTiyn(r.sum))
			if w.Oldest.IsZero() || r.oldest.Before(w.Oldest) {
				w.Oldest = r.oldest
			}
		}
		list = append(list, w)
	}
	return list
}
