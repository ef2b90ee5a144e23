"""Which column means what, by its name and its type."""

from collections.abc import Callable, Iterable, Mapping

from aegis_batch.domain.views.shapes import ColumnShape, TableShape, ValueKind
from aegis_batch.domain.views.words import listed, score, words_of

__all__ = [
    "discount_of",
    "is_in_cents",
    "item_name_of",
    "line_total_of",
    "order_total_of",
    "placed_at_of",
    "quantity_of",
    "status_of",
    "unit_price_of",
]

_PLACED_AT = {
    "placed": 12,
    "ordered": 12,
    "sold": 12,
    "order date": 12,
    "order time": 11,
    "invoice date": 12,
    "sale date": 12,
    "purchase date": 12,
    "purchased": 11,
    "transaction date": 11,
    "data pedido": 12,
    "data venda": 12,
    "created": 10,
    "creation": 10,
    "criado": 10,
    "criacao": 10,
    "date": 6,
    "timestamp": 6,
    "time": 5,
    "data": 4,
}
_NOT_PLACED_AT = listed(
    """updated modified changed deleted shipped ship shipping required delivered delivery due paid
    payment cancelled canceled refunded expire expired birth start end atualizado entrega envio
    fulfilled archived synced"""
)
_ORDER_TOTAL = {
    "grand total": 14,
    "total amount": 13,
    "order total": 13,
    "invoice total": 13,
    "valor total": 13,
    "total price": 12,
    "total": 12,
    "amount": 8,
    "valor": 6,
    "revenue": 6,
}
_NOT_ORDER_TOTAL = listed(
    """tax shipping freight discount count item quantity paid refunded due tip weight id sub
    subtotal balance point line"""
)
_STATUS = {"status": 12, "situacao": 12, "state": 8}
_NOT_STATUS = listed("""payment shipping ship fulfillment delivery address billing region id tax""")
_QUANTITY = {
    "quantity": 12,
    "qty": 12,
    "quantidade": 12,
    "qtd": 12,
    "qtde": 12,
    "count": 6,
    "unit": 4,
}
_NOT_QUANTITY = listed(
    """price cost amount stock refunded returned shipped reserved min max id preco valor total
    discount"""
)
_UNIT_PRICE = {
    "unit price": 14,
    "price each": 14,
    "valor unitario": 14,
    "preco unitario": 14,
    "unit amount": 13,
    "item price": 12,
    "sale price": 12,
    "price": 10,
    "preco": 10,
}
_NOT_UNIT_PRICE = listed(
    """cost tax total discount compare original old currency id line subtotal"""
)
_LINE_TOTAL = {
    "line total": 14,
    "total price": 13,
    "valor total": 13,
    "subtotal": 12,
    "sub total": 12,
    "total": 11,
    "amount": 9,
    "valor": 6,
}
_NOT_LINE_TOTAL = listed("""tax discount unit id quantity count""")
_DISCOUNT = {"discount": 12, "desconto": 12, "rebate": 8}
_NOT_DISCOUNT = listed("""id code type reason tax""")
_ITEM_NAME = {
    "product name": 14,
    "item name": 14,
    "nome produto": 14,
    "name": 12,
    "nome": 12,
    "title": 11,
    "descricao": 9,
    "description": 8,
    "label": 7,
}
_NOT_ITEM_NAME = listed(
    """customer user first last file company contact category supplier ship type id code image note
    seo meta"""
)
_CENTS = frozenset({"cent", "centavo", "minor"})


def placed_at_of(table: TableShape) -> ColumnShape | None:
    """Return the column that says when an order was placed."""
    return _best(table, _PLACED_AT, _NOT_PLACED_AT, lambda column: column.is_time)


def order_total_of(table: TableShape) -> ColumnShape | None:
    """Return the column with an order's total."""
    return _best(table, _ORDER_TOTAL, _NOT_ORDER_TOTAL, lambda column: column.is_number)


def status_of(table: TableShape) -> ColumnShape | None:
    """Return the column with an order's status."""
    return _best(table, _STATUS, _NOT_STATUS, _is_text)


def quantity_of(table: TableShape) -> ColumnShape | None:
    """Return the column with a line's quantity."""
    return _best(table, _QUANTITY, _NOT_QUANTITY, _is_plain_number)


def unit_price_of(table: TableShape) -> ColumnShape | None:
    """Return the column with the price of one."""
    return _best(table, _UNIT_PRICE, _NOT_UNIT_PRICE, lambda column: column.is_number)


def line_total_of(table: TableShape) -> ColumnShape | None:
    """Return the column with the amount of a whole line."""
    return _best(table, _LINE_TOTAL, _NOT_LINE_TOTAL, lambda column: column.is_number)


def discount_of(table: TableShape) -> ColumnShape | None:
    """Return the column with what is taken off a line."""
    return _best(table, _DISCOUNT, _NOT_DISCOUNT, lambda column: column.is_number)


def item_name_of(table: TableShape) -> ColumnShape | None:
    """Return the column with an item's name."""
    return _best(table, _ITEM_NAME, _NOT_ITEM_NAME, _is_text)


def is_in_cents(column: ColumnShape) -> bool:
    """Say whether a column's name tells that it counts cents."""
    return not words_of(column.name).isdisjoint(_CENTS)


def _best(
    table: TableShape,
    good: Mapping[str, int],
    bad: Iterable[str],
    fits: Callable[[ColumnShape], bool],
) -> ColumnShape | None:
    """Return the column whose name tells a meaning best; the first of those that tell it alike."""
    points = {
        column: found
        for column in table.columns
        if fits(column) and (found := score(words_of(column.name), good, bad))
    }
    return max(points, key=lambda column: points[column], default=None)


def _is_text(column: ColumnShape) -> bool:
    return column.kind in (ValueKind.TEXT, ValueKind.ENUMERATION)


def _is_plain_number(column: ColumnShape) -> bool:
    return column.is_number and column.kind is not ValueKind.MONEY
