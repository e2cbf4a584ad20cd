package portal

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
)

// lockCaseSQL makes invitations of one case come one after the other.
const lockCaseSQL = `SELECT FROM cases WHERE id = $1 FOR NO KEY UPDATE`

const insertHelperSQL = `INSERT INTO portal_helpers (case_id, token_hash, code_hash, made_at, expires_at) SELECT $1, $2, $3, $4, $5
 WHERE (SELECT count(*) FROM portal_helpers WHERE case_id = $1 AND ended_at IS NULL AND expires_at > $4) < $6`

func insertHelper(ctx context.Context, tx pgx.Tx, caseID int64, token, code []byte, now, until time.Time) (ok bool, err error) {
	if _, err := tx.Exec(ctx, lockCaseSQL, caseID); err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, insertHelperSQL, caseID, token, code, now, until, maxHelpers)
	return tag.RowsAffected() == 1, err
}

const readHelpersSQL = `SELECT id, made_at, expires_at, opened_at, ended_at, coalesce(ended_by, '') FROM portal_helpers WHERE case_id = $1 ORDER BY id DESC`

func readHelpers(ctx context.Context, q engine.Querier, caseID int64) ([]Helper, error) {
	rows, err := q.Query(ctx, readHelpersSQL, caseID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Helper, err error) {
		var opened, ended pgtype.Timestamptz
		err = row.Scan(&h.ID, &h.Made, &h.Until, &opened, &ended, &h.EndedBy)
		h.Opened, h.Ended = opened.Time, ended.Time
		return h, err
	})
}

const readInvitationSQL = `SELECT id, case_id, code_hash, expires_at, opened_at, ended_at FROM portal_helpers WHERE token_hash = $1 FOR UPDATE`

// readInvitation finds a helper by the link; one without an id is none.
func readInvitation(ctx context.Context, tx pgx.Tx, token []byte) (h Helper, caseID int64, err error) {
	var opened, ended pgtype.Timestamptz
	err = tx.QueryRow(ctx, readInvitationSQL, token).Scan(&h.ID, &caseID, &h.hashed, &h.Until, &opened, &ended)
	if errors.Is(err, pgx.ErrNoRows) {
		return Helper{}, 0, nil
	}
	h.Opened, h.Ended = opened.Time, ended.Time
	return h, caseID, err
}

const openHelperSQL = `UPDATE portal_helpers SET opened_at = $2 WHERE id = $1`

func openHelper(ctx context.Context, tx pgx.Tx, id int64, now time.Time) error {
	_, err := tx.Exec(ctx, openHelperSQL, id, now)
	return err
}

const endHelperSQL = `WITH gone AS (UPDATE portal_helpers SET ended_at = $3, ended_by = $4 WHERE id = $2 AND case_id = $1 AND ended_at IS NULL RETURNING id),
     visits AS (DELETE FROM portal_sessions WHERE helper_id IN (SELECT id FROM gone))
SELECT count(*) = 1 FROM gone`

// endHelper ends what a helper of a case was allowed, and the visit; ok is false when there is no such helper any more.
func endHelper(ctx context.Context, tx pgx.Tx, caseID, id int64, now time.Time, by string) (ok bool, err error) {
	err = tx.QueryRow(ctx, endHelperSQL, caseID, id, now, by).Scan(&ok)
	return ok, err
}
