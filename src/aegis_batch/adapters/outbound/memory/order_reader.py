"""Orders in memory, or in a JSON file, for work without any server."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aegis_batch.application.ports.order_reader import Reading, each_once
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import OrdersMisfit
from aegis_batch.domain.order import Order, OrderLine
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals

__all__ = ["InMemoryOrderReader", "JsonOrderReader", "PlacedOrder", "orders_from_json"]


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order, the instant at which it was placed, and whose it is."""

    placed_at: datetime
    order: Order
    status: str | None = None
    tenant: str = SINGLE


class InMemoryOrderReader:
    """Adds up orders one by one: a part for each order, and one for ids that stand twice."""

    def __init__(self, orders: Iterable[PlacedOrder], statuses: Iterable[str] = ()) -> None:
        """Take the orders, and the statuses that count; none named: all count."""
        self.orders: list[PlacedOrder] = list(orders)
        self._statuses = frozenset(statuses)

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up a tenant's orders of a window; see the port."""
        return self.read_each((tenant,), window, tolerance)[tenant]

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up the orders of each tenant; see the port."""
        snapshot = tuple(self.orders)
        counted: dict[str, list[Order]] = {tenant: [] for tenant in each_once(tenants)}
        for placed in snapshot:
            if placed.tenant in counted and self._counts(placed, window):
                counted[placed.tenant].append(placed.order)
        name = _snapshot_of(snapshot)
        return {
            tenant: Reading(name, _parts_of(orders, tolerance))
            for tenant, orders in counted.items()
        }

    def _counts(self, placed: PlacedOrder, window: Window) -> bool:
        is_inside = window.start <= placed.placed_at < window.end
        return is_inside and (not self._statuses or placed.status in self._statuses)


class JsonOrderReader:
    """Reads the orders of a JSON file anew for each window, as a database would be."""

    def __init__(self, path: Path, statuses: Iterable[str] = ()) -> None:
        """Take the file, and the statuses that count; none named: all count."""
        self._path = path
        self._statuses = tuple(statuses)

    def read(self, tenant: str, window: Window, tolerance: Decimal) -> Reading:
        """Add up a tenant's orders of a window; see the port and ``orders_from_json``."""
        return self._reader().read(tenant, window, tolerance)

    def read_each(
        self, tenants: Sequence[str], window: Window, tolerance: Decimal
    ) -> Mapping[str, Reading]:
        """Add up the orders of each tenant; see the port and ``orders_from_json``."""
        return self._reader().read_each(tenants, window, tolerance)

    def _reader(self) -> InMemoryOrderReader:
        return InMemoryOrderReader(orders_from_json(self._path), self._statuses)


def orders_from_json(path: Path) -> list[PlacedOrder]:
    """Read orders from a JSON file: a list of objects as in the example.

    ``{"id": "17", "placedAt": "2026-11-21T12:30:00-03:00", "total": 41.00, "status": "paid",
    "items": [{"name": "Soup", "quantity": 2, "unitPrice": 20.50}]}``. Without ``total`` an order's
    total is the sum of its lines; ``status`` may be missing, and so may ``tenant``, the id of whose
    the order is where a deployment is for several. Numbers may be written as text, and may be
    null, ``NaN`` or infinite, as in a database.

    Raises ``OrdersMisfit`` where the file can't be read or an order is not of that form.
    """
    try:
        content = json.loads(
            path.read_text(encoding="utf-8"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=Decimal,
        )
    except OSError as error:
        raise _misfit(f"can't be read ({type(error).__name__})") from None
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise _misfit(f"is not JSON in UTF-8 ({type(error).__name__})") from None
    if not isinstance(content, list):
        raise _misfit("is not a list of orders")
    return [_placed_order(number, entry) for number, entry in enumerate(content, start=1)]


def _placed_order(number: int, entry: object) -> PlacedOrder:
    try:
        fields = _object(entry)
        placed_at = datetime.fromisoformat(_sure_text(fields["placedAt"]))
        lines = tuple(map(_line, _list(fields["items"])))
        order_id = _id(fields["id"])
        status = _text(fields.get("status"))
        tenant = _sure_text(fields.get("tenant", SINGLE))
        if "total" in fields:
            order = Order(order_id, _number(fields["total"]), lines)
        else:
            order = Order.priced_by_lines(order_id, lines)
    except (KeyError, TypeError, ValueError, InvalidOperation):
        raise _misfit(
            f"has an order (number {number}) that lacks a field or holds one of the wrong kind"
        ) from None
    if placed_at.tzinfo is None:
        raise _misfit(f"has an order (number {number}) whose placedAt names no offset from UTC")
    return PlacedOrder(placed_at, order, status, tenant)


def _line(entry: object) -> OrderLine:
    fields = _object(entry)
    return OrderLine(
        _text(fields["name"]), _number(fields["quantity"]), _number(fields["unitPrice"])
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _id(value: object) -> str:
    # Only JSON's integers have no exponent: neither 1.0 nor 1e3 is the text of a key.
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return str(value)
    return _sure_text(value)


def _sure_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # A lone surrogate is no text.
    return value


def _text(value: object) -> str | None:
    return None if value is None else _sure_text(value)


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    number = value if isinstance(value, Decimal) else Decimal(_sure_text(value))
    if not exact.is_within_bounds(number):
        raise ValueError
    return number


def _misfit(what: str) -> OrdersMisfit:
    return OrdersMisfit(
        "memory_orders_unusable",
        f"The file that AEGIS_MEMORY_ORDERS names {what}.",
        'Write a JSON list of orders such as {"id": "17", "placedAt":'
        ' "2026-11-21T12:30:00-03:00", "total": 41.00, "items": [{"name": "Soup",'
        ' "quantity": 2, "unitPrice": 20.50}]}.',
    )


def _parts_of(orders: Sequence[Order], tolerance: Decimal) -> tuple[Totals, ...]:
    duplicates = Totals.of_duplicates(order.id for order in orders)
    return (*(Totals.of(order, tolerance) for order in orders), duplicates)


def _snapshot_of(orders: Sequence[PlacedOrder]) -> str:
    text = repr(sorted(map(repr, orders)))
    return "memory:" + hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
