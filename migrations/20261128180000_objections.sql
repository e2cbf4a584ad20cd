-- +goose Up
-- What debtors say against their cases: where each objection stands, the words and papers beside it, sealed, and who has seen them.
-- Days are legal days in Almaty, times are legal; drafts live by real time.

SET LOCAL lock_timeout = '3s';

-- How many objections a case has, so that nobody looks for those of the many that have none.
ALTER TABLE cases ADD COLUMN objections smallint NOT NULL DEFAULT 0;

CREATE TABLE objections (
    case_id  bigint      NOT NULL,
    seq      integer     NOT NULL CHECK (seq > 0), -- of the event by which it was made
    ground   text        NOT NULL CHECK (ground IN ('already_paid', 'not_me', 'wrong_sum', 'notice')),
    status   text        NOT NULL CHECK (status IN ('open', 'accepted', 'declined', 'told')),
    made_on  date        NOT NULL,
    due_on   date        NOT NULL CHECK (due_on >= made_on),
    held     boolean     NOT NULL,                 -- it put the case on hold
    answer   integer     NOT NULL DEFAULT 0,       -- seq of the event that answered it
    over_on  date,                                 -- since when it stops nothing any more
    PRIMARY KEY (case_id, seq),
    CHECK ((status = 'open') = (answer = 0)),
    CHECK ((status IN ('accepted', 'told')) = (over_on IS NOT NULL))
);
-- One stands a case and ground, whatever is clicked how often.
CREATE UNIQUE INDEX objections_standing ON objections (case_id, ground) WHERE status IN ('open', 'declined');
CREATE INDEX objections_due ON objections (due_on, case_id, seq) WHERE status IN ('open', 'declined');

CREATE TRIGGER objections_graph BEFORE UPDATE ON objections FOR EACH ROW
    WHEN ((OLD.status || '>' || NEW.status) NOT IN ('open>accepted', 'open>declined', 'declined>told')
          OR (NEW.case_id, NEW.seq, NEW.ground, NEW.made_on, NEW.due_on, NEW.held) IS DISTINCT FROM (OLD.case_id, OLD.seq, OLD.ground, OLD.made_on, OLD.due_on, OLD.held)
          OR (OLD.answer <> 0 AND NEW.answer <> OLD.answer))
    EXECUTE FUNCTION refuse_change('no such move of an objection');
CREATE TRIGGER objections_kept BEFORE DELETE OR TRUNCATE ON objections FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('objections are kept');

-- The debtor's own words and the answer of a person, sealed. A row is written once.
CREATE TABLE objection_words (
    case_id bigint      NOT NULL,
    seq     integer     NOT NULL,
    who     text        NOT NULL CHECK (who IN ('debtor', 'desk')),
    sealed  bytea       NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (case_id, seq, who)
);
CREATE TRIGGER objection_words_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON objection_words FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('words are kept as they were');

-- What is being written and not sent yet.
CREATE TABLE objection_drafts (
    case_id    bigint      NOT NULL,
    ground     text        NOT NULL CHECK (ground IN ('already_paid', 'not_me', 'wrong_sum', 'notice')),
    sealed     bytea       NOT NULL,
    touched_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, ground)
);
CREATE INDEX objection_drafts_age ON objection_drafts (touched_at);

-- Papers that came with an objection, as we made them: images anew, PDFs as they came. Without a seq they belong to a draft.
CREATE TABLE objection_files (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint      NOT NULL,
    ground  text        NOT NULL CHECK (ground IN ('already_paid', 'not_me', 'wrong_sum', 'notice')),
    seq     integer,
    kind    text        NOT NULL CHECK (kind IN ('pdf', 'jpeg', 'png')),
    size    integer     NOT NULL CHECK (size > 0),
    sha256  bytea       NOT NULL CHECK (length(sha256) = 32),
    at      timestamptz NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX objection_files_by_case ON objection_files (case_id, ground);
CREATE INDEX objection_files_drafts ON objection_files (stored_at) WHERE seq IS NULL;
-- +goose StatementBegin
CREATE FUNCTION objection_files_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq IS NOT NULL OR TG_OP = 'UPDATE' AND (NEW.seq IS NULL
       OR (NEW.id, NEW.case_id, NEW.ground, NEW.kind, NEW.size, NEW.sha256, NEW.at) IS DISTINCT FROM (OLD.id, OLD.case_id, OLD.ground, OLD.kind, OLD.size, OLD.sha256, OLD.at)) THEN
        RAISE EXCEPTION 'objection_files: % is kept as it was handed in', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER objection_files_kept BEFORE UPDATE OR DELETE ON objection_files FOR EACH ROW EXECUTE FUNCTION objection_files_kept();

CREATE TABLE objection_file_parts (
    file_id bigint  NOT NULL REFERENCES objection_files (id) ON DELETE CASCADE,
    part    integer NOT NULL CHECK (part >= 0),
    sealed  bytea   NOT NULL,
    PRIMARY KEY (file_id, part)
);
ALTER TABLE objection_file_parts ALTER COLUMN sealed SET STORAGE EXTERNAL; -- sealed bytes do not compress
CREATE TRIGGER objection_file_parts_kept BEFORE UPDATE OR TRUNCATE ON objection_file_parts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a file stays what it was');

-- Which operator has taken which paper.
CREATE TABLE objection_file_reads (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id bigint      NOT NULL REFERENCES objection_files (id),
    actor   text        NOT NULL CHECK (actor <> ''),
    at      timestamptz NOT NULL
);
CREATE INDEX objection_file_reads_by_file ON objection_file_reads (file_id);
CREATE TRIGGER objection_file_reads_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON objection_file_reads FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('who has read stays known');

-- +goose Down
DROP TABLE objection_file_reads, objection_file_parts, objection_files, objection_drafts, objection_words, objections;
DROP FUNCTION objection_files_kept;
ALTER TABLE cases DROP COLUMN objections;
