package caselist

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/money"
)

const (
	// SearchLife is for how long the word of a search stands for what was typed: a working day.
	SearchLife = 8 * time.Hour

	mostFound    = 500  // cases of one search: whoever finds more has to say more
	mostDebtors  = 5000 // whose names are looked at
	sealedSearch = "desk_searches.sealed"
	blindAccess  = "desk_access.blind"
)

// Found is what a search has found.
type Found struct {
	Word   string // for the address
	Kind   Kind   // what the text was taken for; empty: it means nothing
	Shown  string // of what was looked for, as much as may be shown
	Tried  []Kind // what else it was taken for, without success
	Hits   int
	Capped bool   // there are more than Hits
	Number string // of the one case, when a number was typed
}

type found struct {
	Found
	ids []int64
}

// Search looks for what was typed, as each thing that it may mean, until something is found. Only its blind index is written down, with
// who looked and how much was found.
func (s *Store) Search(ctx context.Context, who Who, typed string, as Kind) (Found, error) {
	all := Guess(typed)
	if as != "" {
		all = slices.DeleteFunc(all, func(m Meaning) bool { return m.Kind != as })
	}
	var out found
	var tried []Kind
	for i, m := range all {
		f, err := s.look(ctx, who, m)
		if err != nil {
			return Found{}, err
		}
		if err := s.note(ctx, access{actor: who.Name, what: "search", kind: string(m.Kind), blind: s.blind(m), hits: &f.Hits}); err != nil {
			return Found{}, err
		}
		if i == 0 || f.Hits > 0 {
			out = f
		}
		if f.Hits > 0 {
			break
		}
		tried = append(tried, m.Kind)
	}
	out.Tried = slices.DeleteFunc(tried, func(k Kind) bool { return k == out.Kind })
	if out.Hits == 0 || out.Kind == Number {
		return out.Found, nil
	}
	return out.Found, s.keep(ctx, who, &out, all)
}

// keep stores what was found under a random word.
func (s *Store) keep(ctx context.Context, who Who, f *found, all []Meaning) error {
	i := slices.IndexFunc(all, func(m Meaning) bool { return m.Kind == f.Kind })
	raw, err := json.Marshal(all[i])
	if err != nil {
		return err
	}
	word := make([]byte, 16)
	_, _ = rand.Read(word) // never fails: without randomness the program ends
	f.Word = base64.RawURLEncoding.EncodeToString(word)
	if _, err := s.pool.Exec(ctx, insertSearchSQL, searchHash(f.Word), who.Name, s.keys.Seal(raw, sealedSearch), SearchLife); err != nil {
		return fmt.Errorf("caselist: keep search: %w", err)
	}
	return nil
}

// insertSearchSQL also forgets what has expired: that is few at a time.
const insertSearchSQL = `WITH old AS (DELETE FROM desk_searches WHERE expires_at < now())
INSERT INTO desk_searches (id_hash, actor, sealed, expires_at) VALUES ($1, $2, $3, clock_timestamp() + $4::interval)`

const readSearchSQL = `SELECT sealed FROM desk_searches WHERE id_hash = $1 AND actor = $2 AND expires_at > now()`

// searched looks again for what a word stands for. It is the search of one person alone.
func (s *Store) searched(ctx context.Context, who Who, word string) (f found, err error) {
	var sealed []byte
	err = s.pool.QueryRow(ctx, readSearchSQL, searchHash(word), who.Name).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, ErrNoSearch
	}
	if err != nil {
		return f, fmt.Errorf("caselist: search: %w", err)
	}
	raw, err := s.keys.Open(sealed, sealedSearch)
	if err != nil {
		return f, fmt.Errorf("caselist: search: %w", err)
	}
	var m Meaning
	if err := json.Unmarshal(raw, &m); err != nil {
		return f, fmt.Errorf("caselist: search: %w", err)
	}
	if f, err = s.look(ctx, who, m); err != nil {
		return f, err
	}
	f.Word = word
	return f, nil
}

// The searches. Each gives at most one more case than are shown, of the regions that one may see.
const (
	ofRegionsSQL = ` AND ($2::text[] IS NULL OR c.region = ANY($2)) `

	byNumberSQL = `SELECT c.id FROM cases c WHERE c.id = $1` + ofRegionsSQL + `LIMIT $3`
	byIINSQL    = `SELECT c.id FROM debtors d JOIN writs w ON w.debtor_id = d.id JOIN cases c ON c.id = w.case_id WHERE d.iin_blind = $1` + ofRegionsSQL + `ORDER BY c.id DESC LIMIT $3`
	byPhoneSQL  = `SELECT c.id FROM debtors d JOIN writs w ON w.debtor_id = d.id JOIN cases c ON c.id = w.case_id WHERE d.phone_blind = $1` + ofRegionsSQL + `ORDER BY c.id DESC LIMIT $3`
	bySumSQL    = `SELECT c.id FROM cases c WHERE c.debt = $1` + ofRegionsSQL + `ORDER BY c.id DESC LIMIT $3`

	// byDocumentSQL asks each source for the number, since that is what their key begins with.
	byDocumentSQL = `WITH RECURSIVE ` + sourcesSQL + ` SELECT c.id FROM s JOIN writs w ON w.source = s.source AND w.document_number = $1 JOIN cases c ON c.id = w.case_id WHERE true` + ofRegionsSQL + `ORDER BY c.id DESC LIMIT $3`

	// namedSQL takes the names in their order; of a very short beginning it looks at no more than so many. Who sees the whole country needs
	// nothing but indexes for it.
	namedSQL     = ` FROM (SELECT id FROM debtors WHERE name_key >= $1 AND name_key < $1 || U&'\+10FFFF' ORDER BY name_key, id LIMIT $4) d JOIN writs w ON w.debtor_id = d.id `
	byNameSQL    = `SELECT c.id` + namedSQL + `JOIN cases c ON c.id = w.case_id WHERE true` + ofRegionsSQL + `LIMIT $3`
	byAnyNameSQL = `SELECT w.case_id` + namedSQL + `WHERE $2::text[] IS NULL LIMIT $3`

	// sourcesSQL lists those who have sent documents, by one look at the key for each.
	sourcesSQL = `s (source) AS ((SELECT source FROM writs ORDER BY source LIMIT 1)
 UNION ALL SELECT (SELECT w.source FROM writs w WHERE w.source > s.source ORDER BY w.source LIMIT 1) FROM s WHERE s.source IS NOT NULL)`
	allSourcesSQL = `WITH RECURSIVE ` + sourcesSQL + ` SELECT source FROM s WHERE source IS NOT NULL ORDER BY 1 LIMIT 100`
)

func (s *Store) look(ctx context.Context, who Who, m Meaning) (f found, err error) {
	sql, args := "", []any{nil, who.Regions, mostFound + 1}
	switch m.Kind {
	case Number:
		id, err := caseno.Parse(m.Value)
		if err != nil {
			return f, err
		}
		sql, args[0], f.Number = byNumberSQL, id, m.Value
	case IIN:
		sql, args[0] = byIINSQL, s.keys.Blind(intake.BlindIIN, m.Value)
	case Phone:
		sql, args[0] = byPhoneSQL, intake.PhoneBlind(s.keys, m.Value)
	case Sum:
		amount, err := money.Parse(m.Value)
		if err != nil {
			return f, err
		}
		sql, args[0] = bySumSQL, amount.Tiyn()
	case Document:
		sql, args[0] = byDocumentSQL, m.Value
	case Name:
		sql, args = byNameSQL, append(args, mostDebtors)
		if args[0] = m.Value; who.Regions == nil {
			sql = byAnyNameSQL
		}
	}
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return f, fmt.Errorf("caselist: search by %s: %w", m.Kind, err)
	}
	f.ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return f, fmt.Errorf("caselist: search by %s: %w", m.Kind, err)
	}
	f.Kind, f.Shown, f.Hits = m.Kind, m.shown(), len(f.ids)
	if f.Capped = f.Hits > mostFound; f.Capped {
		f.ids, f.Hits = f.ids[:mostFound], mostFound
	}
	if f.ids == nil {
		f.ids = []int64{}
	}
	return f, nil
}

// shown is what a page may say of a search: of a person four digits, or the first two letters.
func (m Meaning) shown() string {
	switch m.Kind {
	case IIN, Phone:
		return "…" + m.Value[len(m.Value)-4:]
	case Name:
		letters := []rune(m.Value)
		return string(letters[:min(2, len(letters))]) + "…"
	case Number, Sum, Document:
	}
	return m.Value
}

// Sources lists who has sent documents.
func (s *Store) Sources(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, allSourcesSQL)
	if err != nil {
		return nil, fmt.Errorf("caselist: sources: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func searchHash(word string) []byte {
	h := sha256.Sum256([]byte(word))
	return h[:]
}

// blind is what is written down of a search.
func (s *Store) blind(m Meaning) []byte {
	return s.keys.Blind(blindAccess, string(m.Kind)+"\x00"+m.Value)[:16]
}
