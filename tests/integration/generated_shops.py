"""Shops that hypothesis makes up: rows of tables whose columns are of many types."""

from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st

__all__ = ["COLUMNS", "KEYED", "Columns", "Shop", "shops"]


@dataclass(frozen=True)
class Columns:
    """The types of the columns that hold ids and numbers; ``total`` may be missing.

    Where ids are keys, orders have one each, an index leads to their lines, and a reader may add
    up in ranges of ids.
    """

    order_id: str
    total: str | None
    quantity: str
    price: str
    ids_are_keys: bool = False


COLUMNS = (
    Columns("bigint", "numeric", "integer", "numeric"),
    Columns("bigint", "numeric(40, 10)", "numeric", "numeric(40, 10)"),
    Columns("text", "numeric", "numeric", "numeric"),
    Columns("bigint", "real", "numeric", "real"),
    Columns("text", "double precision", "double precision", "double precision"),
    Columns("bigint", None, "numeric", "numeric"),
    Columns("uuid", None, "smallint", "double precision"),
    Columns("integer", "bigint", "bigint", "integer"),
    Columns("integer", "money", "integer", "money"),
    # Ids that are equal without being the same text.
    Columns("numeric", "numeric", "integer", "numeric"),
    Columns("double precision", "numeric", "integer", "numeric"),
    Columns("citext", "numeric", "integer", "numeric"),
)
KEYED = (
    Columns("bigint", "numeric", "integer", "numeric", ids_are_keys=True),
    Columns("integer", "numeric(40, 10)", "numeric", "numeric(40, 10)", ids_are_keys=True),
    Columns("smallint", "real", "numeric", "real", ids_are_keys=True),
    Columns("uuid", "double precision", "double precision", "double precision", ids_are_keys=True),
    Columns("uuid", "numeric", "integer", "numeric", ids_are_keys=True),
    Columns("bigint", None, "numeric", "numeric", ids_are_keys=True),
    Columns("uuid", None, "smallint", "double precision", ids_are_keys=True),
    Columns("integer", "money", "bigint", "money", ids_are_keys=True),
)

_NAMES = st.one_of(
    st.sampled_from(
        [
            None,
            "",
            " ",
            "\t\n\v\f\r ",
            "\u00a0",
            "Soup",
            "soup",
            "Caf\u00e9",
            "Cafe\u0301",
            "\u1e69",
            "s\u0323\u0307",
            "s\u0307\u0323",
            "\u212b",
            "\uac00",
            "\u1100\u1161",
            # Marks that Unicode 14 doesn't know, and whose order matters to newer versions.
            "a\u0897\u0323",
            "a\u0323\u0897",
            "\U0001e4ee\u0301",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
_ODD = [None, "NaN", "Infinity", "-Infinity"]
_NUMERIC = st.one_of(
    st.sampled_from([*_ODD, "0", "-0.00", "1", "1.0", "2.50", "0.1", "0.5", "-3"]),
    st.decimals(-1000, 1000, places=2).map(str),
    st.sampled_from(["1e30", "-1e30", "1e-15", "123456789012345678901234567890.01", "1e60"]),
    st.integers(1, 5).map(lambda whole: f"{whole}.000"),
)
_SCALED = st.one_of(
    st.sampled_from([*_ODD[:2], "0", "1.0000000001", "99999999999999999999999999999.5"]),
    st.decimals(-1000, 1000, places=10).map(str),
)
_REAL = st.one_of(
    st.sampled_from([*_ODD, "1234567.89", "0.1", "16777217", "1e30", "-1e-30", "3", "2.5"]),
    st.floats(width=32, allow_subnormal=False).map(repr),
)
_DOUBLE = st.one_of(
    st.sampled_from([*_ODD, "0.1", "0.3", "1e300", "1e-300", "9007199254740993", "3", "2.5"]),
    st.floats(allow_subnormal=False).map(repr),
)
_WHOLE = st.one_of(st.none(), st.integers(-3, 5).map(str), st.sampled_from(["32767", "0", "1"]))
_NUMBERS = {
    "numeric": _NUMERIC,
    "numeric(40, 10)": _SCALED,
    "real": _REAL,
    "double precision": _DOUBLE,
    "money": st.one_of(st.none(), st.decimals(-100, 100, places=2).map(str)),
}
_CASES = st.sampled_from(["a", "A", "b", "B", "aa", "aA", "Aa", "", None])
_IDS: dict[str, st.SearchStrategy[str | None]] = {
    "numeric": st.sampled_from(["1", "1.0", "1.00", "-0.0", "0", "10", "1e1", "NaN", None]),
    "double precision": st.sampled_from(["0", "-0", "1", "1.5", "NaN", "Infinity", None]),
    "citext": _CASES,
    "text": st.sampled_from(["1", "9", "10", "a", "Z", "ä", "\U0001f600", "", "aa", "1 ", None]),
    "uuid": st.integers(0, 30).map(lambda number: f"00000000-0000-0000-0000-{number:012x}"),
}
_WHOLE_IDS = st.one_of(st.none(), st.integers(-2, 30).map(str))
# Some stand together, some far apart, up to the ends of their type.
_KEYS: dict[str, st.SearchStrategy[str]] = {
    "uuid": st.sampled_from([0, 1, 2, 3, 9, 10, 2**64, 2**127, 2**128 - 1]).map(
        lambda number: str(UUID(int=number))
    ),
    "smallint": st.sampled_from([-(2**15), -1, 0, 1, 2, 3, 9, 10, 2**15 - 1]).map(str),
    "integer": st.sampled_from([-(2**31), -1, 0, 1, 2, 3, 9, 10, 2**31 - 1]).map(str),
    "bigint": st.sampled_from([-(2**63), -1, 0, 1, 2, 3, 9, 10, 2**63 - 1]).map(str),
}


@dataclass(frozen=True)
class Shop:
    """Rows as they are written: values as text, to be cast by the server."""

    orders: list[tuple[str | None, bool, str | None]]
    lines: list[tuple[str | None, str | None, str | None, str | None]]


def shops(columns: Columns) -> st.SearchStrategy[Shop]:
    if columns.ids_are_keys:
        return _keyed_shops(columns)
    ids = _IDS.get(columns.order_id, _WHOLE_IDS)
    total = _NUMBERS.get(columns.total or "", _WHOLE)
    quantity = _NUMBERS.get(columns.quantity, _WHOLE)
    price = _NUMBERS.get(columns.price, _WHOLE)
    orders = st.lists(st.tuples(ids, st.booleans(), total), max_size=12)
    lines = st.lists(st.tuples(ids, _NAMES, quantity, price), max_size=20)
    return st.builds(Shop, orders, lines)


def _keyed_shops(columns: Columns) -> st.SearchStrategy[Shop]:
    ids = _KEYS[columns.order_id]
    total = _NUMBERS.get(columns.total or "", _WHOLE)
    quantity = _NUMBERS.get(columns.quantity, _WHOLE)
    price = _NUMBERS.get(columns.price, _WHOLE)
    orders = st.lists(st.tuples(ids, st.booleans(), total), unique_by=lambda order: order[0])
    # Lines of no order, too, and of no id.
    lines = st.lists(st.tuples(ids | st.none(), _NAMES, quantity, price), max_size=20)
    return st.builds(Shop, orders, lines)
