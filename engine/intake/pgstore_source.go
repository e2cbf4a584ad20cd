package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const sourceColumnsSQL = `SELECT name, title, proof, roots, subjects, coalesce(tls_subject, ''), active, gates_on, webhook_url,
	api_key_hash IS NOT NULL, webhook_secret IS NOT NULL, created_at, changed_at, changed_by FROM sources `

const sourceByNameSQL = sourceColumnsSQL + `WHERE name = $1`

const sourceByKeySQL = sourceColumnsSQL + `WHERE api_key_hash = $1`

const sourceByTLSSQL = sourceColumnsSQL + `WHERE tls_subject = $1`

const listSourcesSQL = sourceColumnsSQL + `ORDER BY name`

const putSourceSQL = `INSERT INTO sources AS s (name, title, proof, roots, subjects, tls_subject, active, gates_on, webhook_url, changed_by)
VALUES ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8, $9, $10)
    ON CONFLICT (name) DO UPDATE SET title = excluded.title, proof = excluded.proof, roots = excluded.roots, subjects = excluded.subjects,
	tls_subject = excluded.tls_subject, active = excluded.active, gates_on = excluded.gates_on, webhook_url = excluded.webhook_url,
	changed_by = excluded.changed_by, changed_at = now()`

const setAPIKeySQL = `UPDATE sources SET api_key_hash = $2, changed_by = $3, changed_at = now() WHERE name = $1`

const setWebhookSecretSQL = `UPDATE sources SET webhook_secret = $2, changed_by = $3, changed_at = now() WHERE name = $1`

const readWebhookSQL = `SELECT webhook_secret FROM sources WHERE name = $1`

// Load finds a source by its name; a *[FatalError] says that nobody is registered under it.
func (s *Sources) Load(ctx context.Context, name string) (Source, error) {
	return s.one(ctx, sourceByNameSQL, name)
}

// ByAPIKey finds the active source that a key belongs to.
func (s *Sources) ByAPIKey(ctx context.Context, key string) (Source, error) {
	if !strings.HasPrefix(key, keyPrefix) || len(key) > 100 {
		return Source{}, unknown()
	}
	return s.activeOne(ctx, sourceByKeySQL, s.keys.Blind(BlindAPIKey, key))
}

// ByTLSSubject finds the active source by the subject of its client certificate, as [TLSSubject] writes it. The caller has
// verified the certificate against an authority that gives no subject to two customers.
func (s *Sources) ByTLSSubject(ctx context.Context, subject string) (Source, error) {
	return s.activeOne(ctx, sourceByTLSSQL, subject)
}

func (s *Sources) activeOne(ctx context.Context, sql string, arg any) (Source, error) {
	src, err := s.one(ctx, sql, arg)
	if err == nil && !src.Active {
		return Source{}, inactive()
	}
	return src, err
}

func (s *Sources) one(ctx context.Context, sql string, arg any) (Source, error) {
	found, err := s.query(ctx, sql, arg)
	switch {
	case err != nil:
		return Source{}, err
	case len(found) == 0:
		return Source{}, unknown()
	}
	return found[0], nil
}

// List gives all sources by name.
func (s *Sources) List(ctx context.Context) ([]Source, error) { return s.query(ctx, listSourcesSQL) }

func (s *Sources) query(ctx context.Context, sql string, args ...any) ([]Source, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("intake: read sources: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Source, error) {
		var x Source
		err := row.Scan(&x.Name, &x.Title, &x.Proof, &x.Roots, &x.Subjects, &x.TLSSubject, &x.Active, &x.GatesOn, &x.WebhookURL,
			&x.HasKey, &x.HasWebhookSecret, &x.CreatedAt, &x.ChangedAt, &x.ChangedBy)
		return x, errors.Join(err, s.openSubjects(x.Subjects))
	})
	if err != nil {
		return nil, fmt.Errorf("intake: read sources: %w", err)
	}
	return found, nil
}

// Put registers a source or changes its settings; its key and its secret stay as they are. The actor is who did it.
func (s *Sources) Put(ctx context.Context, x Source, actor string) error {
	if err := x.check(); err != nil {
		return err
	}
	_, err := s.pool.Exec(ctx, putSourceSQL, x.Name, x.Title, x.Proof, x.Roots, s.sealSubjects(x.Subjects), x.TLSSubject, x.Active, x.GatesOn,
		x.WebhookURL, actor)
	if twice, ok := errors.AsType[*pgconn.PgError](err); ok && twice.ConstraintName == "sources_tls_subject_key" {
		return errors.New("intake: another source has this TLS certificate: one certificate is one source")
	}
	if err != nil {
		return fmt.Errorf("intake: register a source: %w", err)
	}
	return nil
}

// NewAPIKey gives a source a new key; the old one ends at once. Only its blind index is kept, so it is seen once.
func (s *Sources) NewAPIKey(ctx context.Context, name, actor string) (string, error) {
	key := newAPIKey()
	return key, s.set(ctx, setAPIKeySQL, name, s.keys.Blind(BlindAPIKey, key), actor)
}

// NewWebhookSecret gives a source a new secret, by which it knows that what we tell it comes from us.
func (s *Sources) NewWebhookSecret(ctx context.Context, name, actor string) (string, error) {
	secret := newWebhookSecret()
	return secret, s.set(ctx, setWebhookSecretSQL, name, s.keys.Seal([]byte(secret), SealedWebhookSecret), actor)
}

func (s *Sources) set(ctx context.Context, sql, name string, value []byte, actor string) error {
	tag, err := s.pool.Exec(ctx, sql, name, value, actor)
	switch {
	case err != nil:
		return fmt.Errorf("intake: change a source: %w", err)
	case tag.RowsAffected() == 0:
		return unknown()
	}
	return nil
}

// WebhookSecret opens the secret of a source; "" says that it has none, and then nothing may be sent to it.
func (s *Sources) WebhookSecret(ctx context.Context, name string) (string, error) {
	var sealed []byte
	err := s.pool.QueryRow(ctx, readWebhookSQL, name).Scan(&sealed)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", unknown()
	case err != nil:
		return "", fmt.Errorf("intake: read the secret of a source: %w", err)
	case sealed == nil:
		return "", nil
	}
	secret, err := s.keys.Open(sealed, SealedWebhookSecret)
	if err != nil {
		return "", fmt.Errorf("intake: open the secret of a source: %w", err)
	}
	return string(secret), nil
}
