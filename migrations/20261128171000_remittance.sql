-- +goose Up
-- Money that debtors paid goes on to the claimants: what of a payment is on its way or has been sent, by the same files and orders as refunds.
SET LOCAL lock_timeout = '3s';

-- remitting: in an order that has not ended. remitted: sent, and not come back. What is more than allocated the claimant owes: the payment was
-- taken back, or is due back, after its money had gone.
ALTER TABLE payments
    ADD COLUMN remitting bigint NOT NULL DEFAULT 0 CHECK (remitting >= 0),
    ADD COLUMN remitted  bigint NOT NULL DEFAULT 0 CHECK (remitted >= 0),
    ADD CONSTRAINT payments_remit CHECK (remitting + remitted <= amount);
CREATE INDEX payments_to_remit ON payments (id) WHERE allocated > remitting + remitted;
CREATE INDEX payments_overpaid ON payments (case_id) WHERE remitting + remitted > allocated;

ALTER TABLE payout_files ADD COLUMN kind text NOT NULL DEFAULT 'refund' CHECK (kind IN ('refund', 'remittance'));
ALTER TABLE payouts ADD COLUMN kind text NOT NULL DEFAULT 'refund' CHECK (kind IN ('refund', 'remittance'));
DROP INDEX payouts_one_at_a_time;
CREATE UNIQUE INDEX payouts_one_at_a_time ON payouts (payment_id, kind) WHERE state IN ('collected', 'sent');
CREATE TRIGGER payouts_kind_fixed BEFORE UPDATE ON payouts FOR EACH ROW WHEN (NEW.kind <> OLD.kind)
    EXECUTE FUNCTION refuse_change('what an order says never changes');

-- Where a claimant's money goes when the writs do not say it, or wrongly: for all writs that say the same. scope is a digest of what they say.
CREATE TABLE claimant_requisites (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope       bytea       NOT NULL CHECK (length(scope) = 32),
    name        text        NOT NULL CHECK (name <> ''),
    bin         text        NOT NULL CHECK (bin ~ '^[0-9]{12}$'),
    iban        text        NOT NULL CHECK (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
    kbk         text        NOT NULL CHECK (kbk ~ '^[0-9]{6}$'),
    knp         text        NOT NULL CHECK (knp ~ '^[0-9]{3}$'),
    proposed_by text        NOT NULL CHECK (proposed_by <> '' AND proposed_by = lower(btrim(proposed_by))),
    reason      text        NOT NULL CHECK (reason <> ''),
    proposed_at timestamptz NOT NULL -- legal time, as in the decisions
);
CREATE INDEX claimant_requisites_by_scope ON claimant_requisites (scope, id);
CREATE TABLE claimant_requisites_decisions (
    requisites_id bigint      PRIMARY KEY REFERENCES claimant_requisites (id),
    verdict       text        NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    actor         text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor))),
    reason        text        NOT NULL CHECK (reason <> '' OR verdict = 'approved'),
    at            timestamptz NOT NULL
);

-- What a claimant owed and made good: with money that came (from_id was in suspense), or kept from another payment of the case.
ALTER TABLE money_acts DROP CONSTRAINT money_acts_kind_check,
    ADD CONSTRAINT money_acts_kind_check CHECK (kind IN ('assign', 'split', 'merge', 'refund', 'same_as', 'explain', 'recover'));
CREATE TABLE remittance_recoveries (
    act_id     bigint  PRIMARY KEY REFERENCES money_acts (id),
    from_id    bigint  NOT NULL,
    payment_id bigint  NOT NULL,
    kept       boolean NOT NULL, -- from another payment of the case
    amount     bigint  NOT NULL CHECK (amount > 0),
    CHECK (from_id <> payment_id)
);
CREATE INDEX remittance_recoveries_by_payment ON remittance_recoveries (payment_id);
CREATE INDEX remittance_recoveries_by_from ON remittance_recoveries (from_id);

-- +goose StatementBegin
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['claimant_requisites', 'claimant_requisites_decisions', 'remittance_recoveries'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(%L)',
                       t || '_immutable', t, 'what people did and said stays as it was');
    END LOOP;
END $$;
CREATE FUNCTION claimant_requisites_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM claimant_requisites r WHERE r.id = NEW.requisites_id AND r.proposed_by <> NEW.actor
                      AND r.proposed_at <= NEW.at AND NEW.at < r.proposed_at + interval '24 hours') THEN
        RAISE EXCEPTION 'claimant_requisites_decisions: % is approved by two different people within 24 hours', NEW.requisites_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER claimant_requisites_four_eyes BEFORE INSERT ON claimant_requisites_decisions FOR EACH ROW WHEN (NEW.verdict = 'approved')
    EXECUTE FUNCTION claimant_requisites_four_eyes();

-- What was paid to cases before is due to their claimants.
INSERT INTO ledger (at, kind, debit, credit, amount, case_id, payment_id, reason)
SELECT (SELECT max(at) FROM ledger), 'collected', 'claims', 'due_to_claimants', allocated, case_id, id, 'migration' FROM payments WHERE allocated > 0 ORDER BY id;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM payouts WHERE kind = 'remittance') THEN
        RAISE EXCEPTION 'money was sent to claimants: this cannot be undone';
    END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE ledger DISABLE TRIGGER ledger_immutable;
DELETE FROM ledger WHERE kind IN ('collected', 'uncollected');
UPDATE ledger SET debit = 'claims' WHERE kind = 'refund_claim';
ALTER TABLE ledger ENABLE TRIGGER ledger_immutable;
DROP TABLE remittance_recoveries, claimant_requisites_decisions, claimant_requisites;
DROP FUNCTION claimant_requisites_four_eyes;
ALTER TABLE money_acts DROP CONSTRAINT money_acts_kind_check,
    ADD CONSTRAINT money_acts_kind_check CHECK (kind IN ('assign', 'split', 'merge', 'refund', 'same_as', 'explain')) NOT VALID;
DROP TRIGGER payouts_kind_fixed ON payouts;
DROP INDEX payouts_one_at_a_time;
CREATE UNIQUE INDEX payouts_one_at_a_time ON payouts (payment_id) WHERE state IN ('collected', 'sent');
ALTER TABLE payouts DROP COLUMN kind;
ALTER TABLE payout_files DROP COLUMN kind;
ALTER TABLE payments DROP CONSTRAINT payments_remit, DROP COLUMN remitting, DROP COLUMN remitted;
