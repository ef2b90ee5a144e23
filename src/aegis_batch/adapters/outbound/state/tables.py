"""The tables of the state database, as they are at the newest revision.

They have no foreign keys: what happened must stay on record whatever becomes of its subject, and
the order of writes within a turn is the application's to choose.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from aegis_batch.adapters.outbound.state.instants import Instant

__all__ = [
    "METADATA",
    "audit",
    "backfill_periods",
    "backfills",
    "dead_letters",
    "executors",
    "notices",
    "occurrences",
    "runs",
    "schedules",
    "seals",
    "timeline",
    "verifications",
]

METADATA = MetaData()

# SQLite counts up by itself in a column of this one type alone.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")

runs = Table(
    "runs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("trace_id", String, nullable=False),
    Column("job", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("trigger", String, nullable=False),
    Column("requested_by", String, nullable=False),
    Column("state", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("enqueued_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("requeues", Integer, nullable=False),
    Column("nominal", Instant),
    Column("schedule", String),
    Column("parent", String),
    Column("replay_of", String),
    Column("cancel_requested", Boolean, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("executor", String),
    Column("outcome", String),
    Column("orders", BigInteger),
    Column("seal", Text),
    Column("problem", Text),
    Column("duration_ms", Double),
    Column("cpu_seconds", Double),
    Column("peak_memory_bytes", BigInteger),
    Column("requests", Integer),
    Column("backend", String),
    Index("runs_by_time", "enqueued_at", "id"),
    Index("runs_by_key", "tenant", "period_kind", "first_day", "enqueued_at", "id"),
    Index("runs_by_day", "first_day", "enqueued_at", "id"),
    Index("runs_by_state", "state", "enqueued_at", "id"),
    # The second finds the few that go on among all that a schedule ever started.
    Index("runs_by_schedule", "schedule", "enqueued_at", "id"),
    Index("runs_by_schedule_and_state", "schedule", "state", "enqueued_at", "id"),
    Index("runs_by_parent", "parent", "enqueued_at", "id"),
    Index("runs_by_end", "ended_at", "id"),
)

schedules = Table(
    "schedules",
    METADATA,
    Column("name", String, primary_key=True),
    Column("job", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("cron", String),
    Column("zone", String),
    Column("every_us", BigInteger),
    Column("at", Instant),
    Column("overlap", String, nullable=False),
    Column("catch_up_us", BigInteger, nullable=False),
    Column("jitter_max_seconds", Integer, nullable=False),
    Column("newest_only", Boolean, nullable=False),
    Column("next_at", Instant),
    Column("decided_until", Instant),
    Column("paused_by", String),
    Column("paused_at", Instant),
    Column("pause_note", String),
    Column("retired", Boolean, nullable=False),
    Index("schedules_by_next", "retired", "next_at", "name"),
)

occurrences = Table(
    "occurrences",
    METADATA,
    Column("schedule", String, nullable=False),
    Column("nominal", Instant, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("decision", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("run_id", String),
    PrimaryKeyConstraint("schedule", "nominal"),
    Index("occurrences_by_decision", "decided_at", "schedule", "nominal"),
)

timeline = Table(
    "timeline",
    METADATA,
    Column("id", _COUNTER, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("name", String, nullable=False),
    Column("text", Text, nullable=False),
    Index("timeline_by_run", "run_id", "id"),
)

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("job", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("outcome", String, nullable=False),
    Column("problem", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("died_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("decided_by", String),
    Column("decided_at", Instant),
    Column("reason", Text),
    Column("replayed_as", String),
    Index("dead_letters_by_time", "died_at", "run_id"),
    Index("dead_letters_by_state", "state", "died_at", "run_id"),
    Index(
        "dead_letters_by_key",
        *("tenant", "period_kind", "first_day"),
        *("state", "died_at", "run_id"),
    ),
)

# Two triggers of the schema refuse to change a row, and to take one away.
audit = Table(
    "audit",
    METADATA,
    Column("id", _COUNTER, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("operator", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("reason", Text, nullable=False),
)

notices = Table(
    "notices",
    METADATA,
    Column("key", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("event", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("notices_by_state", "state", "due_at", "key"),
)

# Only ever added to, which two triggers see to; each row holds the digest of the one before it.
seals = Table(
    "seals",
    METADATA,
    Column("tenant", String, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("run_id", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", String, nullable=False),
    PrimaryKeyConstraint("tenant", "number"),
    Index("seals_by_key", "tenant", "period_kind", "first_day", "number"),
    Index("seals_by_run", "run_id"),
)

# The last word on each period that was verified.
verifications = Table(
    "verifications",
    METADATA,
    Column("tenant", String, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("verdict", String, nullable=False),
    Column("seal_digest", String),
    Column("verified_at", Instant, nullable=False),
    Column("found", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "period_kind", "first_day"),
    Index("verifications_by_time", "verified_at"),
)

backfills = Table(
    "backfills",
    METADATA,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("period_kind", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("reprocess", String, nullable=False),
    Column("newest_first", Boolean, nullable=False),
    Column("max_active", Integer, nullable=False),
    Column("planned_by", String, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("backend", String, nullable=False),
    Column("to_do", Integer, nullable=False),
    Column("next_day", Date),
    Column("state", String, nullable=False),
    Column("started_by", String),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Index("backfills_by_time", "planned_at", "id"),
)

backfill_periods = Table(
    "backfill_periods",
    METADATA,
    Column("backfill_id", String, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("standing", String, nullable=False),
    Column("deed", String, nullable=False),
    Column("run_id", String),
    Column("fate", String),
    PrimaryKeyConstraint("backfill_id", "first_day"),
)

# A few rows, of which the newest is found by looking at them all.
executors = Table(
    "executors",
    METADATA,
    Column("executor", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beaten_at", Instant, nullable=False),
    Column("stopped", Boolean, nullable=False),
)
