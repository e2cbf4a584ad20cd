-- +goose Up
-- The register of debtors (EL 36): entries, removals and who executes are orders as all others, to a body that is no bank. The new checks
-- are wider than the old ones, so that rows of before need no second look.
SET LOCAL lock_timeout = '3s';

ALTER TABLE orders DROP CONSTRAINT orders_purpose_check, DROP CONSTRAINT orders_check,
    ADD CONSTRAINT orders_purpose_check CHECK (purpose IN ('arrest', 'reduce', 'lift', 'collect', 'recall', 'register', 'deregister', 'entrust')) NOT VALID,
    ADD CONSTRAINT orders_check CHECK (amount > 0 OR purpose IN ('lift', 'recall', 'register', 'deregister', 'entrust')) NOT VALID;

-- From when on the entry may be asked for; in no index.
ALTER TABLE cases ADD COLUMN register_on date;

-- A case has one entry. An index over what moves would make every order dearer, so the insertion alone is looked at.
-- +goose StatementBegin
CREATE FUNCTION orders_one_live_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM orders o WHERE o.case_id = NEW.case_id AND o.purpose = 'register' AND o.ordinal <> NEW.ordinal
                  AND o.status IN ('requested', 'unknown', 'active', 'lift_requested', 'handed_over')) THEN
        RAISE EXCEPTION 'orders: case % has a live entry in the register', NEW.case_id USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER orders_one_live_entry AFTER INSERT ON orders FOR EACH ROW WHEN (NEW.purpose = 'register')
    EXECUTE FUNCTION orders_one_live_entry();

ALTER TABLE stops DROP CONSTRAINT stops_scope_check, ADD CONSTRAINT stops_scope_check
    CHECK (scope ~ '^(all|measure:(open|arrest|collect|hand_over|notify|register)|region:[0-9]{2}|(bank|source):[^[:cntrl:]]{1,100})$') NOT VALID;

-- What differs between the register's own list and our entries, and the removal of what stands there without ground, which is sent
-- under one id until it is confirmed.
CREATE TABLE register_findings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry_id    uuid        NOT NULL,                      -- as the register has it
    case_id     bigint      NOT NULL,                      -- as the register has it; it need not exist
    kind        text        NOT NULL CHECK (kind IN ('orphan', 'missing', 'adopted')),
    found_at    timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    removal_id  uuid        UNIQUE,                        -- of an orphan
    next_at     timestamptz,                               -- when the removal is sent or asked about next, in legal time
    attempts    smallint    NOT NULL DEFAULT 0,
    answer      text        NOT NULL DEFAULT '',           -- the last one
    resolved_at timestamptz,
    resolution  text        NOT NULL DEFAULT '' CHECK (resolution IN ('', 'gone', 'removed', 'adopted')),
    CHECK ((resolved_at IS NULL) = (resolution = '')),
    CHECK ((kind = 'orphan') = (removal_id IS NOT NULL))
);
CREATE UNIQUE INDEX register_findings_open ON register_findings (entry_id) WHERE resolved_at IS NULL;
CREATE TRIGGER register_findings_stay BEFORE DELETE OR TRUNCATE ON register_findings FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('findings are kept');

-- +goose Down
-- What was written under the wider checks stays; the narrower ones hold for what comes.
SET LOCAL lock_timeout = '3s';
DROP TABLE register_findings;
ALTER TABLE stops DROP CONSTRAINT stops_scope_check, ADD CONSTRAINT stops_scope_check
    CHECK (scope ~ '^(all|measure:(open|arrest|collect|hand_over|notify)|region:[0-9]{2}|(bank|source):[^[:cntrl:]]{1,100})$') NOT VALID;
DROP TRIGGER orders_one_live_entry ON orders;
DROP FUNCTION orders_one_live_entry;
ALTER TABLE cases DROP COLUMN register_on;
ALTER TABLE orders DROP CONSTRAINT orders_purpose_check, DROP CONSTRAINT orders_check,
    ADD CONSTRAINT orders_purpose_check CHECK (purpose IN ('arrest', 'reduce', 'lift', 'collect', 'recall')) NOT VALID,
    ADD CONSTRAINT orders_check CHECK (amount > 0 OR purpose IN ('lift', 'recall')) NOT VALID;
