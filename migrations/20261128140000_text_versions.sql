-- +goose Up
-- Wordings of notices. Version 1 is built into the program; each later one is a row with all its words, proposed by one person and
-- put into force by another within 24 hours. What was sent with a version can be made again for as long as the row stands, so
-- neither rows nor acts are ever changed.
SET LOCAL lock_timeout = '3s';

CREATE TABLE text_versions (
    version     smallint    PRIMARY KEY CHECK (version > 1),
    base        smallint    NOT NULL CHECK (base BETWEEN 1 AND version - 1), -- the one in force when it was proposed
    words       json        NOT NULL,
    proposed_by text        NOT NULL CHECK (proposed_by <> '' AND proposed_by = lower(btrim(proposed_by))),
    reason      text        NOT NULL CHECK (reason <> ''),
    proposed_at timestamptz NOT NULL -- legal time, as in the acts
);
CREATE TRIGGER text_versions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON text_versions FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what was proposed stays as it was');

-- What became of a proposal. The approved version with the highest number is in force.
CREATE TABLE text_version_acts (
    version smallint    PRIMARY KEY REFERENCES text_versions (version),
    act     text        NOT NULL CHECK (act IN ('approved', 'rejected')),
    actor   text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    reason  text        NOT NULL CHECK (reason <> '' OR act = 'approved'),
    at      timestamptz NOT NULL
);
CREATE TRIGGER text_version_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON text_version_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on wordings are immutable');

-- What an operator has changed and not proposed yet.
CREATE TABLE text_drafts (
    actor      text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    kind       text        NOT NULL,
    language   text        NOT NULL CHECK (language IN ('kk', 'ru', 'en', 'ky', 'uz')),
    base       smallint    NOT NULL CHECK (base >= 1), -- the version whose words he saw
    words      json        NOT NULL,
    touched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, kind, language)
);

-- The domain says all of this too; this holds when it does not. The lock keeps two acts from passing each other unseen.
-- +goose StatementBegin
CREATE FUNCTION text_versions_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bailiff.texts', 0));
    IF NEW.version <> (SELECT coalesce(max(version), 1) + 1 FROM text_versions) THEN
        RAISE EXCEPTION 'text_versions: % is not the next number', NEW.version USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM text_versions v WHERE NEW.proposed_at < v.proposed_at + interval '24 hours'
                  AND NOT EXISTS (SELECT 1 FROM text_version_acts a WHERE a.version = v.version)) THEN
        RAISE EXCEPTION 'text_versions: another proposal is open' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.base <> (SELECT coalesce(max(version), 1) FROM text_version_acts WHERE act = 'approved') THEN
        RAISE EXCEPTION 'text_versions: version % is not in force', NEW.base USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION text_version_acts_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bailiff.texts', 0));
    IF NOT EXISTS (SELECT 1 FROM text_versions v WHERE v.version = NEW.version AND v.proposed_by <> NEW.actor
                      AND v.proposed_at <= NEW.at AND NEW.at < v.proposed_at + interval '24 hours'
                      AND v.base = (SELECT coalesce(max(version), 1) FROM text_version_acts WHERE act = 'approved')) THEN
        RAISE EXCEPTION 'text_version_acts: version % is put into force by two different people within 24 hours', NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER text_versions_next BEFORE INSERT ON text_versions FOR EACH ROW EXECUTE FUNCTION text_versions_next();
CREATE TRIGGER text_version_acts_four_eyes BEFORE INSERT ON text_version_acts FOR EACH ROW WHEN (NEW.act = 'approved')
    EXECUTE FUNCTION text_version_acts_four_eyes();

-- +goose Down
DROP TABLE text_drafts, text_version_acts, text_versions;
DROP FUNCTION text_version_acts_four_eyes, text_versions_next;
