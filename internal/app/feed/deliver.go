package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Message is one page on its way to a webhook.
type Message struct {
	URL    string
	Secret string // in the form of Standard Webhooks
	ID     string // the same whenever this page is told again
	Body   []byte
}

// Post tells a message and gives the status of the answer; an error says that nobody answered.
type Post func(context.Context, Message) (status int, err error)

const (
	pageToTell  = 200
	lease       = 2 * time.Minute // longer than a message can take
	idle        = 2 * time.Second
	giveUp      = 72 * time.Hour
	pagesInARow = 20
	statusGone  = 410 // the receiver wants nothing any more
)

// ErrNoWebhook says that a source has no webhook that could be told.
var ErrNoWebhook = errors.New("feed: this source has no webhook: an operator sets one with bailiff source put NAME --webhook-url")

// Due lists sources whose webhooks may have something to be told.
func (s *Service) Due(ctx context.Context, limit int) ([]string, error) {
	rows, err := s.cfg.Pool.Query(ctx, dueSQL, limit)
	if err != nil {
		return nil, fmt.Errorf("feed: due webhooks: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("feed: due webhooks: %w", err)
	}
	return names, nil
}

// delivery is one go at the webhook of a source, held by its claim.
type delivery struct {
	s             *Service
	source        string
	url, secret   string
	claim         int64
	attempts      int
	position, end place
	pending       bool // end is that of a page that was told before and not taken
}

// Deliver tells the webhook of a source what it has not taken yet, page by page and in order, until there is nothing more
// or one is not taken. Somebody else who delivers to it at the same time finds nothing to do.
func (s *Service) Deliver(ctx context.Context, source string) error {
	d := &delivery{s: s, source: source}
	if ok, err := d.begin(ctx); err != nil || !ok {
		return err
	}
	for range pagesInARow {
		if more, err := d.page(ctx); err != nil || !more {
			return err
		}
	}
	return d.rest(ctx, 0)
}

func (d *delivery) begin(ctx context.Context) (bool, error) {
	src, err := d.s.cfg.Sources.Load(ctx, d.source)
	if err != nil {
		return false, err
	}
	if d.url = src.WebhookURL; d.url == "" || !src.Active {
		return false, nil
	}
	if d.secret, err = d.s.cfg.Sources.WebhookSecret(ctx, d.source); err != nil || d.secret == "" {
		return false, err
	}
	var position, pending string
	err = d.s.cfg.Pool.QueryRow(ctx, claimSQL, d.source, lease).Scan(&position, &pending, &d.claim, &d.attempts)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("feed: claim the webhook of %s: %w", d.source, err)
	}
	d.pending = pending != ""
	var wrong error
	d.position, err = parse(position)
	d.end, wrong = parse(pending)
	return true, errors.Join(err, wrong)
}

// page tells one page; more says that the next one may be told at once.
func (d *delivery) page(ctx context.Context) (more bool, err error) {
	to := last
	if d.pending {
		to = d.end
	}
	page, end, err := d.s.read(ctx, d.source, d.position, to, pageToTell)
	if err != nil {
		return false, err
	}
	if len(page.Events) == 0 {
		d.position, d.pending = end, false
		if page.More {
			return true, nil
		}
		return false, d.rest(ctx, idle)
	}
	if !d.pending {
		if d.end = end; !d.held(ctx, &err, pendSQL, d.position.String(), d.end.String(), lease) {
			return false, err
		}
	}
	status, err := d.post(ctx, page)
	if status/100 != 2 || err != nil {
		d.s.cfg.Log.WarnContext(ctx, "webhook not taken", "source", d.source, "status", status, "attempt", d.attempts+1, "error", err)
		return false, d.failed(ctx, status)
	}
	if !d.held(ctx, &err, takenSQL, status, len(page.Events), lease) {
		return false, err
	}
	d.position, d.pending, d.attempts = d.end, false, 0
	if !page.More {
		return false, d.rest(ctx, 0) // the next go finds out what came meanwhile
	}
	return true, nil
}

// body is what a webhook receives, as Standard Webhooks shape it.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // of the last event in it, legal time
	Data      struct {
		Source string  `json:"source"`
		Writs  []Event `json:"writs"`
		Next   string  `json:"next"` // the same cursor as of GET /api/v1/writs
	} `json:"data"`
}

// TypeChanged is the type of every message.
const TypeChanged = "writs.changed"

func (d *delivery) post(ctx context.Context, page Page) (int, error) {
	b := body{Type: TypeChanged, Timestamp: page.Events[len(page.Events)-1].At}
	b.Data.Source, b.Data.Writs, b.Data.Next = d.source, page.Events, d.end.String()
	text, err := json.Marshal(b)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256([]byte(d.source + "\n" + d.position.String() + "\n" + d.end.String()))
	return d.s.cfg.Post(ctx, Message{URL: d.url, Secret: d.secret, ID: "msg_" + hex.EncodeToString(sum[:16]), Body: text})
}

// backoff grows from five seconds to six hours.
func backoff(attempts int) time.Duration {
	return min(5*time.Second<<min(attempts, 13), 6*time.Hour)
}

func (d *delivery) failed(ctx context.Context, status int) error {
	var stopped bool
	err := d.s.cfg.Pool.QueryRow(context.WithoutCancel(ctx), failedSQL, d.source, d.claim, status, backoff(d.attempts), giveUp, status == statusGone).Scan(&stopped)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("feed: webhook of %s: %w", d.source, err)
	}
	return nil
}

// rest lets go of the webhook until the wait is over.
func (d *delivery) rest(ctx context.Context, wait time.Duration) error {
	var err error
	d.held(ctx, &err, idleSQL, d.position.String(), wait)
	return err
}

// held writes how far the delivery is, and says false when it is no longer ours.
func (d *delivery) held(ctx context.Context, err *error, sql string, args ...any) bool {
	tag, e := d.s.cfg.Pool.Exec(ctx, sql, append([]any{d.source, d.claim}, args...)...)
	if e != nil {
		*err = fmt.Errorf("feed: webhook of %s: %w", d.source, e)
	}
	return e == nil && tag.RowsAffected() == 1
}

// Replay has the webhook of a source told everything after the cursor once more, also when it was given up.
func (s *Service) Replay(ctx context.Context, source, since string) error {
	if _, err := parse(since); err != nil {
		return err
	}
	src, err := s.cfg.Sources.Load(ctx, source)
	if err != nil {
		return err
	}
	if src.WebhookURL == "" || !src.HasWebhookSecret {
		return ErrNoWebhook
	}
	if _, err := s.cfg.Pool.Exec(ctx, replaySQL, source, since); err != nil {
		return fmt.Errorf("feed: replay to %s: %w", source, err)
	}
	return nil
}
