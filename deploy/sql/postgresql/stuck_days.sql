-- Days whose close has not come to an end for more than an hour: those that wait for their next
-- try, and those that are dead letters, which wait for a person. The oldest day first.
-- For a state on a PostgreSQL server:
--   psql "$AEGIS_STATE_URL" -f deploy/sql/postgresql/stuck_days.sql
SELECT
    runs.tenant,
    runs.first_day,
    runs.state,
    runs.attempt AS attempts,
    runs.problem::json ->> 'code' AS error_code,
    runs.due_at AS next_try,
    runs.enqueued_at AS since,
    runs.id AS run
FROM runs
LEFT JOIN dead_letters ON dead_letters.run_id = runs.id
WHERE runs.job IN ('close', 'rebuild')
    AND runs.enqueued_at < now() - interval '1 hour'
    AND (runs.state IN ('held', 'queued', 'running', 'waiting') OR dead_letters.state = 'open')
ORDER BY runs.first_day, runs.tenant;
