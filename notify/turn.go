package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// NotNeeded is the detail of a notice that did not leave, since its debtor was told by the channel that he prefers.
const NotNeeded = "not_needed"

// former is what became of a courtesy on a channel that comes before another one.
type former struct {
	turn      int
	status    Status
	tried     bool // its gateway has said something of it
	notBefore time.Time
	sentAt    *time.Time
}

const formerSQL = `SELECT n.case_id, n.ordinal, n.turn, n.status, n.detail <> '', n.not_before, n.sent_at FROM notices n
WHERE n.case_id = ANY ($1) AND n.kind = ANY ($2)
  AND EXISTS (SELECT 1 FROM notices o WHERE o.case_id = n.case_id AND o.ordinal = n.ordinal AND o.turn > n.turn)`

// formerOf looks at the channels before those that wait for their turn: only debtors who prefer another channel have any. The key
// names no channel.
func formerOf(ctx context.Context, tx pgx.Tx, rows []row) (map[key][]former, error) {
	var ids []int64
	for _, r := range rows {
		if r.Status == StatusCreated && r.Turn > 0 {
			ids = append(ids, r.CaseID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	answer, err := tx.Query(ctx, formerSQL, ids, courtesyKinds)
	if err != nil {
		return nil, fmt.Errorf("notify: reading the channels before: %w", err)
	}
	found := map[key][]former{}
	var k key
	var f former
	_, err = pgx.ForEachRow(answer, []any{&k.CaseID, &k.Ordinal, &f.turn, &f.status, &f.tried, &f.notBefore, &f.sentAt}, func() error {
		found[k] = append(found[k], f)
		f.sentAt = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: reading the channels before: %w", err)
	}
	return found, nil
}

// inTurn says what to do with a courtesy whose time has come, by what became of it on the channels before. What was taken there
// has so long to fail, since some gateways tell it by a receipt; what nobody knows of after that time is said again here: twice is
// better than never. It is pure.
func inTurn(r row, before []former, now time.Time, patience time.Duration) (action, time.Time) {
	do, at := send, now
	for _, f := range before {
		if f.turn >= r.Turn {
			continue
		}
		over := f.sentAt != nil && !now.Before(f.sentAt.Add(patience)) || f.sentAt == nil && f.tried && !now.Before(f.notBefore.Add(patience))
		switch f.status {
		case StatusDelivered:
			return drop, now
		case StatusSent:
			if over {
				return drop, now
			}
		case StatusFailed, StatusExpired:
			continue
		case StatusCreated, StatusSending, StatusUnknown:
			if over {
				continue
			}
		}
		do, at = wait, now.Add(patience)
	}
	return do, at
}
