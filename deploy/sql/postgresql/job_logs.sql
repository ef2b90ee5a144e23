-- A view of the ledger's runs, one row a run, under the names that job logs commonly have.
--
-- For a state on a PostgreSQL server, as the role that owns it:
--   psql "$AEGIS_STATE_URL" -f deploy/sql/postgresql/job_logs.sql
--   psql "$AEGIS_STATE_URL" -c "SELECT * FROM job_logs ORDER BY started_at DESC NULLS LAST LIMIT 10"
-- Before a newer program migrates the state: DROP VIEW job_logs, since PostgreSQL changes no column
-- that a view reads. Put it back afterwards.
--
-- started_at is the first start, duration_ms what the last attempt took, records_processed the
-- orders that were read.
DROP VIEW IF EXISTS job_logs;

CREATE VIEW job_logs AS
SELECT
    id,
    CASE WHEN job IN ('close', 'rebuild') THEN job || '_' || period_kind ELSE job END AS job_type,
    state AS status,
    started_at,
    ended_at AS completed_at,
    duration_ms,
    orders AS records_processed,
    problem::json ->> 'message' AS error_message,
    json_build_object(
        'tenant', tenant,
        'first_day', first_day,
        'trigger', trigger,
        'requested_by', requested_by,
        'outcome', outcome,
        'error_code', problem::json ->> 'code',
        'attempt', attempt,
        'requests', requests,
        'cpu_seconds', cpu_seconds,
        'peak_memory_bytes', peak_memory_bytes,
        'body_digest', seal::json ->> 'body_digest',
        'trace_id', trace_id
    ) AS metadata
FROM runs;
