-- The books of the sandbox's world, and the clock that all its processes share. Never part of the migrations.
CREATE SCHEMA IF NOT EXISTS sandbox;

CREATE TABLE IF NOT EXISTS public.sandbox_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    now       timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS sandbox.instructions (
    id uuid PRIMARY KEY, case_id bigint NOT NULL, purpose text NOT NULL, person text NOT NULL,
    amount bigint NOT NULL, parts text NOT NULL, of_id uuid NOT NULL, answer text NOT NULL, sum bigint NOT NULL CHECK (sum >= 0),
    done text NOT NULL, bank text NOT NULL, detail text NOT NULL, at timestamptz NOT NULL, answer_at timestamptz NOT NULL, seen integer NOT NULL
);

CREATE TABLE IF NOT EXISTS sandbox.arrests (
    key text PRIMARY KEY, id uuid NOT NULL, case_id bigint NOT NULL, account text NOT NULL, person text NOT NULL, bank text NOT NULL,
    held bigint NOT NULL CHECK (held >= 0), taken bigint NOT NULL CHECK (taken >= 0),
    at timestamptz NOT NULL, ended text NOT NULL, ended_at timestamptz
);
CREATE INDEX IF NOT EXISTS arrests_by_case ON sandbox.arrests (case_id);

CREATE TABLE IF NOT EXISTS sandbox.accounts (
    iban text PRIMARY KEY, person text NOT NULL, bank text NOT NULL, kind text NOT NULL, opening bigint NOT NULL,
    balance bigint NOT NULL, held bigint NOT NULL CHECK (held BETWEEN 0 AND balance), taken bigint NOT NULL,
    CHECK (opening = balance + taken), CHECK (kind = 'current' OR held = 0 AND taken = 0)
);
CREATE INDEX IF NOT EXISTS accounts_by_person ON sandbox.accounts (person);

CREATE TABLE IF NOT EXISTS sandbox.debtors (
    case_id bigint PRIMARY KEY, token text NOT NULL, owed bigint NOT NULL, plan text NOT NULL,
    first_at timestamptz, aware_at timestamptz, last_at timestamptz,
    paid bigint NOT NULL, taken bigint NOT NULL, reversed bigint NOT NULL, held bigint NOT NULL CHECK (held >= 0),
    peak bigint NOT NULL, arrests integer NOT NULL, live_now integer NOT NULL CHECK (live_now >= 0), messages integer NOT NULL,
    arrested_at timestamptz, lifted_at timestamptz
) WITH (fillfactor = 70);

CREATE TABLE IF NOT EXISTS sandbox.messages (
    key text PRIMARY KEY, channel text NOT NULL, ref text NOT NULL, to_hash text NOT NULL, case_id bigint NOT NULL,
    token text NOT NULL, owed bigint NOT NULL, count integer NOT NULL, at timestamptz NOT NULL, fate text NOT NULL, done_at timestamptz
);
ALTER TABLE sandbox.messages ADD COLUMN IF NOT EXISTS words text NOT NULL DEFAULT '';

CREATE TABLE IF NOT EXISTS sandbox.payments (
    key text PRIMARY KEY, source text NOT NULL, txn_id text NOT NULL, case_id bigint NOT NULL, reference text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0), value_date text NOT NULL, at timestamptz NOT NULL, reported boolean NOT NULL,
    handed_at timestamptz, reversed bigint NOT NULL CHECK (reversed BETWEEN 0 AND amount), reversed_at timestamptz
) WITH (fillfactor = 80);

CREATE TABLE IF NOT EXISTS sandbox.checkouts (
    id uuid PRIMARY KEY, case_id bigint NOT NULL, amount bigint NOT NULL CHECK (amount > 0), back text NOT NULL, lang text NOT NULL,
    at timestamptz NOT NULL, state text NOT NULL, reason text NOT NULL, key text NOT NULL
);

CREATE TABLE IF NOT EXISTS sandbox.items (
    key text PRIMARY KEY, at timestamptz NOT NULL, kind text NOT NULL,
    "inner" boolean NOT NULL, case_id bigint NOT NULL, body text NOT NULL, handed_at timestamptz,
    tries integer NOT NULL, note text NOT NULL
);
CREATE INDEX IF NOT EXISTS items_due ON sandbox.items ("inner", at, key COLLATE "C") WHERE handed_at IS NULL;

CREATE TABLE IF NOT EXISTS sandbox.wrongs (
    key text PRIMARY KEY, invariant text NOT NULL, case_id bigint NOT NULL, detail text NOT NULL, at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS sandbox.entries (
    id uuid PRIMARY KEY, case_id bigint NOT NULL, purpose text NOT NULL, of_id uuid NOT NULL, content text NOT NULL, executor text NOT NULL,
    answer text NOT NULL, detail text NOT NULL, at timestamptz NOT NULL, answer_at timestamptz NOT NULL, seen integer NOT NULL,
    stands boolean NOT NULL, ended_at timestamptz
);
CREATE INDEX IF NOT EXISTS entries_by_case ON sandbox.entries (case_id);

-- The debtors of a sandbox are nobody: nobody has to look at its first arrests before they leave. A database with cases and without the mark
-- of a sandbox is somebody's real one.
INSERT INTO public.trials (kind, name, need, opened_at, passed_at) SELECT 'all', '', 0, now(), now()
 WHERE to_regclass('public.sandbox_clock') IS NOT NULL OR NOT EXISTS (SELECT 1 FROM public.cases) ON CONFLICT DO NOTHING;
