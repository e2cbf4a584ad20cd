-- +goose Up
-- The life of a court batch: its file is kept sealed, it may wait for two people, and every act on it is recorded. Batches of
-- before, and those of an import that keeps no file, have size 0.

SET LOCAL lock_timeout = '3s';

ALTER TABLE batches
    DROP CONSTRAINT batches_state_check,
    ADD CONSTRAINT batches_state_check
        CHECK (state IN ('received', 'waiting', 'staging', 'done', 'previewed', 'refused', 'rejected', 'failed')) NOT VALID,
    ADD COLUMN via            text        NOT NULL DEFAULT 'cli' CHECK (via IN ('cli', 'api', 'drop', 'desk')),
    ADD COLUMN received_by    text        NOT NULL DEFAULT '',
    ADD COLUMN signer         text        NOT NULL DEFAULT '',  -- who signed the file, as the proof names him
    ADD COLUMN language       text        NOT NULL DEFAULT 'ru',
    ADD COLUMN dry_run        boolean     NOT NULL DEFAULT false,
    ADD COLUMN sender_known   boolean     NOT NULL DEFAULT true, -- false: each row names its own source
    ADD COLUMN size           bigint      NOT NULL DEFAULT 0 CHECK (size >= 0), -- bytes in batch_files
    ADD COLUMN proven_size    bigint      NOT NULL DEFAULT 0,    -- bytes of the proven content, where it is not the file itself
    ADD COLUMN proven_sha256  bytea,
    ADD COLUMN same_as        bigint,                            -- the batch in which this file was taken in before
    ADD COLUMN expected       integer     NOT NULL DEFAULT 0,    -- rows that the first look counted
    ADD COLUMN looked         boolean     NOT NULL DEFAULT false,
    ADD COLUMN suspects       bytea[],                           -- blind indexes of IINs that the file gives to two persons
    ADD COLUMN figures        json,                              -- what the first look found
    ADD COLUMN reasons        json,                              -- why it waits for two people
    ADD COLUMN gated          boolean     NOT NULL DEFAULT false,
    ADD COLUMN fault          json,                              -- why it was refused or has failed
    ADD COLUMN touched_at     timestamptz NOT NULL DEFAULT now(); -- real time of the database: the last step of its work
CREATE INDEX batches_open ON batches (touched_at) WHERE state IN ('received', 'staging') AND size > 0;
CREATE INDEX batches_by_source ON batches (source, id);

CREATE TRIGGER batches_graph BEFORE UPDATE ON batches FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'received>staging', 'received>waiting', 'received>previewed', 'received>failed',
        'waiting>staging', 'waiting>rejected', 'staging>done', 'staging>failed'))
    EXECUTE FUNCTION refuse_change('no such move of a batch');
CREATE TRIGGER batches_forward BEFORE UPDATE ON batches FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.sha256 <> OLD.sha256 OR NEW.received_at <> OLD.received_at OR NEW.dry_run <> OLD.dry_run
          OR (OLD.gated AND NOT NEW.gated))
    EXECUTE FUNCTION refuse_change('a batch stays what it was');

-- An Idempotency-Key stands for one content of one source for ever.
CREATE TABLE batch_keys (
    source   text        NOT NULL,
    key      text        NOT NULL CHECK (key <> ''),
    batch_id bigint      NOT NULL,
    sha256   bytea       NOT NULL CHECK (length(sha256) = 32),
    at       timestamptz NOT NULL,
    PRIMARY KEY (source, key)
);

-- The bytes of a batch in sealed parts, as they came and, where they differ, as they were proven. Parts are written before
-- their batch; parts that stay without one are removed after a day.
CREATE TABLE batch_files (
    batch_id  bigint      NOT NULL,
    proven    boolean     NOT NULL,
    part      integer     NOT NULL CHECK (part >= 0),
    sealed    bytea       NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, proven, part)
);
ALTER TABLE batch_files ALTER COLUMN sealed SET STORAGE EXTERNAL; -- sealed bytes do not compress
CREATE TRIGGER batch_files_kept BEFORE UPDATE OR TRUNCATE ON batch_files FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a file stays what it was');

-- Who let a waiting batch in, or sent it away. Legal time.
CREATE TABLE batch_acts (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint      NOT NULL REFERENCES batches (id),
    act      text        NOT NULL CHECK (act IN ('proposed', 'released', 'rejected')),
    actor    text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    reason   text        NOT NULL CHECK (reason <> ''),
    at       timestamptz NOT NULL
);
CREATE INDEX batch_acts_by_batch ON batch_acts (batch_id, id);
CREATE UNIQUE INDEX batch_acts_one_end ON batch_acts (batch_id) WHERE act IN ('released', 'rejected');
CREATE TRIGGER batch_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on batches are immutable');

-- Two different people, the second within 24 hours of the first. The domain says so too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION batch_acts_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM batch_acts p WHERE p.batch_id = NEW.batch_id AND p.act = 'proposed' AND p.actor <> NEW.actor
                      AND p.at <= NEW.at AND NEW.at < p.at + interval '24 hours') THEN
        RAISE EXCEPTION 'batch_acts: batch % is released by two different people within 24 hours', NEW.batch_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION batches_acted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM batch_acts a WHERE a.batch_id = NEW.id
                      AND a.act = CASE NEW.state WHEN 'rejected' THEN 'rejected' ELSE 'released' END) THEN
        RAISE EXCEPTION 'batches: batch % has no act that makes it %', NEW.id, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER batch_acts_four_eyes BEFORE INSERT ON batch_acts FOR EACH ROW WHEN (NEW.act = 'released')
    EXECUTE FUNCTION batch_acts_four_eyes();
CREATE TRIGGER batches_acted BEFORE UPDATE ON batches FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.gated AND NEW.state IN ('staging', 'done', 'rejected'))
    EXECUTE FUNCTION batches_acted();

-- A previewed row that would be accepted has no case; intake.Check looks at the others.
ALTER TABLE batch_rows
    DROP CONSTRAINT batch_rows_check,
    ADD CONSTRAINT batch_rows_check CHECK ((verdict = 'accepted') = (code = '')) NOT VALID,
    ADD COLUMN action text NOT NULL DEFAULT 'open' CHECK (action IN ('open', 'withdraw', 'cancel', 'correct'));

-- What an issuer corrected in a writ that has a case. The writ itself stays as it was received; the last correction counts.
CREATE TABLE writ_corrections (
    case_id       bigint      NOT NULL,
    ordinal       integer     NOT NULL CHECK (ordinal > 0),
    amount        bigint      NOT NULL CHECK (amount > 0),
    issuer_bin    text        NOT NULL,
    issuer_name   text        NOT NULL,
    claimant_bin  text        NOT NULL,
    claimant_name text        NOT NULL,
    iban          text        NOT NULL,
    kbk           text        NOT NULL,
    knp           text        NOT NULL,
    ground        text        NOT NULL,
    act           text        NOT NULL,
    content_hash  bytea       NOT NULL CHECK (length(content_hash) = 32),
    batch_id      bigint      NOT NULL,
    row_no        integer     NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (case_id, ordinal)
);
CREATE TRIGGER writ_corrections_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON writ_corrections FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('corrections are immutable');

-- +goose Down
DROP TABLE writ_corrections;
DELETE FROM batch_rows WHERE verdict = 'accepted' AND case_id IS NULL;
ALTER TABLE batch_rows
    DROP COLUMN action,
    DROP CONSTRAINT batch_rows_check,
    ADD CONSTRAINT batch_rows_check CHECK ((verdict = 'accepted') = (code = '' AND case_id IS NOT NULL AND verdict = 'accepted')) NOT VALID;
DROP TRIGGER batches_acted ON batches;
DROP TABLE batch_acts, batch_files, batch_keys;
DROP FUNCTION batches_acted, batch_acts_four_eyes;
DROP TRIGGER batches_forward ON batches;
DROP TRIGGER batches_graph ON batches;
DROP INDEX batches_by_source, batches_open;
UPDATE batches SET state = 'failed' WHERE state NOT IN ('staging', 'done', 'failed');
ALTER TABLE batches
    DROP COLUMN touched_at, DROP COLUMN fault, DROP COLUMN gated, DROP COLUMN reasons, DROP COLUMN figures, DROP COLUMN suspects, DROP COLUMN looked,
    DROP COLUMN expected, DROP COLUMN same_as, DROP COLUMN proven_sha256, DROP COLUMN proven_size, DROP COLUMN size, DROP COLUMN sender_known,
    DROP COLUMN dry_run, DROP COLUMN language, DROP COLUMN signer, DROP COLUMN received_by, DROP COLUMN via,
    DROP CONSTRAINT batches_state_check,
    ADD CONSTRAINT batches_state_check CHECK (state IN ('staging', 'done', 'failed')) NOT VALID;
