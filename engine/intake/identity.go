package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Waiting is a row of a batch that waits for people, with what its court sent. It holds personal data, and is for those who have to find out
// whom it means.
type Waiting struct {
	BatchID    int64
	Row        int
	Source     string
	ReceivedAt time.Time
	Verdict    Verdict
	Code       string
	Field      string
	CaseID     int64 // of a row that has one by now
	Document   string
	Writ       Writ // zero once the row does not wait any more, since its content is gone then, and when it cannot be read
	Trace      rules.Trace

	// BirthDiffers says that the stated birth date is not the one inside the IIN.
	BirthDiffers bool
	// Known is the debtor who has the IIN of the writ; nil: nobody has.
	Known *Person
	// Similar are other debtors who have the name or the telephone of the row, as far as who looks sees them.
	Similar []Person
	// Outcome is what the rules say of the writ today, if it means the person of its IIN; empty: a case is opened.
	Outcome string
	// Twice says that the batch gives the IIN to two persons.
	Twice bool
}

// Doubtful says whether a row waits since nobody knows whom it means. Any other row that waits can only be sent back.
func (w *Waiting) Doubtful() bool {
	return w.Verdict == Quarantined && w.Code == rules.CodeIdentityConflict && w.Writ.Source != ""
}

// ErrNotWaiting says that a row does not wait for people, or not any more.
var ErrNotWaiting = errors.New("intake: the row does not wait for people")

const readWaitingSQL = `SELECT b.source, b.sender_known, b.received_at, b.state, r.verdict, r.code, r.field, coalesce(r.case_id, 0), r.document_number, r.trace, r.sealed, r.action
  FROM batch_rows r JOIN batches b ON b.id = r.batch_id WHERE r.batch_id = $1 AND r.row_no = $2`

// waitingRow is a row as it is stored.
type waitingRow struct {
	Waiting

	state  State
	known  bool // the sender
	sealed []byte
	action Action
}

func (in *Inbox) readWaiting(ctx context.Context, q engine.Querier, batchID int64, row int, lock string) (w waitingRow, err error) {
	w.BatchID, w.Row = batchID, row
	err = q.QueryRow(ctx, readWaitingSQL+lock, batchID, row).Scan(&w.Source, &w.known, &w.ReceivedAt, &w.state, &w.Verdict, &w.Code, &w.Field, &w.CaseID, &w.Document, &w.Trace, &w.sealed, &w.action)
	if errors.Is(err, pgx.ErrNoRows) {
		return w, ErrNotWaiting
	}
	if err != nil {
		return w, fmt.Errorf("intake: row %d of batch %d: %w", row, batchID, err)
	}
	w.ReceivedAt = w.ReceivedAt.UTC()
	return w, nil
}

// item reads what the court sent.
func (w *waitingRow) item(in *Inbox) (*item, error) {
	plain, err := in.keys.Open(w.sealed, SealedRow)
	if err != nil {
		return nil, fmt.Errorf("intake: row %d of batch %d cannot be opened: %w", w.Row, w.BatchID, err)
	}
	it := &item{}
	if it.row, err = rowOfObject(plain); err != nil {
		return nil, fmt.Errorf("intake: row %d of batch %d cannot be read: %w", w.Row, w.BatchID, err)
	}
	it.row.No = w.Row
	given := ""
	if w.known {
		given = w.Source
	}
	it.prepare(in.keys, given)
	return it, nil
}

// rowOfObject reads what [Row.appendObject] wrote.
func rowOfObject(b []byte) (row Row, err error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return row, err
	}
	for name, raw := range values {
		switch f, known := fieldByName[name]; {
		case known:
			err = json.Unmarshal(raw, &row.Values[f])
		case name == "raw":
			err = json.Unmarshal(raw, &row.Raw)
		}
		if err != nil {
			return row, err
		}
	}
	if row.Raw != "" {
		row.Fault = Problem{Code: CodeRowMalformed}
	}
	return row, nil
}

// Waiting reads a row that waits for people, or has waited: what its court sent beside what is known here. A row of a batch that is not done
// does not wait yet.
// regions are those that who looks sees; nil: all.
func (in *Inbox) Waiting(ctx context.Context, q engine.Querier, batchID int64, row int, regions []string) (Waiting, error) {
	w, err := in.readWaiting(ctx, q, batchID, row, "")
	if err != nil {
		return Waiting{}, err
	}
	if w.state != StateDone {
		return Waiting{}, ErrNotWaiting
	}
	if w.Verdict != Quarantined {
		return w.Waiting, nil
	}
	it, err := w.item(in)
	if err != nil {
		return Waiting{}, err
	}
	if w.Writ = it.writ; it.problem.Code != "" {
		return w.Waiting, nil
	}
	now, err := in.store.Now(ctx)
	if err != nil {
		return Waiting{}, fmt.Errorf("intake: legal time: %w", err)
	}
	facts := it.writ.facts()
	facts.IdentityConfirmed = true
	w.Outcome = rules.Eligibility(in.store.Pack(), facts, calendar.DateOf(now)).Code
	if it.blind == nil {
		return w.Waiting, nil
	}
	if err := q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM batches WHERE id = $1 AND $2 = ANY (suspects))`, batchID, it.blind[:16]).Scan(&w.Twice); err != nil {
		return Waiting{}, fmt.Errorf("intake: row %d of batch %d: %w", row, batchID, err)
	}
	inside, _, readable := rules.IINBirthDate(it.writ.DebtorIIN)
	w.BirthDiffers = readable && !it.writ.DebtorBirthDate.IsZero() && it.writ.DebtorBirthDate != inside
	persons, err := in.persons(ctx, q, it, regions)
	if err != nil {
		return Waiting{}, err
	}
	for _, p := range persons {
		if p.SameIIN {
			w.Known = &p
			continue
		}
		w.Similar = append(w.Similar, p)
	}
	return w.Waiting, nil
}
