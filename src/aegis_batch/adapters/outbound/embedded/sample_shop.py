"""A shop's tables with real sample orders, and a user who may read them and nothing else."""

from importlib import resources
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

from aegis_batch.adapters.outbound.embedded.postgres_server import EmbeddedPostgres, new_password

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

__all__ = ["load_sample_shop", "open_reader", "server_version"]

_READER = "aegis_reader"
_TABLES = """
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL
);
CREATE TABLE order_items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL
);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);
"""
_FILES = {
    "orders.csv": "COPY orders (id, created_at, total) FROM STDIN (FORMAT csv, HEADER match)",
    "order_items.csv": "COPY order_items (order_id, name, quantity, unit_price) FROM STDIN"
    " (FORMAT csv, HEADER match)",
}


def load_sample_shop(server: EmbeddedPostgres) -> int:
    """Make the tables and fill them with the sample orders; return how many orders there are."""
    folder = resources.files("aegis_batch.adapters.outbound.embedded") / "sample_orders"
    with server.connect() as connection:
        connection.execute(_TABLES)
        for name, statement in _FILES.items():
            with connection.cursor().copy(statement) as copy:
                copy.write((folder / name).read_bytes())
        connection.execute("ANALYZE orders, order_items")
        return int(_value(connection, "SELECT count(*) FROM orders"))


def open_reader(server: EmbeddedPostgres) -> str:
    """Make the user who may only read; return the address that holds the password."""
    password = new_password()
    with server.connect() as connection:
        # Only a hash goes to the server, so that no log of it can hold the password.
        hashed = connection.pgconn.encrypt_password(
            password.encode(), _READER.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(_READER), sql.Literal(hashed.decode())
            )
        )
        connection.execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute("GRANT CONNECT ON DATABASE postgres TO aegis_reader")
        connection.execute("GRANT USAGE ON SCHEMA public TO aegis_reader")
        connection.execute("GRANT SELECT ON orders, order_items TO aegis_reader")
    return server.url(_READER, password)


def server_version(server: EmbeddedPostgres) -> str:
    """Return the server's version, such as 18.1."""
    with server.connect() as connection:
        return str(_value(connection, "SHOW server_version"))


def _value(connection: "psycopg.Connection[TupleRow]", statement: LiteralString) -> Any:  # noqa: ANN401 - what a statement returns
    row = connection.execute(statement).fetchone()
    assert row is not None  # noqa: S101 - each of these statements has one row
    return row[0]
