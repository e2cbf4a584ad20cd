-- +goose Up
-- How a debtor lets a helper in, and how to reach the private bailiff.
SET LOCAL lock_timeout = '3s';

-- One link for one helper, opened once with a code that the debtor tells by word of mouth. Only HMACs of both are kept. Times are
-- legal time, since the pages name them; a row is kept, as it says who could see the case.
CREATE TABLE portal_helpers (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint      NOT NULL,
    token_hash bytea       NOT NULL UNIQUE CHECK (length(token_hash) = 16),
    code_hash  bytea       NOT NULL CHECK (length(code_hash) = 16),
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    opened_at  timestamptz,
    ended_at   timestamptz,
    ended_by   text        CHECK (ended_by IN ('debtor', 'helper', 'wrong_code')),
    CHECK (expires_at > made_at),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX portal_helpers_by_case ON portal_helpers (case_id);
CREATE TRIGGER portal_helpers_forward BEFORE UPDATE ON portal_helpers FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.case_id <> OLD.case_id OR NEW.token_hash <> OLD.token_hash OR NEW.code_hash <> OLD.code_hash
          OR NEW.made_at <> OLD.made_at OR NEW.expires_at <> OLD.expires_at
          OR OLD.opened_at IS NOT NULL AND NEW.opened_at IS DISTINCT FROM OLD.opened_at
          OR OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.ended_by IS DISTINCT FROM OLD.ended_by))
    EXECUTE FUNCTION refuse_change('what a helper was allowed stays as it was');
CREATE TRIGGER portal_helpers_kept BEFORE DELETE OR TRUNCATE ON portal_helpers FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('helpers are kept');

ALTER TABLE portal_sessions ADD COLUMN helper_id bigint REFERENCES portal_helpers (id); -- empty: the debtor's own visit

-- As the public register has it: telephone and address of the office.
ALTER TABLE bailiffs ADD COLUMN contact text NOT NULL DEFAULT '';

-- +goose Down
SET LOCAL lock_timeout = '3s';
ALTER TABLE bailiffs DROP COLUMN contact;
DELETE FROM portal_sessions WHERE helper_id IS NOT NULL;
ALTER TABLE portal_sessions DROP COLUMN helper_id;
DROP TABLE portal_helpers;
