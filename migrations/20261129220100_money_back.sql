-- +goose Up
-- Money that was sent to a claimant by hand and came back: two people say of a line which departure it undoes, and it is due again.
SET LOCAL lock_timeout = '3s';

ALTER TABLE money_acts DROP CONSTRAINT money_acts_kind_check, DROP CONSTRAINT money_acts_check,
    ADD CONSTRAINT money_acts_kind_check CHECK (kind IN ('assign', 'split', 'merge', 'refund', 'same_as', 'explain', 'recover', 'due_again')),
    ADD CONSTRAINT money_acts_check CHECK ((txn_id <> '') = (kind IN ('explain', 'due_again'))); -- the departure that is explained, or that is undone
CREATE TABLE remittance_returns (
    act_id     bigint NOT NULL REFERENCES money_acts (id),
    txn_id     text   NOT NULL REFERENCES departures (txn_id),
    from_id    bigint NOT NULL, -- the payment that the line of the returned money has become
    payment_id bigint NOT NULL, -- whose money is due again
    amount     bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (act_id, payment_id),
    CHECK (from_id <> payment_id)
);
CREATE INDEX remittance_returns_by_departure ON remittance_returns (txn_id, payment_id);
CREATE INDEX remittance_returns_by_payment ON remittance_returns (payment_id);
CREATE INDEX remittance_returns_by_from ON remittance_returns (from_id);
CREATE TRIGGER remittance_returns_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON remittance_returns FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what people did and said stays as it was');

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM money_acts WHERE kind = 'due_again') THEN
        RAISE EXCEPTION 'money was made due again: this cannot be undone';
    END IF;
END $$;
-- +goose StatementEnd
DROP TABLE remittance_returns;
ALTER TABLE money_acts DROP CONSTRAINT money_acts_kind_check, DROP CONSTRAINT money_acts_check,
    ADD CONSTRAINT money_acts_kind_check CHECK (kind IN ('assign', 'split', 'merge', 'refund', 'same_as', 'explain', 'recover')),
    ADD CONSTRAINT money_acts_check CHECK ((txn_id <> '') = (kind = 'explain'));
