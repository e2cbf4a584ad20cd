-- +goose Up
-- One look-up and one row lock for each of a million rows less; intake.Check proves that every writ has its debtor.
SET LOCAL lock_timeout = '3s';

ALTER TABLE writs DROP CONSTRAINT writs_debtor_id_fkey;

-- +goose Down
ALTER TABLE writs ADD CONSTRAINT writs_debtor_id_fkey FOREIGN KEY (debtor_id) REFERENCES debtors (id);
