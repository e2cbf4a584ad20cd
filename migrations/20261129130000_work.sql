-- +goose Up
-- Who works what waits for a person, and what became of it; and the decisions of the robot that chance lays before a person.
SET LOCAL lock_timeout = '3s';

-- The lists of work are read from what waits itself; here is only what people did about its items. Real time, as for all of the desk's own.
CREATE TABLE work_acts (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text        NOT NULL CHECK (kind <> ''),
    item     text        NOT NULL CHECK (item <> '' AND octet_length(item) <= 200),
    act      text        NOT NULL CHECK (act IN ('taken', 'given', 'returned', 'closed')),
    actor    text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor <> 'robot'),
    assignee text        NOT NULL DEFAULT '',
    outcome  text        NOT NULL DEFAULT '',
    words    text        NOT NULL DEFAULT '' CHECK (char_length(words) <= 500),
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((act IN ('taken', 'given')) = (assignee <> '')),
    CHECK (act <> 'taken' OR assignee = actor),
    CHECK ((act = 'closed') = (outcome <> '') AND (act <> 'closed' OR words <> ''))
);
CREATE INDEX work_acts_by_item ON work_acts (kind, item, id);
CREATE UNIQUE INDEX work_acts_closed_once ON work_acts (kind, item) WHERE act = 'closed';
CREATE TRIGGER work_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON work_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what people did stays known');

-- One decision in a hundred that takes something from a debtor is drawn by the hash of its event, which nobody chooses, so that everybody can draw again.
CREATE TABLE reviews (
    case_id    bigint      NOT NULL,
    seq        integer     NOT NULL,
    region     text        NOT NULL,            -- of the case, which keeps it: what waits is counted by region without asking any case
    kind       text        NOT NULL,            -- of the event
    one_in     integer     NOT NULL CHECK (one_in > 0),
    drawn_at   timestamptz NOT NULL,            -- legal time, of the decision
    verdict    text        NOT NULL DEFAULT '' CHECK (verdict IN ('', 'right', 'wrong', 'unclear')),
    actor      text        NOT NULL DEFAULT '' CHECK (actor = lower(btrim(actor)) AND actor <> 'robot'),
    words      text        NOT NULL DEFAULT '' CHECK (char_length(words) <= 500),
    decided_at timestamptz,
    PRIMARY KEY (case_id, seq),
    CHECK ((verdict = '') = (decided_at IS NULL) AND (verdict = '') = (actor = '')),
    CHECK (verdict IN ('', 'right') OR words <> '') -- who finds a fault says which
);
CREATE INDEX reviews_waiting ON reviews (drawn_at, case_id, seq) INCLUDE (region) WHERE verdict = '';
CREATE TRIGGER reviews_kept BEFORE DELETE OR TRUNCATE ON reviews FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('what was drawn stays drawn');
CREATE TRIGGER reviews_once BEFORE UPDATE ON reviews FOR EACH ROW
    WHEN (OLD.verdict <> '' OR (NEW.case_id, NEW.seq, NEW.region, NEW.kind, NEW.one_in, NEW.drawn_at) IS DISTINCT FROM (OLD.case_id, OLD.seq, OLD.region, OLD.kind, OLD.one_in, OLD.drawn_at))
    EXECUTE FUNCTION refuse_change('a verdict is given once');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE reviews, work_acts;
