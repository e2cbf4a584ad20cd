-- +goose Up
-- What people do to cases by hand: asked for by one, with a list of cases that never changes; where it takes two, agreed to by another within
-- a day; done case by case, each once. Real time, as for all of the desk's own.
SET LOCAL lock_timeout = '3s';

CREATE TABLE case_acts (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('hold', 'resume', 'suspend', 'notify', 'cancel', 'correct', 'lift')),
    params     jsonb       NOT NULL DEFAULT '{}',
    reason     text        NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 2000),
    cases      integer     NOT NULL CHECK (cases BETWEEN 1 AND 10000),
    regions    text[]      NOT NULL CHECK (cardinality(regions) > 0), -- of the cases: who does not see them all sees nothing of it
    two        boolean     NOT NULL,                                  -- it takes a second person
    state      text        NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'asked', 'running', 'done', 'refused')),
    asked_by   text        NOT NULL CHECK (asked_by <> '' AND asked_by = lower(btrim(asked_by)) AND asked_by <> 'robot'),
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_at   timestamptz,
    expires_at timestamptz,
    decided_by text        CHECK (decided_by <> '' AND decided_by = lower(btrim(decided_by)) AND decided_by <> 'robot'),
    decided_at timestamptz,
    verdict    text        CHECK (verdict IN ('agreed', 'refused')),
    why        text        NOT NULL DEFAULT '' CHECK (octet_length(why) <= 2000), -- of the verdict
    done_at    timestamptz,
    -- Coercion that goes on for many at once, and whatever ends or gives up something, takes two.
    CHECK (two OR kind NOT IN ('cancel', 'correct', 'lift')),
    CHECK (two OR cases = 1 OR kind IN ('hold', 'suspend')),
    CHECK (cases = 1 OR kind <> 'correct'),
    CHECK ((asked_at IS NULL) = (state = 'draft')),
    CHECK (expires_at IS NOT DISTINCT FROM asked_at + interval '24 hours'),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (verdict IS NULL)),
    CHECK (decided_at < expires_at),
    CONSTRAINT case_acts_four_eyes CHECK (decided_by <> asked_by OR verdict = 'refused'), -- one takes back what one has asked for oneself
    CHECK ((verdict = 'refused') IS NOT DISTINCT FROM (CASE WHEN state = 'refused' THEN true WHEN verdict IS NULL THEN NULL ELSE false END)),
    CHECK (NOT two OR state NOT IN ('running', 'done') OR verdict IS NOT DISTINCT FROM 'agreed'),
    CHECK ((done_at IS NULL) = (state <> 'done'))
);
CREATE INDEX case_acts_open ON case_acts (asked_at) WHERE state = 'asked';
CREATE INDEX case_acts_running ON case_acts (id) WHERE state = 'running';
CREATE INDEX case_acts_drafts ON case_acts (made_at) WHERE state = 'draft';

CREATE TABLE case_act_items (
    act_id  bigint      NOT NULL REFERENCES case_acts (id) ON DELETE CASCADE,
    case_id bigint      NOT NULL,
    mark    bytea       NOT NULL CHECK (length(mark) = 32), -- of the case as it was when it was put on the list
    outcome text        NOT NULL DEFAULT '' CHECK (octet_length(outcome) <= 40), -- '': not yet; done; or why not
    done_at timestamptz,
    PRIMARY KEY (act_id, case_id),
    CHECK ((outcome = '') = (done_at IS NULL))
);
CREATE INDEX case_act_items_by_case ON case_act_items (case_id, act_id);
CREATE INDEX case_act_items_left ON case_act_items (act_id, case_id) WHERE outcome = '';

-- The domain says all of this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION case_acts_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.kind, NEW.params, NEW.reason, NEW.cases, NEW.regions, NEW.two, NEW.asked_by, NEW.made_at)
           IS DISTINCT FROM (OLD.id, OLD.kind, OLD.params, OLD.reason, OLD.cases, OLD.regions, OLD.two, OLD.asked_by, OLD.made_at)
       OR OLD.asked_at IS NOT NULL AND (NEW.asked_at, NEW.expires_at) IS DISTINCT FROM (OLD.asked_at, OLD.expires_at)
       OR OLD.decided_at IS NOT NULL AND (NEW.decided_by, NEW.decided_at, NEW.verdict, NEW.why) IS DISTINCT FROM (OLD.decided_by, OLD.decided_at, OLD.verdict, OLD.why)
       OR (OLD.state || '>' || NEW.state) NOT IN ('draft>asked', 'draft>running', 'asked>running', 'asked>refused', 'running>done') THEN
        RAISE EXCEPTION 'case_acts: what act % says stays as it was, and it only goes forward', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.decided_at IS NULL AND NEW.decided_at IS NOT NULL AND (clock_timestamp() >= OLD.expires_at OR NEW.decided_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'case_acts: act % waited for a second person until %', OLD.id, OLD.expires_at USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state = 'draft' AND NEW.cases <> (SELECT count(*) FROM case_act_items WHERE act_id = NEW.id)
       OR NEW.state = 'done' AND EXISTS (SELECT 1 FROM case_act_items WHERE act_id = NEW.id AND outcome = '') THEN
        RAISE EXCEPTION 'case_acts: the list of act % is not whole', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION case_acts_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.state = 'draft' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state = 'draft' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'case_acts: an act begins as a draft, and only drafts go away' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION case_act_items_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    act case_acts;
BEGIN
    SELECT * INTO act FROM case_acts WHERE id = coalesce(NEW.act_id, OLD.act_id);
    IF TG_OP = 'INSERT' AND act.state = 'draft' AND NEW.outcome = '' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' AND (act.id IS NULL OR act.state = 'draft') THEN -- with its draft
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND act.state = 'running' AND OLD.outcome = '' AND (NEW.act_id, NEW.case_id, NEW.mark) IS NOT DISTINCT FROM (OLD.act_id, OLD.case_id, OLD.mark) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'case_act_items: the list of an act is frozen, and each case is done once' USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER case_acts_forward BEFORE UPDATE ON case_acts FOR EACH ROW EXECUTE FUNCTION case_acts_forward();
CREATE TRIGGER case_acts_begin BEFORE INSERT OR DELETE ON case_acts FOR EACH ROW EXECUTE FUNCTION case_acts_begin();
CREATE TRIGGER case_acts_kept BEFORE TRUNCATE ON case_acts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('acts on cases are kept');
CREATE TRIGGER case_act_items_frozen BEFORE INSERT OR UPDATE OR DELETE ON case_act_items FOR EACH ROW EXECUTE FUNCTION case_act_items_frozen();
CREATE TRIGGER case_act_items_kept BEFORE TRUNCATE ON case_act_items FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('acts on cases are kept');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE case_act_items, case_acts;
DROP FUNCTION case_act_items_frozen, case_acts_begin, case_acts_forward;
