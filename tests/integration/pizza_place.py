"""A real restaurant's year, in a real database; see tests/data/pizza_place."""

import csv
from collections.abc import Collection, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_DATA = Path(__file__).parents[1] / "data" / "pizza_place"
_CREATE_TABLES = """
CREATE TABLE orders (
    id bigint PRIMARY KEY, created_at timestamp NOT NULL, total numeric(10, 2)
);
CREATE TABLE order_items (
    order_id bigint NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL
)
"""
_FINISH = """
UPDATE orders SET total = sold.amount FROM (
    SELECT order_id, sum(quantity * unit_price) AS amount FROM order_items GROUP BY order_id
) AS sold WHERE sold.order_id = orders.id;
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id)
"""


def load_year(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Create the tables by their default names, and copy the year's orders into them.

    Times go in as they are, wall times of no zone; each order's total is the sum of its lines.
    """
    connection.execute(_CREATE_TABLES)
    with connection.cursor().copy("COPY orders (id, created_at) FROM STDIN") as copy:
        for row in _orders():
            copy.write_row(row)
    with connection.cursor().copy(
        "COPY order_items (order_id, name, quantity, unit_price) FROM STDIN"
    ) as copy:
        for line in _lines():
            copy.write_row(line)
    connection.execute(_FINISH)


def orders_of(days: Collection[date]) -> dict[str, list[tuple[str, str, str]]]:
    """Return the orders of some days by id, each as its lines of name, quantity and price."""
    orders: dict[str, list[tuple[str, str, str]]] = {
        str(number): [] for number, placed_at in _orders() if placed_at.date() in days
    }
    for number, name, quantity, price in _lines():
        if (lines := orders.get(str(number))) is not None:
            lines.append((name, str(quantity), price))
    return orders


def _orders() -> Iterator[tuple[int, datetime]]:
    for row in _rows("orders.csv"):
        written = f"{row['order_date']} {row['order_time']}"
        yield int(row["order_id"]), datetime.strptime(written, "%d-%m-%Y %H:%M:%S")  # noqa: DTZ007


def _lines() -> Iterator[tuple[int, str, int, str]]:
    names = {row["Pizza_Type_Id"]: row["Name"] for row in _rows("pizza_types.csv")}
    pizzas = {row["Pizza_Id"]: row for row in _rows("pizzas.csv")}
    for row in _rows("order_details.csv"):
        pizza = pizzas[row["Pizza_Id"]]
        name = names[pizza["Pizza_Type_Id"]]
        yield int(row["Order_Id"]), name, int(row["Quantity"]), pizza["Price"]


def _rows(name: str) -> Iterator[dict[str, str]]:
    # A few ingredients are not in UTF-8; names and figures are plain ASCII.
    with (_DATA / name).open(encoding="latin-1", newline="") as file:
        yield from csv.DictReader(file)
