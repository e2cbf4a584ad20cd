-- +goose Up
-- What people do with money, always two of them: where money in suspense belongs, why money left, and what is paid out.
SET LOCAL lock_timeout = '3s';

-- refunded: paid back to the payer. moved: it stands in other payments now, see money_moves. paying: the part of refund_due that a file
-- is about to pay, which nothing else may touch.
ALTER TABLE payments
    ADD COLUMN refunded bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    ADD COLUMN moved    bigint NOT NULL DEFAULT 0 CHECK (moved >= 0),
    ADD COLUMN paying   bigint NOT NULL DEFAULT 0 CHECK (paying >= 0),
    DROP CONSTRAINT payments_check,
    ADD CONSTRAINT payments_check CHECK (allocated + refund_due + reversed + refunded + moved <= amount), -- the rest is in suspense
    ADD CONSTRAINT payments_paying CHECK (paying <= refund_due);
CREATE INDEX payments_in_suspense ON payments (id) WHERE amount > allocated + refund_due + reversed + refunded + moved;
CREATE INDEX payments_to_refund ON payments (id) WHERE refund_due > 0;
CREATE INDEX payments_by_time ON payments USING brin (received_at);

-- Whom to pay back is asked for by payment.
CREATE INDEX statement_lines_payers ON statement_lines (payment_id) WHERE payer IS NOT NULL AND payment_id IS NOT NULL;

-- What one person proposes to do with money, and another does or refuses within 24 hours.
CREATE TABLE money_acts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('assign', 'split', 'merge', 'refund', 'same_as', 'explain')),
    txn_id      text        NOT NULL DEFAULT '' CHECK ((txn_id <> '') = (kind = 'explain')), -- the departure that is explained
    meaning     text        NOT NULL DEFAULT '' CHECK (meaning IN ('', 'bank_fee', 'remittance', 'otherwise') AND (meaning <> '') = (kind = 'explain')),
    proposed_by text        NOT NULL CHECK (proposed_by <> '' AND proposed_by = lower(btrim(proposed_by))),
    reason      text        NOT NULL CHECK (reason <> ''),
    proposed_at timestamptz NOT NULL -- legal time, as in the decisions
);
CREATE TABLE money_act_parts (
    act_id     bigint  NOT NULL REFERENCES money_acts (id),
    part       integer NOT NULL CHECK (part > 0),
    payment_id bigint  NOT NULL,
    case_id    bigint,           -- that gets it
    known_id   bigint,           -- the payment of a gateway that it is the money of
    amount     bigint  NOT NULL CHECK (amount > 0),
    PRIMARY KEY (act_id, part)
);
CREATE INDEX money_act_parts_by_payment ON money_act_parts (payment_id);
CREATE TABLE money_act_decisions (
    act_id  bigint      PRIMARY KEY REFERENCES money_acts (id),
    verdict text        NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    actor   text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    reason  text        NOT NULL CHECK (reason <> '' OR verdict = 'approved'),
    at      timestamptz NOT NULL
);

-- Where the money of a payment stands that was moved on: in the payments that it was split into, or in the one that a gateway had told of.
CREATE TABLE money_moves (
    to_id      bigint PRIMARY KEY,
    payment_id bigint NOT NULL,
    kind       text   NOT NULL CHECK (kind IN ('split', 'same_as')),
    amount     bigint NOT NULL CHECK (amount > 0),
    act_id     bigint NOT NULL REFERENCES money_acts (id),
    CHECK (to_id <> payment_id)
);
CREATE INDEX money_moves_by_payment ON money_moves (payment_id);

-- Why money left, once for ever.
CREATE TABLE explanations (
    txn_id  text   PRIMARY KEY REFERENCES departures (txn_id),
    meaning text   NOT NULL CHECK (meaning IN ('bank_fee', 'remittance', 'otherwise')),
    amount  bigint NOT NULL CHECK (amount > 0),
    act_id  bigint NOT NULL UNIQUE REFERENCES money_acts (id)
);

-- Requisites that a person has given for a payment; the last ones count. Sealed.
CREATE TABLE refund_requisites (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id bigint      NOT NULL,
    sealed     bytea       NOT NULL,
    given_by   text        NOT NULL CHECK (given_by <> ''),
    reason     text        NOT NULL CHECK (reason <> ''),
    at         timestamptz NOT NULL
);
CREATE INDEX refund_requisites_by_payment ON refund_requisites (payment_id, id);

-- A file of payment orders: collected by one person, released by another.
CREATE TABLE payout_files (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account     text        NOT NULL REFERENCES money_accounts (iban),
    collected_by text       NOT NULL CHECK (collected_by <> '' AND collected_by = lower(btrim(collected_by))),
    reason      text        NOT NULL CHECK (reason <> ''),
    collected_at timestamptz NOT NULL
);
CREATE TABLE payout_file_acts (
    file_id bigint      PRIMARY KEY REFERENCES payout_files (id),
    act     text        NOT NULL CHECK (act IN ('released', 'dropped')),
    actor   text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    reason  text        NOT NULL CHECK (reason <> '' OR act = 'released'),
    at      timestamptz NOT NULL,
    sha256  bytea       CHECK (length(sha256) = 32), -- of the file as the bank gets it
    sealed  bytea,                                   -- the file
    CHECK ((act = 'released') = (sha256 IS NOT NULL) AND (act = 'released') = (sealed IS NOT NULL))
);

-- One payment order. collected -> sent -> paid, or back to the queue. closed: booked as paid, by the bank's word or by the statement;
-- departures.payout_id says that the statement has shown it.
CREATE TABLE payouts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file_id     bigint      NOT NULL REFERENCES payout_files (id),
    payment_id  bigint      NOT NULL,
    amount      bigint      NOT NULL CHECK (amount > 0),
    end_to_end  text        NOT NULL UNIQUE CHECK (end_to_end <> ''),
    requisites  bytea       NOT NULL, -- sealed
    state       text        NOT NULL DEFAULT 'collected' CHECK (state IN ('collected', 'sent', 'dropped', 'paid', 'rejected', 'returned')),
    told_by     text        NOT NULL DEFAULT '' CHECK (told_by IN ('', 'bank', 'statement')),
    code        text        NOT NULL DEFAULT '', -- the bank's reason
    ended_at    timestamptz,
    closed      boolean     GENERATED ALWAYS AS (state IN ('paid', 'returned')) STORED,
    CHECK ((state IN ('collected', 'sent')) = (ended_at IS NULL))
);
CREATE UNIQUE INDEX payouts_one_at_a_time ON payouts (payment_id) WHERE state IN ('collected', 'sent');
CREATE INDEX payouts_by_file ON payouts (file_id);
CREATE INDEX payouts_by_payment ON payouts (payment_id);
ALTER TABLE departures ADD COLUMN payout_id bigint UNIQUE REFERENCES payouts (id);

-- Money of a payout that came back.
CREATE TABLE payout_returns (
    txn_id    text        PRIMARY KEY,
    payout_id bigint      NOT NULL UNIQUE REFERENCES payouts (id),
    amount    bigint      NOT NULL CHECK (amount > 0),
    at        timestamptz NOT NULL
);

-- Who looked at what is sealed, and why.
CREATE TABLE desk_openings (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor  text        NOT NULL CHECK (actor <> ''),
    what   text        NOT NULL CHECK (what IN ('payer', 'payout_file')),
    of_id  bigint      NOT NULL,
    reason text        NOT NULL CHECK (reason <> ''),
    at     timestamptz NOT NULL
);

-- +goose StatementBegin
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['money_acts', 'money_act_parts', 'money_act_decisions', 'money_moves', 'explanations', 'refund_requisites', 'payout_files',
                             'payout_file_acts', 'payout_returns', 'desk_openings'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(%L)',
                       t || '_immutable', t, 'what people did and said stays as it was');
    END LOOP;
END $$;

-- The domain says all of this too; this holds when it does not.
CREATE FUNCTION money_act_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM money_acts a WHERE a.id = NEW.act_id AND a.proposed_by <> NEW.actor
                      AND a.proposed_at <= NEW.at AND NEW.at < a.proposed_at + interval '24 hours') THEN
        RAISE EXCEPTION 'money_act_decisions: act % is done by two different people within 24 hours', NEW.act_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION payout_file_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM payout_files f WHERE f.id = NEW.file_id AND f.collected_by <> NEW.actor
                      AND f.collected_at <= NEW.at AND NEW.at < f.collected_at + interval '24 hours') THEN
        RAISE EXCEPTION 'payout_file_acts: file % is released by two different people within 24 hours', NEW.file_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER money_act_four_eyes BEFORE INSERT ON money_act_decisions FOR EACH ROW WHEN (NEW.verdict = 'approved')
    EXECUTE FUNCTION money_act_four_eyes();
CREATE TRIGGER payout_file_four_eyes BEFORE INSERT ON payout_file_acts FOR EACH ROW WHEN (NEW.act = 'released')
    EXECUTE FUNCTION payout_file_four_eyes();

-- Only these moves exist, and what an order says never changes.
CREATE TRIGGER payouts_graph BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN ('collected>sent', 'collected>dropped', 'sent>paid', 'sent>rejected', 'paid>returned'))
    EXECUTE FUNCTION refuse_change('no such move between states');
CREATE TRIGGER payouts_fixed BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN ((NEW.id, NEW.file_id, NEW.payment_id, NEW.amount, NEW.end_to_end, NEW.requisites) IS DISTINCT FROM (OLD.id, OLD.file_id, OLD.payment_id, OLD.amount, OLD.end_to_end, OLD.requisites))
    EXECUTE FUNCTION refuse_change('what an order says never changes');
CREATE TRIGGER payouts_kept BEFORE DELETE OR TRUNCATE ON payouts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('payment orders are kept');

-- +goose Down
DROP TABLE desk_openings, payout_returns;
ALTER TABLE departures DROP COLUMN payout_id;
DROP TABLE payouts, payout_file_acts, payout_files, refund_requisites, explanations, money_moves, money_act_decisions, money_act_parts, money_acts;
DROP FUNCTION payout_file_four_eyes, money_act_four_eyes;
DROP INDEX statement_lines_payers, payments_by_time, payments_to_refund, payments_in_suspense;
ALTER TABLE payments
    DROP CONSTRAINT payments_check, DROP CONSTRAINT payments_paying, DROP COLUMN refunded, DROP COLUMN moved, DROP COLUMN paying,
    ADD CONSTRAINT payments_check CHECK (allocated + refund_due + reversed <= amount);
