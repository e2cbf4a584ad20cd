-- +goose Up
-- The engine's tables. Amounts are BIGINT tiyn, dates of law are DATE in Asia/Almaty, instants are TIMESTAMPTZ.
-- The case row is the only point of serialisation; lock order: cases -> payments -> notices.

SET LOCAL lock_timeout = '3s';

-- Every rule pack that ever decided anything, so that an old decision can be replayed.
CREATE TABLE rule_packs (
    id         smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash       text        NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    files      jsonb       NOT NULL,
    added_at   timestamptz NOT NULL DEFAULT now()
);

-- What the robot may do now. One row. Stopping coercion never stops money, lifts or refunds.
CREATE TABLE robot (
    singleton    boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    coercion_on  boolean     NOT NULL DEFAULT true,
    reason       text        NOT NULL DEFAULT '',
    high_water   timestamptz NOT NULL DEFAULT '2000-01-01 00:00:00+00' -- legal time never runs backwards (INV-T2)
);
INSERT INTO robot DEFAULT VALUES;

-- One committed call of Apply; read again when a commit's outcome is unknown.
CREATE TABLE applies (
    id uuid        PRIMARY KEY,
    at timestamptz NOT NULL
);

CREATE TABLE batches (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source       text        NOT NULL,
    file_name    text        NOT NULL,
    sha256       bytea       NOT NULL CHECK (length(sha256) = 32),
    state        text        NOT NULL DEFAULT 'staging' CHECK (state IN ('staging', 'done', 'failed')),
    rows         integer     NOT NULL DEFAULT 0 CHECK (rows >= 0),
    accepted     integer     NOT NULL DEFAULT 0 CHECK (accepted >= 0),
    duplicate    integer     NOT NULL DEFAULT 0 CHECK (duplicate >= 0),
    rejected     integer     NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    quarantined  integer     NOT NULL DEFAULT 0 CHECK (quarantined >= 0),
    received_at  timestamptz NOT NULL,
    finished_at  timestamptz,
    CHECK (state <> 'done' OR rows = accepted + duplicate + rejected + quarantined)
);
CREATE INDEX batches_by_content ON batches (sha256);

-- One row per input row with its verdict. No foreign keys to batches and rule_packs from rows of the bulk path: a look-up
-- and a share lock of one hot row for each of a million rows; engine.Check and intake.Check look instead. What was not accepted keeps its sealed content, so nothing is lost.
CREATE TABLE batch_rows (
    batch_id  bigint   NOT NULL,
    row_no    integer  NOT NULL CHECK (row_no > 0),
    verdict   text     NOT NULL CHECK (verdict IN ('accepted', 'duplicate', 'rejected', 'quarantined')),
    case_id   bigint,
    document_number text NOT NULL DEFAULT '',
    code      text     NOT NULL DEFAULT '',
    field     text     NOT NULL DEFAULT '',
    trace     json,
    sealed    bytea,
    PRIMARY KEY (batch_id, row_no),
    CHECK ((verdict = 'accepted') = (code = '' AND case_id IS NOT NULL AND verdict = 'accepted'))
);

-- A person, known by IIN alone; the IIN and the phone are sealed, the blind index finds them.
CREATE TABLE debtors (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    iin_blind    bytea NOT NULL UNIQUE,
    iin_sealed   bytea NOT NULL,
    name         text  NOT NULL,
    birth_date   date,
    phone_sealed bytea,
    language     text  NOT NULL DEFAULT 'ru' CHECK (language IN ('kk', 'ru', 'en', 'ky', 'uz'))
);

-- The document as received; never changed. One writ, one case, for ever: both share the id.
CREATE TABLE writs (
    case_id         bigint PRIMARY KEY,
    source          text   NOT NULL,
    document_number text   NOT NULL CHECK (document_number <> ''),
    document_date   date,
    in_force_date   date   NOT NULL,
    kind            text   NOT NULL,
    issuer_bin      text   NOT NULL DEFAULT '',
    issuer_name     text   NOT NULL DEFAULT '',
    debtor_id       bigint NOT NULL REFERENCES debtors (id),
    amount          bigint NOT NULL CHECK (amount > 0 AND amount <= 1000000000000000),
    claimant_bin    text   NOT NULL DEFAULT '',
    claimant_name   text   NOT NULL DEFAULT '',
    iban            text   NOT NULL DEFAULT '',
    kbk             text   NOT NULL DEFAULT '',
    knp             text   NOT NULL DEFAULT '',
    unpaid_confirmed_on date NOT NULL,
    content_hash    bytea  NOT NULL,
    batch_id        bigint NOT NULL,
    row_no          integer NOT NULL,
    UNIQUE (source, document_number)
);
CREATE INDEX writs_by_debtor ON writs (debtor_id);

-- Serial numbers of cases per year, handed out in blocks; gaps are harmless.
CREATE TABLE case_serials (
    year integer PRIMARY KEY CHECK (year BETWEEN 0 AND 99),
    next integer NOT NULL CHECK (next BETWEEN 1 AND 10000000)
);

-- The snapshot of a case. id = year * 10^7 + serial; the number YY-NNNNNNN-C is a function of it.
-- No index and no predicate on a column that moves: updates stay heap-only.
CREATE TABLE cases (
    id               bigint   PRIMARY KEY,
    debtor_id        bigint   NOT NULL,
    region           text     NOT NULL CHECK (region ~ '^[0-9]{2}$'),
    language         text     NOT NULL,
    state            text     NOT NULL CHECK (state IN ('opened', 'notified', 'enforcing', 'paid', 'cancelled', 'handed_over')),
    hold             text     NOT NULL DEFAULT '',
    suspended        text     NOT NULL DEFAULT '',
    suspended_until  date,
    debt             bigint   NOT NULL CHECK (debt > 0),
    outstanding      bigint   NOT NULL CHECK (outstanding >= 0),
    paid             bigint   NOT NULL DEFAULT 0 CHECK (paid >= 0),
    adjusted         bigint   NOT NULL DEFAULT 0,
    opened_on        date     NOT NULL,
    term_ends_on     date     NOT NULL CHECK (term_ends_on > opened_on),
    notified_on      date,
    voluntary_ends_on date,
    collect_on       date,
    notice_rung      smallint NOT NULL DEFAULT 0,
    notice_seq       integer  NOT NULL DEFAULT 0,
    next_rung_at     timestamptz,
    refusal_at       timestamptz,
    bailiff_id       bigint,
    ended_at         timestamptz,
    released_at      timestamptz,
    pack             smallint NOT NULL,
    seq              integer  NOT NULL CHECK (seq > 0),
    head             bytea    NOT NULL CHECK (length(head) = 32),
    CHECK (debt + adjusted = paid + outstanding),
    CHECK (outstanding <= debt),
    CHECK ((state IN ('paid', 'cancelled', 'handed_over')) = (ended_at IS NOT NULL)),
    CHECK (state <> 'paid' OR outstanding = 0),
    CHECK (released_at IS NULL OR ended_at IS NOT NULL),
    CHECK (suspended <> '' OR suspended_until IS NULL)
) WITH (fillfactor = 50);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % (%)', TG_TABLE_NAME, TG_ARGV[0], TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- +goose StatementEnd

-- Final states are final, and only the edges of the published graph exist. engine.Transitions is the source;
-- a test compares this list with it.
CREATE TRIGGER cases_graph BEFORE UPDATE ON cases FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
        'opened>notified', 'opened>paid', 'opened>cancelled', 'opened>handed_over',
        'notified>enforcing', 'notified>paid', 'notified>cancelled', 'notified>handed_over',
        'enforcing>paid', 'enforcing>cancelled', 'enforcing>handed_over'))
    EXECUTE FUNCTION refuse_change('no such move between states');
CREATE TRIGGER cases_forward BEFORE UPDATE ON cases FOR EACH ROW
    WHEN (NEW.seq < OLD.seq OR NEW.id <> OLD.id OR NEW.debt <> OLD.debt OR NEW.opened_on <> OLD.opened_on
          OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at))
    EXECUTE FUNCTION refuse_change('a case only moves forward');
CREATE TRIGGER cases_kept BEFORE DELETE OR TRUNCATE ON cases FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('cases are kept');

-- What happened, in order, chained by hash per case. hash = SHA-256 over the former hash and this event (engine/audit).
CREATE TABLE events (
    case_id bigint      NOT NULL,
    seq     integer     NOT NULL CHECK (seq > 0),
    kind    text        NOT NULL,
    at      timestamptz NOT NULL,
    actor   text        NOT NULL,
    pack    smallint    NOT NULL,
    data    json        NOT NULL,
    hash    bytea       NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (case_id, seq)
);
CREATE TRIGGER events_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('events are immutable');

-- +goose StatementBegin
CREATE FUNCTION events_gapless() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad record;
BEGIN
    SELECT n.case_id, n.seq INTO bad FROM new_events n
     WHERE n.seq > 1 AND NOT EXISTS (SELECT 1 FROM events p WHERE p.case_id = n.case_id AND p.seq = n.seq - 1) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'events: gap before seq % of case %', bad.seq, bad.case_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER events_gapless AFTER INSERT ON events REFERENCING NEW TABLE AS new_events
    FOR EACH STATEMENT EXECUTE FUNCTION events_gapless();

-- The next look at each case that still has something to do: one row a case, the only index that moves.
CREATE TABLE due (
    case_id bigint      PRIMARY KEY,
    at      timestamptz NOT NULL,
    duty    text        NOT NULL
);
CREATE INDEX due_at ON due (at);

-- Instructions to outside bodies. id = UUIDv5 of (case, purpose, ordinal); the same id is sent however often it is sent.
CREATE TABLE orders (
    case_id  bigint   NOT NULL,
    purpose  text     NOT NULL CHECK (purpose IN ('arrest', 'reduce', 'lift', 'collect', 'recall')),
    ordinal  smallint NOT NULL CHECK (ordinal > 0),
    id       uuid     NOT NULL,
    status   text     NOT NULL CHECK (status IN ('requested', 'unknown', 'active', 'done', 'rejected', 'lift_requested', 'lifted', 'handed_over', 'recalled', 'withdrawn')),
    amount   bigint   NOT NULL CHECK (amount >= 0),
    held     bigint   NOT NULL DEFAULT 0 CHECK (held >= 0),
    bank     text     NOT NULL DEFAULT '',
    detail   text     NOT NULL DEFAULT '',
    attempts smallint NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL,
    answered_at  timestamptz,
    live     boolean GENERATED ALWAYS AS (purpose = 'arrest' AND status IN ('requested', 'unknown', 'active', 'lift_requested')) STORED,
    PRIMARY KEY (case_id, purpose, ordinal),
    CHECK (amount > 0 OR purpose IN ('lift', 'recall')),
    CHECK (held <= amount)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX orders_one_live_arrest ON orders (case_id) WHERE live;

-- Work for outside calls, in chunks of cases. River only drives; what is open here is sent again when a job is lost.
-- fence grows with every claim, so that a stale worker's answers are refused.
CREATE TABLE chunks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text        NOT NULL,
    case_ids   bigint[]    NOT NULL,
    not_before timestamptz NOT NULL,                 -- legal time
    fence      integer     NOT NULL DEFAULT 0,
    touched_at timestamptz NOT NULL DEFAULT now(),   -- real time of the database
    error      text        NOT NULL DEFAULT '',
    done_at    timestamptz
);
CREATE INDEX chunks_open ON chunks (not_before) WHERE done_at IS NULL;

-- Counts per region and state as increments; the sum is exact at every commit, the pulse folds rows together.
CREATE TABLE case_totals (
    region      text   NOT NULL,
    state       text   NOT NULL,
    cases       bigint NOT NULL,
    debt        bigint NOT NULL,
    outstanding bigint NOT NULL,
    paid        bigint NOT NULL
);

CREATE TABLE bailiffs (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region  text    NOT NULL CHECK (region ~ '^[0-9]{2}$'),
    name    text    NOT NULL,
    licence text    NOT NULL UNIQUE,
    active  boolean NOT NULL DEFAULT true,
    open_cases integer NOT NULL DEFAULT 0 CHECK (open_cases >= 0) -- moved in the transaction that assigns or recalls
);

-- To whom a case went, and why to that one.
CREATE TABLE handovers (
    case_id     bigint PRIMARY KEY,
    bailiff_id  bigint NOT NULL REFERENCES bailiffs (id),
    reason      json   NOT NULL,
    assigned_at timestamptz NOT NULL,
    recalled_at timestamptz,
    recall_reason text NOT NULL DEFAULT ''
);
CREATE INDEX handovers_by_bailiff ON handovers (bailiff_id);

-- +goose Down
DROP TABLE handovers, bailiffs, case_totals, chunks, orders, due, events, cases, case_serials, writs, debtors, batch_rows, batches, applies, robot, rule_packs;
DROP FUNCTION events_gapless;
DROP FUNCTION refuse_change;
