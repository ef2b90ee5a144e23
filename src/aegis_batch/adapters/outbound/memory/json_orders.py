"""Orders from a JSON file, for work without any server."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from aegis_batch.adapters.outbound.memory.order_reader import InMemoryOrderReader, PlacedOrder
from aegis_batch.application.ports.order_reader import Reading
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import OrdersMisfit
from aegis_batch.domain.order import Order, OrderLine

__all__ = ["JsonOrderReader", "orders_from_json"]


class JsonOrderReader:
    """Reads the file anew for each window, as a database would be."""

    def __init__(self, path: Path, statuses: Iterable[str] = ()) -> None:
        """Take the file, and the statuses that count; none named: all count."""
        self._path = path
        self._statuses = tuple(statuses)

    def read(self, window: Window, tolerance: Decimal) -> Reading:
        """Add up the orders of a window; see the port."""
        orders = orders_from_json(self._path)
        return InMemoryOrderReader(orders, self._statuses).read(window, tolerance)


def orders_from_json(path: Path) -> list[PlacedOrder]:
    """Read orders from a JSON file: a list of objects as in the example.

    ``{"id": "17", "placedAt": "2026-11-21T12:30:00-03:00", "total": 41.00, "status": "paid",
    "items": [{"name": "Soup", "quantity": 2, "unitPrice": 20.50}]}``. Without ``total`` an order's
    total is the sum of its lines; ``status`` may be missing.

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


def _placed_order(number: int, entry: Any) -> PlacedOrder:
    try:
        placed_at = datetime.fromisoformat(entry["placedAt"])
        if placed_at.tzinfo is None:
            raise _misfit(f"has an order (number {number}) whose placedAt names no offset from UTC")
        lines = tuple(
            OrderLine(_text(item["name"]), _number(item["quantity"]), _number(item["unitPrice"]))
            for item in entry["items"]
        )
        order_id = str(entry["id"])
        order_id.encode()
        status = _text(entry.get("status"))
        if "total" not in entry:
            return PlacedOrder(placed_at, Order.priced_by_lines(order_id, lines), status)
        return PlacedOrder(placed_at, Order(order_id, _number(entry["total"]), lines), status)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation):
        raise _misfit(
            f"has an order (number {number}) that lacks a field or holds one of the wrong kind"
        ) from None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return Decimal(value)
    raise TypeError


def _misfit(what: str) -> OrdersMisfit:
    return OrdersMisfit(
        "memory_orders_unusable",
        f"The file that AEGIS_MEMORY_ORDERS names {what}.",
        'Write a JSON list of orders such as {"id": "17", "placedAt":'
        ' "2026-11-21T12:30:00-03:00", "total": 41.00, "items": [{"name": "Soup",'
        ' "quantity": 2, "unitPrice": 20.50}]}.',
    )
