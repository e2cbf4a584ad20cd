package contact

import (
	"context"
	"fmt"
	"time"
)

// ofCases are the debtors of cases, in the place of a condition.
const ofCases = `debtor_id IN (SELECT c.debtor_id FROM cases c WHERE c.id = ANY ($5::bigint[]))`

var (
	goneOfCasesSQL     = fmt.Sprintf(goneSQL, ofCases)
	chatGoneOfCasesSQL = fmt.Sprintf(chatGoneSQL, ofCases)
)

const codesOfCasesSQL = `DELETE FROM telegram_codes WHERE debtor_id IN (SELECT c.debtor_id FROM cases c WHERE c.id = ANY ($1::bigint[]))`

// Release takes all devices and chats of the debtors of cases out of use, and the codes that lead to chats: it has turned out that whoever has
// registered them may be another person. They can be registered anew by who passes the gate of a case.
func Release(ctx context.Context, q Querier, cases []int64, reason string, now time.Time) error {
	for _, sql := range []string{goneOfCasesSQL, chatGoneOfCasesSQL} {
		if _, err := q.Exec(ctx, sql, now, "robot", reason, nil, cases); err != nil {
			return fmt.Errorf("contact: release: %w", err)
		}
	}
	if _, err := q.Exec(ctx, codesOfCasesSQL, cases); err != nil {
		return fmt.Errorf("contact: release: %w", err)
	}
	return nil
}
