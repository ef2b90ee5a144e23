"""Which days are closed, read from the table ``daily_reports`` beside the orders."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import sqlalchemy as sa

from aegis_batch.adapters.outbound.postgres.catalogue import TableDescription, describe, source_of
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase, Snapshot
from aegis_batch.adapters.outbound.postgres.orders_schema import TableName
from aegis_batch.domain.calendar import PeriodKind
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    OrdersMisfit,
    OrdersUnreachable,
)
from aegis_batch.domain.report import StoredReport, TopItem
from aegis_batch.domain.run import Run

__all__ = ["REPORTS_TABLE", "STATEMENTS_MAX", "TableReportStatus"]

# The catalogue, and the row.
STATEMENTS_MAX = 2

REPORTS_TABLE = TableName(None, "daily_reports")
_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "money", "float4", "float8"})
_DOCUMENTS = frozenset({"json", "jsonb"})
_FITTING = {
    "report_date": frozenset({"date"}),
    "total_orders": _NUMBERS - {"money"},
    "total_revenue": _NUMBERS,
    "top_items": _DOCUMENTS,
}
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class TableReportStatus:
    """Answers whether a day is closed where the Backend itself can't be asked.

    The table has a ``date`` column ``report_date``. ``total_orders``, ``total_revenue`` and
    ``top_items``, a JSON list of objects with ``name`` and ``qty``, are read where they exist.
    """

    database: OrdersDatabase

    @property
    def place(self) -> str:
        """The table in its database, without user and password."""
        return f"{REPORTS_TABLE} in {self.database.place}"

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        """Return the report of a run's day, or ``None`` where the table has none.

        With ``once`` a passing failure is not tried again.

        Raises ``BackendRefused``, for weeks and months always and without a look at the table, and
        ``BackendUnavailable``; both speak of the table.
        """
        period = run.key.period
        if period.kind is not PeriodKind.DAY:
            raise _refused(
                "table_holds_days",
                f"The table {REPORTS_TABLE} holds days alone: it can't say whether"
                f" the {period} is closed.",
                "Set AEGIS_REPORT_STATUS to backend to ask the Backend, or to none to have its"
                " answer to the report decide.",
            )
        return self.find_day(period.first_day, once=once)

    def find_day(self, day: date, *, once: bool = False) -> StoredReport | None:
        """Return the report of a day; as ``find`` does."""

        def work(snapshot: Snapshot) -> StoredReport | None:
            (table,) = describe(snapshot, [REPORTS_TABLE]).tables
            return _find_in(snapshot, _checked(table), day)

        try:
            return self.database.read(work, tables=[str(REPORTS_TABLE)], once=once)
        except OrdersMisfit as error:
            raise BackendRefused(error.code, _about(error), error.remedy) from None
        except OrdersUnreachable as error:
            raise BackendUnavailable(error.code, _about(error), error.remedy) from None


def _about(error: AegisError) -> str:
    return f"The table {REPORTS_TABLE}, which says what is closed, can't be read. {error.message}"


def _checked(table: TableDescription | None) -> TableDescription:
    if table is None:
        raise _refused(
            "missing_table",
            f"The orders' database has no table or view {REPORTS_TABLE}.",
            "Create it, or set AEGIS_REPORT_STATUS to backend or none.",
        )
    if "report_date" not in table.columns:
        raise _refused(
            "missing_column",
            f"The table {REPORTS_TABLE} has no column report_date.",
            "Add it, or make a view of that name that has it.",
        )
    for name, fitting in _FITTING.items():
        column = table.columns.get(name)
        if column is None:
            continue
        if not column.is_readable:
            raise _refused(
                "permission_denied",
                f"The role in DATABASE_URL may not read {REPORTS_TABLE}.{name}.",
                f"GRANT SELECT ON {REPORTS_TABLE} to that role.",
            )
        if column.name not in fitting:
            raise _refused(
                "unsupported_column_type",
                f"The column {REPORTS_TABLE}.{name} is {column.name}, not"
                f" {' or '.join(sorted(fitting))}.",
                "Make a view of that name that casts it.",
            )
    return table


def _find_in(snapshot: Snapshot, table: TableDescription, day: date) -> StoredReport | None:
    source = source_of(table)
    names = [name for name in _FITTING if name in table.columns]
    rows = snapshot.rows(
        sa.select(*(_as_text(source, table, name) for name in names))
        .where(source.c.report_date == sa.literal(day, sa.Date))
        .limit(2)
    )
    if not rows:
        return None
    if len(rows) > 1:
        raise _refused(
            "ambiguous_report",
            f"The table {REPORTS_TABLE} has more than one row for {day}.",
            "Leave the row of the report that was handed over.",
        )
    values: dict[str, str | None] = dict(zip(names, rows[0], strict=True))
    return StoredReport(
        report_date=day,
        total_orders=_parsed(values.get("total_orders"), "total_orders", _number),
        total_revenue=_parsed(values.get("total_revenue"), "total_revenue", _number),
        top_items=_parsed(values.get("top_items"), "top_items", _top_items),
    )


def _as_text(source: sa.TableClause, table: TableDescription, name: str) -> sa.ColumnElement[str]:
    column = source.c[name]
    # The text of money is the locale's.
    is_money = table.columns[name].name == "money"
    return sa.cast(sa.cast(column, sa.Numeric) if is_money else column, sa.Text).label(name)


def _parsed(text: str | None, name: str, parse: Callable[[str], _Value]) -> _Value | None:
    if text is None:
        return None
    try:
        return parse(text)
    except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError):
        raise _refused(
            "malformed_report",
            f"The column {REPORTS_TABLE}.{name} holds a value of another form than a report's.",
            'Top items are a JSON list such as [{"name": "Soup", "qty": 2}]; figures are finite.',
        ) from None


def _number(value: str | Decimal) -> Decimal:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _top_items(text: str) -> tuple[TopItem, ...] | None:
    content = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
    if content is None:
        return None
    if not isinstance(content, list):
        raise TypeError
    return tuple(TopItem(_name(item["name"]), _quantity(item["qty"])) for item in content)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _quantity(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError
    return _number(value)


def _refused(code: str, message: str, remedy: str) -> BackendRefused:
    return BackendRefused(code, message, remedy)
