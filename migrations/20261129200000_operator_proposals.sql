-- +goose Up
-- Rights at the desk are given by two people: one proposes, another agrees within a day. Taking them away takes one. Real time, as of accounts.
SET LOCAL lock_timeout = '3s';

CREATE TABLE operator_proposals (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login       text        NOT NULL CHECK (login ~ '^[a-z][a-z0-9._-]{1,31}$'),
    kind        text        NOT NULL CHECK (kind IN ('add', 'rights', 'reset')),
    was_roles   text[],                                          -- NULL: there was no such account
    was_regions text[]      CHECK (cardinality(was_regions) > 0),
    was_off     boolean,
    roles       text[]      NOT NULL CHECK (cardinality(roles) > 0
                AND roles <@ ARRAY['viewer', 'operator', 'supervisor', 'finance', 'auditor', 'administrator']),
    regions     text[]      CHECK (cardinality(regions) > 0),    -- NULL: all
    reason      text        NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 2000),
    proposed_by text        NOT NULL CHECK (proposed_by <> '' AND proposed_by = lower(btrim(proposed_by)) AND proposed_by <> 'robot'),
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by  text        CHECK (decided_by <> '' AND decided_by = lower(btrim(decided_by)) AND decided_by <> 'robot'),
    decided_at  timestamptz,
    verdict     text        CHECK (verdict IN ('agreed', 'refused')),
    why         text        NOT NULL DEFAULT '' CHECK (octet_length(why) <= 2000),
    CHECK ((kind = 'add') = (was_roles IS NULL) AND (was_roles IS NULL) = (was_off IS NULL) AND (was_roles IS NOT NULL OR was_regions IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (verdict IS NULL)),
    CHECK (decided_at >= proposed_at AND decided_at < proposed_at + interval '24 hours'),
    CHECK (verdict <> 'refused' OR why <> ''),
    CONSTRAINT operator_proposals_four_eyes CHECK (decided_by <> proposed_by OR verdict = 'refused'), -- one takes back what one has proposed oneself
    CONSTRAINT operator_proposals_of_others CHECK (decided_by <> 'desk:' || login OR decided_by = proposed_by) -- nobody decides about himself
);
CREATE INDEX operator_proposals_open ON operator_proposals (proposed_at) WHERE verdict IS NULL;
CREATE INDEX operator_proposals_by_login ON operator_proposals (login, id);
CREATE INDEX operator_proposals_decided ON operator_proposals (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX operator_proposals_by_time ON operator_proposals (proposed_at);

-- The domain says all of this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION operator_proposals_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.decided_at IS NOT NULL OR NEW.proposed_at > clock_timestamp() OR NEW.proposed_at < now() THEN
            RAISE EXCEPTION 'operator_proposals: a proposal begins when it is made, undecided' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.login, NEW.kind, NEW.was_roles, NEW.was_regions, NEW.was_off, NEW.roles, NEW.regions, NEW.reason, NEW.proposed_by, NEW.proposed_at)
           IS DISTINCT FROM (OLD.id, OLD.login, OLD.kind, OLD.was_roles, OLD.was_regions, OLD.was_off, OLD.roles, OLD.regions, OLD.reason, OLD.proposed_by, OLD.proposed_at)
       OR OLD.decided_at IS NOT NULL THEN
        RAISE EXCEPTION 'operator_proposals: what proposal % says stays as it was, and it is decided once', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF clock_timestamp() >= OLD.proposed_at + interval '24 hours' OR NEW.decided_at > clock_timestamp() OR NEW.decided_at < now() THEN
        RAISE EXCEPTION 'operator_proposals: proposal % is decided within a day, when it is decided', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER operator_proposals_forward BEFORE INSERT OR UPDATE ON operator_proposals FOR EACH ROW EXECUTE FUNCTION operator_proposals_forward();
CREATE TRIGGER operator_proposals_kept BEFORE DELETE OR TRUNCATE ON operator_proposals FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what was proposed about accounts is kept');

-- By which proposal an account has what it has; NULL: by the command on the server.
ALTER TABLE operators ADD COLUMN granted_by bigint REFERENCES operator_proposals (id);
ALTER TABLE operator_changes ADD COLUMN proposal bigint;

-- Rights grow, and a new link is given, in the transaction in which a second person agrees, exactly as was proposed. The command on the server
-- gives them only as long as there are not two administrators who could; one who gets a new way in himself cannot.
-- +goose StatementBegin
CREATE FUNCTION operators_granted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was operators; -- of a new account: all NULL
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := OLD;
        IF NEW.login <> OLD.login THEN
            RAISE EXCEPTION 'operators: an account keeps its name' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NEW.roles <@ OLD.roles AND (OLD.regions IS NULL OR NEW.regions IS NOT NULL AND NEW.regions <@ OLD.regions) AND (NEW.off OR NOT OLD.off)
           AND NEW.granted_by IS NOT DISTINCT FROM OLD.granted_by THEN
            IF NEW.link_hash IS NULL OR NEW.link_hash IS NOT DISTINCT FROM OLD.link_hash
               OR EXISTS (SELECT FROM operator_proposals p WHERE p.id = NEW.granted_by AND p.kind <> 'rights' AND p.verdict = 'agreed' AND p.decided_at >= now())
               OR (SELECT count(*) < 2 FROM operators WHERE 'administrator' = ANY (roles) AND regions IS NULL AND NOT off AND password IS NOT NULL) THEN
                RETURN NEW; -- nothing grows, and nobody gets a way in
            END IF;
            RAISE EXCEPTION 'operators: a new way in for % is given by two people', NEW.login USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'operators_granted';
        END IF;
    END IF;
    IF NEW.granted_by IS NOT NULL THEN
        PERFORM FROM operator_proposals p WHERE p.id = NEW.granted_by AND p.verdict = 'agreed' AND p.decided_at >= now() AND p.login = NEW.login
            AND (p.roles, p.regions) IS NOT DISTINCT FROM (NEW.roles, NEW.regions) AND (p.was_roles, p.was_regions, p.was_off) IS NOT DISTINCT FROM (was.roles, was.regions, was.off);
        IF FOUND THEN
            RETURN NEW;
        END IF;
    ELSIF (SELECT count(*) < 2 FROM operators WHERE 'administrator' = ANY (roles) AND regions IS NULL AND NOT off AND password IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'operators: rights of % are given by two people', NEW.login USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'operators_granted';
END $$;
-- +goose StatementEnd
CREATE TRIGGER operators_granted BEFORE INSERT OR UPDATE OF login, roles, regions, off, granted_by, link_hash ON operators FOR EACH ROW EXECUTE FUNCTION operators_granted();
CREATE TRIGGER operators_kept BEFORE DELETE OR TRUNCATE ON operators FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('accounts are closed, and kept');

-- When somebody was here last.
CREATE INDEX desk_visits_by_actor ON desk_visits (actor, at) WHERE act = 'sign_in';

CREATE OR REPLACE VIEW desk_acts AS
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
UNION ALL SELECT at, actor, 'switch', 'restore_' || act, restore_id::text, NULL, NULL, reason, 25, id FROM restore_acts
UNION ALL SELECT asked_at, asked_by, 'cases', 'act_asked', kind || ' ' || id, NULL, cases, reason, 26, id FROM case_acts WHERE asked_at IS NOT NULL
UNION ALL SELECT decided_at, decided_by, 'cases', 'act_' || verdict, kind || ' ' || id, NULL, cases, why, 27, id FROM case_acts WHERE decided_at IS NOT NULL
UNION ALL SELECT written_at, author, 'cases', 'note', '', case_id, NULL, '', 28, id FROM case_notes
UNION ALL SELECT at, actor, 'work', 'work_' || act, kind || ' ' || item, NULL, NULL, words, 29, id FROM work_acts
UNION ALL SELECT decided_at, actor, 'work', 'review_' || verdict, seq::text, case_id, NULL, words, 30, case_id * 100000 + seq FROM reviews WHERE verdict <> ''
UNION ALL SELECT at, actor, 'rules', 'rules_proposed', id || ' ' || from_on, NULL, NULL, reason, 31, id FROM rule_pack_proposals
UNION ALL SELECT at, actor, 'rules', CASE WHEN agreed THEN 'rules_agreed' ELSE 'rules_refused' END, proposal || ' ' || from_on, NULL, NULL, reason, 32, proposal FROM rule_pack_decisions
UNION ALL SELECT proposed_at, proposed_by, 'people', 'grant_proposed', login, NULL, NULL, reason, 41, id FROM operator_proposals
UNION ALL SELECT decided_at, decided_by, 'people', 'grant_' || verdict, login, NULL, NULL, why, 42, id FROM operator_proposals WHERE decided_at IS NOT NULL;

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP VIEW desk_acts;
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
UNION ALL SELECT at, actor, 'switch', 'restore_' || act, restore_id::text, NULL, NULL, reason, 25, id FROM restore_acts
UNION ALL SELECT asked_at, asked_by, 'cases', 'act_asked', kind || ' ' || id, NULL, cases, reason, 26, id FROM case_acts WHERE asked_at IS NOT NULL
UNION ALL SELECT decided_at, decided_by, 'cases', 'act_' || verdict, kind || ' ' || id, NULL, cases, why, 27, id FROM case_acts WHERE decided_at IS NOT NULL
UNION ALL SELECT written_at, author, 'cases', 'note', '', case_id, NULL, '', 28, id FROM case_notes
UNION ALL SELECT at, actor, 'work', 'work_' || act, kind || ' ' || item, NULL, NULL, words, 29, id FROM work_acts
UNION ALL SELECT decided_at, actor, 'work', 'review_' || verdict, seq::text, case_id, NULL, words, 30, case_id * 100000 + seq FROM reviews WHERE verdict <> ''
UNION ALL SELECT at, actor, 'rules', 'rules_proposed', id || ' ' || from_on, NULL, NULL, reason, 31, id FROM rule_pack_proposals
UNION ALL SELECT at, actor, 'rules', CASE WHEN agreed THEN 'rules_agreed' ELSE 'rules_refused' END, proposal || ' ' || from_on, NULL, NULL, reason, 32, proposal FROM rule_pack_decisions;
DROP INDEX desk_visits_by_actor;
DROP TRIGGER operators_kept ON operators;
DROP TRIGGER operators_granted ON operators;
DROP FUNCTION operators_granted;
ALTER TABLE operator_changes DROP COLUMN proposal;
ALTER TABLE operators DROP COLUMN granted_by;
DROP TABLE operator_proposals;
DROP FUNCTION operator_proposals_forward;
