-- What failed for good over the last 30 days, by tenant and reason, the most frequent first.
-- For a state on a PostgreSQL server:
--   psql "$AEGIS_STATE_URL" -f deploy/sql/postgresql/failures.sql
SELECT
    tenant,
    job,
    problem::json ->> 'code' AS error_code,
    count(*) AS failures,
    min(first_day) AS first_day,
    max(first_day) AS last_day
FROM runs
WHERE state = 'failed'
    AND ended_at >= now() - interval '30 days'
GROUP BY tenant, job, error_code
ORDER BY failures DESC, tenant, job, error_code;
