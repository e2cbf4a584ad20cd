package accounts

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"robotbailiff/internal/pg"
)

// cost is what one try costs: RFC 9106's second choice in memory, a tenth of a second.
var cost = &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is the hash of a password that nobody knows: a name that does not exist takes as long as one that does.
const nobody = "$argon2id$v=19$m=65536,t=3,p=1$c29tZSBzYWx0IG9mIG91cg$q1Jr2jOtw3Vq0jHUf8vHk0sUo2bYgC0mC1T6f0yTzVw"

// step is how long a code of a telephone is good for; one before and one after are taken too, for clocks that are not quite right.
const step = 30 * time.Second

// SignIn gives the account of somebody who knows its password and has its telephone, or one of its recovery codes. Otherwise it gives
// ErrWrong, whatever it was.
func (s *Store) SignIn(ctx context.Context, login, password, code string) (a Account, err error) {
	a.Login = login
	var stored string
	var sealed []byte
	var last int64
	var now time.Time
	err = s.pool.QueryRow(ctx, trySQL, login, MaxTries, LockFor).Scan(&stored, &sealed, &last, &a.Roles, &a.Regions, &now)
	exists := err == nil
	if errors.Is(err, pgx.ErrNoRows) {
		stored = nobody
	} else if err != nil {
		return Account{}, fmt.Errorf("accounts: sign-in: %w", err)
	}
	right, err := s.compare(ctx, password, stored)
	switch {
	case err != nil:
		return Account{}, err
	case !right || !exists:
		return Account{}, ErrWrong
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if len(code) != int(otp.DigitsSix) {
		return a, s.recover(ctx, login, code)
	}
	at, err := s.codeStep(sealed, code, now)
	if err != nil {
		return Account{}, err
	}
	tag, err := s.pool.Exec(ctx, cameInSQL, login, at)
	if err == nil && (at <= last || tag.RowsAffected() == 0) {
		err = ErrWrong // the code was used
	}
	return a, err
}

// recover takes one of the recovery codes, once.
func (s *Store) recover(ctx context.Context, login, code string) error {
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, useCodeSQL, login, hash(plainCode(code)))
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrWrong
		}
		if err != nil {
			return err
		}
		if err := one(ctx, tx, recoveredSQL, login); err != nil {
			return err
		}
		return note(ctx, tx, login, "recovery", Act{Prefix + login, "-"})
	})
}

// compare checks a password, with a bound on how many are checked at a time.
func (s *Store) compare(ctx context.Context, password, stored string) (right bool, err error) {
	err = s.slowly(ctx, func() error {
		right, err = argon2id.ComparePasswordAndHash(tidy(password), stored)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("accounts: check a password: %w", err)
	}
	return right, nil
}

func (s *Store) slowly(ctx context.Context, do func() error) error {
	select {
	case s.slow <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.slow }()
	return do()
}

// codeStep gives the step of time at which a code is right.
func (s *Store) codeStep(sealed []byte, code string, now time.Time) (int64, error) {
	secret, err := s.keys.Open(sealed, sealedTOTP)
	if err != nil {
		return 0, fmt.Errorf("accounts: the secret of the telephone: %w", err)
	}
	for k := -1; k <= 1; k++ {
		at := now.Add(time.Duration(k) * step)
		want, err := totp.GenerateCode(string(secret), at)
		if err != nil {
			return 0, fmt.Errorf("accounts: code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at.Unix() / int64(step/time.Second), nil
		}
	}
	return 0, ErrWrong
}

// newTOTP makes the secret of a telephone, sealed.
func (s *Store) newTOTP() []byte {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	return s.keys.Seal([]byte(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)), sealedTOTP)
}

const (
	// trySQL counts a try before it is looked at, so that many at once are no more than many in a row. An account that waits is not counted.
	trySQL = `UPDATE operators SET tries = CASE WHEN locked_until IS NULL THEN tries + 1 ELSE 1 END,
       locked_until = CASE WHEN locked_until IS NULL AND tries + 1 >= $2 THEN now() + $3::interval END
 WHERE login = $1 AND NOT off AND password IS NOT NULL AND (locked_until IS NULL OR locked_until <= now())
 RETURNING password, totp_sealed, totp_step, roles, regions, now()`
	cameInSQL    = `UPDATE operators SET tries = 0, locked_until = NULL, totp_step = $2 WHERE login = $1 AND totp_step < $2 AND NOT off`
	recoveredSQL = `UPDATE operators SET tries = 0, locked_until = NULL WHERE login = $1 AND NOT off`
	useCodeSQL   = `DELETE FROM operator_codes WHERE login = $1 AND code_hash = $2`
)
