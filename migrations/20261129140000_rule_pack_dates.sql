-- +goose Up
-- From which legal day on which version of the rules decides, by two people. Without an agreed version the one that the program brings decides.
SET LOCAL lock_timeout = '3s';

CREATE TABLE rule_pack_proposals (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pack_id  smallint    NOT NULL REFERENCES rule_packs (id),
    from_on  date        NOT NULL,
    actor    text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor <> 'robot'),
    reason   text        NOT NULL CHECK (reason <> '' AND char_length(reason) <= 500),
    what_if  json,                              -- what came of trying it on past cases; null: it was not tried
    at       timestamptz NOT NULL,              -- legal time, as below
    CHECK (from_on > (at AT TIME ZONE 'Asia/Almaty')::date) -- no decision of a day is made under two versions
);
CREATE TRIGGER rule_pack_proposals_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_pack_proposals FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('proposals of rules are immutable');

CREATE TABLE rule_pack_decisions (
    proposal bigint      PRIMARY KEY REFERENCES rule_pack_proposals (id),
    pack_id  smallint    NOT NULL,
    from_on  date        NOT NULL,
    agreed   boolean     NOT NULL,
    actor    text        NOT NULL CHECK (actor <> '' AND actor = lower(btrim(actor)) AND actor <> 'robot'),
    reason   text        NOT NULL CHECK (char_length(reason) <= 500),
    at       timestamptz NOT NULL,
    CHECK (NOT agreed OR from_on > (at AT TIME ZONE 'Asia/Almaty')::date),
    CHECK (agreed OR reason <> '')
);
CREATE INDEX rule_pack_decisions_agreed ON rule_pack_decisions (from_on, proposal) WHERE agreed;
CREATE TRIGGER rule_pack_decisions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON rule_pack_decisions FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('decisions about rules are immutable');

-- The domain says this too; it holds when that does not.
-- +goose StatementBegin
CREATE FUNCTION rule_pack_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rule_pack_proposals p WHERE p.id = NEW.proposal AND p.pack_id = NEW.pack_id AND p.from_on = NEW.from_on
                      AND p.at <= NEW.at AND (NOT NEW.agreed OR p.actor <> NEW.actor AND NEW.at < p.at + interval '24 hours')) THEN
        RAISE EXCEPTION 'rule_pack_decisions: proposal % is agreed to by another person within 24 hours, as it was proposed', NEW.proposal
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER rule_pack_decisions_four_eyes BEFORE INSERT ON rule_pack_decisions FOR EACH ROW EXECUTE FUNCTION rule_pack_four_eyes();

-- +goose Down
SET LOCAL lock_timeout = '3s';
DROP TABLE rule_pack_decisions, rule_pack_proposals;
DROP FUNCTION rule_pack_four_eyes;
