-- +goose Up
-- Who may do what at the desk. Times are real time: a visit and an account are no matter of law.
SET LOCAL lock_timeout = '3s';

-- The visits of before had no roles: everybody signs in once more.
DROP TABLE desk_sessions;

-- A visit of an operator. Only the SHA-256 of the cookie is kept; the roles are those that he had when he signed in.
CREATE TABLE desk_sessions (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    id         bigint      GENERATED ALWAYS AS IDENTITY UNIQUE, -- names the visit on pages
    actor      text        NOT NULL CHECK (actor <> ''),
    roles      text[]      NOT NULL CHECK (cardinality(roles) > 0
               AND roles <@ ARRAY['viewer', 'operator', 'supervisor', 'finance', 'auditor', 'administrator']),
    regions    text[],                                           -- NULL: all
    way        text        NOT NULL CHECK (way IN ('demo', 'account', 'oidc')),
    browser    text        NOT NULL DEFAULT '' CHECK (length(browser) <= 200),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at <= started_at + interval '8 hours')
);
CREATE INDEX desk_sessions_by_actor ON desk_sessions (actor);
CREATE INDEX desk_sessions_expiry ON desk_sessions (expires_at);

-- Accounts of an installation that has no provider of identities.
CREATE TABLE operators (
    login        text        PRIMARY KEY CHECK (login ~ '^[a-z][a-z0-9._-]{1,31}$'),
    roles        text[]      NOT NULL CHECK (cardinality(roles) > 0
                 AND roles <@ ARRAY['viewer', 'operator', 'supervisor', 'finance', 'auditor', 'administrator']),
    regions      text[]      CHECK (cardinality(regions) > 0),   -- NULL: all
    off          boolean     NOT NULL DEFAULT false,
    password     text,                                           -- argon2id; NULL: not chosen yet
    totp_sealed  bytea       NOT NULL,
    totp_step    bigint      NOT NULL DEFAULT 0,                 -- of the last code that was used: one code opens once
    link_hash    bytea       UNIQUE CHECK (length(link_hash) = 32),
    link_until   timestamptz,
    tries        smallint    NOT NULL DEFAULT 0 CHECK (tries >= 0),
    locked_until timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((link_hash IS NULL) = (link_until IS NULL))
);

-- What was done to accounts, by whom and why.
CREATE TABLE operator_changes (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login   text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    what    text        NOT NULL CHECK (what IN ('add', 'roles', 'regions', 'reset', 'off', 'set_up', 'recovery')),
    roles   text[]      NOT NULL, -- after it
    regions text[],
    actor   text        NOT NULL CHECK (actor <> ''),
    reason  text        NOT NULL CHECK (reason <> '')
);
CREATE TRIGGER operator_changes_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_changes FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what was done to accounts is kept');

-- Codes that open once in place of the telephone's.
CREATE TABLE operator_codes (
    login     text  NOT NULL REFERENCES operators (login),
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (login, code_hash)
);

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE operator_codes, operator_changes, operators, desk_sessions;
CREATE TABLE desk_sessions (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    actor      text        NOT NULL CHECK (actor <> ''),
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at <= started_at + interval '8 hours')
);
CREATE INDEX desk_sessions_expiry ON desk_sessions (expires_at);
