-- +goose Up
SET LOCAL lock_timeout = '3s';

-- Raw messages of payment systems, kept before they are answered with 2xx.
CREATE TABLE payment_events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    event_id    text        NOT NULL,
    content     bytea       NOT NULL CHECK (length(content) = 32),  -- SHA-256 of the body: the same id with other content is refused
    body        bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    outcome     text        NOT NULL DEFAULT '',                    -- '' until settled
    UNIQUE (source, event_id)
);
CREATE INDEX payment_events_open ON payment_events (id) WHERE outcome = '';

-- One transfer of money, once for ever.
CREATE TABLE payments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    txn_id      text        NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0 AND amount <= 1000000000000000),
    currency    text        NOT NULL CHECK (currency = 'KZT'),
    value_date  date        NOT NULL,
    reference   text        NOT NULL DEFAULT '',
    case_id     bigint,
    received_at timestamptz NOT NULL,
    allocated   bigint      NOT NULL DEFAULT 0 CHECK (allocated >= 0),
    refund_due  bigint      NOT NULL DEFAULT 0 CHECK (refund_due >= 0),
    reversed    bigint      NOT NULL DEFAULT 0 CHECK (reversed >= 0),
    UNIQUE (source, txn_id),
    CHECK (allocated + refund_due + reversed <= amount)             -- the rest is in suspense
) WITH (fillfactor = 70);
CREATE INDEX payments_by_case ON payments (case_id);

-- Double entry as transfers between two accounts: balanced by construction, never edited.
CREATE TABLE ledger (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL,
    debit      text        NOT NULL,
    credit     text        NOT NULL CHECK (credit <> debit),
    amount     bigint      NOT NULL CHECK (amount > 0 AND amount <= 1000000000000000),
    case_id    bigint,
    payment_id bigint,
    reason     text        NOT NULL DEFAULT ''
);
CREATE INDEX ledger_by_case ON ledger (case_id);
CREATE TRIGGER ledger_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('ledger entries are immutable');

-- +goose Down
DROP TABLE ledger, payments, payment_events;
