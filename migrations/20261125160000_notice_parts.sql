-- +goose Up
-- Numbers under which gateways know the parts of messages whose delivery is not proven yet, where they name nothing else in
-- their receipts. parts = 0: the gateway gave the same number twice, and is not believed about it. Rows go when all parts of an
-- attempt are delivered.
SET LOCAL lock_timeout = '3s';

CREATE TABLE notice_parts (
    provider_ref text     COLLATE "C" PRIMARY KEY,
    case_id      bigint   NOT NULL,
    ordinal      integer  NOT NULL,
    channel      text     NOT NULL,
    attempt      smallint NOT NULL,
    part         smallint NOT NULL CHECK (part > 0),
    parts        smallint NOT NULL CHECK (parts >= 0),
    status       text     NOT NULL DEFAULT '' CHECK (status IN ('', 'delivered', 'failed')),
    at           timestamptz
);
CREATE INDEX notice_parts_by_notice ON notice_parts (case_id, ordinal);

-- Receipts whose number nobody knows yet: a centre may be faster than our commit of what it was sent. The pulse takes them up
-- when the number is known; what is ten minutes old belongs to nothing.
CREATE TABLE early_receipts (
    provider_ref text        COLLATE "C" PRIMARY KEY,
    status       text        NOT NULL CHECK (status IN ('delivered', 'failed')),
    at           timestamptz,
    detail       text        NOT NULL,
    heard_at     timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE early_receipts, notice_parts;
