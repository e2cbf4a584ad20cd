-- +goose Up
-- An order goes to each bank as a leg under an id of its own. Which banks, accounts and sums is settled when the order is first
-- sent and never again; account numbers are sealed. What a bank said stands with its leg where it is not simply what was asked.
-- Empty: never sent. The column is in no index, so that changes stay heap-only.
SET LOCAL lock_timeout = '3s';

ALTER TABLE orders ADD COLUMN legs json;

-- +goose Down
SET LOCAL lock_timeout = '3s';

ALTER TABLE orders DROP COLUMN legs;
