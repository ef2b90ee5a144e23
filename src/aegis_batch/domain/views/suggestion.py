"""The suggestion itself: SQL of two views to read, to correct and to run, and settings for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aegis_batch.domain.identifiers import quoted, quoted_path
from aegis_batch.domain.printable import printable
from aegis_batch.domain.views.amounts import Expression, amounts_of, lines_from
from aegis_batch.domain.views.meanings import item_name_of, status_of
from aegis_batch.domain.views.shapes import ColumnShape, Shapes, ValueKind
from aegis_batch.domain.views.sources import OWN_SCHEMA, Sources, find_sources
from aegis_batch.domain.views.words import listed, words_of

__all__ = ["LOOKED_FOR", "Suggestion", "suggest_views"]

# What tables must have in them to be found, in the order in which a person would look.
LOOKED_FOR = (
    "a table of orders, invoices or sales, with a timestamptz, timestamp or date that says when",
    "a table of lines that refers to it, by a foreign key or by a column such as order_id",
    "in the lines a quantity, and a price or an amount",
    "in the lines a name, or a reference to a table of products with a name",
)

_NOT_COUNTED = listed(
    """cancelled canceled cancelado refunded pending draft failed cart abandoned expired returned
    open new created pendente void voided rejected unpaid"""
)
# To how many digits of a second Prisma keeps its time stamps, which are then in UTC.
_PRISMA_DIGITS = 3
# The table that Rails keeps beside the others; its time stamps are in UTC.
_RAILS_TABLE = "ar_internal_metadata"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two views as SQL, and the settings that name them; every guess is said in the SQL."""

    sql: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    alias: str
    expression: Expression


def suggest_views(shapes: Shapes) -> Suggestion | None:
    """Return views for a shop's tables; ``None`` where no tables look like orders and lines.

    Nothing is executed, and nothing in the tables was read: whoever runs the views must check what
    is guessed in them.
    """
    sources = find_sources(shapes)
    if sources is None:
        return None
    amounts = amounts_of(sources)
    settings = {
        "AEGIS_ORDERS_TABLE": f"{OWN_SCHEMA}.orders",
        "AEGIS_ITEMS_TABLE": f"{OWN_SCHEMA}.order_items",
    }
    orders = [
        _Column("id", Expression(f"o.{quoted(sources.reference.to_column)}")),
        _placed_at(sources, shapes, settings),
    ]
    if amounts.total is None:
        settings["AEGIS_ORDERS_TOTAL"] = ""
    else:
        orders.append(_Column("total", amounts.total))
    status = status_of(sources.orders)
    if status is not None:
        orders.append(_status(status, settings))
    if amounts.is_inexact:
        settings["AEGIS_TOTAL_TOLERANCE"] = "0.01"
    items = [
        _Column("order_id", Expression(f"i.{quoted(sources.reference.column)}")),
        _Column("name", _item_name(sources)),
        _Column("quantity", Expression(f"i.{quoted(sources.quantity.name)}")),
        _Column("unit_price", amounts.unit_price),
    ]
    lines = [
        *_opening(sources, shapes),
        *_view("orders", orders, f"{quoted_path(*sources.orders.path)} AS o"),
        *_view("order_items", items, lines_from(sources)),
        *_ending(shapes, settings),
    ]
    return Suggestion("\n".join(lines), settings)


def _placed_at(sources: Sources, shapes: Shapes, settings: dict[str, str]) -> _Column:
    column = sources.placed_at
    sql = f"o.{quoted(column.name)}"
    said = [f"{quoted(column.name)} is taken for the moment of the order"]
    if column.kind is ValueKind.DATE:
        said.append("a date without a time: AEGIS_DAY_START must be 00:00")
    if column.kind is ValueKind.TIMESTAMP:
        kind, why = "wall", "the calendar's own time"
        if column.precision == _PRISMA_DIGITS:
            kind, why = "utc", "as Prisma keeps it"
        elif any(t.path == (sources.orders.schema, _RAILS_TABLE) for t in shapes.tables):
            kind, why = "utc", "as Rails keeps it"
        settings["AEGIS_ORDERS_PLACED_AT_KIND"] = kind
        said.append(
            f"a timestamp without a zone is taken as {kind} ({why}); utc or wall, see below"
        )
    return _Column("created_at", Expression(sql, tuple(said)))


def _status(column: ColumnShape, settings: dict[str, str]) -> _Column:
    sql = f"o.{quoted(column.name)}::text"
    counted = [label for label in column.labels if words_of(label).isdisjoint(_NOT_COUNTED)]
    if not column.labels or len(counted) in (0, len(column.labels)) or "," in "".join(counted):
        said = (
            "all orders count; for some only set AEGIS_ORDERS_STATUS=status and"
            " AEGIS_ORDERS_STATUSES"
        )
        return _Column("status", Expression(sql, (said,)))
    settings["AEGIS_ORDERS_STATUS"] = "status"
    settings["AEGIS_ORDERS_STATUSES"] = ",".join(counted)
    said = f"of {', '.join(column.labels)} those count that AEGIS_ORDERS_STATUSES names"
    return _Column("status", Expression(sql, (said,)))


def _item_name(sources: Sources) -> Expression:
    own = item_name_of(sources.items)
    if own is not None:
        return Expression(f"i.{quoted(own.name)}")
    assert sources.products is not None  # noqa: S101 - sources without any name are none
    column = item_name_of(sources.products.table)
    assert column is not None  # noqa: S101 - as before
    said = "the product's name of today, for past days too"
    return Expression(f"p.{quoted(column.name)}", (said,))


def _opening(sources: Sources, shapes: Shapes) -> Iterator[str]:
    orders, items = quoted_path(*sources.orders.path), quoted_path(*sources.items.path)
    yield _comment(f"Views for aegis-batch, suggested from {orders} and {items}.")
    yield _comment("Nothing was executed. Read them, correct what is guessed, and run them as the")
    yield _comment("owner of the tables; they hold no data of their own.")
    if sources.rival is not None:
        rival = quoted_path(*sources.rival.path)
        yield _comment(f"guess: the shop's sales are in {orders}, and not in {rival}, which looks")
        yield _comment("like orders too.")
    if not shapes.is_whole:
        yield _comment("There are more tables than were looked at.")
    yield ""
    yield "BEGIN;"
    yield f"CREATE SCHEMA IF NOT EXISTS {OWN_SCHEMA};"


def _view(name: str, columns: list[_Column], source: str) -> Iterator[str]:
    yield ""
    # Replacing could not change a column's type, as corrections do.
    yield f"DROP VIEW IF EXISTS {OWN_SCHEMA}.{name};"
    yield f"CREATE VIEW {OWN_SCHEMA}.{name} AS"
    yield "SELECT"
    for number, column in enumerate(columns):
        for guess in column.expression.guesses:
            yield "    " + _comment(f"guess: {guess}")
        comma = "," if number < len(columns) - 1 else ""
        yield f"    {column.expression.sql} AS {column.alias}{comma}"
    yield f"FROM {source};"


def _ending(shapes: Shapes, settings: Mapping[str, str]) -> Iterator[str]:
    role = quoted(shapes.role)
    yield ""
    yield f"GRANT USAGE ON SCHEMA {OWN_SCHEMA} TO {role};"
    yield f"GRANT SELECT ON {OWN_SCHEMA}.orders, {OWN_SCHEMA}.order_items TO {role};"
    yield "COMMIT;"
    yield ""
    yield _comment("Settings that go with them:")
    for name, value in settings.items():
        yield _comment(f"  {name}={value}")
    yield ""
    yield _comment("Check before the first close:")
    yield _comment("  an order that you know: its total, and its lines' quantity * unit_price")
    if "AEGIS_ORDERS_PLACED_AT_KIND" in settings:
        yield _comment("  its created_at: utc if it differs from the shop's clock by the zone's")
        yield _comment("  distance from UTC, wall if it is what the shop's clock showed")
    yield _comment("  aegis-batch doctor, then aegis-batch close --dry-run for a day that you know")


def _comment(text: str) -> str:
    """Return a comment of one line, whatever names are in it."""
    return f"-- {printable(text)}"
