-- +goose Up
-- A code is good for one thing: it says which.
SET LOCAL lock_timeout = '3s';

ALTER TABLE passcodes
    ADD COLUMN act   text NOT NULL DEFAULT 'refusal' CHECK (act IN ('refusal', 'refund')),
    ADD COLUMN about text NOT NULL DEFAULT '' CHECK (length(about) <= 4); -- the end of the account that money goes back to

DROP TRIGGER passcodes_forward ON passcodes;
CREATE TRIGGER passcodes_forward BEFORE UPDATE ON passcodes FOR EACH ROW
    WHEN (NEW.case_id <> OLD.case_id OR NEW.serial < OLD.serial
          OR NEW.serial = OLD.serial AND (NEW.nonce IS DISTINCT FROM OLD.nonce OR NEW.made_at <> OLD.made_at OR NEW.tries < OLD.tries
                                          OR NEW.act <> OLD.act OR NEW.about <> OLD.about
                                          OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at))
    EXECUTE FUNCTION refuse_change('a code is what it was');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DELETE FROM passcodes WHERE act <> 'refusal'; -- or they would be good for a refusal
DROP TRIGGER passcodes_forward ON passcodes;
CREATE TRIGGER passcodes_forward BEFORE UPDATE ON passcodes FOR EACH ROW
    WHEN (NEW.case_id <> OLD.case_id OR NEW.serial < OLD.serial
          OR NEW.serial = OLD.serial AND (NEW.nonce IS DISTINCT FROM OLD.nonce OR NEW.made_at <> OLD.made_at OR NEW.tries < OLD.tries
                                          OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at))
    EXECUTE FUNCTION refuse_change('a code is what it was');
ALTER TABLE passcodes DROP COLUMN act, DROP COLUMN about;
