-- +goose Up
-- The end of the voluntary period stands in the list of what is due, which moves at every step anyway. In an index of cases it made each case be
-- written into all indexes of cases once more when it was notified.
SET LOCAL lock_timeout = '3s';

ALTER TABLE due ADD COLUMN voluntary_ends_on date; -- while it runs and nothing keeps the case
UPDATE due d SET voluntary_ends_on = c.voluntary_ends_on
  FROM cases c WHERE c.id = d.case_id AND c.state = 'notified' AND c.refusal_at IS NULL AND c.hold = '' AND c.suspended = ''
   AND NOT EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined'));
CREATE INDEX due_by_voluntary ON due (voluntary_ends_on, case_id) WHERE voluntary_ends_on IS NOT NULL;
DROP INDEX cases_by_voluntary;

-- +goose Down
SET LOCAL lock_timeout = '3s';

CREATE INDEX cases_by_voluntary ON cases (voluntary_ends_on, id);
ALTER TABLE due DROP COLUMN voluntary_ends_on;
