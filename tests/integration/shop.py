"""A small shop's database: the tables by their default names, and one day's orders."""

from collections.abc import Mapping

from tests.integration.closing import DAY, ORDERS
from tests.servers.postgres import Database

_TABLES = """
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    total numeric(12, 2)
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders,
    name text,
    quantity integer,
    unit_price numeric(12, 2)
);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id)
"""


def open_shop(database: Database) -> None:
    """Create the tables, and put in the orders of ``closing.DAY``."""
    with database.connect() as connection:
        for statement in _TABLES.split(";"):
            connection.execute(statement.encode())
        for placed in ORDERS:
            order = placed.order
            connection.execute(
                "INSERT INTO orders VALUES (%s, %s, %s)",
                (int(order.id), placed.placed_at, order.total),
            )
            for line in order.lines:
                connection.execute(
                    "INSERT INTO order_items VALUES (%s, %s, %s, %s)",
                    (int(order.id), line.name, line.quantity, line.unit_price),
                )


def settings_for(database: Database, backend_url: str, token: str) -> Mapping[str, str]:
    """Return the settings of a process that closes this shop's days, quick to give up."""
    return {
        "DATABASE_URL": database.dsn(),
        "BACKEND_BASE_URL": backend_url,
        "X_SERVICE_TOKEN": token,
        "AEGIS_HTTP_BACKOFF_SECONDS": "0.01",
        "AEGIS_DB_CONNECT_SECONDS": "2",
    }


CLOSE = ("close", "--date", DAY.isoformat(), "--output", "json")
