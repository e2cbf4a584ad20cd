-- +goose Up
-- The first arrests of a new source, format of batches or version of the rules wait until people have looked at them. What has arrested
-- before is not new.
SET LOCAL lock_timeout = '3s';

ALTER TABLE batches ADD COLUMN format text NOT NULL DEFAULT ''; -- how the file was written; empty: taken in before this was kept

CREATE TABLE trials (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text        NOT NULL CHECK (kind IN ('source', 'format', 'pack', 'all')), -- all: this database has no trials
    name      text        NOT NULL,                 -- of a pack: its hash
    need      integer     NOT NULL CHECK (need >= 0), -- arrests that people confirm; 0: none, it was known before
    opened_at timestamptz NOT NULL,                 -- legal time, as all here
    passed_at timestamptz,
    UNIQUE (kind, name),
    CHECK (kind <> 'all' OR need = 0),
    CHECK (need > 0 OR passed_at IS NOT NULL)
);

-- An arrest that a person is asked about. It stands for everything new in its case at once.
CREATE TABLE trial_arrests (
    case_id    bigint      NOT NULL,
    ordinal    smallint    NOT NULL,
    source     text        NOT NULL,
    format     text        NOT NULL,
    pack       text        NOT NULL,
    picked_at  timestamptz NOT NULL,
    verdict    text        NOT NULL DEFAULT '' CHECK (verdict IN ('', 'confirmed', 'rejected')),
    actor      text        NOT NULL DEFAULT '' CHECK (actor = lower(btrim(actor)) AND actor <> 'robot'),
    reason     text        NOT NULL DEFAULT '',
    decided_at timestamptz,
    PRIMARY KEY (case_id, ordinal),
    CHECK ((verdict = '') = (decided_at IS NULL) AND (verdict = '') = (actor = '') AND (verdict = '') = (reason = ''))
);
CREATE INDEX trial_arrests_waiting ON trial_arrests (picked_at) WHERE verdict = '';

-- Two people confirm all that wait, and end a trial that has enough.
CREATE TABLE trial_acts (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trial_id bigint      NOT NULL REFERENCES trials (id),
    act      text        NOT NULL CHECK (act IN ('proposed', 'agreed')),
    actor    text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor <> 'robot'),
    reason   text        NOT NULL CHECK (reason <> ''),
    at       timestamptz NOT NULL
);
CREATE INDEX trial_acts_by_trial ON trial_acts (trial_id, id);
CREATE TRIGGER trial_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON trial_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on trials are immutable');
CREATE TRIGGER trials_kept BEFORE DELETE OR TRUNCATE ON trials FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('trials are kept');
CREATE TRIGGER trial_arrests_kept BEFORE DELETE OR TRUNCATE ON trial_arrests FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('arrests under trial are kept');
CREATE TRIGGER trial_arrests_once BEFORE UPDATE ON trial_arrests FOR EACH ROW
    WHEN (OLD.verdict <> '' OR (NEW.case_id, NEW.ordinal, NEW.source, NEW.format, NEW.pack, NEW.picked_at)
          IS DISTINCT FROM (OLD.case_id, OLD.ordinal, OLD.source, OLD.format, OLD.pack, OLD.picked_at))
    EXECUTE FUNCTION refuse_change('an arrest under trial is decided once');

-- The domain says all of this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION trial_acts_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM trial_acts p WHERE p.trial_id = NEW.trial_id AND p.act = 'proposed' AND p.actor <> NEW.actor
                      AND p.at <= NEW.at AND NEW.at < p.at + interval '24 hours') THEN
        RAISE EXCEPTION 'trial_acts: trial % is decided by two different people within 24 hours', NEW.trial_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION trials_passed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.passed_at IS NOT NULL OR NEW.passed_at IS NULL
       OR (NEW.id, NEW.kind, NEW.name, NEW.need, NEW.opened_at) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.name, OLD.need, OLD.opened_at)
       OR NOT EXISTS (SELECT 1 FROM trial_acts a WHERE a.trial_id = NEW.id AND a.act = 'agreed' AND a.at = NEW.passed_at)
       OR NEW.need > (SELECT count(*) FROM trial_arrests a WHERE a.verdict = 'confirmed'
                         AND CASE NEW.kind WHEN 'source' THEN a.source WHEN 'format' THEN a.format ELSE a.pack END = NEW.name) THEN
        RAISE EXCEPTION 'trials: % only ends, by two people and when enough is confirmed', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trial_acts_four_eyes BEFORE INSERT ON trial_acts FOR EACH ROW WHEN (NEW.act = 'agreed')
    EXECUTE FUNCTION trial_acts_four_eyes();
CREATE TRIGGER trials_passed BEFORE UPDATE ON trials FOR EACH ROW EXECUTE FUNCTION trials_passed();
CREATE TRIGGER trials_begin BEFORE INSERT ON trials FOR EACH ROW WHEN (NEW.need > 0 AND NEW.passed_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a trial does not begin at its end');

INSERT INTO trials (kind, name, need, opened_at, passed_at)
SELECT kind, name, 0, high_water, high_water FROM robot, (
    SELECT DISTINCT 'source' AS kind, w.source AS name FROM writs w JOIN orders o ON o.case_id = w.case_id AND o.purpose = 'arrest' AND o.attempts > 0
    UNION ALL SELECT 'format', '' UNION ALL SELECT 'pack', hash FROM rule_packs
    UNION ALL SELECT 'all', '' WHERE to_regclass('public.sandbox_clock') IS NOT NULL) known;

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE trial_acts, trial_arrests, trials;
DROP FUNCTION trials_passed, trial_acts_four_eyes;
ALTER TABLE batches DROP COLUMN format;
