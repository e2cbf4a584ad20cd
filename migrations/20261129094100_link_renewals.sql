-- +goose Up
-- Personal links that were made invalid. Who did it and why stands in the events of the case.
SET LOCAL lock_timeout = '3s';

-- Every link of the case whose ordinal is below opens nothing any more. Below is the number of the event that says so, and the ordinal
-- of the notice with the new link.
CREATE TABLE link_renewals (
    case_id bigint      NOT NULL,
    below   integer     NOT NULL CHECK (below > 0),
    actor   text        NOT NULL CHECK (actor <> ''),
    at      timestamptz NOT NULL,
    PRIMARY KEY (case_id, below)
);
CREATE TRIGGER link_renewals_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON link_renewals FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a link that is invalid stays so');

ALTER TABLE portal_helpers
    DROP CONSTRAINT portal_helpers_ended_by_check,
    ADD CONSTRAINT portal_helpers_ended_by_check CHECK (ended_by IN ('debtor', 'helper', 'wrong_code', 'renewal')) NOT VALID; -- the narrower one saw what is there

-- +goose Down
SET LOCAL lock_timeout = '3s';
ALTER TABLE portal_helpers DISABLE TRIGGER portal_helpers_forward;
UPDATE portal_helpers SET ended_by = 'debtor' WHERE ended_by = 'renewal';
ALTER TABLE portal_helpers ENABLE TRIGGER portal_helpers_forward;
ALTER TABLE portal_helpers
    DROP CONSTRAINT portal_helpers_ended_by_check,
    ADD CONSTRAINT portal_helpers_ended_by_check CHECK (ended_by IN ('debtor', 'helper', 'wrong_code'));
DROP TABLE link_renewals;
