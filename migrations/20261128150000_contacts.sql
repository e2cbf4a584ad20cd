-- +goose Up
-- How a debtor wishes to be reached, by what, and when the personal links were opened. Times are legal time, unless they say otherwise.
SET LOCAL lock_timeout = '3s';

-- The wish of a debtor, for all of his cases. Who has said nothing has no row.
CREATE TABLE contact_preferences (
    debtor_id  bigint      PRIMARY KEY,
    language   text        NOT NULL CHECK (language IN ('kk', 'ru', 'en', 'ky', 'uz')),
    channel    text        NOT NULL CHECK (channel IN ('sms', 'push', 'telegram')),
    changed_at timestamptz NOT NULL
);

-- Devices of debtors to which a push can go. A device that is gone keeps no token; the blind index finds one that comes again.
CREATE TABLE devices (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id    bigint      NOT NULL,
    platform     text        NOT NULL CHECK (platform IN ('android', 'ios', 'web')),
    token_blind  bytea       NOT NULL CHECK (length(token_blind) = 32),
    token_sealed bytea,
    since        timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL, -- when it was last registered: pushes go to the newest
    gone_at      timestamptz,
    CHECK ((gone_at IS NULL) = (token_sealed IS NOT NULL))
);
CREATE UNIQUE INDEX devices_one_owner ON devices (token_blind) WHERE gone_at IS NULL; -- a telephone has one owner at a time
CREATE INDEX devices_of_debtor ON devices (debtor_id, seen_at) WHERE gone_at IS NULL;

-- Chats of debtors with our bot, and the codes that lead to one. Codes live in real time of the database and lead to one chat.
CREATE TABLE telegram_chats (
    debtor_id   bigint      PRIMARY KEY,
    chat_blind  bytea       NOT NULL CHECK (length(chat_blind) = 32),
    chat_sealed bytea       NOT NULL,
    since       timestamptz NOT NULL
);
CREATE INDEX telegram_chats_by_chat ON telegram_chats (chat_blind);

CREATE TABLE telegram_codes (
    code_hash  bytea       PRIMARY KEY CHECK (length(code_hash) = 32),
    debtor_id  bigint      NOT NULL,
    case_id    bigint      NOT NULL,
    expires_at timestamptz NOT NULL,
    chat_blind bytea -- that has used it: the same one may again, when our answer was lost
);
CREATE INDEX telegram_codes_expiry ON telegram_codes (expires_at);

-- Who changed when what of the above; nothing in it reaches anybody. case_id: by whose link the debtor had come in.
CREATE TABLE contact_acts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id bigint      NOT NULL,
    case_id   bigint,
    actor     text        NOT NULL CHECK (actor IN ('debtor', 'gateway', 'robot')),
    act       text        NOT NULL CHECK (act IN ('preferred', 'device_added', 'device_gone', 'telegram_linked', 'telegram_gone')),
    data      json        NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX contact_acts_of_debtor ON contact_acts (debtor_id, id);
CREATE TRIGGER contact_acts_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON contact_acts FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('acts on contacts are immutable');

-- The first and the last time that somebody passed the gate of a link: a proof that it was read, so it outlives the visit.
CREATE TABLE link_visits (
    token_hash bytea       PRIMARY KEY CHECK (length(token_hash) = 16),
    case_id    bigint      NOT NULL,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    visits     integer     NOT NULL DEFAULT 1 CHECK (visits > 0),
    CHECK (last_at >= first_at)
);
CREATE INDEX link_visits_by_case ON link_visits (case_id);
CREATE TRIGGER link_visits_forward BEFORE UPDATE ON link_visits FOR EACH ROW
    WHEN (NEW.token_hash <> OLD.token_hash OR NEW.case_id <> OLD.case_id OR NEW.first_at <> OLD.first_at
          OR NEW.last_at < OLD.last_at OR NEW.visits <= OLD.visits)
    EXECUTE FUNCTION refuse_change('a visit stays as it was');
CREATE TRIGGER link_visits_kept BEFORE DELETE OR TRUNCATE ON link_visits FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('visits are kept');

-- A courtesy may go by several channels in turn: the next one only when the former came to nothing.
ALTER TABLE notices
    ADD COLUMN turn smallint NOT NULL DEFAULT 0 CHECK (turn >= 0),
    DROP CONSTRAINT notices_channel_check,
    ADD CONSTRAINT notices_channel_check CHECK (channel IN ('sms', 'push', 'telegram')) NOT VALID; -- the narrower one saw what is there

-- +goose Down
DELETE FROM notices WHERE channel = 'telegram';
ALTER TABLE notices
    DROP COLUMN turn,
    DROP CONSTRAINT notices_channel_check,
    ADD CONSTRAINT notices_channel_check CHECK (channel IN ('sms', 'push'));
DROP TABLE link_visits, contact_acts, telegram_codes, telegram_chats, devices, contact_preferences;
