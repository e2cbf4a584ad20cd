package accounts

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"
	"golang.org/x/text/unicode/norm"

	"robotbailiff/internal/pg"
)

// Bounds of a password. There is no rule of what has to be in it: length is what counts (NIST SP 800-63B).
const (
	MinPassword = 12
	MaxPassword = 200
)

// Errors of a password.
var (
	ErrShort  = errors.New("accounts: a password has at least 12 characters")
	ErrLong   = errors.New("accounts: a password has at most 200 characters")
	ErrCommon = errors.New("accounts: this password is among the first that are tried")
)

// common are long passwords and beginnings of them that are tried first.
//
//go:embed common.txt
var common string

// tidy writes the same characters in the same way, however a keyboard has made them.
func tidy(password string) string { return norm.NFKC.String(password) }

// CheckPassword says what is wrong with a password that somebody chooses.
func CheckPassword(login, password string) error {
	password = tidy(password)
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return ErrShort
	case n > MaxPassword:
		return ErrLong
	}
	low := strings.ToLower(password)
	if repeats(low) || strings.Contains(low, login) && utf8.RuneCountInString(low) < MinPassword+len(login) || slices.Contains(strings.Fields(common), low) {
		return ErrCommon
	}
	return nil
}

// repeats says whether a text is a short one again and again, or one row of neighbours, such as 123456789012 or абвгдежзийкл.
func repeats(s string) bool {
	runes := []rune(s)
	for n := 1; n <= 4; n++ {
		same := true
		for i := n; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-n]
		}
		if same {
			return true
		}
	}
	in := 0
	for i := 1; i < len(runes); i++ {
		if d := runes[i] - runes[i-1]; d == 1 || d == -1 || d == 0 {
			in++
		}
	}
	return in >= len(runes)-2
}

// Setup is what a person needs who comes for the first time.
type Setup struct {
	Login  string
	Secret string // to be typed into the telephone, in groups of four
	URL    string // of the QR code: the same for a telephone that looks
}

// Invited gives what the link of a first sign-in opens. It changes nothing.
func (s *Store) Invited(ctx context.Context, link string) (v Setup, err error) {
	var sealed []byte
	err = s.pool.QueryRow(ctx, invitedSQL, hash(link)).Scan(&v.Login, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, ErrNoLink
	}
	if err != nil {
		return v, fmt.Errorf("accounts: link: %w", err)
	}
	secret, err := s.keys.Open(sealed, sealedTOTP)
	if err != nil {
		return v, fmt.Errorf("accounts: the secret of the telephone: %w", err)
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(secret))
	if err != nil {
		return v, fmt.Errorf("accounts: the secret of the telephone: %w", err)
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Robot bailiff", AccountName: v.Login, Secret: raw})
	if err != nil {
		return v, fmt.Errorf("accounts: the secret of the telephone: %w", err)
	}
	for part := range slices.Chunk([]byte(secret), 4) {
		v.Secret += " " + string(part)
	}
	v.Secret, v.URL = strings.TrimSpace(v.Secret), key.URL()
	return v, nil
}

// recoveryCodes is how many are given.
const recoveryCodes = 8

// SetUp chooses the password of an account whose link somebody has, once he shows that his telephone makes its codes. The link opens nothing
// after that. It gives the recovery codes, which are never shown again.
func (s *Store) SetUp(ctx context.Context, link, password, code string) (codes []string, err error) {
	v, err := s.Invited(ctx, link)
	if err != nil {
		return nil, err
	}
	if err := CheckPassword(v.Login, password); err != nil {
		return nil, err
	}
	var stored string
	err = s.slowly(ctx, func() error {
		stored, err = argon2id.CreateHash(tidy(password), cost)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: keep a password: %w", err)
	}
	for range recoveryCodes {
		codes = append(codes, newCode())
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var sealed []byte
		var now time.Time
		err := tx.QueryRow(ctx, lockInvitedSQL, hash(link)).Scan(&sealed, &now)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoLink
		}
		if err != nil {
			return err
		}
		at, err := s.codeStep(sealed, strings.ReplaceAll(code, " ", ""), now)
		if errors.Is(err, ErrWrong) {
			return ErrCode
		}
		if err != nil {
			return err
		}
		if err := one(ctx, tx, setUpSQL, v.Login, stored, at); err != nil {
			return err
		}
		for _, c := range codes {
			if _, err := tx.Exec(ctx, keepCodeSQL, v.Login, hash(plainCode(c))); err != nil {
				return err
			}
		}
		return note(ctx, tx, v.Login, "set_up", Act{Prefix + v.Login, "-"})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// newCode makes a recovery code of 80 bits: ABCD-EFGH-IJKL-MNOP.
func newCode() string {
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	text := base32.StdEncoding.EncodeToString(raw)
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// plainCode is a recovery code as it is hashed, however it was typed.
func plainCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", "–", "", " ", "").Replace(code))
}

const (
	invitedSQL     = `SELECT login, totp_sealed FROM operators WHERE link_hash = $1 AND link_until > now() AND NOT off`
	lockInvitedSQL = `SELECT totp_sealed, now() FROM operators WHERE link_hash = $1 AND link_until > now() AND NOT off FOR UPDATE`
	setUpSQL       = `UPDATE operators SET password = $2, totp_step = $3, link_hash = NULL, link_until = NULL, tries = 0, locked_until = NULL WHERE login = $1`
	keepCodeSQL    = `INSERT INTO operator_codes (login, code_hash) VALUES ($1, $2)`
)
