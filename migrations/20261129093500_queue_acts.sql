-- +goose Up
-- What people did to the queue of jobs. The queue itself belongs to its library and forgets. Times are real time, as the queue's are.
SET LOCAL lock_timeout = '3s';

CREATE TABLE queue_acts (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    act    text        NOT NULL CHECK (act IN ('retry', 'cancel', 'pause', 'resume')),
    job_id bigint      CHECK ((job_id IS NOT NULL) = (act IN ('retry', 'cancel'))),
    kind   text        NOT NULL DEFAULT '',
    queue  text        NOT NULL CHECK (queue <> ''),
    actor  text        NOT NULL CHECK (actor <> '' AND actor <> 'robot'),
    reason text        NOT NULL CHECK (reason <> ''),
    at     timestamptz NOT NULL DEFAULT now(),
    CHECK (act <> 'pause' OR queue IN ('orders', 'notify', 'handover', 'intake', 'feed', 'compare', 'codes')) -- never what gives back or tells of payments
);
CREATE TRIGGER queue_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON queue_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on the queue are immutable');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE queue_acts;
