-- +goose Up
-- Money that went to a claimant by hand names its payments; a gateway may pay out less its fee.
SET LOCAL lock_timeout = '3s';

-- "Money to a claimant" that named no payment explains nothing: its payments would be sent a second time. It waits for people again.
ALTER TABLE explanations ADD COLUMN void boolean NOT NULL DEFAULT false, DROP CONSTRAINT explanations_pkey;
CREATE UNIQUE INDEX explanations_once ON explanations (txn_id) WHERE NOT void;
ALTER TABLE explanations DISABLE TRIGGER explanations_immutable;
UPDATE explanations SET void = true WHERE meaning = 'remittance';
ALTER TABLE explanations ENABLE TRIGGER explanations_immutable;
INSERT INTO ledger (at, kind, debit, credit, amount, reason)
SELECT (SELECT max(at) FROM ledger), 'not_named', 'unexplained', 'claims', amount, 'migration' FROM explanations WHERE void ORDER BY txn_id;

-- fee: what the gateway says it keeps of the payment; settlements.fee: what it has kept indeed.
ALTER TABLE payments ADD COLUMN fee bigint NOT NULL DEFAULT 0, ADD CONSTRAINT payments_fee CHECK (fee >= 0 AND fee < amount);
CREATE TRIGGER payments_fee_once BEFORE UPDATE OF fee ON payments FOR EACH ROW WHEN (OLD.fee <> 0 AND NEW.fee <> OLD.fee)
    EXECUTE FUNCTION refuse_change('the fee of a payment is told once');
ALTER TABLE settlements ADD COLUMN fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0);
ALTER TABLE money_accounts ADD COLUMN net boolean NOT NULL DEFAULT false CHECK (NOT net OR gateway <> '');

-- A payout that lies in suspense until the gateway has told of its payment, or of its fee. The row goes when they have met.
CREATE TABLE payout_waits (
    payment_id bigint PRIMARY KEY, -- in suspense
    gateway    text   NOT NULL,
    txn_id     text   NOT NULL,
    UNIQUE (gateway, txn_id)
);

-- What meets by itself is nobody's act.
ALTER TABLE money_moves DROP CONSTRAINT money_moves_kind_check, ALTER COLUMN act_id DROP NOT NULL,
    ADD CONSTRAINT money_moves_kind_check CHECK (kind IN ('split', 'same_as', 'met')),
    ADD CONSTRAINT money_moves_act CHECK ((kind = 'met') = (act_id IS NULL));

-- +goose Down
SET LOCAL lock_timeout = '3s';
-- +goose StatementBegin
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM explanations WHERE meaning = 'remittance' AND NOT void) OR EXISTS (SELECT 1 FROM settlements WHERE fee > 0) OR EXISTS (SELECT 1 FROM money_moves WHERE kind = 'met')
       OR EXISTS (SELECT 1 FROM explanations GROUP BY txn_id HAVING count(*) > 1) OR EXISTS (SELECT 1 FROM ledger WHERE kind = 'unsplit') THEN
        RAISE EXCEPTION 'money was explained, settled or taken back in a way that the version before does not know: this cannot be undone';
    END IF;
END $$;
-- +goose StatementEnd
ALTER TABLE money_moves DROP CONSTRAINT money_moves_act, DROP CONSTRAINT money_moves_kind_check, ALTER COLUMN act_id SET NOT NULL,
    ADD CONSTRAINT money_moves_kind_check CHECK (kind IN ('split', 'same_as'));
DROP TABLE payout_waits;
ALTER TABLE money_accounts DROP COLUMN net;
ALTER TABLE settlements DROP COLUMN fee;
DROP TRIGGER payments_fee_once ON payments;
ALTER TABLE payments DROP CONSTRAINT payments_fee, DROP COLUMN fee;
ALTER TABLE ledger DISABLE TRIGGER ledger_immutable;
DELETE FROM ledger WHERE kind = 'not_named';
ALTER TABLE ledger ENABLE TRIGGER ledger_immutable;
DROP INDEX explanations_once;
ALTER TABLE explanations DROP COLUMN void, ADD CONSTRAINT explanations_pkey PRIMARY KEY (txn_id);
