-- +goose Up
-- Payments that were begun at a gateway: what was asked for, so that its word can be held against it, and asked after when no word comes.
SET LOCAL lock_timeout = '3s';

CREATE TABLE payment_orders (
    id         uuid        PRIMARY KEY, -- the gateway gets it, and says it with the payment
    case_id    bigint      NOT NULL,
    gateway    text        NOT NULL,
    amount     bigint      NOT NULL CHECK (amount > 0),
    state      text        NOT NULL DEFAULT 'begun' CHECK (state IN ('begun', 'open', 'paid', 'failed', 'expired')),
    page       text        NOT NULL DEFAULT '', -- of the gateway, where the debtor pays
    created_at timestamptz NOT NULL,
    look_at    timestamptz,                     -- when the gateway is asked next, in legal time; NULL: there is nothing to ask any more
    looks      smallint    NOT NULL DEFAULT 0
);
CREATE INDEX payment_orders_due ON payment_orders (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX payment_orders_by_case ON payment_orders (case_id);

-- The lists of a day that gateways give: each is compared once.
CREATE TABLE registers (
    gateway  text        NOT NULL,
    day      date        NOT NULL,
    entries  integer     NOT NULL CHECK (entries >= 0),
    unknown  integer     NOT NULL CHECK (unknown >= 0), -- entries that nobody had told us of: they are payments now
    missing  integer     NOT NULL CHECK (missing >= 0), -- payments of the day that the list does not have: a person must look
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, day)
);

-- +goose Down
DROP TABLE registers, payment_orders;
