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
	What   string // page, document, unmask, unmask_refused, export_wanted, export, file or act
	Actor  string
	Reason string
	Says   []i18n.Text // of an act: what happened
	Kind   string      // of a document
	At     time.Time   // of an act the legal time, of all else real time
}

// mostLooks bounds the access log of a page.
const mostLooks = 50

// machines are those who act on cases and are nobody at the desk.
var machines = []string{
	engine.ActorRobot, engine.ActorCourt, engine.ActorBank, engine.ActorRegister, engine.ActorPayment, engine.ActorDebtor, engine.ActorNotice, engine.ActorStranger,
}

const fileReadsSQL = `SELECT r.actor, r.at FROM objection_files f JOIN objection_file_reads r ON r.file_id = f.id WHERE f.case_id = $1 ORDER BY r.id DESC LIMIT $2`

// What is looked at, as it is stored.
const (
	lookPage     = "page"
	lookDocument = "document"
)

// quarterSQL numbers the quarters of hours. A look is written down once in each, per person, case and what was looked at.
const quarterSQL = `floor(extract(epoch FROM now()) / 900)::bigint`

// noteLookSQL writes nothing for a case that there is not, or that the person does not see: he sees no page of it either. A look that is written
// down already is found by reading, so that it costs no number and no transaction.
var noteLookSQL = `INSERT INTO desk_looks (case_id, actor, what, kind, quarter) SELECT c.id, $2, $3, $4, ` + quarterSQL + ` FROM cases c WHERE c.id = $1 AND ` + inScope(5) + `
   AND NOT EXISTS (SELECT FROM desk_looks l WHERE l.case_id = $1 AND l.quarter = ` + quarterSQL + ` AND l.actor = $2 AND l.kind = $4) ON CONFLICT DO NOTHING`

// noteLook writes down who looks at what. What cannot be written down is not shown.
func (s *Service) noteLook(ctx context.Context, actor Actor, caseID int64, what, kind string) error {
	if _, err := s.cfg.Pool.Exec(ctx, noteLookSQL, caseID, actor.Name, what, kind, actor.Regions); err != nil {
		return fmt.Errorf("desk: write down a look: %w", err)
	}
	return nil
}

// looksSQL leaves out that the reader himself has the page open.
const looksSQL = `SELECT what, actor, kind, at FROM desk_looks WHERE case_id = $1 AND NOT (what = 'page' AND actor = $2 AND quarter = ` + quarterSQL + `)
 ORDER BY quarter DESC, id DESC LIMIT $3`

// mostOpened bounds how many of them a page lists: there are more of them than of all else.
const mostOpened = 20

// readLooks lists what people have done with a case, the latest first.
func readLooks(ctx context.Context, tx pgx.Tx, actor Actor, caseID int64, told []story.Entry) (out []Look, err error) {
	looks, err := caselist.Looks(ctx, tx, caseID)
	if err != nil {
		return nil, err
	}
	for _, l := range looks {
		out = append(out, Look{What: l.What, Actor: l.Actor, Reason: l.Reason, At: l.At})
	}
	rows, err := tx.Query(ctx, looksSQL, caseID, actor.Name, mostOpened)
	if err != nil {
		return nil, fmt.Errorf("looks: %w", err)
	}
	opened := Look{}
	if _, err = pgx.ForEachRow(rows, []any{&opened.What, &opened.Actor, &opened.Kind, &opened.At}, func() error { out = append(out, opened); return nil }); err != nil {
		return nil, fmt.Errorf("looks: %w", err)
	}
	rows, err = tx.Query(ctx, fileReadsSQL, caseID, mostLooks)
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
