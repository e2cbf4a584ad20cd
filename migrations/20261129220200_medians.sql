-- +goose Up
-- How long cases take, for the figures that everybody may see: the median of days, by month and region.
SET LOCAL lock_timeout = '3s';

-- Days from the opening of the case, of what ended in the month. NULL: nothing did. region '' is the whole country: medians do not add up.
CREATE TABLE statistics_medians (
    month   date    NOT NULL CHECK (extract(day FROM month) = 1),
    region  text    NOT NULL,
    to_paid integer CHECK (to_paid >= 0), -- of the cases that were paid
    to_end  integer CHECK (to_end >= 0),  -- of all that ended
    PRIMARY KEY (month, region)
);
CREATE TRIGGER statistics_medians_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON statistics_medians FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('what was published stays as it was');
-- Months that were counted before have their medians added once.
ALTER TABLE statistics_counted ADD COLUMN medians boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE statistics_counted DROP COLUMN medians;
DROP TABLE statistics_medians;
