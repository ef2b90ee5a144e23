"""One of the ways: a server-side cursor of psycopg, summed in Python, in one snapshot."""

import os
import sys
from collections import Counter
from decimal import Decimal

import psycopg
from psycopg import IsolationLevel

from bench.figures import Figures

_ROWS_AT_ONCE = 10_000
_WINDOW = (
    "orders.created_at >= '2026-11-21T03:00:00Z' AND orders.created_at < '2026-11-22T03:00:00Z'"
)


def main() -> None:
    """Print the figures of the day."""
    orders, revenue = 0, Decimal(0)
    quantities: Counter[str] = Counter()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.cursor("orders_of_day") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            for (total,) in cursor.execute(f"SELECT total FROM orders WHERE {_WINDOW}".encode()):
                orders += 1
                revenue += total
        with connection.cursor("lines_of_day") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            lines = "orders JOIN order_items AS items ON items.order_id = orders.id"
            statement = f"SELECT name, quantity FROM {lines} WHERE {_WINDOW}"
            for name, quantity in cursor.execute(statement.encode()):
                quantities[name] += quantity
    sys.stdout.write(Figures.of(orders, revenue, quantities).as_json())


if __name__ == "__main__":
    main()
