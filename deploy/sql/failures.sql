-- What failed for good over the last 30 days, by tenant and reason, the most frequent first.
-- For a state in an SQLite file, on a copy of it:
--   sqlite3 -header -column copy.db < deploy/sql/failures.sql
SELECT
    tenant,
    job,
    problem ->> 'code' AS error_code,
    COUNT(*) AS failures,
    MIN(first_day) AS first_day,
    MAX(first_day) AS last_day
FROM runs
WHERE state = 'failed'
    AND ended_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')
GROUP BY tenant, job, error_code
ORDER BY failures DESC, tenant, job, error_code;
