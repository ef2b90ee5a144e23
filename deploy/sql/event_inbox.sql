-- The table of events that start jobs (AEGIS_EVENTS_URL, AEGIS_EVENTS_TABLE), in a database of
-- whoever has events to tell: insert a row, and every active job that names its type starts, once.
-- aegis-batch only ever reads it; a role that may is enough. Rows may be deleted after a day.

CREATE TABLE job_events (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    type text NOT NULL,
    -- NULL where the books of one shop are closed.
    tenant text,
    at timestamptz NOT NULL DEFAULT now(),
    data jsonb NOT NULL DEFAULT '{}'
);

-- GRANT SELECT ON job_events TO aegis_batch;
