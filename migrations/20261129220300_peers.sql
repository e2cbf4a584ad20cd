-- +goose Up
-- How the banks and gateways fare that the robot talks to: what they answered, and how long that took. All times are real ones.
SET LOCAL lock_timeout = '3s';

-- Who is connected: written by the processes that work, every half minute.
CREATE TABLE peers (
    kind         text        NOT NULL CHECK (kind IN ('bank', 'register', 'till', 'channel')),
    name         text        NOT NULL CHECK (name <> ''),
    seen_at      timestamptz NOT NULL, -- a process was connected to it
    expires_at   timestamptz,          -- our certificate for it; NULL: none is known
    answered_at  timestamptz,          -- it last answered, whatever it said
    last_at      timestamptz,          -- it was last asked
    last_outcome text        NOT NULL DEFAULT '',
    PRIMARY KEY (kind, name)
);

-- Answers by five minutes. took is the upper end, in milliseconds, of how long the calls lasted; those rows count calls, the others count what was
-- asked for. Two days are kept.
CREATE TABLE peer_answers (
    at      timestamptz NOT NULL,
    kind    text        NOT NULL,
    name    text        NOT NULL,
    outcome text        NOT NULL CHECK (outcome IN ('accepted', 'taken', 'rejected', 'unknown', 'timeout', 'unsent', 'call')),
    took    integer     NOT NULL CHECK (took >= 0 AND (took > 0) = (outcome = 'call')),
    n       bigint      NOT NULL CHECK (n > 0),
    PRIMARY KEY (at, kind, name, outcome, took)
) WITH (fillfactor = 50);

-- The oldest order of each kind that is counted: the desk reads it here, and never the orders, which are many.
ALTER TABLE order_counts ADD COLUMN oldest timestamptz;

-- +goose Down
SET LOCAL lock_timeout = '3s';
ALTER TABLE order_counts DROP COLUMN oldest;
DROP TABLE peer_answers, peers;
