"""The day's figures by Polars, which loads all lines through ConnectorX and sums them here."""

import json
import os
import sys

import polars as pl


def main() -> None:
    """Print orders, revenue and the ten best items as JSON."""
    start, end = sys.argv[1:]
    url = os.environ["DATABASE_URL"]
    window = f"created_at >= '{start}' AND created_at < '{end}'"
    orders = pl.read_database_uri(
        f"SELECT id, total FROM orders WHERE {window}",  # noqa: S608 - the bench's own bounds
        url,
    )
    lines = pl.read_database_uri(
        "SELECT item.name, item.quantity FROM orders JOIN order_items AS item"  # noqa: S608
        f" ON item.order_id = orders.id WHERE {window}",
        url,
    )
    best = (
        lines.group_by("name")
        .agg(pl.col("quantity").sum())
        .sort(["quantity", "name"], descending=[True, False])
        .head(10)
    )
    revenue = f"{orders['total'].cast(pl.Decimal(38, 2)).sum():.2f}"
    figures = [len(orders), revenue, [list(row) for row in best.iter_rows()]]
    print(json.dumps(figures))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
