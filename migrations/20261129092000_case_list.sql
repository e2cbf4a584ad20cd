-- +goose Up
-- What the desk finds and lists cases by. Every index of a case is on what never or seldom changes: the state, the sums that are left and
-- the days of notices have none, so that the updates of a case's life stay heap-only.
SET LOCAL lock_timeout = '3s';

CREATE INDEX cases_by_region ON cases (region, id);
CREATE INDEX cases_by_opening ON cases (opened_on, id);
CREATE INDEX cases_by_term ON cases (term_ends_on, id);
CREATE INDEX cases_by_debt ON cases (debt, id);
CREATE INDEX cases_held ON cases (id) WHERE hold <> '';
CREATE INDEX cases_suspended ON cases (id) WHERE suspended <> '';
-- A case ends once, by one event, which never changes: so those that have ended are found without an index on their state.
CREATE INDEX events_ends ON events (kind, case_id) WHERE kind IN ('paid', 'cancelled', 'handed_over');
CREATE INDEX writs_by_source ON writs (source, case_id);

-- What a debtor is found by besides the IIN: the beginning of the name, folded, and the blind index of the phone. Those who were here before
-- get theirs from the pulse, since the one takes a key to make and the other is not folded here; until then they have no name_key.
ALTER TABLE debtors ADD COLUMN name_key text COLLATE "C", ADD COLUMN phone_blind bytea CHECK (length(phone_blind) = 16);
CREATE INDEX debtors_by_name ON debtors (name_key) WHERE name_key IS NOT NULL;
CREATE INDEX debtors_by_phone ON debtors (phone_blind) WHERE phone_blind IS NOT NULL;
CREATE INDEX debtors_unkeyed ON debtors (id) WHERE name_key IS NULL;

-- What an operator looks for by something personal. The address of the list has a random word for it, of which only the hash is kept
-- here; what was typed is sealed. Real time, as for all of the desk's own here.
CREATE TABLE desk_searches (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    actor      text        NOT NULL CHECK (actor <> ''),
    sealed     bytea       NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at)
);
CREATE INDEX desk_searches_age ON desk_searches (expires_at);

-- Who has looked at or for what. What was searched is here only as its blind index.
CREATE TABLE desk_access (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor   text        NOT NULL CHECK (actor <> ''),
    what    text        NOT NULL CHECK (what IN ('search', 'unmask', 'unmask_refused', 'export', 'export_wanted', 'export_agreed', 'export_refused')),
    case_id bigint,
    kind    text        NOT NULL DEFAULT '',  -- of a search: what it was taken for; of an export: its format
    blind   bytea       CHECK (length(blind) = 16),
    hits    integer,                          -- rows found, or exported
    reason  text        NOT NULL DEFAULT '',
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((what IN ('unmask', 'unmask_refused')) = (case_id IS NOT NULL)),
    CHECK ((what = 'search') = (blind IS NOT NULL)),
    CHECK (what NOT IN ('unmask', 'unmask_refused', 'export_wanted') OR reason <> '')
);
CREATE INDEX desk_access_by_case ON desk_access (case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX desk_access_unmasked ON desk_access (actor, at) WHERE what = 'unmask';
CREATE INDEX desk_access_refused ON desk_access (at) WHERE what = 'unmask_refused';
CREATE TRIGGER desk_access_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_access FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('who has looked stays known');

-- Lists that an operator comes back to: a name for the address of one. Private, and without anything personal.
CREATE TABLE desk_views (
    actor   text        NOT NULL CHECK (actor <> ''),
    name    text        NOT NULL CHECK (name <> '' AND char_length(name) <= 60),
    query   text        NOT NULL CHECK (octet_length(query) <= 2000),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor, name)
);

-- A list that leaves the house and is longer than one person may take: one asks, another agrees within a day, and then the first takes it
-- once, within a day. The cases are those that were listed when it was asked for.
CREATE TABLE desk_exports (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor      text        NOT NULL CHECK (actor <> ''),
    reason     text        NOT NULL CHECK (reason <> ''),
    format     text        NOT NULL CHECK (format IN ('csv', 'xlsx')),
    query      text        NOT NULL CHECK (octet_length(query) <= 2000), -- filter and columns
    case_ids   bigint[]    NOT NULL CHECK (cardinality(case_ids) BETWEEN 1 AND 100000),
    regions    text[]      NOT NULL CHECK (cardinality(regions) > 0),     -- of the cases: who does not see them all sees nothing of it
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_by text        CHECK (decided_by <> '' AND decided_by <> actor),
    agreed     boolean,
    decided_at timestamptz,
    taken_at   timestamptz,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (agreed IS NULL)),
    CHECK (decided_at <= made_at + interval '24 hours'),
    CHECK (taken_at IS NULL OR agreed AND taken_at <= decided_at + interval '24 hours')
);
CREATE INDEX desk_exports_new ON desk_exports (made_at);
CREATE TRIGGER desk_exports_forward BEFORE UPDATE ON desk_exports FOR EACH ROW
    WHEN ((NEW.id, NEW.actor, NEW.reason, NEW.format, NEW.query, NEW.case_ids, NEW.regions, NEW.made_at) IS DISTINCT FROM (OLD.id, OLD.actor, OLD.reason, OLD.format, OLD.query, OLD.case_ids, OLD.regions, OLD.made_at)
          OR OLD.decided_at IS NOT NULL AND (NEW.decided_by, NEW.agreed, NEW.decided_at) IS DISTINCT FROM (OLD.decided_by, OLD.agreed, OLD.decided_at)
          OR OLD.taken_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('what two people agreed on stays as it was');
CREATE TRIGGER desk_exports_kept BEFORE DELETE OR TRUNCATE ON desk_exports FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('exports are kept');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE desk_exports, desk_views, desk_access, desk_searches;
ALTER TABLE debtors DROP COLUMN phone_blind, DROP COLUMN name_key;
DROP INDEX writs_by_source, events_ends, cases_suspended, cases_held, cases_by_debt, cases_by_term, cases_by_opening, cases_by_region;
