package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
)

// Look is one time that a person has looked at a case, taken something of it out of the house, or acted on it.
type Look struct {
	What   string // unmask, unmask_refused, export_wanted, export, file or act
	Actor  string
	Reason string
	Says   []i18n.Text // of an act: what happened
	At     time.Time   // of an act the legal time, of all else real time
}

// mostLooks bounds the access log of a page.
const mostLooks = 50

// machines are those who act on cases and are nobody at the desk.
var machines = []string{
	engine.ActorRobot, engine.ActorCourt, engine.ActorBank, engine.ActorRegister, engine.ActorPayment, engine.ActorDebtor, engine.ActorNotice, engine.ActorStranger,
}

const fileReadsSQL = `SELECT r.actor, r.at FROM objection_files f JOIN objection_file_reads r ON r.file_id = f.id WHERE f.case_id = $1 ORDER BY r.id DESC LIMIT $2`

// readLooks lists what people have done with a case, the latest first.
func readLooks(ctx context.Context, tx pgx.Tx, caseID int64, told []story.Entry) (out []Look, err error) {
	looks, err := caselist.Looks(ctx, tx, caseID)
	if err != nil {
		return nil, err
	}
	for _, l := range looks {
		out = append(out, Look{What: l.What, Actor: l.Actor, Reason: l.Reason, At: l.At})
	}
	rows, err := tx.Query(ctx, fileReadsSQL, caseID, mostLooks)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	l := Look{What: "file"}
	if _, err = pgx.ForEachRow(rows, []any{&l.Actor, &l.At}, func() error { out = append(out, l); return nil }); err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	for _, e := range told {
		if !slices.Contains(machines, e.Actor) {
			out = append(out, Look{What: "act", Actor: e.Actor, Says: e.Says, At: e.At})
		}
	}
	slices.SortStableFunc(out, func(a, b Look) int { return b.At.Compare(a.At) })
	return out[:min(len(out), mostLooks)], nil
}
