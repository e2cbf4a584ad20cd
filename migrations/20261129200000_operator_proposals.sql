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

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP INDEX desk_visits_by_actor;
DROP TRIGGER operators_kept ON operators;
DROP TRIGGER operators_granted ON operators;
DROP FUNCTION operators_granted;
ALTER TABLE operator_changes DROP COLUMN proposal;
ALTER TABLE operators DROP COLUMN granted_by;
DROP TABLE operator_proposals;
DROP FUNCTION operator_proposals_forward;
