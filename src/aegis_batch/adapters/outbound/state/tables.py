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
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from aegis_batch.adapters.outbound.state.backfill_tables import (
    backfill_given_back,
    backfill_periods,
    backfill_tenants,
    backfills,
)
from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.job_tables import (
    answered_requests,
    job_definitions,
    job_events,
    job_links,
    job_results,
    job_totals,
    scheduler_pauses,
)
from aegis_batch.adapters.outbound.state.shared_tables import (
    METADATA,
    breakers,
    counters,
    executors,
    known_tenants,
    leases,
    rate_limits,
)
from aegis_batch.adapters.outbound.state.texts import NAME
from aegis_batch.domain.job_status import TIMED_OUT

__all__ = [
    "METADATA",
    "TIMED_OUT_SQL",
    "answered_requests",
    "audit",
    "backfill_given_back",
    "backfill_periods",
    "backfill_tenants",
    "backfills",
    "breakers",
    "counters",
    "dead_letters",
    "executors",
    "forgotten",
    "job_definitions",
    "job_events",
    "job_links",
    "job_results",
    "job_totals",
    "known_tenants",
    "leases",
    "notices",
    "occurrences",
    "rate_limits",
    "runs",
    "scheduler_pauses",
    "schedules",
    "seals",
    "timeline",
    "verifications",
]

# SQLite counts up by itself in a column of this one type alone.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")


def _counter() -> Column[int]:
    # Of the database's own making, always: nobody chooses where a row stands.
    return Column("id", _COUNTER, Identity(always=True), primary_key=True)


# As the text of a problem begins, whose code is its first field.
TIMED_OUT_SQL = f"""substr(problem, 1, 28) = '{{"code":"{TIMED_OUT}",'"""
_WITH_WORK = "state IN ('queued', 'running', 'waiting')"

runs = Table(
    "runs",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("trace_id", NAME, nullable=False),
    Column("job", NAME, nullable=False),
    Column("tenant", NAME, nullable=False),
    Column("period_kind", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("trigger", NAME, nullable=False),
    Column("requested_by", NAME, nullable=False),
    Column("state", NAME, nullable=False),
    Column("work_id", NAME, nullable=False),
    Column("enqueued_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("requeues", Integer, nullable=False),
    Column("nominal", Instant),
    Column("schedule", NAME),
    Column("parent", NAME),
    Column("replay_of", NAME),
    Column("cancel_requested", Boolean, nullable=False),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("executor", NAME),
    Column("outcome", NAME),
    Column("orders", BigInteger),
    Column("seal", Text),
    Column("problem", Text),
    Column("duration_ms", Double),
    Column("cpu_seconds", Double),
    Column("peak_memory_bytes", BigInteger),
    Column("requests", Integer),
    Column("backend", NAME),
    Column("zone_name", NAME),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("queue", NAME),
    Column("task", Text),
    Column("priority", NAME),
    Index("runs_by_time", "enqueued_at", "id"),
    Index("runs_by_key", "tenant", "period_kind", "first_day", "enqueued_at", "id"),
    Index("runs_by_day", "first_day", "enqueued_at", "id"),
    Index("runs_by_state", "state", "enqueued_at", "id"),
    # The second finds the few that go on among all that a schedule ever started.
    Index("runs_by_schedule", "schedule", "enqueued_at", "id"),
    Index("runs_by_schedule_and_state", "schedule", "state", "enqueued_at", "id"),
    Index("runs_by_parent", "parent", "enqueued_at", "id"),
    Index("runs_by_end", "ended_at", "id"),
    Index("runs_by_work", "work_id"),
    # Of the few that have not ended, among all that ever were.
    Index(
        "runs_with_work",
        "work_id",
        sqlite_where=text(_WITH_WORK),
        postgresql_where=text(_WITH_WORK),
    ),
    Index("runs_by_parent_and_state", "parent", "state", "enqueued_at", "id"),
    Index("runs_by_tenant", "tenant", "enqueued_at", "id"),
    # For lists of few among many: of a kind, and of what somebody sees who sees one tenant.
    Index(
        "runs_timed_out",
        *("enqueued_at", "id"),
        sqlite_where=text(TIMED_OUT_SQL),
        postgresql_where=text(TIMED_OUT_SQL),
    ),
    Index("runs_by_job", "job", "enqueued_at", "id"),
    Index("runs_by_tenant_and_job", "tenant", "job", "enqueued_at", "id"),
    Index("runs_by_tenant_and_state", "tenant", "state", "enqueued_at", "id"),
)

schedules = Table(
    "schedules",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("job", NAME, nullable=False),
    Column("kind", NAME, nullable=False),
    Column("cron", NAME),
    Column("zone", NAME),
    Column("every_us", BigInteger),
    Column("at", Instant),
    Column("overlap", NAME, nullable=False),
    Column("catch_up_us", BigInteger, nullable=False),
    Column("jitter_max_seconds", Integer, nullable=False),
    Column("newest_only", Boolean, nullable=False),
    Column("next_at", Instant),
    Column("decided_until", Instant),
    Column("paused_by", NAME),
    Column("paused_at", Instant),
    Column("pause_note", NAME),
    Column("retired", Boolean, nullable=False),
    Index("schedules_by_next", "retired", "next_at", "name"),
)

occurrences = Table(
    "occurrences",
    METADATA,
    Column("schedule", NAME, nullable=False),
    Column("nominal", Instant, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("decision", NAME, nullable=False),
    Column("reason", NAME, nullable=False),
    Column("run_id", NAME),
    PrimaryKeyConstraint("schedule", "nominal"),
    Index("occurrences_by_decision", "decided_at", "schedule", "nominal"),
)

timeline = Table(
    "timeline",
    METADATA,
    _counter(),
    Column("run_id", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("name", NAME, nullable=False),
    Column("text", Text, nullable=False),
    Index("timeline_by_run", "run_id", "id"),
)

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("run_id", NAME, primary_key=True),
    Column("job", NAME, nullable=False),
    Column("tenant", NAME, nullable=False),
    Column("period_kind", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("outcome", NAME, nullable=False),
    Column("problem", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("died_at", Instant, nullable=False),
    Column("state", NAME, nullable=False),
    Column("decided_by", NAME),
    Column("decided_at", Instant),
    Column("reason", Text),
    Column("replayed_as", NAME),
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
    _counter(),
    Column("at", Instant, nullable=False),
    Column("operator", NAME, nullable=False),
    Column("action", NAME, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("origin", NAME),
)

notices = Table(
    "notices",
    METADATA,
    Column("key", NAME, primary_key=True),
    Column("kind", NAME, nullable=False),
    Column("event", NAME, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", NAME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("notices_by_state", "state", "due_at", "key"),
)

# Only ever added to, which two triggers see to; each row holds the digest of the one before it.
seals = Table(
    "seals",
    METADATA,
    Column("tenant", NAME, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("period_kind", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("run_id", NAME, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", NAME, nullable=False),
    PrimaryKeyConstraint("tenant", "number"),
    Index("seals_by_key", "tenant", "period_kind", "first_day", "number"),
    Index("seals_by_run", "run_id"),
)

# Up to which instant history was deleted for its age, of each kind.
forgotten = Table(
    "forgotten",
    METADATA,
    Column("kind", NAME, primary_key=True),
    Column("before", Instant, nullable=False),
)

# The last word on each period that was verified.
verifications = Table(
    "verifications",
    METADATA,
    Column("tenant", NAME, nullable=False),
    Column("period_kind", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("verdict", NAME, nullable=False),
    Column("seal_digest", NAME),
    Column("verified_at", Instant, nullable=False),
    Column("found", Text, nullable=False),
    PrimaryKeyConstraint("tenant", "period_kind", "first_day"),
    Index("verifications_by_time", "verified_at"),
)
