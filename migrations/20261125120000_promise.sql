-- +goose Up
-- What a sender says of his batch besides its bytes: rows and sum. The first look compares.

SET LOCAL lock_timeout = '3s';

ALTER TABLE batches ADD COLUMN promised json;

-- +goose Down
ALTER TABLE batches DROP COLUMN promised;
