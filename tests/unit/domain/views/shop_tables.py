"""Tables as shops have them, written down briefly."""

from aegis_batch.domain.views.shapes import ColumnShape, Reference, Shapes, TableShape, ValueKind

_KINDS = {
    "int": ValueKind.WHOLE,
    "float": ValueKind.FLOAT,
    "money": ValueKind.MONEY,
    "text": ValueKind.TEXT,
    "date": ValueKind.DATE,
    "timestamptz": ValueKind.INSTANT,
    "other": ValueKind.OTHER,
}


def column(name: str, type_text: str) -> ColumnShape:
    """Return a column of a type such as ``int``, ``numeric(10,2)`` or ``enum(PAID,NEW)``."""
    kind_name, _, rest = type_text.rstrip(")").partition("(")
    if kind_name == "numeric":
        numbers = [int(number) for number in rest.split(",")] if rest else [None, None]
        return ColumnShape(name, ValueKind.EXACT, "numeric", *numbers)
    if kind_name == "timestamp":
        return ColumnShape(name, ValueKind.TIMESTAMP, "timestamp", int(rest) if rest else None)
    if kind_name == "enum":
        labels = tuple(rest.split("|"))
        return ColumnShape(name, ValueKind.ENUMERATION, "status", labels=labels)
    return ColumnShape(name, _KINDS[kind_name], kind_name)


def table(
    name: str,
    columns: dict[str, str],
    key: tuple[str, ...] = ("id",),
    schema: str = "public",
    **references: str,
) -> TableShape:
    """Return a table; ``references`` name the table and column that a column refers to."""
    found = []
    for own, target in references.items():
        to_table, _, to_column = target.rpartition(".")
        found.append(Reference(own, (schema, to_table), to_column))
    shapes = tuple(column(*pair) for pair in columns.items())
    return TableShape(schema, name, shapes, key, tuple(found))


def shop(*tables: TableShape, is_whole: bool = True) -> Shapes:
    """Return the shapes of a shop, as the role ``reader`` sees them."""
    return Shapes("reader", tables, is_whole)


PLAIN_ORDERS = {"id": "int", "created_at": "timestamptz", "total": "numeric(10,2)"}
PLAIN_ITEMS = {
    "order_id": "int",
    "product_name": "text",
    "quantity": "int",
    "unit_price": "numeric(10,2)",
}
