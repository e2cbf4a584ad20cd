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

-- What people did at the desk, of whatever kind. source and id name the row; n is how many cases it was about, where that is counted.
CREATE VIEW desk_acts AS
SELECT at, actor, 'visits' AS room, act, subject, NULL::bigint AS case_id, NULL::integer AS n, '' AS reason, 1 AS source, id FROM desk_visits
UNION ALL SELECT at, actor, 'people', 'account_' || what, login, NULL, NULL, reason, 2, id FROM operator_changes
UNION ALL SELECT at, actor, 'access', what, kind, case_id, hits, reason, 3, id FROM desk_access
UNION ALL SELECT at, actor, 'access', 'open_' || what, of_id::text, NULL, NULL, reason, 4, id FROM desk_openings
UNION ALL SELECT r.at, r.actor, 'access', 'read_paper', f.ground, f.case_id, NULL, '', 5, r.id FROM objection_file_reads r JOIN objection_files f ON f.id = r.file_id
UNION ALL SELECT at, actor, 'cases', kind, '', case_id, NULL, coalesce(data ->> 'reason', ''), 6, case_id * 100000 + seq FROM events
 WHERE actor NOT IN ('robot', 'court', 'bank', 'register', 'payment', 'debtor', 'notice', 'stranger')
UNION ALL SELECT at, actor, 'cases', 'link_invalid', '', case_id, NULL, '', 7, case_id * 100000 + below FROM link_renewals
UNION ALL SELECT received_at, received_by, 'batches', 'batch_sent', id::text, NULL, rows, file_name, 8, id FROM batches WHERE via = 'desk' AND received_by <> ''
UNION ALL SELECT at, actor, 'batches', 'batch_' || act, batch_id::text, NULL, NULL, reason, 9, id FROM batch_acts
UNION ALL SELECT proposed_at, proposed_by, 'texts', 'text_proposed', version::text, NULL, NULL, reason, 10, version FROM text_versions
UNION ALL SELECT at, actor, 'texts', 'text_' || act, version::text, NULL, NULL, reason, 11, version FROM text_version_acts
UNION ALL SELECT at, actor, 'switch', 'stopped', scope, NULL, NULL, reason, 12, id FROM stops WHERE breaker = ''
UNION ALL SELECT a.at, a.actor, 'switch', 'stop_' || a.act, s.scope, NULL, NULL, a.reason, 13, a.id FROM stop_acts a JOIN stops s ON s.id = a.stop_id
UNION ALL SELECT decided_at, actor, 'trials', 'arrest_' || verdict, ordinal::text, case_id, NULL, reason, 14, case_id * 100000 + ordinal FROM trial_arrests WHERE verdict <> ''
UNION ALL SELECT a.at, a.actor, 'trials', 'trial_' || a.act, t.kind || ':' || t.name, NULL, NULL, a.reason, 15, a.id FROM trial_acts a JOIN trials t ON t.id = a.trial_id
UNION ALL SELECT proposed_at, proposed_by, 'payments', 'money_proposed', kind || ' ' || id, NULL, NULL, reason, 16, id FROM money_acts
UNION ALL SELECT d.at, d.actor, 'payments', 'money_' || d.verdict, a.kind || ' ' || a.id, NULL, NULL, d.reason, 17, d.act_id FROM money_act_decisions d JOIN money_acts a ON a.id = d.act_id
UNION ALL SELECT collected_at, collected_by, 'payments', 'file_collected', id::text, NULL, NULL, reason, 18, id FROM payout_files
UNION ALL SELECT at, actor, 'payments', 'file_' || act, file_id::text, NULL, NULL, reason, 19, file_id FROM payout_file_acts
UNION ALL SELECT at, given_by, 'payments', 'requisites_given', payment_id::text, NULL, NULL, reason, 20, id FROM refund_requisites
UNION ALL SELECT proposed_at, proposed_by, 'payments', 'claimant_proposed', name, NULL, NULL, reason, 21, id FROM claimant_requisites
UNION ALL SELECT d.at, d.actor, 'payments', 'claimant_' || d.verdict, r.name, NULL, NULL, d.reason, 22, r.id FROM claimant_requisites_decisions d JOIN claimant_requisites r ON r.id = d.requisites_id
UNION ALL SELECT ordered_at, actor, 'orders', 'finding_' || purpose, finding_id::text, (SELECT f.case_id FROM bank_findings f WHERE f.id = finding_id), NULL, reason, 23, finding_id FROM bank_corrections WHERE actor <> 'robot'
UNION ALL SELECT at, actor, 'queue', 'queue_' || act, coalesce(job_id || ' ' || kind, queue), NULL, NULL, reason, 24, id FROM queue_acts
UNION ALL SELECT at, actor, 'switch', 'restore_' || act, restore_id::text, NULL, NULL, reason, 25, id FROM restore_acts;

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
DROP VIEW desk_acts;
DROP INDEX desk_access_by_time, events_of_people;
DROP TRIGGER desk_sessions_noted ON desk_sessions;
DROP FUNCTION desk_sessions_noted;
DROP TABLE desk_visits;
