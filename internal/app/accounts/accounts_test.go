package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pquerna/otp/totp"

	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const good = "ақ бота көше 7 самал"

var by = accounts.Act{Actor: "root", Reason: "order 12"}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type bench struct {
	*accounts.Store
	pool *pgxpool.Pool
}

func setup(t *testing.T) bench {
	t.Helper()
	pool := testkit.DB(t)
	return bench{accounts.New(pool, testkit.Keys(t)), pool}
}

// code is what the telephone of a link shows, some steps from now.
func (b bench) code(t *testing.T, secret string, steps int) string {
	t.Helper()
	var now time.Time
	must(t, b.pool.QueryRow(t.Context(), `SELECT now()`).Scan(&now))
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), now.Add(time.Duration(steps)*30*time.Second))
	must(t, err)
	return code
}

// aigul makes an account that is ready, and gives its telephone's secret and its recovery codes.
func (b bench) aigul(t *testing.T) (secret string, codes []string) {
	t.Helper()
	link, err := b.Add(t.Context(), "aigul", []string{"operator"}, []string{"75"}, by)
	must(t, err)
	v, err := b.Invited(t.Context(), link)
	must(t, err)
	codes, err = b.SetUp(t.Context(), link, good, b.code(t, v.Secret, 0))
	must(t, err)
	b.forget(t)
	return v.Secret, codes
}

// forget lets the code of this very moment be used again.
func (b bench) forget(t *testing.T) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), `UPDATE operators SET totp_step = 0`)
	must(t, err)
}

func TestStore_firstSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	link, err := b.Add(ctx, "aigul", []string{"operator"}, nil, by)
	must(t, err)
	if _, err := b.Add(ctx, "aigul", []string{"operator"}, nil, by); !errors.Is(err, accounts.ErrKnown) {
		t.Errorf("twice: %v", err)
	}
	v, err := b.Invited(ctx, link)
	must(t, err)
	if v.Login != "aigul" || !strings.HasPrefix(v.URL, "otpauth://totp/Robot%20bailiff:aigul?") || !strings.Contains(v.URL, strings.ReplaceAll(v.Secret, " ", "")) {
		t.Errorf("%+v", v)
	}
	if _, err := b.SignIn(ctx, "aigul", "", b.code(t, v.Secret, 0)); !errors.Is(err, accounts.ErrWrong) {
		t.Errorf("an account without a password: %v", err)
	}
	for password, want := range map[string]error{
		"short": accounts.ErrShort, strings.Repeat("long", 51): accounts.ErrLong, "123456789012": accounts.ErrCommon, "Қазақстан2026": accounts.ErrCommon,
		"aigul1234567": accounts.ErrCommon, "абабабабабабаб": accounts.ErrCommon, good: accounts.ErrCode,
	} {
		if _, err := b.SetUp(ctx, link, password, "000000"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", password, err, want)
		}
	}
	codes, err := b.SetUp(ctx, link, good, b.code(t, v.Secret, 0))
	must(t, err)
	if len(codes) != 8 || slices.Contains(codes[1:], codes[0]) {
		t.Errorf("recovery codes %q", codes)
	}
	if _, err := b.Invited(ctx, link); !errors.Is(err, accounts.ErrNoLink) {
		t.Errorf("the link opens again: %v", err)
	}
	if _, err := b.SetUp(ctx, link, good, b.code(t, v.Secret, 1)); !errors.Is(err, accounts.ErrNoLink) {
		t.Errorf("the link is taken again: %v", err)
	}
	var stored, sealed string
	must(t, b.pool.QueryRow(ctx, `SELECT password, encode(totp_sealed, 'escape') FROM operators`).Scan(&stored, &sealed))
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=65536,t=3,p=1$") || strings.Contains(sealed, strings.ReplaceAll(v.Secret, " ", "")) {
		t.Errorf("stored as %s", stored)
	}
	if _, err := b.pool.Exec(ctx, `UPDATE operators SET link_hash = sha256('x'), link_until = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Invited(ctx, "x"); !errors.Is(err, accounts.ErrNoLink) {
		t.Errorf("a link that is over: %v", err)
	}
}

func TestStore_signIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	secret, codes := b.aigul(t)
	code := b.code(t, secret, 0)
	a, err := b.SignIn(ctx, "aigul", good, code)
	must(t, err)
	if diff := cmp.Diff([]string{"75"}, a.Regions); diff != "" || !slices.Equal(a.Roles, []string{"operator"}) {
		t.Errorf("%+v", a)
	}
	if _, err := b.SignIn(ctx, "aigul", good, code); !errors.Is(err, accounts.ErrWrong) {
		t.Errorf("the same code again: %v", err)
	}
	b.forget(t)
	for name, in := range map[string][3]string{
		"password":    {"aigul", good + "!", b.code(t, secret, 0)},
		"code":        {"aigul", good, b.code(t, secret, 5)},
		"name":        {"nobody", good, b.code(t, secret, 0)},
		"no code":     {"aigul", good, ""},
		"no password": {"aigul", "", b.code(t, secret, 0)},
	} {
		if _, err := b.SignIn(ctx, in[0], in[1], in[2]); !errors.Is(err, accounts.ErrWrong) || err.Error() != accounts.ErrWrong.Error() {
			t.Errorf("a wrong %s: %v", name, err)
		}
		_, err := b.pool.Exec(ctx, `UPDATE operators SET tries = 0`)
		must(t, err)
	}
	if _, err := b.SignIn(ctx, "aigul", good, strings.ToLower(codes[3])); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	if _, err := b.SignIn(ctx, "aigul", good, codes[3]); !errors.Is(err, accounts.ErrWrong) {
		t.Errorf("a recovery code twice: %v", err)
	}
	must(t, b.Off(ctx, "aigul", by))
	if _, err := b.SignIn(ctx, "aigul", good, b.code(t, secret, 0)); !errors.Is(err, accounts.ErrWrong) {
		t.Errorf("an account that is off: %v", err)
	}
}

// After wrong tries even the right password waits, and the answer is the same; after a while it opens again by itself.
func TestStore_waitsAfterWrongTries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	secret, _ := b.aigul(t)
	for range accounts.MaxTries {
		if _, err := b.SignIn(ctx, "aigul", "wrong wrong wrong", "123456"); !errors.Is(err, accounts.ErrWrong) {
			t.Fatal(err)
		}
	}
	if _, err := b.SignIn(ctx, "aigul", good, b.code(t, secret, 0)); !errors.Is(err, accounts.ErrWrong) {
		t.Errorf("after %d wrong tries: %v", accounts.MaxTries, err)
	}
	if list, err := b.List(ctx); err != nil || !list[0].Locked {
		t.Errorf("%+v, %v", list, err)
	}
	_, err := b.pool.Exec(ctx, `UPDATE operators SET locked_until = now() - interval '1 second'`)
	must(t, err)
	if _, err := b.SignIn(ctx, "aigul", good, b.code(t, secret, 0)); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// Many tries at once are no more than as many in a row, and one code lets one of them in.
func TestStore_triesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	secret, _ := b.aigul(t)
	code := b.code(t, secret, 0)
	var in atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := b.SignIn(t.Context(), "aigul", good, code); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("one code has let %d in", in.Load())
	}
}

func TestStore_everyChangeSaysWhoAndWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.aigul(t)
	visit := func() {
		_, err := b.pool.Exec(ctx, `INSERT INTO desk_sessions (id_hash, actor, roles, way, expires_at) VALUES (sha256('1'), 'desk:aigul', '{operator}', 'account', now() + interval '1 hour'), (sha256('2'), 'desk:aigul2', '{operator}', 'account', now() + interval '1 hour') ON CONFLICT DO NOTHING`)
		must(t, err)
	}
	for what, do := range map[string]func(accounts.Act) error{
		"roles":   func(a accounts.Act) error { return b.SetRoles(ctx, "aigul", []string{"auditor", "finance"}, a) },
		"regions": func(a accounts.Act) error { return b.SetRegions(ctx, "aigul", nil, a) },
		"reset":   func(a accounts.Act) error { _, err := b.Reset(ctx, "aigul", a); return err },
		"off":     func(a accounts.Act) error { return b.Off(ctx, "aigul", a) },
	} {
		for _, a := range []accounts.Act{{Actor: "root"}, {Reason: "x"}, {Actor: " ", Reason: " "}} {
			if err := do(a); !errors.Is(err, accounts.ErrNobody) {
				t.Errorf("%s by %+v: %v", what, a, err)
			}
		}
		visit()
		must(t, do(by))
		var left string
		must(t, b.pool.QueryRow(ctx, `SELECT string_agg(actor, ',') FROM desk_sessions`).Scan(&left))
		if left != "desk:aigul2" {
			t.Errorf("%s leaves the visits of %s", what, left)
		}
	}
	list, err := b.Changes(ctx, "aigul", 100)
	must(t, err)
	var what []string
	for _, c := range list {
		what = append(what, c.What)
		if c.What != "set_up" && (c.Actor != "root" || c.Reason != "order 12") {
			t.Errorf("%+v", c)
		}
	}
	if slices.Sort(what[2:]); !slices.Equal(what[:2], []string{"add", "set_up"}) || !slices.Equal(what[2:], []string{"off", "regions", "reset", "roles"}) {
		t.Errorf("written down: %q", what)
	}
	if _, err := b.pool.Exec(ctx, `DELETE FROM operator_changes`); err == nil {
		t.Error("what was written down can be deleted")
	}
	for name, err := range map[string]error{
		"of nobody":   b.SetRoles(ctx, "nobody", []string{"auditor"}, by),
		"off nobody":  b.Off(ctx, "nobody", by),
		"a lost role": b.SetRoles(ctx, "aigul", []string{"king"}, by),
		"no role":     b.SetRoles(ctx, "aigul", nil, by),
	} {
		if err == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	if _, err := b.Add(ctx, "Aigul!", []string{"operator"}, nil, by); !errors.Is(err, accounts.ErrLogin) {
		t.Errorf("a name that is none: %v", err)
	}
}

func FuzzCheckPassword(f *testing.F) {
	for _, s := range []string{good, "", "aaaaaaaaaaaa", "\xff\xfe", "Қазақстан2026"} {
		f.Add("aigul", s)
	}
	f.Fuzz(func(t *testing.T, login, password string) {
		if accounts.CheckPassword(login, password) == nil && len([]rune(password)) > 4*accounts.MaxPassword {
			t.Errorf("%q is taken", password)
		}
	})
}
