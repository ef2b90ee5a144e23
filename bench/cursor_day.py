"""The day's figures by a server-side cursor of psycopg, summed row by row in Python."""

import json
import os
import sys
from collections import Counter
from decimal import Decimal

import psycopg


def main() -> None:
    """Print orders, revenue and the ten best items as JSON."""
    bounds = sys.argv[1:]
    orders, revenue, items, last = 0, Decimal(0), Counter[str](), None
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        cursor = connection.cursor("day")
        cursor.itersize = 10_000
        cursor.execute(
            "SELECT orders.id, orders.total, item.name, item.quantity"
            " FROM orders JOIN order_items AS item ON item.order_id = orders.id"
            " WHERE created_at >= %s AND created_at < %s ORDER BY orders.id",
            bounds,
        )
        for order_id, total, name, quantity in cursor:
            if order_id != last:
                orders, revenue, last = orders + 1, revenue + total, order_id
            items[name] += quantity
    best = sorted(items.items(), key=lambda item: (-item[1], item[0]))[:10]
    print(json.dumps([orders, f"{revenue:.2f}", best]))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
