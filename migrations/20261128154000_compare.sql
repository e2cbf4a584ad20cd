-- +goose Up
-- What banks hold for us is compared with our arrests once a legal day (INV-A5), an older backup is noticed, and a lift that is not
-- confirmed is told of. Nothing here takes anything from anybody.
SET LOCAL lock_timeout = '3s';

-- A duty of a legal day at a bank is one row: whoever inserts it does it, and whoever finds it untouched goes on where it stands.
CREATE TABLE daily_runs (
    duty        text        NOT NULL,
    on_date     date        NOT NULL,
    bank        text        NOT NULL,
    fence       integer     NOT NULL DEFAULT 1,            -- grows with every claim
    phase       text        NOT NULL DEFAULT 'list' CHECK (phase IN ('list', 'ours', 'ask', 'done')),
    after       text        NOT NULL DEFAULT '',           -- cursor of the phase
    started_at  timestamptz NOT NULL,                      -- legal time
    touched_at  timestamptz NOT NULL DEFAULT now(),        -- real time of the database
    holds       bigint      NOT NULL DEFAULT 0,            -- read from the bank
    arrests     bigint      NOT NULL DEFAULT 0,            -- of ours, looked for in what was read
    finished_at timestamptz,
    PRIMARY KEY (duty, on_date, bank),
    CHECK ((phase = 'done') = (finished_at IS NOT NULL))
);

-- What a run under way has read from the bank; emptied when the run ends.
CREATE TABLE bank_holds (
    duty    text NOT NULL,
    on_date date NOT NULL,
    bank    text NOT NULL,
    leg_id  uuid NOT NULL,
    PRIMARY KEY (duty, on_date, bank, leg_id)
);

-- What differs. A finding is only ever added, seen again and, once, resolved.
CREATE TABLE bank_findings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bank        text        NOT NULL,
    leg_id      uuid        NOT NULL,                      -- as the bank has it
    case_id     bigint      NOT NULL,                      -- as the bank has it; it need not exist
    kind        text        NOT NULL CHECK (kind IN ('orphan', 'missing', 'more', 'less', 'adopted')),
    ours        bigint      NOT NULL CHECK (ours >= 0),
    theirs      bigint      NOT NULL CHECK (theirs >= 0),
    held_since  timestamptz,
    found_at    timestamptz NOT NULL,
    proposal    text        NOT NULL DEFAULT '' CHECK (proposal IN ('', 'lift', 'reduce')),
    seen_at     timestamptz NOT NULL,
    resolved_at timestamptz,
    resolution  text        NOT NULL DEFAULT '' CHECK (resolution IN ('', 'gone', 'lifted', 'reduced', 'adopted', 'corrected')),
    CHECK ((resolved_at IS NULL) = (resolution = ''))
);
CREATE UNIQUE INDEX bank_findings_open ON bank_findings (bank, leg_id) WHERE resolved_at IS NULL;
CREATE INDEX bank_findings_by_case ON bank_findings (case_id);

-- +goose StatementBegin
CREATE FUNCTION bank_findings_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.resolved_at IS NOT NULL OR (NEW.id, NEW.bank, NEW.leg_id, NEW.case_id, NEW.kind, NEW.ours, NEW.theirs, NEW.held_since, NEW.found_at, NEW.proposal)
       IS DISTINCT FROM (OLD.id, OLD.bank, OLD.leg_id, OLD.case_id, OLD.kind, OLD.ours, OLD.theirs, OLD.held_since, OLD.found_at, OLD.proposal) THEN
        RAISE EXCEPTION 'bank_findings: % is only seen again and resolved once', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER bank_findings_kept BEFORE UPDATE ON bank_findings FOR EACH ROW EXECUTE FUNCTION bank_findings_kept();
CREATE TRIGGER bank_findings_stay BEFORE DELETE OR TRUNCATE ON bank_findings FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('findings are kept');

-- What a bank was told to give back because of a finding. The id is deterministic; the same id is sent however often it is sent.
CREATE TABLE bank_corrections (
    finding_id   bigint      PRIMARY KEY REFERENCES bank_findings (id),
    id           uuid        NOT NULL UNIQUE,
    purpose      text        NOT NULL CHECK (purpose IN ('lift', 'reduce')),
    leg          json        NOT NULL,                     -- as in orders.legs, of one bank
    actor        text        NOT NULL CHECK (actor <> ''), -- who confirmed it, or robot
    reason       text        NOT NULL DEFAULT '',
    ordered_at   timestamptz NOT NULL,
    next_at      timestamptz NOT NULL,                     -- legal time
    attempts     smallint    NOT NULL DEFAULT 0,
    answer       text        NOT NULL DEFAULT '',          -- the last one
    confirmed_at timestamptz
);
CREATE INDEX bank_corrections_open ON bank_corrections (next_at) WHERE confirmed_at IS NULL;

-- What gives back and was not confirmed in time: one row a level, told once, cleared when it is confirmed.
CREATE TABLE late_lifts (
    order_id   uuid        NOT NULL,
    level      smallint    NOT NULL CHECK (level IN (1, 2)),
    case_id    bigint      NOT NULL,
    purpose    text        NOT NULL,
    since      timestamptz NOT NULL,
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    PRIMARY KEY (order_id, level)
);
CREATE INDEX late_lifts_open ON late_lifts (since) WHERE cleared_at IS NULL;

-- Orders by bank and outcome, counted by the pulse every so often: the desk reads this, and never the orders, which are many.
CREATE TABLE order_counts (
    bank       text        NOT NULL,
    purpose    text        NOT NULL,
    status     text        NOT NULL,
    why        text        NOT NULL, -- of what was not done: the bank's answer
    n          bigint      NOT NULL,
    counted_at timestamptz NOT NULL  -- legal time
);

-- Which of its own pasts this database is. Whoever works with it keeps the furthest beat outside of it.
CREATE TABLE instance (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch     uuid    NOT NULL DEFAULT gen_random_uuid(),
    beat      bigint  NOT NULL DEFAULT 0
);
INSERT INTO instance DEFAULT VALUES;

-- That an older copy was restored, how that was noticed, and which two people let coercion go on.
CREATE TABLE restores (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    noticed_by  text        NOT NULL CHECK (noticed_by IN ('mark', 'person', 'compare')),
    actor       text        NOT NULL,
    released_at timestamptz
);
CREATE UNIQUE INDEX restores_one_open ON restores ((true)) WHERE released_at IS NULL;

CREATE TABLE restore_acts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    restore_id bigint      NOT NULL REFERENCES restores (id),
    act        text        NOT NULL CHECK (act IN ('proposed', 'released')),
    actor      text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor <> 'robot'),
    reason     text        NOT NULL CHECK (reason <> ''),
    at         timestamptz NOT NULL
);
CREATE TRIGGER restore_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON restore_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on restores are immutable');
-- The domain says this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION restores_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM restore_acts r JOIN restore_acts p ON p.restore_id = r.restore_id AND p.act = 'proposed'
          AND p.actor <> r.actor AND p.at <= r.at AND r.at < p.at + interval '24 hours'
         WHERE r.restore_id = NEW.id AND r.act = 'released' AND r.at = NEW.released_at) THEN
        RAISE EXCEPTION 'restores: % is released once, by two different people within 24 hours', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER restores_four_eyes BEFORE UPDATE ON restores FOR EACH ROW EXECUTE FUNCTION restores_four_eyes();
CREATE TRIGGER restores_kept BEFORE DELETE OR TRUNCATE ON restores FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('restores are kept');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE restore_acts, restores, instance, order_counts, late_lifts, bank_corrections, bank_findings, bank_holds, daily_runs;
DROP FUNCTION restores_four_eyes, bank_findings_kept;
