-- +goose Up
-- A search by a common surname among ten million cases read a page of debtors, of writs and of cases for each of a thousand it found. By these
-- indexes alone it knows whose cases they are.
SET LOCAL lock_timeout = '3s';

DROP INDEX debtors_by_name, writs_by_debtor;
CREATE INDEX debtors_by_name ON debtors (name_key, id) WHERE name_key IS NOT NULL;
CREATE INDEX writs_by_debtor ON writs (debtor_id, case_id);

-- +goose Down
SET LOCAL lock_timeout = '3s';

DROP INDEX debtors_by_name, writs_by_debtor;
CREATE INDEX debtors_by_name ON debtors (name_key) WHERE name_key IS NOT NULL;
CREATE INDEX writs_by_debtor ON writs (debtor_id);
