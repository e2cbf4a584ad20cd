-- +goose Up
SET LOCAL lock_timeout = '3s';

-- Who may send court batches, and how he proves himself. Only the blind index of an API key is kept; the webhook secret and
-- the identity numbers among the subjects are sealed.
CREATE TABLE sources (
    name           text        PRIMARY KEY CHECK (name <> '' AND octet_length(name) <= 100), -- as in the field source of a writ
    title          text        NOT NULL DEFAULT '',
    proof          text        NOT NULL CHECK (proof IN ('none', 'cms', 'xmldsig')),
    roots          text        NOT NULL DEFAULT '',   -- PEM
    subjects       text[]      NOT NULL DEFAULT '{}', -- who may sign; empty: everybody whom the roots vouch for
    api_key_hash   bytea       UNIQUE CHECK (length(api_key_hash) = 32),
    tls_subject    text        UNIQUE CHECK (tls_subject <> ''),
    active         boolean     NOT NULL DEFAULT true,
    gates_on       boolean     NOT NULL DEFAULT true, -- a batch with many bad rows waits for a person
    webhook_url    text        NOT NULL DEFAULT '',
    webhook_secret bytea,                             -- sealed
    created_at     timestamptz NOT NULL DEFAULT now(),
    changed_at     timestamptz NOT NULL DEFAULT now(),
    changed_by     text        NOT NULL CHECK (changed_by <> ''),
    CHECK ((proof = 'none') = (roots = ''))
);

-- +goose Down
DROP TABLE sources;
