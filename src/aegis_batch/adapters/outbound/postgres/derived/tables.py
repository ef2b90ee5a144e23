"""The tables of reports, as the newest revision of their schema has them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
)

__all__ = ["METADATA", "VERSION_TABLE", "report_items", "reports", "schema_version"]

# Of our own name, so that a database that somebody else migrates isn't taken for ours.
VERSION_TABLE: Final = "aegis_reports_schema"

METADATA: Final = MetaData()

reports = Table(
    "reports",
    METADATA,
    Column("tenant", Text, nullable=False),
    Column("period_kind", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("total_orders", BigInteger, nullable=False),
    Column("total_revenue", Numeric, nullable=False),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("tenant", "period_kind", "first_day", "revision", name="reports_pkey"),
    CheckConstraint("revision >= 1", name="reports_revision_check"),
)
Index(
    "reports_current",
    reports.c.tenant,
    reports.c.period_kind,
    reports.c.first_day,
    unique=True,
    postgresql_where=reports.c.is_current,
)

report_items = Table(
    "report_items",
    METADATA,
    Column("tenant", Text, nullable=False),
    Column("period_kind", Text, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("digest", Text, nullable=False),
    PrimaryKeyConstraint(
        "tenant", "period_kind", "first_day", "revision", "rank", name="report_items_pkey"
    ),
    ForeignKeyConstraint(
        ["tenant", "period_kind", "first_day", "revision"],
        ["reports.tenant", "reports.period_kind", "reports.first_day", "reports.revision"],
        name="report_items_report_fkey",
    ),
)

schema_version = Table(VERSION_TABLE, METADATA, Column("version_num", Text, nullable=False))
