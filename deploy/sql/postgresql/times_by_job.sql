-- How long runs took, by job, over the last 30 days: how many, the mean, and the worst one.
-- For a state on a PostgreSQL server:
--   psql "$AEGIS_STATE_URL" -f deploy/sql/postgresql/times_by_job.sql
SELECT
    job,
    count(*) AS runs,
    round(avg(duration_ms)) AS mean_ms,
    round(max(duration_ms)) AS worst_ms,
    (array_agg(id ORDER BY duration_ms DESC, id))[1] AS worst_run
FROM runs
WHERE duration_ms IS NOT NULL
    AND enqueued_at >= now() - interval '30 days'
GROUP BY job
ORDER BY mean_ms DESC;
