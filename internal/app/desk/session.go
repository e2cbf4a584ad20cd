package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// How long a visit lasts: at most a working day, and less when nothing is asked for. Both are real time, which the database tells: a visit is
// no matter of law, and in a sandbox legal time takes days in a minute.
const (
	SessionFor = 8 * time.Hour
	IdleFor    = 15 * time.Minute
)

// ProvedFor is how long ago a person may have shown who he is when he says the second of two words: a desk that somebody has left open is not
// enough for that.
const ProvedFor = 15 * time.Minute

// seenEvery is how exactly it is known when a visit was last used: to read a page does not write each time.
const seenEvery = time.Minute

// DemoActors are the people of the demonstration: two operators and two administrators, so that what needs two of a kind can be tried, and one
// for each other role that does something.
var DemoActors = []Actor{
	{Name: "desk:demo", Roles: []Role{Operator}},
	{Name: "desk:demo-2", Roles: []Role{Operator}},
	{Name: "desk:demo-supervisor", Roles: []Role{Supervisor}},
	{Name: "desk:demo-finance", Roles: []Role{Finance}},
	{Name: "desk:demo-auditor", Roles: []Role{Auditor}},
	{Name: "desk:demo-administrator", Roles: []Role{Administrator}},
	{Name: "desk:demo-administrator-2", Roles: []Role{Administrator}},
}

// Ways in.
const (
	wayDemo     = "demo"
	wayAccount  = "account"
	wayProvider = "oidc"
)

// Visit is what is known of a browser that somebody signs in with.
type Visit struct {
	Old     string // the session that it has had so far; it ends
	Browser string // how it names itself, for the list of visits
	// Proved is when the person showed a provider who he is; zero: it does not say. Of other ways in it is the moment of the sign-in.
	Proved time.Time
}

// CanSignIn says whether there is a way to sign in at all.
func (s *Service) CanSignIn() bool { return len(s.ways()) > 0 }

// DemoPeople are those who sign in by one click. Outside a sandbox there are none.
func (s *Service) DemoPeople() []Actor {
	switch {
	case !s.cfg.DemoSignIn:
		return nil
	case s.cfg.DemoPeople == nil:
		return DemoActors
	}
	return s.cfg.DemoPeople
}

// SignInDemo begins a visit of one of the people of the demonstration, by name; of none by such a name, the first. It gives the secret of
// the cookie.
func (s *Service) SignInDemo(ctx context.Context, name string, v Visit) (session string, err error) {
	people := s.DemoPeople()
	if len(people) == 0 {
		return "", ErrNoSignIn
	}
	i := max(0, slices.IndexFunc(people, func(a Actor) bool { return a.Name == name }))
	return s.begin(ctx, people[i], wayDemo, v)
}

// mostBrowser bounds what a browser says of itself.
const mostBrowser = 200

// begin starts a visit under a new secret, whatever the browser had before: an old one, or one that somebody has slipped in, opens nothing.
func (s *Service) begin(ctx context.Context, a Actor, way string, v Visit) (session string, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	session = base64.RawURLEncoding.EncodeToString(raw)
	browser := []rune(v.Browser)
	browser = browser[:min(len(browser), mostBrowser)]
	_, err = s.cfg.Pool.Exec(ctx, beginSessionSQL, sessionHash(session), a.Name, a.Roles, a.Regions, way, string(browser), SessionFor, sessionHash(v.Old), IdleFor, pgtype.Timestamptz{Time: v.Proved, Valid: !v.Proved.IsZero()})
	if err != nil {
		return "", fmt.Errorf("desk: sign-in: %w", err)
	}
	return session, nil
}

// Who tells whose visit a session is, and prolongs it if somebody asks, and not a page by itself. Without a way to sign in nobody is let in
// by an old session either.
func (s *Service) Who(ctx context.Context, session string, asked bool) (a Actor, err error) {
	if !s.CanSignIn() {
		return a, ErrNoSignIn
	}
	if session == "" {
		return a, ErrSignedOut
	}
	var stale bool
	hash := sessionHash(session)
	err = s.cfg.Pool.QueryRow(ctx, readSessionSQL, hash, IdleFor, seenEvery, s.ways(), ProvedFor).Scan(&a.Name, &a.Roles, &a.Regions, &stale, &a.NoKeys, &a.Proved)
	if errors.Is(err, pgx.ErrNoRows) {
		return Actor{}, ErrSignedOut
	}
	if err == nil && stale && asked {
		_, err = s.cfg.Pool.Exec(ctx, seenSessionSQL, hash, IdleFor)
	}
	return a, err
}

// ways are those by which somebody can sign in here.
func (s *Service) ways() (ways []string) {
	if s.cfg.DemoSignIn {
		ways = append(ways, wayDemo)
	}
	if s.cfg.Accounts != nil {
		ways = append(ways, wayAccount)
	}
	if s.cfg.Provider != nil {
		ways = append(ways, wayProvider)
	}
	return ways
}

// SignOut ends a visit, and says whether a provider had let it in, at which the person is still signed in.
func (s *Service) SignOut(ctx context.Context, session string) (provider bool, err error) {
	err = s.cfg.Pool.QueryRow(ctx, endSessionSQL, sessionHash(session), IdleFor, wayProvider).Scan(&provider)
	return provider, err
}

func sessionHash(id string) []byte {
	h := sha256.Sum256([]byte(id))
	return h[:]
}

const (
	beginSessionSQL = `WITH old AS (DELETE FROM desk_sessions WHERE id_hash = $8 OR expires_at < now() OR seen_at < now() - $9::interval)
INSERT INTO desk_sessions (id_hash, actor, roles, regions, way, browser, expires_at, proved_at)
VALUES ($1, $2, $3, $4, $5, $6, now() + $7::interval, CASE WHEN $5 = 'oidc' THEN least($10::timestamptz, now()) ELSE now() END)`

	// readSessionSQL does not let in by an account that was ended, or lost rights, while its owner came in.
	readSessionSQL = `SELECT actor, roles, regions, seen_at < now() - $3::interval, EXISTS (SELECT FROM desk_keys_off k WHERE k.actor = desk_sessions.actor), coalesce(proved_at > now() - $5::interval, false) FROM desk_sessions
 WHERE id_hash = $1 AND expires_at > now() AND seen_at > now() - $2::interval AND way = ANY ($4)
   AND (way <> 'account' OR EXISTS (SELECT FROM operators o WHERE o.login = substr(actor, 6) AND NOT o.off
     AND desk_sessions.roles <@ o.roles AND (o.regions IS NULL OR desk_sessions.regions <@ o.regions)))`

	seenSessionSQL = `UPDATE desk_sessions SET seen_at = now() WHERE id_hash = $1 AND expires_at > now() AND seen_at > now() - $2::interval`

	endSessionSQL = `WITH gone AS (DELETE FROM desk_sessions WHERE id_hash = $1 OR expires_at < now() OR seen_at < now() - $2::interval RETURNING id_hash, way)
SELECT coalesce(bool_or(id_hash = $1 AND way = $3), false) FROM gone`
)
