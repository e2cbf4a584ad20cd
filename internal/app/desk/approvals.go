package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/person"
)

// Waiting is what waits for a second word in one room of the desk.
type Waiting struct {
	Room   string // a word of the catalogs
	Link   string
	Count  int
	Mine   int       // of them those that the actor has asked for himself
	Oldest time.Time // since when the first waits
	Until  time.Time // and how long still
}

// Approvals is all that waits for a second word.
type Approvals struct {
	Acts  []caseacts.Act // on cases, the oldest first
	Rooms []Waiting
}

// approvals are the rooms in which something waits for a second word besides acts on cases. Each waits for a day. $1 is the legal instant, by
// which all but exports and accounts are counted, $2 the actor, $3 his regions. What concerns all regions is shown to those who see them all.
var approvals = []struct {
	room, link string
	local      bool // counted by what an actor sees
	sql        string
}{
	{"exports", "/desk/exports", true, `SELECT count(*), count(*) FILTER (WHERE actor = $2), min(made_at) FROM desk_exports
 WHERE decided_at IS NULL AND made_at > clock_timestamp() - interval '24 hours' AND ($3::text[] IS NULL OR regions <@ $3) AND $1::timestamptz IS NOT NULL`},
	{"batches", "/desk/imports?state=waiting", false, `SELECT count(DISTINCT b.id), count(DISTINCT b.id) FILTER (WHERE a.actor = $2), min(a.at) FROM batches b JOIN batch_acts a ON a.batch_id = b.id AND a.act = 'proposed'
 WHERE b.state = 'waiting' AND a.at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL`},
	{"identities", "/desk/work?kind=approve_identities", true, `SELECT count(*), count(*) FILTER (WHERE proposed_by = $2), min(proposed_at) FROM identity_words
 WHERE verdict = '' AND expires_at > clock_timestamp() AND ($3::text[] IS NULL OR region = ANY ($3)) AND $1::timestamptz IS NOT NULL`},
	{"texts", "/desk/texts", false, `SELECT count(*), count(*) FILTER (WHERE proposed_by = $2), min(proposed_at) FROM text_versions v
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM text_version_acts a WHERE a.version = v.version)`},
	{"rules", "/desk/rules", false, `SELECT count(*), count(*) FILTER (WHERE actor = $2), min(at) FROM rule_pack_proposals p
 WHERE at > $1::timestamptz - interval '24 hours' AND from_on > ($1::timestamptz AT TIME ZONE 'Asia/Almaty')::date AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM rule_pack_decisions d WHERE d.proposal = p.id)`},
	{"accounts", "/desk/people/accounts", false, `SELECT count(*), count(*) FILTER (WHERE proposed_by = $2), min(proposed_at) FROM operator_proposals
 WHERE verdict IS NULL AND proposed_at > clock_timestamp() - interval '24 hours' AND $3::text[] IS NULL AND $1::timestamptz IS NOT NULL`},
	{"trials", "/desk/trials", false, `SELECT count(DISTINCT t.id), count(DISTINCT t.id) FILTER (WHERE a.actor = $2), min(a.at) FROM trials t JOIN trial_acts a ON a.trial_id = t.id AND a.act = 'proposed'
 WHERE t.passed_at IS NULL AND a.at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM trial_acts g WHERE g.trial_id = t.id AND g.id > a.id AND g.act = 'agreed')`},
	{"switch", "/desk/switch", false, `SELECT count(DISTINCT s.id), count(DISTINCT s.id) FILTER (WHERE a.actor = $2), min(a.at) FROM stops s JOIN stop_acts a ON a.stop_id = s.id AND a.act = 'proposed'
 WHERE s.released_at IS NULL AND a.at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL`},
	{"money", "/desk/money", false, `SELECT count(*), count(*) FILTER (WHERE proposed_by = $2), min(proposed_at) FROM money_acts a
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM money_act_decisions d WHERE d.act_id = a.id)`},
	{"refunds", "/desk/money/refunds", false, `SELECT count(*), count(*) FILTER (WHERE collected_by = $2), min(collected_at) FROM payout_files f
 WHERE collected_at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM payout_file_acts a WHERE a.file_id = f.id)`},
	{"claimants", "/desk/money/claimants", false, `SELECT count(*), count(*) FILTER (WHERE proposed_by = $2), min(proposed_at) FROM claimant_requisites q
 WHERE proposed_at > $1::timestamptz - interval '24 hours' AND $3::text[] IS NULL AND NOT EXISTS (SELECT 1 FROM claimant_requisites_decisions d WHERE d.requisites_id = q.id)`},
}

// waitsFor is how long anything waits for a second word.
const waitsFor = 24 * time.Hour

// Approvals reads all that waits for a second word in rooms that are open to an actor.
func (s *Service) Approvals(ctx context.Context, actor Actor, open func(room string) bool) (v Approvals, err error) {
	who, err := doer(actor)
	if err != nil {
		return v, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	if open("acts") {
		if v.Acts, err = s.acts.Waiting(ctx, who); err != nil {
			return v, err
		}
	}
	name, _ := person.Name(actor.Name) // as all rooms keep it
	err = s.read(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, q := range approvals {
			if !open(q.room) || !q.local && !actor.Whole() {
				continue
			}
			batch.Queue(q.sql, now, name, actor.Regions).QueryRow(func(row pgx.Row) error {
				w := Waiting{Room: q.room, Link: q.link}
				var oldest *time.Time
				if err := row.Scan(&w.Count, &w.Mine, &oldest); err != nil {
					return fmt.Errorf("%s: %w", q.room, err)
				}
				if oldest != nil {
					w.Oldest, w.Until = *oldest, oldest.Add(waitsFor)
				}
				v.Rooms = append(v.Rooms, w)
				return nil
			})
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return v, fmt.Errorf("desk: approvals: %w", err)
	}
	return v, nil
}
