-- +goose Up
-- Whom a row of a batch means, where its court leaves that open: one person says it, another agrees within a day, and the row gets a later
-- verdict with that. Real time, as for all of the desk's own.
SET LOCAL lock_timeout = '3s';

CREATE TABLE identity_words (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id    bigint      NOT NULL,
    row_no      integer     NOT NULL,
    answer      text        NOT NULL CHECK (answer IN ('same', 'back')), -- the person of the IIN, or not: back to the court
    reason      text        NOT NULL CHECK (reason <> '' AND octet_length(reason) <= 2000),
    region      text        NOT NULL CHECK (region ~ '^([0-9]{2})?$'),    -- of the row: who does not see it sees nothing of it; empty: it says none
    proposed_by text        NOT NULL CHECK (proposed_by <> '' AND proposed_by = lower(btrim(proposed_by)) AND proposed_by <> 'robot'),
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL, -- a day later, which the trigger says
    decided_by  text        CHECK (decided_by <> '' AND decided_by = lower(btrim(decided_by)) AND decided_by <> 'robot'),
    decided_at  timestamptz,
    verdict     text        NOT NULL DEFAULT '' CHECK (verdict IN ('', 'agreed', 'refused', 'expired')),
    why         text        NOT NULL DEFAULT '' CHECK (octet_length(why) <= 2000), -- of the verdict
    became      text        NOT NULL DEFAULT '' CHECK (became IN ('', 'accepted', 'duplicate', 'rejected', 'quarantined')), -- of the row
    code        text        NOT NULL DEFAULT '',
    CHECK (expires_at = proposed_at + interval '24 hours'),
    CHECK ((verdict = '') = (decided_at IS NULL) AND (verdict IN ('agreed', 'refused')) = (decided_by IS NOT NULL)),
    CHECK (verdict IN ('', 'expired') OR decided_at < expires_at),
    CHECK (verdict <> 'expired' OR decided_at >= expires_at),
    CHECK ((verdict = 'agreed') = (became <> '')),
    CONSTRAINT identity_words_four_eyes CHECK (decided_by <> proposed_by OR verdict = 'refused') -- one takes back what one has said oneself
);
CREATE UNIQUE INDEX identity_words_open ON identity_words (batch_id, row_no) WHERE verdict = '';
CREATE UNIQUE INDEX identity_words_last ON identity_words (batch_id, row_no) WHERE verdict = 'agreed' AND became <> 'quarantined';
CREATE INDEX identity_words_of_row ON identity_words (batch_id, row_no, id);
CREATE INDEX identity_words_by_time ON identity_words (proposed_at);

-- The domain says all of this too; this holds when it does not.
-- +goose StatementBegin
CREATE FUNCTION identity_words_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.expires_at := NEW.proposed_at + interval '24 hours';
        IF NEW.verdict <> '' OR NEW.proposed_at > clock_timestamp() THEN
            RAISE EXCEPTION 'identity_words: a word is said now, and waits for a day' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.verdict <> '' OR (NEW.id, NEW.batch_id, NEW.row_no, NEW.answer, NEW.reason, NEW.region, NEW.proposed_by, NEW.proposed_at, NEW.expires_at)
           IS DISTINCT FROM (OLD.id, OLD.batch_id, OLD.row_no, OLD.answer, OLD.reason, OLD.region, OLD.proposed_by, OLD.proposed_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'identity_words: what was said of row % of batch % stays as it was', OLD.row_no, OLD.batch_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.decided_at > clock_timestamp() OR (NEW.verdict = 'expired') <> (clock_timestamp() >= OLD.expires_at) THEN
        RAISE EXCEPTION 'identity_words: a word of row % of batch % waits until %', OLD.row_no, OLD.batch_id, OLD.expires_at USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A verdict changes only from quarantined, with the word of two.
CREATE FUNCTION batch_rows_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.verdict <> 'quarantined' OR (NEW.batch_id, NEW.row_no, NEW.document_number, NEW.action) IS DISTINCT FROM (OLD.batch_id, OLD.row_no, OLD.document_number, OLD.action)
       OR NOT EXISTS (SELECT 1 FROM identity_words w WHERE w.batch_id = NEW.batch_id AND w.row_no = NEW.row_no AND w.verdict = 'agreed'
                         AND w.decided_by <> w.proposed_by AND w.became = NEW.verdict AND w.code = NEW.code) THEN
        RAISE EXCEPTION 'batch_rows: the verdict on row % of batch % changes only by the word of two people', OLD.row_no, OLD.batch_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER identity_words_forward BEFORE INSERT OR UPDATE ON identity_words FOR EACH ROW EXECUTE FUNCTION identity_words_forward();
CREATE TRIGGER identity_words_kept BEFORE DELETE OR TRUNCATE ON identity_words FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('what people said of whom a row means is kept');
CREATE TRIGGER batch_rows_settled BEFORE UPDATE ON batch_rows FOR EACH ROW EXECUTE FUNCTION batch_rows_settled();

-- How often rows of a batch got a later verdict, and how many of these times its sender's folder has been told.
ALTER TABLE batches
    ADD COLUMN revision integer NOT NULL DEFAULT 0,
    ADD COLUMN told_revision integer NOT NULL DEFAULT 0;
CREATE INDEX batches_to_tell ON batches (source, id) WHERE told_revision < revision;

-- Whoever looks at whom a row means is in the log as one who looks at whom a case is of.
ALTER TABLE desk_access
    DROP CONSTRAINT desk_access_check,
    ADD CONSTRAINT desk_access_check CHECK ((what IN ('unmask', 'unmask_refused')) = (case_id IS NOT NULL OR kind LIKE 'row %')) NOT VALID; -- the narrower one saw what is there

-- The debtor of cases is another person: both stop at the first word and end at the second.
ALTER TABLE case_acts
    DROP CONSTRAINT case_acts_kind_check,
    ADD CONSTRAINT case_acts_kind_check CHECK (kind IN ('hold', 'resume', 'suspend', 'notify', 'cancel', 'correct', 'lift', 'other_person')),
    ADD CONSTRAINT case_acts_person_check CHECK (two OR kind <> 'other_person');

-- +goose Down
SET LOCAL lock_timeout = '3s';
ALTER TABLE case_acts
    DROP CONSTRAINT case_acts_person_check,
    DROP CONSTRAINT case_acts_kind_check,
    ADD CONSTRAINT case_acts_kind_check CHECK (kind IN ('hold', 'resume', 'suspend', 'notify', 'cancel', 'correct', 'lift')) NOT VALID;
ALTER TABLE desk_access
    DROP CONSTRAINT desk_access_check,
    ADD CONSTRAINT desk_access_check CHECK ((what IN ('unmask', 'unmask_refused')) = (case_id IS NOT NULL)) NOT VALID;
DROP TRIGGER batch_rows_settled ON batch_rows;
ALTER TABLE batches DROP COLUMN told_revision, DROP COLUMN revision;
DROP TABLE identity_words;
DROP FUNCTION batch_rows_settled, identity_words_forward;
