-- +goose Up
-- Bank statements: what each line was, once for ever, and the meeting of a gateway's word with the money itself.
SET LOCAL lock_timeout = '3s';

-- Bank accounts that a person has registered. gateway is empty for our own accounts at the treasury; else it names the source whose
-- payments are paid out from this account, which alone lets a line of a statement stand for a payment that the gateway told of.
CREATE TABLE money_accounts (
    iban     text        PRIMARY KEY CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    gateway  text        NOT NULL,
    added_by text        NOT NULL CHECK (added_by <> ''),
    added_at timestamptz NOT NULL
);

-- One statement of one account. A file may hold several; part is its place there.
CREATE TABLE statements (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account     text        NOT NULL,
    format      text        NOT NULL,
    message_id  text        NOT NULL,                              -- the bank's; '' where the format has none
    number      text        NOT NULL,
    sha256      bytea       NOT NULL CHECK (length(sha256) = 32),  -- of the file
    part        integer     NOT NULL CHECK (part > 0),
    from_on     date        NOT NULL,
    to_on       date        NOT NULL CHECK (to_on >= from_on),
    opening     bigint,                                            -- NULL: a notification, which tells no balances
    closing     bigint,
    lines       integer     NOT NULL CHECK (lines >= 0),
    credits     bigint      NOT NULL CHECK (credits >= 0),
    debits      bigint      NOT NULL CHECK (debits >= 0),
    state       text        NOT NULL DEFAULT 'taking' CHECK (state IN ('taking', 'done')),
    received_at timestamptz NOT NULL,
    finished_at timestamptz,
    UNIQUE (sha256, part),
    CHECK ((opening IS NULL) = (closing IS NULL)),
    CHECK (opening + credits - debits = closing),
    CHECK ((state = 'done') = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX statements_by_message ON statements (account, message_id) WHERE message_id <> '';
CREATE INDEX statements_by_day ON statements (account, to_on);

-- Every line with its verdict. payer is sealed: whom to pay back, and who it may have been.
CREATE TABLE statement_lines (
    statement_id bigint  NOT NULL,
    line_no      integer NOT NULL CHECK (line_no > 0),
    verdict      text    NOT NULL,
    amount       bigint  NOT NULL CHECK (amount <> 0), -- signed: positive is to us
    payment_id   bigint,
    gateway      text    NOT NULL DEFAULT '',          -- that took money back to itself
    payer        bytea,
    PRIMARY KEY (statement_id, line_no)
);
CREATE TRIGGER statement_lines_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_lines FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('lines of statements are immutable');

-- The money of a payment that a gateway had told of, come to our account: one line for each payment, one payment for each line.
CREATE TABLE settlements (
    txn_id     text        PRIMARY KEY,
    payment_id bigint      NOT NULL UNIQUE,
    at         timestamptz NOT NULL
);
CREATE TRIGGER settlements_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('settlements are immutable');

-- Money that a gateway paid out before it told of the payment. Its word, when it comes, finds the payment here instead of making a
-- second one.
CREATE TABLE arrivals (
    payment_id bigint PRIMARY KEY,
    gateway    text   NOT NULL,
    txn_id     text,                                   -- of the gateway; NULL until it is known
    case_id    bigint,                                 -- named in the payer's words
    amount     bigint NOT NULL CHECK (amount > 0),
    value_on   date   NOT NULL
);
CREATE UNIQUE INDEX arrivals_by_txn ON arrivals (gateway, txn_id) WHERE txn_id IS NOT NULL;
CREATE INDEX arrivals_open ON arrivals (gateway, amount, case_id) WHERE txn_id IS NULL;

-- What went from our account: one row for each line, once for ever. gateway took money back to itself; else a person must say why.
CREATE TABLE departures (
    txn_id  text        PRIMARY KEY,
    amount  bigint      NOT NULL CHECK (amount > 0),
    gateway text        NOT NULL DEFAULT '',
    at      timestamptz NOT NULL
);

-- Money in suspense that may be a debtor's, since it came in his name: nothing is taken from him until a person has looked.
CREATE TABLE unmatched_money (
    payment_id bigint PRIMARY KEY,
    debtor_id  bigint NOT NULL
);
CREATE INDEX unmatched_money_by_debtor ON unmatched_money (debtor_id);

-- +goose Down
DROP TABLE unmatched_money, departures, arrivals, settlements, statement_lines, statements, money_accounts;
