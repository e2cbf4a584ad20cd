package signing

// The transactions below the oldest one that still runs have all ended, so that no event is passed over whose commit comes late.
const gatherSQL = `WITH place AS MATERIALIZED (SELECT tx, case_id, seq FROM decrees_seen FOR UPDATE SKIP LOCKED),
page AS MATERIALIZED (
    SELECT e.tx, e.case_id, e.seq, e.kind FROM place p
     CROSS JOIN LATERAL (SELECT tx, case_id, seq, kind FROM events
            WHERE (tx, case_id, seq) > (p.tx, p.case_id, p.seq) AND tx < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY tx, case_id, seq LIMIT $1) e),
moved AS (UPDATE decrees_seen s SET tx = l.tx, case_id = l.case_id, seq = l.seq
            FROM (SELECT tx, case_id, seq FROM page ORDER BY tx DESC, case_id DESC, seq DESC LIMIT 1) l)
INSERT INTO decrees_wanted (case_id) SELECT DISTINCT case_id FROM page WHERE kind = ANY ($2) ORDER BY case_id
    ON CONFLICT (case_id) DO UPDATE SET look_at = least(decrees_wanted.look_at, excluded.look_at)`

// newsSQL looks without a lock, since mostly nothing has happened.
const newsSQL = `SELECT EXISTS (SELECT 1 FROM decrees_seen p CROSS JOIN LATERAL (SELECT 1 FROM events e
    WHERE (e.tx, e.case_id, e.seq) > (p.tx, p.case_id, p.seq) AND e.tx < pg_snapshot_xmin(pg_current_snapshot()) LIMIT 1) x)`

const takeSQL = `SELECT case_id FROM decrees_wanted WHERE look_at <= now() ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED`

const againSQL = `UPDATE decrees_wanted SET look_at = now() + $2::interval WHERE case_id = $1`

const doneSQL = `DELETE FROM decrees_wanted WHERE case_id = $1`

const keepSQL = `INSERT INTO decrees (case_id, seq, signed_at, signer, post, serial, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`
