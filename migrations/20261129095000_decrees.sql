-- +goose Up
-- Decrees that were signed, as they were signed, and what is still to be signed. Times are legal but for look_at.
SET LOCAL lock_timeout = '3s';

-- One row a decree, once and for ever: a decree is signed under one certificate at one instant, and neither can be made again. The file names
-- the debtor and is sealed, bound to its row; who has signed is on every paper and stands in the clear.
CREATE TABLE decrees (
    case_id   bigint      NOT NULL,
    seq       integer     NOT NULL CHECK (seq > 0),          -- of the event that the decree is of
    signed_at timestamptz NOT NULL,
    signer    text        NOT NULL CHECK (signer <> ''),     -- by the certificate, as are the next two
    post      text        NOT NULL,                          -- empty: the certificate names none
    serial    text        NOT NULL CHECK (serial <> ''),
    body      bytea       NOT NULL,
    PRIMARY KEY (case_id, seq)
);
ALTER TABLE decrees ALTER COLUMN body SET STORAGE EXTERNAL; -- sealed bytes do not compress
CREATE TRIGGER decrees_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON decrees FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a signed decree is immutable');

-- Cases that may have decrees which nobody has signed. Real time of the database.
CREATE TABLE decrees_wanted (
    case_id bigint      PRIMARY KEY,
    look_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX decrees_wanted_by_time ON decrees_wanted (look_at);

-- How far events were looked through for such cases, in the order of the transactions that wrote them: one row.
CREATE TABLE decrees_seen (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    tx      xid8    NOT NULL DEFAULT '0',
    case_id bigint  NOT NULL DEFAULT 0,
    seq     integer NOT NULL DEFAULT 0
);
INSERT INTO decrees_seen DEFAULT VALUES;

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE decrees_seen, decrees_wanted, decrees;
