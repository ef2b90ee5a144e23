"""The tables of what several executors share, and the metadata that all tables are in."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    false,
)

from aegis_batch.adapters.outbound.state.instants import Instant
from aegis_batch.adapters.outbound.state.texts import NAME

__all__ = [
    "METADATA",
    "breakers",
    "counters",
    "executors",
    "known_tenants",
    "leases",
    "rate_limits",
]

METADATA = MetaData()

# A few rows, of which the newest is found by looking at them all.
executors = Table(
    "executors",
    METADATA,
    Column("executor", NAME, primary_key=True),
    Column("version", NAME, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beaten_at", Instant, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("role", NAME, nullable=False, server_default="serve"),
    Column("lease_seconds", Double, nullable=False, server_default="0"),
    Column("buried", Boolean, nullable=False, server_default=false()),
)

# Who may work at what; a lease counts for as long as its executor gives signs of life.
leases = Table(
    "leases",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("executor", NAME, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Index("leases_by_executor", "executor"),
)

# Numbers that only grow.
counters = Table(
    "counters",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# When each tenant was seen first.
known_tenants = Table(
    "known_tenants",
    METADATA,
    Column("tenant", NAME, primary_key=True),
    Column("first_day", Date, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

breakers = Table(
    "breakers",
    METADATA,
    Column("provider", NAME, primary_key=True),
    Column("state", NAME, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# When the next request may go out.
rate_limits = Table(
    "rate_limits",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("next_at", Instant, nullable=False),
)
