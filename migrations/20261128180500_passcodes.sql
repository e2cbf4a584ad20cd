-- +goose Up
-- The codes that debtors type before they refuse. A row is the newest code of a case: what it is, nobody can tell from here, since it
-- takes a key to make it of the nonce. Times are real time: a code is not a matter of law.
SET LOCAL lock_timeout = '3s';

CREATE TABLE passcodes (
    case_id  bigint        PRIMARY KEY,
    serial   integer       NOT NULL DEFAULT 0 CHECK (serial >= 0), -- of the code, among those of the case; 0: there was none yet
    nonce    bytea         CHECK (length(nonce) = 16),
    made_at  timestamptz   NOT NULL DEFAULT clock_timestamp(),
    tries    smallint      NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    used_at  timestamptz,
    asked_at timestamptz[] NOT NULL DEFAULT '{}',                  -- the codes of the last day, this one among them
    sent     text          NOT NULL DEFAULT 'wanted' CHECK (sent IN ('wanted', 'sending', 'sent', 'failed', 'unknown')),
    parts    text[]        NOT NULL DEFAULT '{}',                  -- numbers that the gateway gave to the message, for its receipts
    CHECK ((serial = 0) = (nonce IS NULL)),
    CHECK (cardinality(asked_at) <= 6)
);
CREATE INDEX passcodes_parts ON passcodes USING gin (parts);

-- A code is used once, by nobody after its tries, and another one has another serial.
CREATE TRIGGER passcodes_forward BEFORE UPDATE ON passcodes FOR EACH ROW
    WHEN (NEW.case_id <> OLD.case_id OR NEW.serial < OLD.serial
          OR NEW.serial = OLD.serial AND (NEW.nonce IS DISTINCT FROM OLD.nonce OR NEW.made_at <> OLD.made_at OR NEW.tries < OLD.tries
                                          OR OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at))
    EXECUTE FUNCTION refuse_change('a code is what it was');

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE passcodes;
