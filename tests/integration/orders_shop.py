"""A shop's tables with a few orders in them, readers of it, and a way to step in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.order_reader import PostgresOrderReader
from aegis_batch.adapters.outbound.postgres.orders_schema import OrdersSchema
from aegis_batch.adapters.outbound.system.time_zones import load_zone
from aegis_batch.domain.calendar import Calendar, Window
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.tenant import SINGLE
from aegis_batch.domain.totals import Totals
from tests.servers.postgres import Database

ZONE = "America/Sao_Paulo"
DAY = date(2026, 11, 21)
TABLES = """
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    created_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders,
    name text NOT NULL,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL
);
CREATE INDEX ON orders (created_at);
CREATE INDEX ON order_items (order_id);
"""
ROWS = """
INSERT INTO orders VALUES
    (1, '2026-11-21T12:00-03:00', 41.00), (2, '2026-11-21T23:59-03:00', 9.50),
    (3, '2026-11-22T00:00-03:00', 7.00);
INSERT INTO order_items VALUES (1, 'Soup', 2, 20.50), (2, 'Tea', 1, 9.50), (3, 'Tea', 1, 7.00);
"""
ROLE_PASSWORD = "cana ry'quote%percent"
REVENUE = Decimal("50.50")


def window(day: date = DAY, day_start: time = time(0)) -> Window:
    """Return a business day's window in the shop's zone."""
    return Calendar(load_zone(ZONE), ZONE, day_start).window(day)


def run_sql(database: Database, *statements: str) -> None:
    """Run statements as the superuser, each committed at once."""
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def open_shop(database: Database) -> None:
    """Create the tables by their default names, with two orders on the day and one after it."""
    run_sql(database, TABLES, ROWS)


def reader_of(
    dsn: str,
    schema: OrdersSchema | None = None,
    *,
    connect_seconds: float = 30.0,
    statement_timeout_seconds: float = 60.0,
    silence_grace_seconds: float = 5.0,
) -> PostgresOrderReader:
    """Make a reader of the database that a URL names."""
    database = OrdersDatabase(
        parse_database_url(dsn),
        connect_seconds=connect_seconds,
        statement_timeout_seconds=statement_timeout_seconds,
        silence_grace_seconds=silence_grace_seconds,
    )
    return PostgresOrderReader(database, schema or OrdersSchema())


def totals_of(reader: PostgresOrderReader, day: date = DAY, day_start: time = time(0)) -> Totals:
    """Read a day and add its parts up."""
    return Totals.sum(reader.read(SINGLE, window(day, day_start), Decimal("0.00")).parts)


def refusal(dsn: str, schema: OrdersSchema | None = None) -> AegisError:
    """Read the day where that must fail, and return the error."""
    with pytest.raises(AegisError) as caught:
        totals_of(reader_of(dsn, schema, connect_seconds=1))
    return caught.value


def create_role(database: Database) -> str:
    """Create a role that may log in with ``ROLE_PASSWORD``, and nothing else."""
    name = f"role_of_{database.name}"
    literal = ROLE_PASSWORD.replace("'", "''")
    run_sql(
        database,
        f"DROP ROLE IF EXISTS {name}",
        f"CREATE ROLE {name} LOGIN PASSWORD '{literal}'",
    )
    return name


class Statements:
    """Counts the statements of readers, and does something after those that a test chooses."""

    def __init__(self) -> None:
        self.count = 0
        self._actions: dict[int, Callable[[psycopg.Connection[Any]], object]] = {}

    def after(self, number: int, act: Callable[[psycopg.Connection[Any]], object]) -> None:
        """Call ``act`` with the reader's connection after its statement of that number."""
        self._actions[number] = act

    def __call__(self, _connection: object, cursor: psycopg.Cursor[Any], *_rest: object) -> None:
        """Be told by SQLAlchemy that a statement has run."""
        self.count += 1
        act = self._actions.pop(self.count, None)
        if act is not None:
            act(cursor.connection)


@contextmanager
def watched_statements() -> Iterator[Statements]:
    """Watch all statements that run through SQLAlchemy in the block, from the first one on."""
    statements = Statements()
    event.listen(Engine, "after_cursor_execute", statements)
    try:
        yield statements
    finally:
        event.remove(Engine, "after_cursor_execute", statements)
