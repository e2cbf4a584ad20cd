-- +goose Up
-- An arrest is asked for, marked with its plan, answered, to be lifted and lifted: five versions of one row, of which the plan makes the
-- later four twice as long. With room for all of them beside the first, they stay on the row's own page and touch no index but where an
-- arrest ceases to be live. A page holds fewer orders for it.
SET LOCAL lock_timeout = '3s';

ALTER TABLE orders SET (fillfactor = 20);

-- +goose Down
SET LOCAL lock_timeout = '3s';

ALTER TABLE orders SET (fillfactor = 33);
