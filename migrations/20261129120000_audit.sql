-- +goose Up
-- What auditors look at: who was here, what people did, runs of the verifier, and the figures that everybody may see.
SET LOCAL lock_timeout = '3s';

-- Visits of the desk are forgotten when they end; that they were stays. Real time, as of every visit.
CREATE TABLE desk_visits (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visit_id bigint      NOT NULL,
    actor    text        NOT NULL CHECK (actor <> ''),                     -- who did it
    act      text        NOT NULL CHECK (act IN ('sign_in', 'visit_over', 'visit_ended')),
    subject  text        NOT NULL DEFAULT '',                              -- the way in; of a visit that was ended, whose it was
    at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX desk_visits_by_time ON desk_visits (at);
CREATE TRIGGER desk_visits_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_visits FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('who was here stays known');

-- +goose StatementBegin
CREATE FUNCTION desk_sessions_noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO desk_visits (visit_id, actor, act, subject) VALUES (NEW.id, NEW.actor, 'sign_in', NEW.way);
    ELSE
        INSERT INTO desk_visits (visit_id, actor, act, subject, at) VALUES (OLD.id, OLD.actor, 'visit_over', OLD.way, least(clock_timestamp(), OLD.expires_at));
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER desk_sessions_noted AFTER INSERT OR DELETE ON desk_sessions FOR EACH ROW EXECUTE FUNCTION desk_sessions_noted();

-- Only what people did to cases: what the robot writes pays nothing for it. The actors left out are those of engine.Actors.
CREATE INDEX events_of_people ON events (at, case_id, seq)
 WHERE actor NOT IN ('robot', 'court', 'bank', 'register', 'payment', 'debtor', 'notice', 'stranger');
CREATE INDEX desk_access_by_time ON desk_access (at);

-- Runs of the verifier, kept for ever. A run goes through the cases by id, some at a time; after_case is how far it got. Real time.
CREATE TABLE chain_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_by    text        NOT NULL CHECK (asked_by <> ''),
    reason      text        NOT NULL CHECK (reason <> ''),
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    from_case   bigint      NOT NULL DEFAULT 0,
    to_case     bigint      NOT NULL DEFAULT 9223372036854775807 CHECK (to_case >= from_case),
    state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'intact', 'tampered')),
    after_case  bigint      NOT NULL DEFAULT 0,
    cases       bigint      NOT NULL DEFAULT 0 CHECK (cases >= 0),
    events      bigint      NOT NULL DEFAULT 0 CHECK (events >= 0),
    fault_case  bigint,                                            -- the first record that is not as it was written
    fault_seq   integer,
    fault       text        NOT NULL DEFAULT '',
    touched_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    CHECK ((state IN ('intact', 'tampered')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'tampered') = (fault_case IS NOT NULL AND fault_seq IS NOT NULL AND fault <> ''))
);
CREATE UNIQUE INDEX chain_runs_one_open ON chain_runs ((true)) WHERE finished_at IS NULL;
CREATE TRIGGER chain_runs_forward BEFORE UPDATE ON chain_runs FOR EACH ROW
    WHEN (OLD.finished_at IS NOT NULL OR NEW.after_case < OLD.after_case OR NEW.cases < OLD.cases OR NEW.events < OLD.events
          OR (NEW.id, NEW.asked_by, NEW.reason, NEW.asked_at, NEW.from_case, NEW.to_case) IS DISTINCT FROM (OLD.id, OLD.asked_by, OLD.reason, OLD.asked_at, OLD.from_case, OLD.to_case))
    EXECUTE FUNCTION refuse_change('what the verifier found stays as it was');
CREATE TRIGGER chain_runs_kept BEFORE DELETE OR TRUNCATE ON chain_runs FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('runs of the verifier are kept');

-- What the public sees is made of: the figures of a month that is over, by region, counted once. How few are hidden is decided when they
-- are shown.
CREATE TABLE statistics_months (
    month       date   NOT NULL CHECK (extract(day FROM month) = 1),
    region      text   NOT NULL,
    opened      bigint NOT NULL,
    paid        bigint NOT NULL,
    in_time     bigint NOT NULL CHECK (in_time BETWEEN 0 AND paid), -- of the paid ones, by the last day of the voluntary period
    cancelled   bigint NOT NULL,
    handed_over bigint NOT NULL,
    refused     bigint NOT NULL,
    payments    bigint NOT NULL,
    collected   bigint NOT NULL,
    saved       bigint,                                             -- NULL: the rules of one of its days do not say it
    PRIMARY KEY (month, region)
);
-- Which months were counted: also those in which nothing happened.
CREATE TABLE statistics_counted (
    month      date        PRIMARY KEY,
    counted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER statistics_months_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON statistics_months FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what was published stays as it was');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE statistics_counted, statistics_months, chain_runs;
DROP INDEX desk_access_by_time, events_of_people;
DROP TRIGGER desk_sessions_noted ON desk_sessions;
DROP FUNCTION desk_sessions_noted;
DROP TABLE desk_visits;
