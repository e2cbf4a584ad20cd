-- +goose Up
-- Notices and orders are written once and then changed a few times within seconds, often while an older transaction still
-- looks, so that the space of former versions cannot be used again yet. With room for two versions beside the first, these
-- changes stay on the row's own page and touch no index.
SET LOCAL lock_timeout = '3s';

ALTER TABLE notices SET (fillfactor = 33);
ALTER TABLE orders SET (fillfactor = 33);

-- +goose Down
ALTER TABLE orders SET (fillfactor = 50);
ALTER TABLE notices SET (fillfactor = 50);
