-- +goose Up
-- The feed of what happened to the writs of a source. Events are read in the order of the transactions that wrote them,
-- and only of those below the oldest one that still runs, so that no reader passes over an event whose commit comes late.
-- Events of before have transaction 0 and come first.

SET LOCAL lock_timeout = '3s';

ALTER TABLE events ADD COLUMN tx xid8 NOT NULL DEFAULT '0';
ALTER TABLE events ALTER COLUMN tx SET DEFAULT pg_current_xact_id();
CREATE INDEX events_feed ON events (tx); -- ascending and full of equal keys: it stays small

-- How far a source's webhook has been told. Real time of the database. The position is the end of what was taken; pending is
-- the end of the page that is being told, so that a page that is told again is the same one under the same id.
CREATE TABLE webhook_deliveries (
    source        text        PRIMARY KEY REFERENCES sources (name) ON DELETE CASCADE,
    position      text        NOT NULL DEFAULT '',
    pending       text        NOT NULL DEFAULT '',
    claim         bigint      NOT NULL DEFAULT 0, -- fences a sender that was too slow
    attempts      integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failing_since timestamptz,
    stopped       boolean     NOT NULL DEFAULT false, -- until somebody asks for a replay
    next_at       timestamptz NOT NULL DEFAULT now(),
    last_at       timestamptz,
    last_status   integer     NOT NULL DEFAULT 0, -- 0: nobody answered
    told          bigint      NOT NULL DEFAULT 0  -- events that were taken, repeated ones included
);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP INDEX events_feed;
ALTER TABLE events DROP COLUMN tx;
