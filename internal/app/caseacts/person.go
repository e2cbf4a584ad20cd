package caseacts

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/links"
	"robotbailiff/notify/contact"
	"robotbailiff/rules"
)

// doubtedSQL gives the open cases of the debtors of an act's list that nothing holds yet.
const doubtedSQL = `SELECT c.id FROM writs w JOIN cases c ON c.id = w.case_id
 WHERE w.debtor_id IN (SELECT x.debtor_id FROM case_act_items i JOIN writs x ON x.case_id = i.case_id WHERE i.act_id = $1)
   AND c.ended_at IS NULL AND c.hold = '' ORDER BY c.id`

// holdAll stops coercion in all open cases of the debtors of an act with its first word: whom they are about is in doubt, and so is what the
// others owe whose number was mixed up with theirs. It stays so until a person lets each go on, also when nobody agrees to the act.
func (s *Store) holdAll(ctx context.Context, tx pgx.Tx, a *Act) error {
	rows, err := tx.Query(ctx, doubtedSQL, a.ID)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, engine.MaxBatch) {
		holds := make([]engine.For, 0, len(part))
		for _, id := range part {
			holds = append(holds, engine.For{CaseID: id, Actor: a.AskedBy, Command: engine.SetHold{Reason: rules.CodeIdentityConflict, Note: a.Reason}})
		}
		if _, err := s.cases.ApplyTx(ctx, tx, holds); err != nil {
			return err
		}
	}
	return nil
}

// letGo ends all that led to a person by cases that were ended since they are not about him: the links, the visits, helpers, devices and chats.
func (s *Store) letGo(ctx context.Context, tx pgx.Tx, a *Act, ended []int64) error {
	if len(ended) == 0 {
		return nil
	}
	now, err := s.cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("caseacts: legal time: %w", err)
	}
	if err := links.End(ctx, tx, ended, a.by(), now); err != nil {
		return err
	}
	return contact.Release(ctx, tx, ended, string(OtherPerson), now)
}
