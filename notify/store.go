package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/notify/text"
	"robotbailiff/notify/wording"
)

// ErrNoLink says that no case has such a link. It does not say why.
var ErrNoLink = errors.New("notify: no such link")

// Links makes the tokens of personal links and what is stored of them; seal.Keys does.
type Links interface {
	LinkToken(caseID int64, ordinal int) string
	LinkHash(token string) []byte
}

// Querier reads: a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Config is what a [Store] needs from outside.
type Config struct {
	Links Links
	// Host of the portal, as texts print it: at most 13 characters keep the SMS budgets.
	Host string
	// Window tells when a notice wanted at t may leave, and by when it must have left;
	// rules.SendWindow with the pack in force.
	Window func(t time.Time) (from, until time.Time)
	// Settle is how long after an attempt the gateway's "not found" is believed, since the
	// message may still be on its way to it. 0 is ten minutes.
	Settle time.Duration
}

// Store keeps notices and links. It is safe for concurrent use and holds no connection.
type Store struct {
	cfg   Config
	texts wording.Library
}

// NewStore checks the configuration.
func NewStore(cfg Config) (*Store, error) {
	if cfg.Links == nil || cfg.Window == nil || cfg.Host == "" {
		return nil, errors.New("notify: links, window and host are required")
	}
	if cfg.Settle == 0 {
		cfg.Settle = 10 * time.Minute
	}
	return &Store{cfg: cfg}, nil
}

var (
	noticeColumns = []string{
		"case_id", "ordinal", "channel", "rung", "kind", "language", "text_version", "params",
		"status", "not_before", "expires_at", "created_at", "turn",
	}
	linkColumns = []string{"token_hash", "case_id", "ordinal"}
)

// Create writes the notices and one link for each intent, in the caller's transaction: the
// one that changes the case. A second notice for the same case, ordinal and channel fails
// it (INV-N1).
func (s *Store) Create(ctx context.Context, tx pgx.Tx, intents []Intent) error {
	if len(intents) == 0 {
		return nil
	}
	type notice struct {
		in      *Intent
		channel Channel
		turn    int
		params  []byte
	}
	notices := make([]notice, 0, 2*len(intents))
	for i := range intents {
		in := &intents[i]
		if err := in.check(); err != nil {
			return err
		}
		params, err := json.Marshal(stored{Params: in.Params, Host: s.cfg.Host})
		if err != nil {
			return fmt.Errorf("notify: params of case %d: %w", in.CaseID, err)
		}
		for turn, c := range in.Channels {
			if !in.InTurn {
				turn = 0
			}
			notices = append(notices, notice{in, c, turn, params})
		}
	}
	version, err := s.texts.Current(ctx, tx)
	if err != nil {
		return err
	}
	err = pg.Copy(ctx, tx, "notices", noticeColumns, len(notices), func(r *pg.Row, i int) {
		n, in := &notices[i], notices[i].in
		r.Int8(in.CaseID)
		r.Int4(int32(in.Ordinal))
		r.Text(string(n.channel))
		r.Int2(int16(max(in.Rung, 1)))
		r.Text(string(in.Kind))
		r.Text(in.Language)
		r.Int2(int16(version))
		r.Bytes(n.params)
		r.Text(string(StatusCreated))
		r.Time(in.notBefore())
		r.Time(in.ExpiresAt)
		r.Time(in.At)
		r.Int2(int16(n.turn))
	})
	if err != nil {
		return fmt.Errorf("notify: writing %d notices: %w", len(notices), err)
	}
	err = pg.Copy(ctx, tx, "links", linkColumns, len(intents), func(r *pg.Row, i int) {
		in := &intents[i]
		r.Bytes(s.cfg.Links.LinkHash(s.cfg.Links.LinkToken(in.CaseID, in.Ordinal)))
		r.Int8(in.CaseID)
		r.Int4(int32(in.Ordinal))
	})
	if err != nil {
		return fmt.Errorf("notify: writing %d links: %w", len(intents), err)
	}
	return nil
}

const caseByLinkSQL = `SELECT l.case_id, l.ordinal FROM links l WHERE l.token_hash = $1
   AND NOT EXISTS (SELECT FROM link_renewals r WHERE r.case_id = l.case_id AND r.below > l.ordinal)`

// CaseByToken finds the case of a personal link. Anything that has not the shape of a token
// is refused before the database is asked; a link that was made invalid is none. It changes nothing: a link may be followed by
// scanners and as often as people like. The error is [ErrNoLink] when there is none.
func (s *Store) CaseByToken(ctx context.Context, q Querier, token string) (caseID int64, ordinal int, err error) {
	if seal.ParseToken(token) != nil {
		return 0, 0, ErrNoLink
	}
	err = q.QueryRow(ctx, caseByLinkSQL, s.cfg.Links.LinkHash(token)).Scan(&caseID, &ordinal)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, ErrNoLink
	}
	if err != nil {
		return 0, 0, fmt.Errorf("notify: looking up a link: %w", err)
	}
	return caseID, ordinal, nil
}

// reader renders stored notices. The channels of one notice say the same, so it remembers
// the last one it made.
type reader struct {
	*Store

	q     Querier // for versions of the wording that this process has not met yet
	last  row
	text  text.Text
	token string
}

// words returns the texts of a notice and the token of the link in them.
func (w *reader) words(ctx context.Context, r row) (t text.Text, token string, err error) {
	l := w.last
	if r.CaseID == l.CaseID && r.Ordinal == l.Ordinal && r.Kind == l.Kind && r.Language == l.Language &&
		r.TextVersion == l.TextVersion && bytes.Equal(r.Params, l.Params) {
		return w.text, w.token, nil
	}
	if w.text, w.token, err = w.render(ctx, w.q, r); err != nil {
		w.last = row{}
		return text.Text{}, "", err
	}
	w.last = r
	return w.text, w.token, nil
}

func (s *Store) render(ctx context.Context, q Querier, r row) (text.Text, string, error) {
	var p stored
	if err := json.Unmarshal(r.Params, &p); err != nil {
		return text.Text{}, "", fmt.Errorf("notify: params of %s: %w", r.key().ref(), err)
	}
	token := s.cfg.Links.LinkToken(r.CaseID, r.Ordinal)
	e, err := s.texts.Edition(ctx, q, r.TextVersion)
	if err != nil {
		return text.Text{}, "", fmt.Errorf("notify: text of %s: %w", r.key().ref(), err)
	}
	t, err := e.Render(r.Kind, r.Language, text.Facts{
		Case: caseno.Format(r.CaseID), Initials: p.Initials, Amount: p.Amount, Outstanding: p.Outstanding,
		Until: p.Until, UndoUntil: p.UndoUntil, Bailiff: p.Bailiff, Arrested: p.Arrested, Reason: p.Reason, Host: p.Host, Token: token,
	})
	if err != nil {
		return text.Text{}, "", fmt.Errorf("notify: text of %s: %w", r.key().ref(), err)
	}
	return t, token, nil
}
