"""One of the ways: ConnectorX into Polars, summed there. Amounts travel as cents, to be exact."""

import os
import sys
from decimal import Decimal

import polars as pl

from bench.figures import Figures

_WINDOW = (
    "orders.created_at >= '2026-11-21T03:00:00Z' AND orders.created_at < '2026-11-22T03:00:00Z'"
)
_ORDERS = f"SELECT (total * 100)::bigint AS cents FROM orders WHERE {_WINDOW}"
_LINES = (
    "SELECT name, quantity FROM orders"
    f" JOIN order_items AS items ON items.order_id = orders.id WHERE {_WINDOW}"
)


def main() -> None:
    """Print the figures of the day."""
    url = os.environ["DATABASE_URL"]
    orders = pl.read_database_uri(_ORDERS, url, engine="connectorx")
    lines = pl.read_database_uri(_LINES, url, engine="connectorx")
    quantities = lines.group_by("name").agg(pl.col("quantity").sum())
    figures = Figures.of(
        orders.height, Decimal(orders["cents"].sum()) / 100, dict(quantities.iter_rows())
    )
    sys.stdout.write(figures.as_json())


if __name__ == "__main__":
    main()
