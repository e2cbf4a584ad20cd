-- +goose Up
-- The portal pays through the gateways: an order holds all that its page shows, and why it failed. The portal's own mark of a payment under way
-- goes, since the order is one.
SET LOCAL lock_timeout = '3s';

ALTER TABLE payment_orders
    ADD COLUMN app     text NOT NULL DEFAULT '',  -- deep link into a bank's app
    ADD COLUMN qr      text NOT NULL DEFAULT '',  -- what a QR code is to hold
    ADD COLUMN reason  text NOT NULL DEFAULT '',  -- why it failed, in the words of the contract; empty: the gateway did not say
    ADD COLUMN left_at timestamptz;               -- the debtor says that he did not pay here, or the gateway gave no page: another may be begun

DROP TABLE portal_checkouts;

-- +goose Down
CREATE TABLE portal_checkouts (
    case_id     bigint      PRIMARY KEY,
    amount      bigint      NOT NULL CHECK (amount > 0),
    outstanding bigint      NOT NULL CHECK (outstanding > 0),
    legal_at    timestamptz NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE payment_orders DROP COLUMN left_at, DROP COLUMN reason, DROP COLUMN qr, DROP COLUMN app;
