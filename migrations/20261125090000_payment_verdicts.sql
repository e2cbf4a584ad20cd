-- +goose Up
-- Raw messages of payment systems become immutable: what waits and what came of it stand in narrow tables of their own, so
-- that settling a message does not write its body once more.
SET LOCAL lock_timeout = '3s';

-- Messages that nobody has settled yet. brings: it may bring money, so that nothing is handed over meanwhile.
CREATE TABLE payment_pending (
    event_id bigint  PRIMARY KEY,
    brings   boolean NOT NULL
);
INSERT INTO payment_pending SELECT id, position('payment.reversed'::bytea IN body) = 0 FROM payment_events WHERE outcome = '';

-- What came of each settled message; one for ever.
CREATE TABLE payment_verdicts (
    event_id bigint PRIMARY KEY,
    verdict  text   NOT NULL CHECK (verdict <> '')
);
INSERT INTO payment_verdicts SELECT id, outcome FROM payment_events WHERE outcome <> '';

ALTER TABLE payment_events DROP COLUMN outcome; -- and its partial index
CREATE TRIGGER payment_events_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_events FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('messages of payment systems are immutable');
CREATE TRIGGER payment_verdicts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON payment_verdicts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('verdicts on messages are immutable');

-- +goose Down
DROP TRIGGER payment_events_immutable ON payment_events;
ALTER TABLE payment_events ADD COLUMN outcome text NOT NULL DEFAULT '';
UPDATE payment_events e SET outcome = v.verdict FROM payment_verdicts v WHERE v.event_id = e.id;
CREATE INDEX payment_events_open ON payment_events (id) WHERE outcome = '';
DROP TABLE payment_verdicts, payment_pending;
