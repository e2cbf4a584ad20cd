-- +goose Up
-- Nothing asks the ledger for one case: what a case has paid stands in payments, and checks read the whole. With a little more room on a page of
-- cases all its versions of one step fit there, and none is written into the indexes again.
SET LOCAL lock_timeout = '3s';

DROP INDEX ledger_by_case;
ALTER TABLE cases SET (fillfactor = 45);

-- +goose Down
SET LOCAL lock_timeout = '3s';

ALTER TABLE cases SET (fillfactor = 50);
CREATE INDEX ledger_by_case ON ledger (case_id);
