-- +goose Up
-- A due row moves at every step of a case. With room on its page the next version needs no second page, no lock record of its
-- own in the log, and the dead ones before it are cleared away in passing.
SET LOCAL lock_timeout = '3s';

ALTER TABLE due SET (fillfactor = 50);

-- +goose Down
ALTER TABLE due RESET (fillfactor);
