"""A shop whose orders a role is to read, and how the script that makes the role is run on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.integration.deploy.psql import run_script
from tests.servers.postgres import Database

SECRET = "q'u\"o te%41 $(id) \\n ü"
KEEP = {"password": "keep"}
GIVEN = {"password": "environment"}
SHOP = """
CREATE SCHEMA "Sales";
CREATE TABLE public.orders (id bigint PRIMARY KEY, total numeric NOT NULL);
CREATE TABLE public.order_items (order_id bigint REFERENCES public.orders, name text);
CREATE TABLE public.customers (id bigint PRIMARY KEY, email text);
CREATE TABLE "Sales"."Order Head" (id bigint PRIMARY KEY);
CREATE VIEW "Sales".lines AS SELECT order_id FROM public.order_items;
CREATE TABLE "Sales".daily_reports (report_date date);
CREATE SEQUENCE public.numbers;
INSERT INTO public.orders VALUES (1, 10.50);
INSERT INTO public.order_items VALUES (1, 'Soup');
"""


def execute(
    connection: psycopg.Connection[tuple[Any, ...]], statement: LiteralString, *names: str
) -> None:
    """Run a statement with names put in as identifiers."""
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def drop_role(database: Database, name: str) -> None:
    """Drop a role if it is there, with all that it was granted."""
    with database.connect() as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            execute(connection, "DROP OWNED BY {0}", name)
            execute(connection, "DROP ROLE {0}", name)


def make(database: Database, reader: str, **variables: str) -> None:
    """Run the script as the superuser with a password from the environment."""
    ended = run_script(
        database.dsn(),
        {"reader": reader, **GIVEN, **variables},
        {"AEGIS_READER_PASSWORD": SECRET},
    )
    assert ended.returncode == 0, ended.stderr


@contextmanager
def connected(
    database: Database, user: str, password: str = SECRET
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect as a role, and leave its own read-only default, which is no boundary."""
    with psycopg.connect(database.dsn(user, password), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        yield connection
