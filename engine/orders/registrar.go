package orders

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/calendar"
)

// Registrar works the chunks of orders about the register of debtors, by the promises that hold for banks: intent first, then the call,
// then the answer by a command; what has no answer is asked about under its id and then sent under the same one; a removal is sent
// until it is done, and nothing stops it or makes it wait.
type Registrar struct {
	Store    *engine.Store
	Register Register // nil: not connected; what was asked for waits
	Keys     *seal.Keys
	Log      *slog.Logger
	Observe  func(purpose engine.Purpose, outcome string, n int)
	Alarm    func(what, kind string, n int) // is told of new findings of the compare; may be nil
}

// notConnected is how long orders wait while there is no register to send them to, in legal time.
const notConnected = 15 * time.Minute

// listing is one open order of a claimed chunk.
type listing struct {
	Entry

	ordinal  int
	attempts int
	lawful   bool // what it takes may still be taken now
	over     bool // the entry meant is taken out, or is about to be: nobody has to be told who executes
	doubt    bool // money came in the debtor's name that no case has yet: a new entry waits for a person's look
	answer   engine.Answer
	detail   string
}

// Run works one chunk. It returns engine.ErrFenced when another worker has it; nothing is lost then.
func (s *Registrar) Run(ctx context.Context, chunkID int64) error {
	var (
		chunk engine.Chunk
		open  []listing
		later []int64
	)
	err := pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) (err error) {
		if chunk, err = engine.Claim(ctx, tx, chunkID); err != nil {
			return err
		}
		open, later, err = s.begin(ctx, tx, chunk)
		return err
	})
	if err != nil {
		return fmt.Errorf("orders: chunk %d: %w", chunkID, err)
	}
	s.call(ctx, open)
	if err := s.finish(ctx, chunk, open, later); err != nil {
		return fmt.Errorf("orders: chunk %d: answers: %w", chunkID, err)
	}
	return nil
}

// begin takes up the open orders of a chunk under the locks of their cases, so that what the second look at the gate finds is still so
// when it is written: an entry that may no longer be asked for and was never sent is withdrawn at once. The others are marked as sent.
func (s *Registrar) begin(ctx context.Context, tx pgx.Tx, chunk engine.Chunk) (send []listing, later []int64, err error) {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	var stops stop.Set
	if chunk.Kind == engine.ChunkRegister {
		if stops, err = stop.ReadGuarded(ctx, tx); err != nil {
			return nil, nil, err
		}
	}
	if _, err := tx.Exec(ctx, lockCasesOfSQL, chunk.CaseIDs); err != nil {
		return nil, nil, err
	}
	open, err := s.take(ctx, tx, chunk, stops, now)
	if err != nil {
		return nil, nil, err
	}
	var never []engine.For
	var mark marks
	for i := range open {
		p := &open[i]
		switch tried := p.attempts > 0; {
		case !tried && (p.Purpose == engine.Register && !p.lawful || p.Purpose == engine.Entrust && p.over):
			p.answer = engine.Withdrawn
			never = append(never, p.command())
			continue
		case s.Register == nil, !tried && p.doubt:
			later = append(later, p.CaseID)
			continue
		}
		mark.ids, mark.purposes, mark.ordinals = append(mark.ids, p.CaseID), append(mark.purposes, string(p.Purpose)), append(mark.ordinals, int16(p.ordinal))
		send = append(send, *p)
	}
	if len(never) > 0 {
		if _, err := s.Store.ApplyTx(ctx, tx, never); err != nil {
			return nil, nil, err
		}
	}
	if len(mark.ids) > 0 {
		_, err = tx.Exec(ctx, sentSQL, mark.ids, mark.purposes, mark.ordinals, RegisterName)
	}
	return send, later, err
}

func (s *Registrar) take(ctx context.Context, tx pgx.Tx, chunk engine.Chunk, stops stop.Set, now time.Time) ([]listing, error) {
	rows, err := tx.Query(ctx, openEntriesSQL, chunk.CaseIDs, chunk.Kind, today(now), stops.BySource())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p listing, err error) {
		var (
			sealed        []byte
			issued        time.Time
			region        string
			name, licence *string
			source        string
		)
		if err := row.Scan(&p.CaseID, &p.Purpose, &p.ordinal, &p.ID, &p.attempts, &sealed, &p.Name, &p.Issuer, &issued, &p.Duty,
			&region, &source, &name, &licence, &p.Of, &p.over, &p.lawful, &p.doubt); err != nil {
			return p, err
		}
		p.lawful = p.lawful && !stops.For(stop.Subject{Region: region, Source: source}).Any(stop.Register)
		p.doubt = p.doubt && p.Purpose == engine.Register
		switch p.Purpose {
		case engine.Register:
			iin, err := s.Keys.Open(sealed, "debtors.iin_sealed")
			if err != nil {
				return p, fmt.Errorf("case %d: identity: %w", p.CaseID, err)
			}
			p.IIN, p.Name, p.Issuer, p.Of = string(iin), plain(p.Name), plain(p.Issuer), uuid.Nil
			p.IssuedOn, p.Executor = calendar.MakeDate(issued.Date()), Executor{Region: region}
		default:
			p.Entry = Entry{ID: p.ID, CaseID: p.CaseID, Purpose: p.Purpose, Of: p.Of}
			if p.Purpose == engine.Entrust && name != nil {
				p.Executor = Executor{Region: region, Name: plain(*name), Licence: plain(*licence)}
			}
		}
		return p, nil
	})
}

// plain gives a name as the register takes it, so that one odd name does not keep the orders beside it back.
func plain(name string) string {
	r := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)))
	return string(r[:min(len(r), 300)])
}

func (p *listing) command() engine.For {
	return engine.For{CaseID: p.CaseID, Actor: engine.ActorRegister, Command: engine.OrderAnswered{
		Purpose: p.Purpose, Ordinal: p.ordinal, Answer: p.answer, Bank: RegisterName, Detail: p.detail,
	}}
}

// callRegister bounds a call, as calls of banks are bounded.
const callRegister = callWithin

// call asks the register about what was sent before and sends the rest, outside any transaction. An entry that it has never seen and that
// may no longer be asked for is withdrawn; what it refuses to give back is sent again.
func (s *Registrar) call(ctx context.Context, open []listing) {
	if len(open) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callRegister)
	defer cancel()
	by := make(map[uuid.UUID]*listing, len(open))
	var ask []uuid.UUID
	var send []Entry
	for i := range open {
		p := &open[i]
		by[p.ID] = p
		if p.attempts > 0 {
			ask = append(ask, p.ID)
		} else {
			send = append(send, p.Entry)
		}
	}
	if len(ask) > 0 {
		replies, err := s.Register.Query(ctx, ask)
		s.failed(ctx, err)
		for _, r := range replies {
			switch p := by[r.ID]; {
			case p == nil || !slices.Contains(ask, r.ID):
				s.odd(ctx, nil)
			case !r.Known && p.Purpose == engine.Register && !p.lawful:
				p.answer = engine.Withdrawn
			case !r.Known:
				send = append(send, p.Entry)
			case r.Answer == "": // it has the order
			case !s.hear(ctx, p, r) || p.settled():
			default:
				p.answer, send = "", append(send, p.Entry)
			}
		}
	}
	if len(send) == 0 {
		return
	}
	replies, err := s.Register.Submit(ctx, send)
	s.failed(ctx, err)
	for _, r := range replies {
		switch p := by[r.ID]; {
		case p == nil || !slices.ContainsFunc(send, func(e Entry) bool { return e.ID == r.ID }):
			s.odd(ctx, nil)
		case r.Answer == "":
		case s.hear(ctx, p, r) && !p.settled():
			s.Log.ErrorContext(ctx, "the register refuses to take out an entry, or to say who executes", "case", p.CaseID, "purpose", p.Purpose)
			s.observe(p.Purpose, string(p.answer), 1)
			p.answer = ""
		}
	}
}

func (s *Registrar) failed(ctx context.Context, err error) {
	if err != nil {
		s.Log.WarnContext(ctx, "register call failed, outcome unknown", "error", err)
	}
}

func (s *Registrar) odd(ctx context.Context, p *listing) {
	if p == nil {
		s.Log.ErrorContext(ctx, "the register answers what it was not asked")
		return
	}
	s.Log.ErrorContext(ctx, "the register's answer does not fit what it was asked, outcome unknown", "case", p.CaseID, "purpose", p.Purpose)
	s.observe(p.Purpose, "mismatch", 1)
}

// hear takes an answer, unless it cannot be believed: it must be one that a register has, and name the case.
func (s *Registrar) hear(ctx context.Context, p *listing, r Reply) bool {
	if r.CaseID != p.CaseID || r.Answer != engine.Accepted && r.Answer != engine.AlreadyDone && r.Answer != engine.Refused {
		s.odd(ctx, p)
		return false
	}
	p.answer, p.detail = r.Answer, r.Detail
	return true
}

// settled says whether an answer stands. A removal is settled only when it is done, and so is who executes while the entry stands.
func (p *listing) settled() bool {
	return p.answer != engine.Refused || p.Purpose == engine.Register || p.Purpose == engine.Entrust && p.over
}

// finish records the answers in one transaction with the end of the chunk.
func (s *Registrar) finish(ctx context.Context, chunk engine.Chunk, open []listing, later []int64) error {
	var cmds []engine.For
	var again []int64
	tries, count := maxTries, map[[2]string]int{}
	for i := range open {
		p := &open[i]
		outcome := string(p.answer)
		if p.answer == "" {
			again, tries, outcome = append(again, p.CaseID), min(tries, p.attempts), "unknown"
		} else {
			cmds = append(cmds, p.command())
		}
		count[[2]string{string(p.Purpose), outcome}]++
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		if err := chunk.Hold(ctx, tx); err != nil {
			return err
		}
		if _, err := s.Store.ApplyTx(ctx, tx, cmds); err != nil {
			return err
		}
		back, err := notElsewhere(ctx, tx, chunk, slices.Compact(again))
		if err != nil {
			return err
		}
		if err := chunk.Again(ctx, tx, slices.Compact(later), now, now.Add(notConnected)); err != nil {
			return err
		}
		return chunk.Finish(ctx, tx, back, now, now.Add(retryAfter(chunk.Kind, tries)))
	})
	if err != nil {
		return err
	}
	for _, k := range slices.SortedFunc(maps.Keys(count), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		s.observe(engine.Purpose(k[0]), k[1], count[k])
	}
	return nil
}

func (s *Registrar) observe(p engine.Purpose, outcome string, n int) {
	if s.Observe != nil {
		s.Observe(p, outcome, n)
	}
}

const lockCasesOfSQL = `SELECT 1 FROM cases WHERE id = ANY($1) ORDER BY id FOR UPDATE`

// openEntriesSQL locks the open orders of a chunk. What is lawful is the second look, just before an entry is sent, at what engine.Blocks
// decided when it was asked for.
var openEntriesSQL = `SELECT o.case_id, o.purpose, o.ordinal, o.id, o.attempts, d.iin_sealed, d.name, w.issuer_name, coalesce(w.document_date, w.in_force_date), w.kind,
	c.region, CASE WHEN $4::boolean THEN w.source ELSE '' END, b.name, b.licence, coalesce(e.id, o.id), coalesce(e.status <> 'handed_over', true),
	c.state = 'enforcing' AND c.hold = '' AND c.suspended = '' AND c.refusal_at IS NULL AND c.outstanding > 0 AND c.voluntary_ends_on < $3
	  AND (c.limitation_on IS NULL OR c.limitation_on >= $3) AND ` + unopposedSQL + `,
	EXISTS (SELECT 1 FROM unmatched_money u WHERE u.debtor_id = c.debtor_id)
  FROM orders o JOIN cases c ON c.id = o.case_id JOIN debtors d ON d.id = c.debtor_id JOIN writs w ON w.case_id = o.case_id
  LEFT JOIN bailiffs b ON b.id = c.bailiff_id
  LEFT JOIN LATERAL (SELECT e.id, e.status FROM orders e WHERE e.case_id = o.case_id AND e.purpose = 'register' ORDER BY e.ordinal DESC LIMIT 1) e ON true
 WHERE o.case_id = ANY($1) AND ` + engine.ChunkSQL("o.purpose") + ` = $2 AND o.status IN ('requested', 'unknown')
 ORDER BY o.case_id, o.purpose, o.ordinal FOR UPDATE OF o`

const sentSQL = `UPDATE orders o SET status = 'unknown', attempts = least(o.attempts, 32766) + 1, bank = $4
  FROM unnest($1::bigint[], $2::text[], $3::smallint[]) AS u(case_id, purpose, ordinal)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`
