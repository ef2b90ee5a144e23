"""Which tables hold the orders, their lines, and the names of what was sold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aegis_batch.domain.views.meanings import (
    item_name_of,
    line_total_of,
    placed_at_of,
    quantity_of,
    unit_price_of,
)
from aegis_batch.domain.views.shapes import ColumnShape, Reference, Shapes, TableShape
from aegis_batch.domain.views.words import listed, score, words_of

__all__ = ["OWN_SCHEMA", "Products", "Sources", "find_sources"]

# Where suggested views go, and so where none of their sources is looked for.
OWN_SCHEMA = "aegis"

_ORDERS = {
    "order": 12,
    "pedido": 12,
    "invoice": 10,
    "sale": 10,
    "venda": 10,
    "purchase": 8,
    "receipt": 8,
    "bill": 6,
    "checkout": 6,
    "transaction": 6,
    "booking": 6,
    "ticket": 5,
}
_LINES = {"item": 8, "line": 8, "detail": 8, "linha": 8, "detalhe": 8, "position": 6, "entry": 5}
_OTHER_THINGS = listed(
    """status history log note event address payment shipment type audit template archive temp tax
    refund return"""
)
_PRODUCTS = {"product": 6, "produto": 6, "item": 5, "article": 5, "track": 4, "variant": 4}


@dataclass(frozen=True, slots=True)
class Products:
    """A table of products that lines refer to, for their names and perhaps their prices."""

    table: TableShape
    reference: Reference


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables that views of orders and of their lines can be made from.

    ``reference`` leads from a line to its order; ``products`` is ``None`` where lines carry the
    item's name themselves. ``rival`` is the table that looks next most like the orders, if any.
    """

    orders: TableShape
    items: TableShape
    reference: Reference
    placed_at: ColumnShape
    quantity: ColumnShape
    products: Products | None
    rival: TableShape | None = None


def find_sources(shapes: Shapes) -> Sources | None:
    """Return the tables that look most like orders and their lines; ``None`` where none do."""
    tables = {table.path: table for table in shapes.tables if table.schema != OWN_SCHEMA}
    found = [
        sources
        for items in tables.values()
        for reference in _references(items, tables)
        if (sources := _sources(tables[reference.to_table], items, reference, tables)) is not None
        and _points(sources)
    ]
    # Sorting keeps those that look alike in their order.
    found.sort(key=_points, reverse=True)
    if not found:
        return None
    best = found[0]
    rival = next((other.orders for other in found if other.orders is not best.orders), None)
    return replace(best, rival=rival)


def _sources(
    orders: TableShape,
    items: TableShape,
    reference: Reference,
    tables: dict[tuple[str, str], TableShape],
) -> Sources | None:
    placed_at, quantity = placed_at_of(orders), quantity_of(items)
    if orders is items or placed_at is None or quantity is None:
        return None
    is_named = item_name_of(items) is not None
    products = None if is_named else _products(items, orders, tables)
    if products is None and not is_named:
        return None
    has_price = unit_price_of(items) or line_total_of(items)
    if not has_price and (products is None or unit_price_of(products.table) is None):
        return None
    return Sources(orders, items, reference, placed_at, quantity, products)


def _points(sources: Sources) -> int:
    """Return how much the names tell of orders and lines; 0 where they tell of neither."""
    orders, items = words_of(sources.orders.name), words_of(sources.items.name)
    as_orders = score(orders, _ORDERS, _OTHER_THINGS)
    as_lines = score(items, _LINES, _OTHER_THINGS)
    # OrderItem is no table of orders, and a line of an order mostly has the order's name in it.
    if not orders.isdisjoint(_LINES):
        as_orders = 0
    shared = 6 * bool(orders & items & frozenset(_ORDERS))
    declared = 3 * (sources.reference in sources.items.references)
    return as_orders + as_lines + shared + declared if as_orders or as_lines else 0


def _products(
    items: TableShape, orders: TableShape, tables: dict[tuple[str, str], TableShape]
) -> Products | None:
    best: Products | None = None
    best_points = -1
    for reference in _references(items, tables):
        table = tables[reference.to_table]
        points = score(words_of(table.name), _PRODUCTS)
        if table not in (items, orders) and item_name_of(table) and points > best_points:
            best, best_points = Products(table, reference), points
    return best


def _references(
    table: TableShape, tables: dict[tuple[str, str], TableShape]
) -> Iterator[Reference]:
    """Yield where a table's columns lead: by its foreign keys, and else by their names."""
    declared = [r for r in table.references if r.to_table in tables]
    yield from declared
    known = {(reference.column, reference.to_table) for reference in declared}
    for other in tables.values():
        key = _key_of(other)
        if other is table or key is None:
            continue
        for column in table.columns:
            if (column.name, other.path) not in known and _leads_to(column, other, key):
                yield Reference(column.name, other.path, key.name)


def _key_of(table: TableShape) -> ColumnShape | None:
    if len(table.primary_key) == 1:
        return table.column(table.primary_key[0])
    return None if table.primary_key else table.column("id")


def _leads_to(column: ColumnShape, table: TableShape, key: ColumnShape) -> bool:
    """Say whether a column is named after a table's key, as order_id is after that of orders."""
    words = words_of(column.name)
    stem = words - {"id"}
    return column.kind is key.kind and "id" in words and bool(stem) and stem <= words_of(table.name)
