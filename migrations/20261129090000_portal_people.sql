-- +goose Up
-- Debtors who sign in at an identity provider, and see all their cases.
SET LOCAL lock_timeout = '3s';

-- Who has signed in: the blind index of the IIN that the provider told, whether or not anybody has a case under it. Only the SHA-256 of
-- the cookie is kept, and the row is forgotten when the visit is over. Times are real time of the database, as of every visit.
CREATE TABLE portal_people (
    id_hash    bytea       PRIMARY KEY CHECK (length(id_hash) = 32),
    iin_blind  bytea       NOT NULL CHECK (length(iin_blind) = 32),
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CHECK (expires_at <= started_at + interval '8 hours')
);
CREATE INDEX portal_people_expiry ON portal_people (expires_at);

-- A visit of a case that was opened after a sign-in ends with it.
ALTER TABLE portal_sessions ADD COLUMN person_hash bytea REFERENCES portal_people (id_hash) ON DELETE CASCADE;
CREATE INDEX portal_sessions_of_person ON portal_sessions (person_hash) WHERE person_hash IS NOT NULL;

-- The first and the last time that the debtor opened a case after a sign-in: like link_visits a proof, so it outlives the visit.
CREATE TABLE signed_visits (
    case_id  bigint      PRIMARY KEY,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    visits   integer     NOT NULL DEFAULT 1 CHECK (visits > 0),
    CHECK (last_at >= first_at)
);
CREATE TRIGGER signed_visits_forward BEFORE UPDATE ON signed_visits FOR EACH ROW
    WHEN (NEW.case_id <> OLD.case_id OR NEW.first_at <> OLD.first_at OR NEW.last_at < OLD.last_at OR NEW.visits <= OLD.visits)
    EXECUTE FUNCTION refuse_change('a visit stays as it was');
CREATE TRIGGER signed_visits_kept BEFORE DELETE OR TRUNCATE ON signed_visits FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('visits are kept');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE signed_visits;
DELETE FROM portal_sessions WHERE person_hash IS NOT NULL;
ALTER TABLE portal_sessions DROP COLUMN person_hash;
DROP TABLE portal_people;
