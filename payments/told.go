package payments

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// A gateway tells of one reversal in a message and in the list of its day, in any order. Both must be one. What it calls the reversal says
// which is which; where it gives no name, each way tells of each reversal once: the n-th of a payment and a sum in the one is the n-th in the other.

// told is one reversal, booked before or told of by this page.
type told struct {
	row              int64 // in reversals_told; 0: not there yet
	source, txn, own string
	tiyn             int64
	message, list    int64 // the events that told of it
	first            int   // the telling of this page that is booked for it; -1: it was booked before
	learnt           bool  // this page says something of it that was not known
}

// Tellings are reversals of gateways, with what is known of each.
type Tellings struct {
	all   []Reversal
	known []*told
	of    []*told // of each telling; nil: it contradicts what is known
}

const (
	lockTellingsSQL = `SELECT g, pg_try_advisory_xact_lock(hashtextextended('bailiff.reversals/' || g, 0)) FROM unnest($1::text[]) AS g`
	tellingsSQL     = `SELECT DISTINCT t.id, t.source, t.txn_id, coalesce(t.reversal_id, ''), t.amount, coalesce(t.message_id, 0), coalesce(t.list_id, 0)
  FROM unnest($1::text[], $2::text[], $3::text[]) AS w (source, txn_id, own)
 CROSS JOIN LATERAL (SELECT * FROM reversals_told r WHERE r.source = w.source AND r.txn_id = w.txn_id
                      UNION ALL SELECT * FROM reversals_told r WHERE r.source = w.source AND r.reversal_id = w.own) AS t ORDER BY t.id`
)

// LockTellings keeps two transactions from booking the two tellings of one reversal apart. It waits for nobody: it gives the reversals of those
// sources that no other transaction is at work on, and the others stay for the next run.
func (s *Store) LockTellings(ctx context.Context, tx pgx.Tx, reversals []Reversal) ([]Reversal, error) {
	var sources []string
	for _, r := range reversals {
		if !slices.Contains(sources, r.Source) {
			sources = append(sources, r.Source)
		}
	}
	if len(sources) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, lockTellingsSQL, whole, sources)
	if err != nil {
		return nil, fmt.Errorf("payments: reversals: %w", err)
	}
	ours := map[string]bool{}
	var source string
	var got bool
	if _, err = pgx.ForEachRow(rows, []any{&source, &got}, func() error { ours[source] = got; return nil }); err != nil {
		return nil, fmt.Errorf("payments: reversals: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(reversals), func(r Reversal) bool { return !ours[r.Source] }), nil
}

// MeetTellings finds out which of these reversals are the same, and which were booked before. The caller holds [Store.LockTellings].
func (s *Store) MeetTellings(ctx context.Context, tx pgx.Tx, reversals []Reversal) (*Tellings, error) {
	if err := checkBatch(len(reversals)); err != nil {
		return nil, err
	}
	t := &Tellings{all: reversals}
	if len(reversals) == 0 {
		return t, nil
	}
	n := len(reversals)
	sources, txns, owns := make([]string, n), make([]string, n), make([]*string, n)
	for i, r := range reversals {
		if sources[i], txns[i] = r.Source, r.TxnID; r.ID != "" {
			owns[i] = &reversals[i].ID
		}
	}
	rows, err := tx.Query(ctx, tellingsSQL, whole, sources, txns, owns)
	if err != nil {
		return nil, fmt.Errorf("payments: reversals: %w", err)
	}
	var k told
	_, err = pgx.ForEachRow(rows, []any{&k.row, &k.source, &k.txn, &k.own, &k.tiyn, &k.message, &k.list}, func() error {
		one := k
		one.first = -1
		t.known = append(t.known, &one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: reversals: %w", err)
	}
	t.of = make([]*told, n)
	for i := range reversals {
		t.of[i] = t.meet(i)
	}
	return t, nil
}

// meet finds what a telling tells of, or that it is new; nil: its name stands for something else.
func (t *Tellings) meet(i int) *told {
	r := &t.all[i]
	if r.ID != "" {
		for _, k := range t.known {
			if k.source == r.Source && k.own == r.ID {
				if k.txn != r.TxnID || k.tiyn != r.Amount.Tiyn() {
					return nil
				}
				k.say(r)
				return k
			}
		}
	}
	for _, k := range t.known {
		if k.source == r.Source && k.txn == r.TxnID && k.tiyn == r.Amount.Tiyn() && (k.own == "" || r.ID == "") && !k.saidBy(r.Listed) {
			k.say(r)
			return k
		}
	}
	k := &told{source: r.Source, txn: r.TxnID, tiyn: r.Amount.Tiyn(), first: i}
	k.say(r)
	t.known = append(t.known, k)
	return k
}

func (k *told) saidBy(listed bool) bool {
	if listed {
		return k.list != 0
	}
	return k.message != 0
}

func (k *told) say(r *Reversal) {
	if k.own == "" && r.ID != "" {
		k.own, k.learnt = r.ID, true
	}
	switch {
	case r.Listed && k.list == 0:
		k.list, k.learnt = r.EventRow, true
	case !r.Listed && k.message == 0:
		k.message, k.learnt = r.EventRow, true
	}
}

// Fresh are the tellings that nothing booked stands for, each reversal once: they are to be booked.
func (t *Tellings) Fresh() (fresh []Reversal, at []int) {
	for i, k := range t.of {
		if k != nil && k.first == i {
			fresh, at = append(fresh, t.all[i]), append(at, i)
		}
	}
	return fresh, at
}

// Repeats says whether a telling only repeats another one of this page or one that is booked.
func (t *Tellings) Repeats(i int) bool { return t.of[i] != nil && t.of[i].first != i }

// Verdicts gives the verdict of every telling, from those of the fresh ones.
func (t *Tellings) Verdicts(booked []Verdict) []Verdict {
	out := make([]Verdict, len(t.all))
	_, at := t.Fresh()
	for n, i := range at {
		out[i] = booked[n]
	}
	for i, k := range t.of {
		switch {
		case k == nil:
			out[i] = Conflict
		case k.first == i:
		case k.first < 0 || out[k.first] == WasReverse:
			out[i] = Duplicate
		default:
			out[i] = out[k.first] // waits for the payment together with it, or is refused with it
		}
	}
	return out
}

const (
	keepTellingsSQL = `INSERT INTO reversals_told (source, txn_id, reversal_id, amount, message_id, list_id, at)
SELECT source, txn_id, nullif(own, ''), amount, nullif(message, 0), nullif(list, 0), $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS w (source, txn_id, own, amount, message, list)`
	addTellingsSQL = `UPDATE reversals_told t SET reversal_id = nullif(w.own, ''), message_id = nullif(w.message, 0), list_id = nullif(w.list, 0)
  FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS w (id, own, message, list) WHERE t.id = w.id`
)

// KeepTellings keeps what was booked, and which way told of it. verdicts are those of [Tellings.Verdicts].
func (s *Store) KeepTellings(ctx context.Context, tx pgx.Tx, t *Tellings, verdicts []Verdict, now time.Time) error {
	var sources, txns, owns, addOwns []string
	var sums, messages, lists, rows, addMessages, addLists []int64
	for _, k := range t.known {
		switch {
		case k.first >= 0 && verdicts[k.first] == WasReverse:
			sources, txns, owns = append(sources, k.source), append(txns, k.txn), append(owns, k.own)
			sums, messages, lists = append(sums, k.tiyn), append(messages, k.message), append(lists, k.list)
		case k.first < 0 && k.learnt:
			rows, addOwns, addMessages, addLists = append(rows, k.row), append(addOwns, k.own), append(addMessages, k.message), append(addLists, k.list)
		}
	}
	if len(sources) > 0 {
		if _, err := tx.Exec(ctx, keepTellingsSQL, whole, sources, txns, owns, sums, messages, lists, now); err != nil {
			return fmt.Errorf("payments: reversals: %w", err)
		}
	}
	if len(rows) > 0 {
		if _, err := tx.Exec(ctx, addTellingsSQL, whole, rows, addOwns, addMessages, addLists); err != nil {
			return fmt.Errorf("payments: reversals: %w", err)
		}
	}
	return nil
}

// ReversalTask is what a reversal leaves to a person.
type ReversalTask struct {
	Why       TaskReason
	Source    string
	TxnID     string
	PaymentID int64 // 0: there is none
	CaseID    int64 // 0: it has none
	Amount    money.Amount
}

// TaskReason says why a person has to look. The words are stable.
type TaskReason string

// Reasons of a [ReversalTask].
const (
	TaskEnded     TaskReason = "ended"     // its case has ended, and an end is final: the sum is to be asked for in another way
	TaskUnmatched TaskReason = "unmatched" // no payment of ours is meant, or its money is elsewhere by now
	TaskConflict  TaskReason = "conflict"  // it contradicts what is known
)

const addTasksSQL = `INSERT INTO reversal_tasks (why, source, txn_id, payment_id, case_id, amount, at)
SELECT why, source, txn_id, nullif(payment_id, 0), nullif(case_id, 0), amount, $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS w (why, source, txn_id, payment_id, case_id, amount)`

// AddTasks keeps what reversals leave to people. A task without a usable name or sum is passed over: its message stays known as refused.
func (s *Store) AddTasks(ctx context.Context, tx pgx.Tx, tasks []ReversalTask, now time.Time) error {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t ReversalTask) bool {
		return !ledger.ValidSource(t.Source) || !ValidID(t.TxnID) || !t.Amount.IsPositive()
	})
	if len(tasks) == 0 {
		return nil
	}
	n := len(tasks)
	whys, sources, txns := make([]string, n), make([]string, n), make([]string, n)
	ids, cases, sums := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, t := range tasks {
		whys[i], sources[i], txns[i], ids[i], cases[i], sums[i] = string(t.Why), t.Source, t.TxnID, t.PaymentID, t.CaseID, t.Amount.Tiyn()
	}
	if _, err := tx.Exec(ctx, addTasksSQL, whole, whys, sources, txns, ids, cases, sums, now); err != nil {
		return fmt.Errorf("payments: reversal tasks: %w", err)
	}
	return nil
}
