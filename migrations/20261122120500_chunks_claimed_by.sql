-- +goose Up
-- The database's process that served the claim of a chunk. When it is gone, so is the worker, and the chunk need not wait for
-- the lease.
SET LOCAL lock_timeout = '3s';

ALTER TABLE chunks ADD COLUMN claimed_by integer;

-- +goose Down
ALTER TABLE chunks DROP COLUMN claimed_by;
