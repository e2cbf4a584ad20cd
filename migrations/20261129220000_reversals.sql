-- +goose Up
-- A reversal reaches us in a message and in the list of a day: what ties the two together, and what of reversals a person has to settle.
SET LOCAL lock_timeout = '3s';

-- One reversal that was booked, once for ever, whichever way told of it first.
CREATE TABLE reversals_told (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    txn_id      text        NOT NULL, -- of the payment that was taken back
    reversal_id text,                 -- the gateway's own id of the reversal, where it gives one
    amount      bigint      NOT NULL CHECK (amount > 0),
    message_id  bigint      REFERENCES payment_events (id),
    list_id     bigint      REFERENCES payment_events (id),
    at          timestamptz NOT NULL,
    CHECK (message_id IS NOT NULL OR list_id IS NOT NULL),
    UNIQUE (source, reversal_id)
);
CREATE INDEX reversals_told_by_payment ON reversals_told (source, txn_id);
CREATE TRIGGER reversals_told_kept BEFORE DELETE OR TRUNCATE ON reversals_told FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a reversal stays told');
CREATE TRIGGER reversals_told_fixed BEFORE UPDATE ON reversals_told FOR EACH ROW
    WHEN (NEW.source <> OLD.source OR NEW.txn_id <> OLD.txn_id OR NEW.amount <> OLD.amount OR NEW.at <> OLD.at OR coalesce(NEW.reversal_id <> OLD.reversal_id, OLD.reversal_id IS NOT NULL)
       OR coalesce(NEW.message_id <> OLD.message_id, OLD.message_id IS NOT NULL) OR coalesce(NEW.list_id <> OLD.list_id, OLD.list_id IS NOT NULL))
    EXECUTE FUNCTION refuse_change('a reversal stays as it was told');

-- The messages that were settled before: the list of their day may still be asked for. A text that JSON of PostgreSQL cannot hold is left out.
INSERT INTO reversals_told (source, txn_id, amount, message_id, at)
SELECT e.source, e.body ->> 'txn_id', (split_part(e.body ->> 'amount', '.', 1) || rpad(split_part(e.body ->> 'amount', '.', 2), 2, '0'))::bigint, e.id, e.received_at
  FROM (SELECT id, source, received_at, convert_from(body, 'UTF8')::json -> 'data' AS body FROM payment_events
         WHERE id IN (SELECT event_id FROM payment_verdicts WHERE verdict = 'reversed') AND convert_from(body, 'UTF8') !~ '\\u(0000|[dD][89a-fA-F])' OFFSET 0) AS e ORDER BY e.id;

-- What a reversal leaves to a person: nothing reopens by itself.
CREATE TABLE reversal_tasks (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    why        text        NOT NULL CHECK (why IN ('ended', 'unmatched', 'conflict')),
    source     text        NOT NULL,
    txn_id     text        NOT NULL,
    payment_id bigint,
    case_id    bigint,
    amount     bigint      NOT NULL CHECK (amount > 0),
    at         timestamptz NOT NULL
);
CREATE TRIGGER reversal_tasks_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON reversal_tasks FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what waits for a person stays known');

-- +goose Down
DROP TABLE reversal_tasks, reversals_told;
