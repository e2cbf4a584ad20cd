-- +goose Up
-- Who has looked at the page of a case or at a document of it: once per person and quarter of an hour. Real time, as of all looks.
SET LOCAL lock_timeout = '3s';

CREATE TABLE desk_looks (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint      NOT NULL,
    actor   text        NOT NULL CHECK (actor <> ''),
    what    text        NOT NULL CHECK (what IN ('page', 'document')),
    kind    text        NOT NULL DEFAULT '' CHECK ((kind <> '') = (what = 'document') AND octet_length(kind) <= 100), -- of a document
    quarter bigint      NOT NULL, -- of an hour, since 1970
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (case_id, quarter, actor, kind)
);
CREATE INDEX desk_looks_by_time ON desk_looks (at);
CREATE TRIGGER desk_looks_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_looks FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('who has looked stays known');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE desk_looks;
