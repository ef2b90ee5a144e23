"""A day of any size: orders of three lines each, whose totals match, made by the server itself."""

from dataclasses import dataclass
from typing import Literal

from tests.servers.postgres import PostgresServer

__all__ = ["DAY", "END", "START", "Ids", "Shop", "make_shop"]

DAY = "2026-11-20"
START = "2026-11-20 03:00:00+00"
END = "2026-11-21 03:00:00+00"
Ids = Literal["growing", "scattered"]

# Growing ids come with time, as from a sequence; scattered ones, as from a hash, don't.
_ID = {
    "growing": "n",
    "scattered": "('x' || substr(md5(n::text), 1, 15))::bit(60)::bigint",
}
_MAKE = """
CREATE TABLE orders (
    id bigint PRIMARY KEY, created_at timestamptz NOT NULL, total numeric(12, 2) NOT NULL
);
CREATE TABLE order_items (
    order_id bigint NOT NULL,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL
);
INSERT INTO order_items
SELECT {id}, 'Item ' || (n * 7 + line * 13) %% 500, 1 + (n + line) %% 3,
    ((n * 31 + line * 17) %% 9000 + 100) / 100.0
FROM generate_series(1, {orders}) AS n, generate_series(1, 3) AS line;
INSERT INTO orders
SELECT {id}, timestamptz '{start}' + interval '1 day' * (n - 1) / {orders},
    (SELECT sum((1 + (n + line) %% 3) * ((n * 31 + line * 17) %% 9000 + 100) / 100.0)
     FROM generate_series(1, 3) AS line)
FROM generate_series(1, {orders}) AS n;
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id)
"""


@dataclass(frozen=True)
class Shop:
    """A database with one day of orders."""

    url: str
    orders: int
    ids: Ids


def make_shop(server: PostgresServer, orders: int, ids: Ids) -> Shop:
    """Make a database of its own with one day of orders, as a settled server would have it."""
    name = f"{ids}_{orders}"
    server.create_database(name)
    script = _MAKE.format(id=_ID[ids], orders=orders, start=START).replace("%%", "%")
    with server.connect(name) as connection:
        for statement in script.split(";"):
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE orders")
        connection.execute("VACUUM ANALYZE order_items")
        connection.execute("CHECKPOINT")
    return Shop(server.dsn(name), orders, ids)
