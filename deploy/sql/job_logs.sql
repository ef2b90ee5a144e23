-- A view of the ledger's runs, one row a run, under the names that job logs commonly have.
--
-- For a state in an SQLite file. Best put into a copy:
--   aegis-batch state backup copy.db
--   sqlite3 copy.db < deploy/sql/job_logs.sql
--   sqlite3 -header -column copy.db "SELECT * FROM job_logs ORDER BY started_at DESC LIMIT 10"
--
-- Instants are text in UTC, such as 2026-11-22T05:00:00.000000Z. started_at is the first start,
-- duration_ms what the last attempt took, records_processed the orders that were read.
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
    problem ->> 'message' AS error_message,
    json_object(
        'tenant', tenant,
        'first_day', first_day,
        'trigger', trigger,
        'requested_by', requested_by,
        'outcome', outcome,
        'error_code', problem ->> 'code',
        'attempt', attempt,
        'requests', requests,
        'cpu_seconds', cpu_seconds,
        'peak_memory_bytes', peak_memory_bytes,
        'body_digest', seal ->> 'body_digest',
        'trace_id', trace_id
    ) AS metadata
FROM runs;
