"""The tables of defined jobs, and of whoever asks for them from outside."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.shared_tables import METADATA
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = [
    "answered_requests",
    "job_definitions",
    "job_events",
    "job_links",
    "job_results",
    "job_totals",
    "scheduler_pauses",
]

# Lists, and what nobody asks for by itself, are JSON in `content`.
job_definitions = Table(
    "job_definitions",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("tenant", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("group", NAME),
    Column("active", Boolean, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("payload", Text),
    Column("content", Text, nullable=False),
    Index("job_definitions_by_time", "removed", "created_at", "id"),
    Index("job_definitions_by_tenant", "tenant", "removed", "created_at", "id"),
    Index("job_definitions_by_name", "name", "removed", "created_at", "id"),
    Index("job_definitions_by_group", "group", "removed", "created_at", "id"),
    Index("job_definitions_by_activity", "active", "removed", "created_at", "id"),
)

# Which types of events, and which other jobs, a job names.
job_links = Table(
    "job_links",
    METADATA,
    Column("kind", NAME, nullable=False),
    Column("target", NAME, nullable=False),
    Column("job_id", NAME, nullable=False),
    PrimaryKeyConstraint("kind", "target", "job_id"),
    Index("job_links_by_job", "job_id"),
)

job_results = Table(
    "job_results",
    METADATA,
    Column("run_id", NAME, primary_key=True),
    Column("kept_at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Index("job_results_by_time", "kept_at", "run_id"),
)

job_totals = Table(
    "job_totals",
    METADATA,
    Column("job", NAME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("reason", NAME, nullable=False),
    Column("bucket_seconds", Integer, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("duration_ms", Double, nullable=False),
    PrimaryKeyConstraint("job", "status", "reason", "bucket_seconds"),
)

job_events = Table(
    "job_events",
    METADATA,
    Column("tenant", NAME, nullable=False),
    Column("event_id", NAME, nullable=False),
    Column("type", NAME, nullable=False),
    Column("come_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "event_id"),
    Index("job_events_by_time", "come_at", "tenant", "event_id"),
)

scheduler_pauses = Table(
    "scheduler_pauses",
    METADATA,
    Column("scope", NAME, primary_key=True),
    Column("by", NAME, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False),
)

answered_requests = Table(
    "answered_requests",
    METADATA,
    Column("key", NAME, primary_key=True),
    Column("digest", NAME, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("answered_at", Instant, nullable=False),
    Index("answered_requests_by_time", "answered_at", "key"),
)
