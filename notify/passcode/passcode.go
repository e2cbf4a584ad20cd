package passcode

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/seal"
)

// The bounds of a code. The table knows MaxTries too.
const (
	Digits   = 6
	Life     = 10 * time.Minute
	MaxTries = 5
	PerHour  = 3
	PerDay   = 6
	Pause    = time.Minute // between two codes of a case
)

// Keys make codes; seal.Keys does.
type Keys interface {
	Blind(purpose, value string) []byte
}

// Querier reads and writes: a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Store keeps codes. It is safe for concurrent use and holds no connection.
type Store struct{ keys Keys }

// New gives a store.
func New(keys Keys) *Store { return &Store{keys: keys} }

// Fate is where the message with a code has got to.
type Fate string

// The fates.
const (
	Wanted  Fate = "wanted"  // nobody has begun to send it
	Sending Fate = "sending" // somebody has, and has not said what became of it
	Sent    Fate = "sent"
	Failed  Fate = "failed"  // refused by the gateway, or told to be undeliverable
	Unknown Fate = "unknown" // it may have left or not
)

// End is why there is no code that can be used.
type End string

// The ends.
const (
	Alive   End = ""        // there is one
	None    End = "none"    // there never was
	Used    End = "used"    // it has done its work
	Spent   End = "tries"   // it was guessed at too often
	Expired End = "expired" // it is too old
)

// Act is what can be done with a code. It is stored.
type Act string

// The acts.
const (
	Refusal Act = "refusal" // of the simplified procedure
	Refund  Act = "refund"  // saying where money goes back to
)

// Purpose is what a code is good for, and for nothing else.
type Purpose struct {
	Act   Act
	About string // of a refund the last characters of the account, which the message names; else empty
}

// State is what the page may tell of the code of a case.
type State struct {
	End   End
	Left  int           // tries
	Fate  Fate          // of the message
	Wait  time.Duration // until another code can be asked for; 0: now
	Today bool          // it is the bound of the day that makes wait
}

// row is a code, with its ages by the database's clock.
type row struct {
	serial int
	of     Purpose
	other  bool // it is good for something else than what was asked about
	nonce  []byte
	tries  int
	used   bool
	age    time.Duration
	fate   Fate
	asked  []time.Duration // ages of the codes of the last day, in any order
}

// end says whether a code can be used. It is pure, as is wait.
func (r row) end() End {
	switch {
	case r.serial == 0 || r.other:
		return None
	case r.used:
		return Used
	case r.tries >= MaxTries:
		return Spent
	case r.age >= Life:
		return Expired
	}
	return Alive
}

// wait is how long it takes until another code can be asked for, and whether that is for the bound of the day.
func (r row) wait() (d time.Duration, today bool) {
	hour, day := 0, 0
	var overHour, overDay time.Duration // ages at which room begins again
	for _, age := range r.asked {
		if age < time.Hour {
			hour, overHour = hour+1, max(overHour, age)
		}
		if age < 24*time.Hour {
			day, overDay = day+1, max(overDay, age)
		}
		d = max(d, Pause-age)
	}
	if hour >= PerHour {
		d = max(d, time.Hour-overHour)
	}
	if day >= PerDay && 24*time.Hour-overDay > d {
		d, today = 24*time.Hour-overDay, true
	}
	return d, today
}

func (r row) state() State {
	s := State{End: r.end(), Left: max(0, MaxTries-r.tries), Fate: r.fate}
	if r.other {
		s.Left, s.Fate = MaxTries, Wanted
	}
	s.Wait, s.Today = r.wait() // codes for whatever purpose are bounded together
	return s
}

// seenFor is the row as one who asks for a purpose sees it.
func (r row) seenFor(p Purpose) row {
	r.other = r.serial != 0 && r.of != p
	return r
}

const readSQL = `SELECT serial, act, about, coalesce(nonce, ''), tries, used_at IS NOT NULL, (extract(epoch FROM clock_timestamp() - made_at) * 1000000)::bigint, sent,
    coalesce((SELECT array_agg((extract(epoch FROM clock_timestamp() - a) * 1000000)::bigint) FROM unnest(asked_at) a), '{}')
  FROM passcodes WHERE case_id = $1`

func read(ctx context.Context, q Querier, sql string, caseID int64) (r row, err error) {
	var age int64
	var asked []int64
	err = q.QueryRow(ctx, sql, caseID).Scan(&r.serial, &r.of.Act, &r.of.About, &r.nonce, &r.tries, &r.used, &age, &r.fate, &asked)
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, nil
	}
	if err != nil {
		return row{}, fmt.Errorf("passcode: case %d: %w", caseID, err)
	}
	r.age = time.Duration(age) * time.Microsecond
	for _, a := range asked {
		r.asked = append(r.asked, time.Duration(a)*time.Microsecond)
	}
	return r, nil
}

// Look tells of the code of a case for a purpose, and changes nothing. A code for another purpose is none.
func (s *Store) Look(ctx context.Context, q Querier, caseID int64, p Purpose) (State, error) {
	r, err := read(ctx, q, readSQL, caseID)
	return r.seenFor(p).state(), err
}

const (
	firstSQL = `INSERT INTO passcodes (case_id) VALUES ($1) ON CONFLICT DO NOTHING`
	lockSQL  = readSQL + ` FOR UPDATE`

	askSQL = `UPDATE passcodes SET serial = serial + 1, nonce = $2, act = $3, about = $4, made_at = clock_timestamp(), tries = 0, used_at = NULL, sent = 'wanted', parts = '{}',
    asked_at = ARRAY(SELECT a FROM unnest(asked_at) a WHERE a > clock_timestamp() - interval '1 day') || clock_timestamp()
 WHERE case_id = $1`
)

// Ask makes a new code for a purpose, in the caller's transaction, which also sees to it that somebody sends it. Without anew a code that
// can be used for it stays; one for another purpose ends. asked says whether there is a new one; if not, the state says what is the matter.
func (s *Store) Ask(ctx context.Context, tx pgx.Tx, caseID int64, p Purpose, anew bool) (state State, asked bool, err error) {
	if _, err := tx.Exec(ctx, firstSQL, caseID); err != nil {
		return State{}, false, fmt.Errorf("passcode: case %d: %w", caseID, err)
	}
	r, err := read(ctx, tx, lockSQL, caseID)
	if err != nil {
		return State{}, false, err
	}
	if state = r.seenFor(p).state(); state.Wait > 0 || !anew && state.End == Alive {
		return state, false, nil
	}
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails: without randomness the program ends
	if _, err := tx.Exec(ctx, askSQL, caseID, nonce, string(p.Act), p.About); err != nil {
		return State{}, false, fmt.Errorf("passcode: case %d: %w", caseID, err)
	}
	state, err = s.Look(ctx, tx, caseID, p)
	return state, err == nil, err
}

const (
	useSQL   = `UPDATE passcodes SET tries = tries + 1, used_at = clock_timestamp() WHERE case_id = $1`
	guessSQL = `UPDATE passcodes SET tries = tries + 1 WHERE case_id = $1`
)

// Use tries what somebody typed for a purpose, in the caller's transaction: when it is right the code is used up by the commit, and by nothing else.
// A wrong one counts, so the caller commits that too. What a code that cannot be used would have been is not told.
func (s *Store) Use(ctx context.Context, tx pgx.Tx, caseID int64, p Purpose, typed string) (state State, right bool, err error) {
	r, err := read(ctx, tx, lockSQL, caseID)
	r = r.seenFor(p)
	if err != nil || r.end() != Alive {
		return r.state(), false, err
	}
	right = seal.Equal([]byte(s.code(caseID, r)), []byte(typed))
	sql := guessSQL
	if right {
		sql = useSQL
	}
	if _, err := tx.Exec(ctx, sql, caseID); err != nil {
		return State{}, false, fmt.Errorf("passcode: case %d: %w", caseID, err)
	}
	r.tries, r.used = r.tries+1, right
	return r.state(), right, nil
}

// code makes the digits of a code. That 2^64 is no multiple of a million makes some codes likelier by less than one in ten billion.
func (s *Store) code(caseID int64, r row) string {
	what := fmt.Sprintf("%d %d %s", caseID, r.serial, hex.EncodeToString(r.nonce))
	if r.of.Act != Refusal { // the first purpose, whose codes were made before there were others
		what += " " + string(r.of.Act) + " " + r.of.About
	}
	sum := s.keys.Blind("passcode", what)
	return fmt.Sprintf("%0*d", Digits, binary.BigEndian.Uint64(sum)%1_000_000)
}

const forgetSQL = `DELETE FROM passcodes WHERE used_at IS NULL AND made_at < now() - interval '1 day'`

// Forget deletes codes that nobody used in their time, once they bound no new ones, and says how many.
func (s *Store) Forget(ctx context.Context, q Querier) (int, error) {
	tag, err := q.Exec(ctx, forgetSQL)
	if err != nil {
		return 0, fmt.Errorf("passcode: forgetting: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
