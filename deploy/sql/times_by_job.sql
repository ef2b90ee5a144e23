-- How long runs took, by job, over the last 30 days: how many, the mean, and the worst one.
-- For a state in an SQLite file, on a copy of it:
--   sqlite3 -header -column copy.db < deploy/sql/times_by_job.sql
SELECT
    job,
    COUNT(*) AS runs,
    ROUND(AVG(duration_ms)) AS mean_ms,
    ROUND(MAX(duration_ms)) AS worst_ms,
    -- SQLite takes the other columns from the row that has the maximum.
    id AS worst_run
FROM runs
WHERE duration_ms IS NOT NULL
    AND enqueued_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')
GROUP BY job
ORDER BY mean_ms DESC;
