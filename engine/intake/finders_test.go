package intake

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

func TestNameKey(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ахметов Данияр Серікұлы": "АХМЕТОВ ДАНИЯР СЕРИКУЛЫ",
		"  әлімов-ҚАЙРАТ ":        "АЛИМОВ КАИРАТ",
		"О'Нил":                   "ОНИЛ",
		"Семёнова":                "СЕМЕНОВА",
		"":                        "",
		"--":                      "",
		"Ivanov, A.":              "IVANOV A",
	} {
		if got := NameKey(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// Whoever types the beginning of a name finds it.
func TestNameKey_ofABeginningIsABeginning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		runes := []rune(rapid.StringOf(rapid.RuneFrom([]rune("АӘаәКҚёЁ -.'\u00a0bB9"))).Draw(t, "name"))
		n := rapid.IntRange(0, len(runes)).Draw(t, "n")
		whole, begun := NameKey(string(runes)), NameKey(string(runes[:n]))
		if !strings.HasPrefix(whole, begun) {
			t.Fatalf("%q is no beginning of %q", begun, whole)
		}
	})
}

// Debtors of former times are found like the others once they have their keys, and a phone that cannot be opened stops nobody.
func TestKey_debtorsOfFormerTimes(t *testing.T) {
	t.Parallel()
	pool, keys := testkit.DB(t), testkit.Keys(t)
	const sql = `INSERT INTO debtors (iin_blind, iin_sealed, name, phone_sealed) VALUES ($1, '', $2, $3)`
	for name, phone := range map[string][]byte{"Ахметов А.": keys.Seal([]byte("+77010000001"), SealedPhone), "Ли": nil, "Ким": {0}} {
		if _, err := pool.Exec(t.Context(), sql, []byte(name), name, phone); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{2, 1, 0} {
		err := pg.InTx(t.Context(), pool, func(tx pgx.Tx) error {
			n, err := Key(t.Context(), tx, keys, 2)
			if n != want {
				t.Errorf("%d debtors, want %d", n, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var name string
	err := pool.QueryRow(t.Context(), `SELECT name FROM debtors WHERE phone_blind = $1 AND name_key = 'АХМЕТОВ А'`, PhoneBlind(keys, "+77010000001")).Scan(&name)
	if err != nil || name != "Ахметов А." {
		t.Errorf("%q, %v", name, err)
	}
}
