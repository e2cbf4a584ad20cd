-- +goose Up
-- These tables are written to the end and hardly ever changed there. A vacuum for every fifth that they grow by, as is usual,
-- reads them again and again while a court batch of a million rows is being taken in, and frees nothing: it is for the
-- visibility map and for freezing, and both have time. Dead rows are cleared as before.
SET LOCAL lock_timeout = '3s';

ALTER TABLE events SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE writs SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE debtors SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE batch_rows SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE links SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE notices SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE cases SET (autovacuum_vacuum_insert_threshold = 5000000);
ALTER TABLE ledger SET (autovacuum_vacuum_insert_threshold = 5000000);

-- +goose Down
ALTER TABLE ledger RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE cases RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE notices RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE links RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE batch_rows RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE debtors RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE writs RESET (autovacuum_vacuum_insert_threshold);
ALTER TABLE events RESET (autovacuum_vacuum_insert_threshold);
