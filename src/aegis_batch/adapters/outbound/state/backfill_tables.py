"""The tables of backfills: of one tenant, and of all."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, PrimaryKeyConstraint, Table, Text

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.shared_tables import METADATA
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = ["backfill_given_back", "backfill_periods", "backfill_tenants", "backfills"]

backfills = Table(
    "backfills",
    METADATA,
    Column("id", NAME, primary_key=True),
    Column("tenant", NAME, nullable=False),
    Column("period_kind", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("reprocess", NAME, nullable=False),
    Column("newest_first", Boolean, nullable=False),
    Column("max_active", Integer, nullable=False),
    Column("planned_by", NAME, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("backend", NAME, nullable=False),
    Column("to_do", Integer, nullable=False),
    Column("next_day", Date),
    Column("state", NAME, nullable=False),
    Column("started_by", NAME),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("zone_name", NAME),
    Column("next_tenant", Integer, nullable=False, server_default="0"),
    Index("backfills_by_time", "planned_at", "id"),
)

backfill_periods = Table(
    "backfill_periods",
    METADATA,
    Column("backfill_id", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("standing", NAME, nullable=False),
    Column("deed", NAME, nullable=False),
    Column("run_id", NAME),
    Column("fate", NAME),
    PrimaryKeyConstraint("backfill_id", "first_day"),
)

# A tenant has one row in a plan for all of them, however many periods that holds.
backfill_tenants = Table(
    "backfill_tenants",
    METADATA,
    Column("backfill_id", NAME, nullable=False),
    Column("number", Integer, nullable=False),
    Column("tenant", NAME, nullable=False),
    Column("zone_name", NAME),
    Column("to_do", Integer, nullable=False),
    Column("standings", Text, nullable=False),
    PrimaryKeyConstraint("backfill_id", "number"),
)

backfill_given_back = Table(
    "backfill_given_back",
    METADATA,
    Column("backfill_id", NAME, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("tenant", NAME, nullable=False),
    Column("job", NAME, nullable=False),
    Column("zone_name", NAME),
    PrimaryKeyConstraint("backfill_id", "first_day", "tenant"),
)
