-- +goose Up
-- What the web pages keep: sessions, the gate of the personal link, payments under way. Times that bound a visit are real
-- time of the database; the lock of the gate is legal time, since the page names it to the debtor.

SET LOCAL lock_timeout = '3s';

-- A debtor's visit. Only the SHA-256 of the cookie is kept.
CREATE TABLE portal_sessions (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    case_id    bigint      NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at <= started_at + interval '8 hours')
);
CREATE INDEX portal_sessions_expiry ON portal_sessions (expires_at);

-- Wrong answers per link, whether or not the link exists: so that nobody learns which do. The link itself does not die.
CREATE TABLE portal_gate (
    token_hash   bytea       PRIMARY KEY CHECK (length(token_hash) = 32),
    wrong        smallint    NOT NULL CHECK (wrong >= 0),
    locked_until timestamptz,                      -- legal time
    touched_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX portal_gate_age ON portal_gate (touched_at);

-- A payment that the debtor has begun and the case has not yet seen: while the row lives, no second one is offered.
CREATE TABLE portal_checkouts (
    case_id     bigint      PRIMARY KEY,
    amount      bigint      NOT NULL CHECK (amount > 0),
    outstanding bigint      NOT NULL CHECK (outstanding > 0), -- when it was begun; the row is over when the case has moved
    legal_at    timestamptz NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now()
);

-- An operator's visit. Only the SHA-256 of the cookie is kept.
CREATE TABLE desk_sessions (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    actor      text        NOT NULL CHECK (actor <> ''),
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at <= started_at + interval '8 hours')
);
CREATE INDEX desk_sessions_expiry ON desk_sessions (expires_at);

-- +goose Down
DROP TABLE desk_sessions, portal_checkouts, portal_gate, portal_sessions;
