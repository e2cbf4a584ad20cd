-- +goose Up
-- Time under suspension does not count towards the term (EL 39(4) by analogy, switchable in the rule pack): since when a case
-- is suspended, and how many days were left out so far.
SET LOCAL lock_timeout = '3s';

ALTER TABLE cases ADD COLUMN suspended_on date, ADD COLUMN suspended_days integer NOT NULL DEFAULT 0 CHECK (suspended_days >= 0);
UPDATE cases c SET suspended_on = e.since
  FROM (SELECT case_id, (max(at) AT TIME ZONE 'Asia/Almaty')::date AS since FROM events WHERE kind = 'suspended' GROUP BY case_id) e
 WHERE c.id = e.case_id AND c.suspended <> '';

-- +goose Down
ALTER TABLE cases DROP COLUMN suspended_on, DROP COLUMN suspended_days;
