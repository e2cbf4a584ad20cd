package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// attest takes every hash that is one: whether it is known already is for the store, since a case does not remember its papers.
func (d *decider) attest(cmd Attest) {
	raw, err := hex.DecodeString(cmd.SHA256)
	if err != nil || len(raw) != len(Hash{}) || strings.ToLower(cmd.SHA256) != cmd.SHA256 || cmd.Format != "pdf" && cmd.Format != "json" {
		d.refuse(CodeInvalid)
		return
	}
	d.emit(EvAttested, Data{})
}

// Attest records documents about a case, in one decision each. A hash that the case has already is left out, so that it may be
// repeated, also after a commit whose outcome is unknown. It returns how many were recorded.
func (s *Store) Attest(ctx context.Context, caseID int64, actor string, papers ...Attest) (recorded int, err error) {
	for _, a := range papers {
		fresh := false
		err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
			pl, err := s.ApplyTx(ctx, tx, []For{{CaseID: caseID, Actor: actor, Command: a}}, BeforeWrite(func(ctx context.Context, tx pgx.Tx, pl *Plan) error {
				var known bool // the case is locked, so nobody records the same at the same time
				if err := tx.QueryRow(ctx, attestedSQL, caseID, a.SHA256).Scan(&known); err != nil {
					return err
				}
				if fresh = !known; known {
					pl.Drop(caseID)
				}
				return nil
			}))
			if err != nil {
				return err
			}
			if r := pl.Outcomes[0].Refusal; r != nil {
				return r
			}
			return nil
		})
		if err != nil {
			return recorded, fmt.Errorf("engine: attest case %d: %w", caseID, err)
		}
		if fresh {
			recorded++
		}
	}
	return recorded, nil
}

const attestedSQL = `SELECT EXISTS (SELECT FROM events WHERE case_id = $1 AND kind = 'attested' AND data->'cmd'->'in'->>'sha256' = $2)`
