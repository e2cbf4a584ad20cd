-- +goose Up
-- What people did at the desk is looked at by auditors, by the time at which they did it.
SET LOCAL lock_timeout = '3s';

CREATE INDEX case_acts_by_time ON case_acts (asked_at) WHERE asked_at IS NOT NULL;
CREATE INDEX case_notes_by_time ON case_notes (written_at);
CREATE INDEX work_acts_by_time ON work_acts (at);
CREATE INDEX reviews_by_verdict ON reviews (decided_at) WHERE decided_at IS NOT NULL;

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP INDEX reviews_by_verdict, work_acts_by_time, case_notes_by_time, case_acts_by_time;
