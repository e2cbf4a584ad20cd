-- +goose Up
-- What is stopped, since when, by whom and why. One person, or a breaker, stops; two different people release within 24 hours.
-- Rows are never changed: what is open is what has no release. Times are legal.
SET LOCAL lock_timeout = '3s';

CREATE TABLE stops (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       text        NOT NULL CHECK (scope ~ '^(all|measure:(open|arrest|collect|hand_over|notify)|region:[0-9]{2}|(bank|source):[^[:cntrl:]]{1,100})$'),
    actor       text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))), -- a person, or breaker:NAME
    breaker     text        NOT NULL GENERATED ALWAYS AS (CASE WHEN actor LIKE 'breaker:%' THEN actor ELSE '' END) STORED,
    reason      text        NOT NULL CHECK (reason <> ''),
    figures     json,                 -- of a breaker: what was counted, of what, against which limit
    at          timestamptz NOT NULL,
    released_at timestamptz           -- set by the release alone
);
-- A person and each breaker hold a scope once.
CREATE UNIQUE INDEX stops_open ON stops (scope, breaker) WHERE released_at IS NULL;
CREATE INDEX stops_released ON stops (released_at);

CREATE TABLE stop_acts (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stop_id bigint      NOT NULL REFERENCES stops (id),
    act     text        NOT NULL CHECK (act IN ('proposed', 'released')),
    actor   text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor NOT LIKE 'breaker:%' AND actor <> 'robot'),
    reason  text        NOT NULL CHECK (reason <> ''),
    at      timestamptz NOT NULL
);
CREATE INDEX stop_acts_by_stop ON stop_acts (stop_id, id);
CREATE UNIQUE INDEX stop_acts_one_end ON stop_acts (stop_id) WHERE act = 'released';
CREATE TRIGGER stop_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON stop_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on stops are immutable');
CREATE TRIGGER stops_kept BEFORE DELETE OR TRUNCATE ON stops FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('stops are kept');

-- The domain says all of this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION stops_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NOT NULL OR NEW.released_at IS NULL
       OR (NEW.id, NEW.scope, NEW.actor, NEW.reason, NEW.at) IS DISTINCT FROM (OLD.id, OLD.scope, OLD.actor, OLD.reason, OLD.at)
       OR NEW.figures::text IS DISTINCT FROM OLD.figures::text
       OR NOT EXISTS (SELECT 1 FROM stop_acts a WHERE a.stop_id = NEW.id AND a.act = 'released' AND a.at = NEW.released_at) THEN
        RAISE EXCEPTION 'stops: % only ends, and only by a release', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION stop_acts_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM stop_acts p WHERE p.stop_id = NEW.stop_id AND p.act = 'proposed' AND p.actor <> NEW.actor
                      AND p.at <= NEW.at AND NEW.at < p.at + interval '24 hours')
       OR EXISTS (SELECT 1 FROM stops s WHERE s.id = NEW.stop_id AND s.at > NEW.at) THEN
        RAISE EXCEPTION 'stop_acts: stop % is released by two different people within 24 hours', NEW.stop_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION stop_acts_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stops SET released_at = NEW.at WHERE id = NEW.stop_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER stops_released BEFORE UPDATE ON stops FOR EACH ROW EXECUTE FUNCTION stops_released();
CREATE TRIGGER stop_acts_four_eyes BEFORE INSERT ON stop_acts FOR EACH ROW WHEN (NEW.act = 'released')
    EXECUTE FUNCTION stop_acts_four_eyes();
CREATE TRIGGER stop_acts_end AFTER INSERT ON stop_acts FOR EACH ROW WHEN (NEW.act = 'released')
    EXECUTE FUNCTION stop_acts_end();

-- A switch that was thrown by hand before stays thrown.
INSERT INTO stops (scope, actor, reason, at)
SELECT 'all', 'operator', CASE WHEN btrim(reason) = '' THEN 'stopped before this release' ELSE reason END, high_water FROM robot WHERE NOT coercion_on;
ALTER TABLE robot DROP COLUMN coercion_on, DROP COLUMN reason;

-- Up to which day pauses were taken into account, and the last day on which the writ may be enforced at all (CAO 890). Cases of
-- before have no such day in their row; it is read from their first event.
ALTER TABLE cases ADD COLUMN paused_to date, ADD COLUMN limitation_on date;

-- What breakers count, as increments by five minutes of legal time; the pulse folds rows together.
CREATE TABLE tallies (
    what text        NOT NULL,
    at   timestamptz NOT NULL,
    n    bigint      NOT NULL,
    low  bigint      NOT NULL DEFAULT 0 -- of what was opened: the lowest case
);

-- +goose Down
DROP TABLE tallies;
ALTER TABLE cases DROP COLUMN paused_to, DROP COLUMN limitation_on;
ALTER TABLE robot ADD COLUMN coercion_on boolean NOT NULL DEFAULT true, ADD COLUMN reason text NOT NULL DEFAULT '';
-- What was stopped in part is stopped as a whole: nobody has released it.
UPDATE robot SET coercion_on = false, reason = s.reason FROM (SELECT reason FROM stops WHERE released_at IS NULL ORDER BY id DESC LIMIT 1) s;
DROP TABLE stop_acts, stops;
DROP FUNCTION stop_acts_end, stop_acts_four_eyes, stops_released;
