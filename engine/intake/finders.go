package intake

import (
	"context"
	"fmt"
	"unicode"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/seal"
)

const (
	blindPhone  = "debtors.phone_blind"
	nameKeySize = 24 // letters of a name by which it is found
)

// PhoneBlind gives what a debtor is found by from a telephone as [Phone] writes it.
func PhoneBlind(keys *seal.Keys, phone string) []byte { return keys.Blind(blindPhone, phone)[:16] }

// NameKey folds the beginning of a name to what it is found by: capitals, single blanks, no difference of Ё and Е, or of Kazakh letters and
// those that programs without them write instead. A beginning of a name has a key that the key of the name begins with.
func NameKey(name string) string {
	var room [2 * nameKeySize]byte
	key := room[:0]
	n, gap := 0, false
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && n > 0 && n < nameKeySize {
				key, n = append(key, ' '), n+1
			}
			gap = false
			r = unicode.ToUpper(r)
			if plain, ok := alike[r]; ok {
				r = plain
			}
			key, n = append(key, string(r)...), n+1
		case unicode.IsSpace(r) || r == '-' || r == '.' || r == ',':
			gap = true
		}
		if n >= nameKeySize {
			break
		}
	}
	return string(key)
}

// unkeyedSQL is empty as a rule: who comes in now has the keys, and those who were here before are done once.
const unkeyedSQL = `SELECT id, name, phone_sealed FROM debtors WHERE name_key IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`

const keySQL = `UPDATE debtors d SET name_key = u.name, phone_blind = u.phone
  FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS u(id, name, phone) WHERE d.id = u.id`

// Key gives debtors who were here before there were keys what they are found by, so many at a time, and tells how many they were. A
// telephone that cannot be opened is found by nobody.
func Key(ctx context.Context, tx pgx.Tx, keys *seal.Keys, most int) (int, error) {
	rows, err := tx.Query(ctx, unkeyedSQL, most)
	if err != nil {
		return 0, fmt.Errorf("intake: debtors without keys: %w", err)
	}
	var (
		id     int64
		name   string
		sealed []byte
		ids    []int64
		names  []string
		phones [][]byte
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &name, &sealed}, func() error {
		var blind []byte
		if phone, err := keys.Open(sealed, SealedPhone); err == nil {
			blind = PhoneBlind(keys, string(phone))
		}
		ids, names, phones = append(ids, id), append(names, NameKey(name)), append(phones, blind)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("intake: debtors without keys: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if _, err := tx.Exec(ctx, keySQL, ids, names, phones); err != nil {
		return 0, fmt.Errorf("intake: keys of debtors: %w", err)
	}
	return len(ids), nil
}
