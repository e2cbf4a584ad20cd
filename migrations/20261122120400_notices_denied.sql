-- +goose Up
-- An attempt whose worker died before it wrote down any answer, and that the gateway denied after the settle time, never was:
-- denied counts it, so that it does not use up one of the two sends (INV-N2). Attempts of either sort end at five.
SET LOCAL lock_timeout = '3s';

ALTER TABLE notices
    ADD COLUMN denied smallint NOT NULL DEFAULT 0,
    DROP CONSTRAINT notices_attempts_check,
    ADD CONSTRAINT notices_attempts_check CHECK (attempts <= 5 AND denied >= 0 AND attempts - denied BETWEEN 0 AND 2);

-- +goose Down
ALTER TABLE notices
    DROP CONSTRAINT notices_attempts_check,
    DROP COLUMN denied;
UPDATE notices SET attempts = 2 WHERE attempts > 2;
ALTER TABLE notices ADD CONSTRAINT notices_attempts_check CHECK (attempts <= 2);
