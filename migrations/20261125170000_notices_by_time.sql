-- +goose Up
-- Operators look at the notices of the last days. Notices come in the order of time, so that an index of ranges of pages finds
-- them, and costs next to nothing to keep: no column that moves is in it, changes stay heap-only.
SET LOCAL lock_timeout = '3s';

CREATE INDEX notices_by_time ON notices USING brin (created_at) WITH (pages_per_range = 64, autosummarize = on);

-- +goose Down
DROP INDEX notices_by_time;
