package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
)

type evidenceEvent struct {
	Seq  int              `json:"seq"`
	Kind engine.EventKind `json:"kind"`
	At   time.Time        `json:"at"`
	Hash string           `json:"hash"`
}

// chainCheck is the verdict on the chain of one case, as audit verify gives it on all.
type chainCheck struct {
	Result   audit.Result `json:"result"`
	FirstBad *chainPlace  `json:"first_bad"` // null when nothing is wrong
}

type chainPlace struct {
	Seq int    `json:"seq"`
	Why string `json:"why"`
}

// The text of the data is what was hashed, so it is read as text and not as a value.
const evidenceChainSQL = `SELECT e.seq, e.kind, e.at, e.actor, coalesce(p.hash, ''), e.data::text, e.hash
  FROM events e LEFT JOIN rule_packs p ON p.id = e.pack WHERE e.case_id = $1 ORDER BY e.seq`

// followChain reads the events of a case, and makes every link again.
func followChain(ctx context.Context, tx pgx.Tx, c engine.Case) (events []evidenceEvent, check chainCheck, err error) {
	rows, err := tx.Query(ctx, evidenceChainSQL, c.ID)
	if err != nil {
		return nil, check, fmt.Errorf("evidence: events: %w", err)
	}
	var (
		r      = audit.Record{CaseID: c.ID}
		link   [32]byte
		stored []byte
		bad    *chainPlace
	)
	events = []evidenceEvent{}
	_, err = pgx.ForEachRow(rows, []any{&r.Seq, &r.Kind, &r.At, &r.Actor, &r.Pack, &r.Data, &stored}, func() error {
		want := len(events) + 1
		link = audit.Link(link, r)
		switch {
		case bad != nil: // what follows a break proves nothing
		case r.Seq != want:
			bad = &chainPlace{want, "the event is missing"}
		case string(link[:]) != string(stored):
			bad = &chainPlace{r.Seq, "the event is not what was written"}
		}
		events = append(events, evidenceEvent{Seq: r.Seq, Kind: engine.EventKind(r.Kind), At: r.At.UTC(), Hash: hex.EncodeToString(stored)})
		return nil
	})
	if err != nil {
		return nil, check, fmt.Errorf("evidence: events: %w", err)
	}
	switch {
	case bad != nil:
	case len(events) != c.Seq:
		bad = &chainPlace{len(events) + 1, "the event is missing"}
	case engine.Hash(link) != c.Head:
		bad = &chainPlace{c.Seq, "the head of the case is not the hash of its last event"}
	}
	check = chainCheck{Result: audit.Intact, FirstBad: bad}
	if bad != nil {
		check.Result = audit.Tampered
	}
	return events, check, nil
}

func (e *env) sayChain(c chainCheck) {
	if bad := c.FirstBad; bad != nil {
		e.sayf("TAMPERED: event %d: %s. Do not rely on this evidence until the cause is known.\n", bad.Seq, bad.Why)
		return
	}
	e.sayf("Intact: the events of the case are as they were written.\n")
}
