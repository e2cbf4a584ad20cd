-- +goose Up
SET LOCAL lock_timeout = '3s';

-- One notice on one channel. (case_id, ordinal) is the logical notice: ordinal = sequence number of the event that asked for it.
-- params holds what the text says, so that the same bytes can be made again; the link in it is a function of case and ordinal.
CREATE TABLE notices (
    case_id      bigint      NOT NULL,
    ordinal      integer     NOT NULL,
    channel      text        NOT NULL CHECK (channel IN ('sms', 'push')),
    rung         smallint    NOT NULL DEFAULT 1,
    kind         text        NOT NULL,
    language     text        NOT NULL,
    text_version smallint    NOT NULL,
    params       json        NOT NULL,
    status       text        NOT NULL CHECK (status IN ('created', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'expired')),
    attempts     smallint    NOT NULL DEFAULT 0 CHECK (attempts <= 2),
    not_before   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    sent_at      timestamptz,
    delivered_at timestamptz,
    provider_ref text        NOT NULL DEFAULT '',
    detail       text        NOT NULL DEFAULT '',
    PRIMARY KEY (case_id, ordinal, channel),
    CHECK (delivered_at IS NULL OR status = 'delivered')
) WITH (fillfactor = 50);

-- Personal links: only the HMAC of the token is kept.
CREATE TABLE links (
    token_hash bytea  PRIMARY KEY CHECK (length(token_hash) = 32),
    case_id    bigint NOT NULL,
    ordinal    integer NOT NULL
);

-- +goose Down
DROP TABLE links, notices;
