-- +goose Up
-- What banks have signed, kept before it is believed, and the hints that banks give of their own accord.
SET LOCAL lock_timeout = '3s';

-- One row a message, whole, so that the signature can be checked by others; the body may name persons and is sealed. The same message
-- may come again and changes nothing.
CREATE TABLE bank_evidence (
    bank       text        NOT NULL,
    message_id uuid        NOT NULL,
    direction  text        NOT NULL CHECK (direction IN ('in', 'out')), -- in: from the bank
    kind       text        NOT NULL,                       -- of the request that it answers; its own where it came in a file
    request_id uuid,                                       -- empty: a file that answers no request
    at         timestamptz NOT NULL,                       -- when it was written, by its own words
    kept_at    timestamptz NOT NULL DEFAULT now(),         -- real time of the database
    key        text        NOT NULL,                       -- thumbprint of the key that signed it
    encoding   text        NOT NULL CHECK (encoding IN ('json', 'xml')),
    signature  text        NOT NULL CHECK (signature <> ''),
    body       bytea       NOT NULL,                       -- sealed
    body_mark  bytea       NOT NULL,                       -- tells the same body from another one; says nothing of it
    orders     uuid[]      NOT NULL,                       -- the legs that it answers
    PRIMARY KEY (bank, message_id)
);
CREATE TRIGGER bank_evidence_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_evidence FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('evidence is immutable');

-- Orders that a bank says are worth a query. A row is taken up by the next pulse that looks, and deleted.
CREATE TABLE bank_hints (
    bank   text        NOT NULL,
    leg_id uuid        NOT NULL,
    at     timestamptz NOT NULL DEFAULT now(),             -- real time of the database
    PRIMARY KEY (bank, leg_id)
);

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE bank_hints, bank_evidence;
