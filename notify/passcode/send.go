package passcode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"robotbailiff/notify"
)

// Letter is a code on its way. It lives in memory only.
type Letter struct {
	CaseID int64
	Serial int
	Purpose
	Code string
	Left time.Duration // that it can still be used
}

// String hides the code from logs.
func (l Letter) String() string { return "code " + Ref(l.CaseID, l.Serial) }

// GoString hides it as well.
func (l Letter) GoString() string { return l.String() }

const (
	suffix = "-code"

	claimSQL = `UPDATE passcodes SET sent = 'sending' WHERE case_id = $1`
	tellSQL  = `UPDATE passcodes SET sent = $3, parts = $4 WHERE case_id = $1 AND serial = $2 AND sent = 'sending'`
)

// Ref is the reference under which gateways know the message with a code. It is none of a notice.
func Ref(caseID int64, serial int) string {
	return strconv.FormatInt(caseID, 10) + "-" + strconv.Itoa(serial) + suffix
}

// ParseRef is the reverse of [Ref], and takes its one spelling only.
func ParseRef(ref string) (caseID int64, serial int, ok bool) {
	numbers, is := strings.CutSuffix(ref, suffix)
	first, second, two := strings.Cut(numbers, "-")
	caseID, err1 := strconv.ParseInt(first, 10, 64)
	serial, err2 := strconv.Atoi(second)
	if !is || !two || err1 != nil || err2 != nil || caseID <= 0 || serial <= 0 || serial > math.MaxInt32 || Ref(caseID, serial) != ref {
		return 0, 0, false
	}
	return caseID, serial, true
}

// Claim takes the code of a case to be sent. ok is false when there is none, it was taken before, or it is of no use any more: who dies
// after it has sent nothing that would be sent again.
func (s *Store) Claim(ctx context.Context, tx pgx.Tx, caseID int64) (l Letter, ok bool, err error) {
	r, err := read(ctx, tx, lockSQL, caseID)
	if err != nil || r.end() != Alive || r.fate != Wanted {
		return Letter{}, false, err
	}
	if _, err := tx.Exec(ctx, claimSQL, caseID); err != nil {
		return Letter{}, false, fmt.Errorf("passcode: case %d: %w", caseID, err)
	}
	return Letter{CaseID: caseID, Serial: r.serial, Purpose: r.of, Code: s.code(caseID, r), Left: Life - r.age}, true, nil
}

// ErrFate says that a message cannot get where somebody says it has.
var ErrFate = errors.New("passcode: no such fate of a message")

// Tell keeps what became of a claimed code: sent, failed, unknown, or wanted again when it is certain that nothing left. Parts are the
// gateway's numbers of the message. A code that is no longer the newest one is left alone.
func (s *Store) Tell(ctx context.Context, q Querier, l Letter, fate Fate, parts []string) error {
	if fate == Sending || !slices.Contains([]Fate{Wanted, Sent, Failed, Unknown}, fate) {
		return ErrFate
	}
	known := make([]string, 0, len(parts))
	for _, p := range parts {
		if storable(p) {
			known = append(known, p)
		}
	}
	if _, err := q.Exec(ctx, tellSQL, l.CaseID, l.Serial, string(fate), known); err != nil {
		return fmt.Errorf("passcode: case %d: %w", l.CaseID, err)
	}
	return nil
}

// storable says whether the number that a gateway gave can be a text of the database.
func storable(number string) bool {
	return number != "" && utf8.ValidString(number) && !strings.ContainsRune(number, 0)
}

const (
	oursSQL = `SELECT DISTINCT u.part FROM unnest($1::text[]) AS u (part) JOIN passcodes p ON p.parts @> ARRAY[u.part]`

	failedSQL = `UPDATE passcodes p SET sent = 'failed' FROM (SELECT q.case_id FROM passcodes q
    LEFT JOIN unnest($1::bigint[], $2::int[]) AS k (case_id, serial) ON k.case_id = q.case_id AND k.serial = q.serial
    WHERE k.case_id IS NOT NULL OR q.parts && $3 ORDER BY q.case_id FOR UPDATE OF q) AS f
 WHERE p.case_id = f.case_id AND p.sent <> 'wanted'`
)

// Sift takes the receipts of codes out of others, in the caller's transaction, and says how many they were. Delivery proves nothing;
// that a message could not be delivered is kept, so that the page can tell.
func (s *Store) Sift(ctx context.Context, tx pgx.Tx, receipts []notify.Receipt) (others []notify.Receipt, codes int, err error) {
	var numbers []string
	for _, r := range receipts {
		if r.Ref == "" && storable(r.ProviderRef) {
			numbers = append(numbers, r.ProviderRef)
		}
	}
	ours := map[string]bool{}
	if len(numbers) > 0 {
		rows, err := tx.Query(ctx, oursSQL, numbers)
		if err != nil {
			return nil, 0, fmt.Errorf("passcode: receipts: %w", err)
		}
		var part string
		if _, err := pgx.ForEachRow(rows, []any{&part}, func() error { ours[part] = true; return nil }); err != nil {
			return nil, 0, fmt.Errorf("passcode: receipts: %w", err)
		}
	}
	var ids []int64
	var serials []int
	parts := []string{}
	others = make([]notify.Receipt, 0, len(receipts))
	for _, r := range receipts {
		id, serial, ref := ParseRef(r.Ref)
		if !ref && (r.Ref != "" || !ours[r.ProviderRef]) {
			others = append(others, r)
			continue
		}
		codes++
		switch {
		case r.Status != notify.StatusFailed:
		case ref:
			ids, serials = append(ids, id), append(serials, serial)
		default:
			parts = append(parts, r.ProviderRef)
		}
	}
	if len(ids)+len(parts) == 0 {
		return others, codes, nil
	}
	if _, err := tx.Exec(ctx, failedSQL, ids, serials, parts); err != nil {
		return nil, 0, fmt.Errorf("passcode: receipts: %w", err)
	}
	return others, codes, nil
}
