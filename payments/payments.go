package payments

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// MaxBatch is the most that one call takes.
const MaxBatch = 10_000

const (
	maxID        = 255       // bytes of an id of a foreign system: it stands in a unique index
	maxReference = 4_000     // bytes of a purpose text that are kept
	maxBody      = 256 << 10 // bytes of one raw message
	currency     = Currency
)

// Currency is the only currency of the books.
const Currency = "KZT"

// Store is the payments part of the database. It has no state; the zero value is ready.
type Store struct{}

// New returns a Store.
func New() *Store { return &Store{} }

// Querier is what reading needs: a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Transfer is one movement of money to us, as a source reported it.
type Transfer struct {
	EventRow  int64  // the raw message that carried it; 0 for a line of a statement
	Source    string // see ledger.ValidSource
	TxnID     string // the source's own id of the movement: with Source it is the identity
	Amount    money.Amount
	Currency  string
	ValueDate calendar.Date
	Reference string // the payer's words
	CaseID    int64  // named in the payer's words, see package match; 0: none
}

// Refusal says why a transfer cannot be booked at all. The words are stable.
type Refusal string

// Reasons of refusal.
const (
	RefusedSource   Refusal = "source_invalid"
	RefusedTxn      Refusal = "txn_id_invalid"
	RefusedAmount   Refusal = "amount_invalid"
	RefusedCurrency Refusal = "currency_unsupported"
	RefusedDate     Refusal = "value_date_missing"
)

// Verdict is what became of a message or a line. It is stored, so a word never changes its meaning.
type Verdict string

// Verdicts.
const (
	Settled    Verdict = "recorded"  // a new payment
	Duplicate  Verdict = "duplicate" // said before, nothing to do
	Conflict   Verdict = "conflict"  // said before with another sum or currency: refused, a person must look
	Bad        Verdict = "bad"       // cannot be read or booked
	WasReverse Verdict = "reversed"  // money taken back
	Unmatched  Verdict = "unmatched" // takes back money that never came, given up
	Ignored    Verdict = "ignored"   // of no concern to us

	Met         Verdict = "met"         // a gateway's word for money that a statement had brought before
	Matched     Verdict = "matched"     // a line that paid a case
	Held        Verdict = "suspense"    // a line whose money waits for a person
	WasSettled  Verdict = "settled"     // a line with the money of a payment that a gateway had told of
	PaidBack    Verdict = "paid_back"   // a gateway took back what it had to give back to a payer
	Unexplained Verdict = "unexplained" // money went from our account, and nobody has said why
	PaidOut     Verdict = "paid_out"    // a line by which one of our payment orders left
	CameBack    Verdict = "came_back"   // a line by which a refund of ours came back
)

// Verdicts lists every verdict once.
var Verdicts = []Verdict{
	Settled, Duplicate, Conflict, Bad, WasReverse, Unmatched, Ignored, Met, Matched, Held, WasSettled, PaidBack, Unexplained, PaidOut, CameBack,
}

// RefusedError says that a batch was refused as a whole, and for which rows. Nothing of it may be committed; the caller
// rolls back and tries the halves.
type RefusedError struct {
	Step    string
	Problem string
	IDs     []int64 // payments, cases or messages, by Step
}

// Error implements error.
func (e *RefusedError) Error() string {
	ids := e.IDs
	if len(ids) > 10 {
		ids = ids[:10]
	}
	return fmt.Sprintf("payments: %s refused, %s: %d rows %v", e.Step, e.Problem, len(e.IDs), ids)
}

// BatchError says that a call was given too much.
type BatchError struct{ Size int }

// Error implements error.
func (e *BatchError) Error() string {
	return fmt.Sprintf("payments: a batch of %d is more than %d", e.Size, MaxBatch)
}

func checkBatch(n int) error {
	if n > MaxBatch {
		return &BatchError{Size: n}
	}
	return nil
}

// refuse says why a transfer cannot be booked; "" when it can.
func (t Transfer) refuse() Refusal {
	switch {
	case !ledger.ValidSource(t.Source):
		return RefusedSource
	case !ValidID(t.TxnID):
		return RefusedTxn
	case !t.Amount.IsPositive():
		return RefusedAmount
	case t.Currency != currency:
		return RefusedCurrency
	case t.ValueDate.IsZero():
		return RefusedDate
	}
	return ""
}

// ValidID reports whether a foreign system's id can be an identity here: 1 to 255 bytes of printable text.
func ValidID(id string) bool {
	if id == "" || len(id) > maxID || !utf8.ValidString(id) {
		return false
	}
	for _, r := range id {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// storable makes a foreign text fit for a text column: no NUL, valid UTF-8, bounded. The raw message keeps the original.
func storable(s string) string {
	if clean(s) && len(s) <= maxReference {
		return s
	}
	b := make([]byte, 0, min(len(s), maxReference))
	for _, r := range s {
		if r == 0 {
			r = ' '
		}
		if len(b)+utf8.RuneLen(r) > maxReference {
			break
		}
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}

func clean(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}

// exact reads a stored sum; sums over many rows may go past what an Amount holds.
func exact(tiyn int64) (money.Amount, error) {
	if tiyn > money.Limit || tiyn < -money.Limit {
		return money.Zero, fmt.Errorf("payments: a total of %d tiyn: %w", tiyn, &money.RangeError{})
	}
	return money.FromTiyn(tiyn), nil
}

// duplicates gives the ids that a batch names twice.
func duplicates[T any](batch []T, id func(T) int64) []int64 {
	seen := make(map[int64]struct{}, len(batch))
	var twice []int64
	for _, x := range batch {
		k := id(x)
		if _, dup := seen[k]; dup {
			twice = append(twice, k)
		}
		seen[k] = struct{}{}
	}
	return twice
}

// missing gives the ids of a batch that are not in done.
func missing[T any](batch []T, id func(T) int64, done map[int64]struct{}) []int64 {
	var out []int64
	for _, x := range batch {
		if _, ok := done[id(x)]; !ok {
			out = append(out, id(x))
		}
	}
	return out
}
