-- +goose Up
-- What those who handle a case have written down about it. Times are real time: a note is no matter of law.
SET LOCAL lock_timeout = '3s';

-- A note never changes. One that was wrong is corrected by another, which says which one it corrects. The first correction is the only one:
-- what corrects a correction refers to that, so that there is one last word.
CREATE TABLE case_notes (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint      NOT NULL,
    author     text        NOT NULL CHECK (author <> '' AND author <> 'robot'),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    text       text        NOT NULL CHECK (btrim(text) <> '' AND char_length(text) <= 2000),
    corrects   bigint      UNIQUE CHECK (corrects < id),
    UNIQUE (case_id, id),
    FOREIGN KEY (case_id, corrects) REFERENCES case_notes (case_id, id)
);
CREATE TRIGGER case_notes_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON case_notes FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a note stays as it was written: write another that corrects it');

-- Who does not want single keys to do anything at the desk.
CREATE TABLE desk_keys_off (
    actor text PRIMARY KEY CHECK (actor <> '')
);

-- Which lists that left the house had a case in them. Long lists are few.
CREATE INDEX desk_exports_by_case ON desk_exports USING gin (case_ids);

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP INDEX desk_exports_by_case;
DROP TABLE desk_keys_off, case_notes;
