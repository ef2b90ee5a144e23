"""The role that deploy/sql/readonly_role.sql makes, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from tests.integration.deploy.psql import run_script, run_script_with_answers
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
_numbers = count(1)


@pytest.fixture
def shop(database: Database) -> Database:
    """A database with two schemas of tables."""
    with database.connect() as connection:
        connection.execute(SHOP)
    return database


@pytest.fixture
def reader(database: Database) -> Iterator[str]:
    """The name of a role that isn't there yet, and is gone afterwards: roles span databases."""
    name = f'Reader "{next(_numbers)}"'
    yield name
    _drop_role(database, name)


@pytest.fixture
def owner(shop: Database) -> Iterator[str]:
    """A role as a provider gives it: it owns the database and makes roles, and is no superuser."""
    name = f"owner_{next(_numbers)}"
    with shop.connect() as connection:
        for statement in (
            "CREATE ROLE {0} LOGIN CREATEROLE PASSWORD 'owner'",
            "ALTER DATABASE {1} OWNER TO {0}",
            "ALTER TABLE public.orders OWNER TO {0}",
            "ALTER TABLE public.order_items OWNER TO {0}",
        ):
            _execute(connection, statement, name, shop.name)
    yield name
    with shop.connect() as connection:
        _execute(connection, "REASSIGN OWNED BY {0} TO postgres", name)
    _drop_role(shop, name)


def _execute(
    connection: psycopg.Connection[tuple[Any, ...]], statement: LiteralString, *names: str
) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _drop_role(database: Database, name: str) -> None:
    with database.connect() as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone():
            _execute(connection, "DROP OWNED BY {0}", name)
            _execute(connection, "DROP ROLE {0}", name)


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


def test_the_role_reads_orders_and_lines(shop: Database, reader: str) -> None:
    make(shop, reader)

    with connected(shop, reader) as connection:
        rows = connection.execute(
            "SELECT o.total, i.name FROM orders o JOIN order_items i ON i.order_id = o.id"
        ).fetchall()
    assert [(str(total), name) for total, name in rows] == [("10.50", "Soup")]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders VALUES (2, 1)",
        "INSERT INTO order_items VALUES (1, 'x')",
        "UPDATE orders SET total = 0",
        "DELETE FROM order_items",
        "MERGE INTO orders o USING (SELECT 1 AS id) n ON n.id = o.id WHEN MATCHED THEN DELETE",
        "TRUNCATE order_items",
        "COPY orders FROM STDIN",
        "COPY orders TO '/tmp/aegis-orders'",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "SELECT * FROM orders FOR UPDATE",
        "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE mine (id int)",
        "CREATE TABLE mine AS SELECT * FROM orders",
        "SELECT * INTO mine FROM orders",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE TEMP VIEW mine AS SELECT 1",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE mine",
        "CREATE INDEX ON orders (total)",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "CREATE EXTENSION hstore",
        "DROP TABLE order_items",
        "ALTER TABLE orders ADD COLUMN mine int",
        "ALTER ROLE postgres PASSWORD 'mine'",
        "GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
        "COMMENT ON TABLE orders IS 'mine'",
        "REFRESH MATERIALIZED VIEW pg_catalog.pg_class",
        "SELECT nextval('numbers')",
        "SELECT setval('numbers', 9)",
        "SELECT currval('numbers')",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "SET log_statement = 'none'",
        "SELECT pg_terminate_backend(1), pg_reload_conf()",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT * FROM customers",
        'SELECT * FROM "Sales".daily_reports',
        "SELECT rolpassword FROM pg_authid",
    ],
)
def test_every_statement_that_writes_or_reaches_further_is_refused(
    shop: Database, reader: str, statement: LiteralString
) -> None:
    make(shop, reader)

    # On some of these PostgreSQL has words of its own for "that is not yours".
    with connected(shop, reader) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(statement)
    assert caught.value.sqlstate == InsufficientPrivilege.sqlstate, caught.value


def test_the_role_starts_its_transactions_read_only(shop: Database, reader: str) -> None:
    make(shop, reader)

    with psycopg.connect(shop.dsn(reader, SECRET)) as connection:
        assert connection.execute("SHOW transaction_read_only").fetchone() == ("on",)


def test_running_the_script_again_mends_what_was_granted_since(shop: Database, reader: str) -> None:
    make(shop, reader)
    with shop.connect() as connection:
        _execute(connection, "GRANT ALL ON TABLE customers, orders TO {0}", reader)
        _execute(connection, "GRANT ALL ON SEQUENCE numbers TO {0}", reader)
        _execute(connection, "GRANT CREATE ON SCHEMA public TO {0}", reader)
        _execute(connection, "GRANT ALL ON DATABASE {1} TO {0}", reader, shop.name)

    make(shop, reader)

    for statement in (
        "DELETE FROM orders",
        "SELECT * FROM customers",
        "SELECT nextval('numbers')",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
    ):
        with connected(shop, reader) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


def test_other_schemas_tables_and_views_can_be_named(shop: Database, reader: str) -> None:
    make(
        shop,
        reader,
        schema="Sales",
        orders="Order Head",
        order_items="lines",
        daily_reports="daily_reports",
    )

    with connected(shop, reader) as connection:
        for table in ('"Order Head"', "lines", "daily_reports"):
            connection.execute(f'SELECT * FROM "Sales".{table}')
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT * FROM public.orders")


def test_an_owner_who_is_no_superuser_can_run_it(shop: Database, owner: str, reader: str) -> None:
    ended = run_script(
        shop.dsn(owner, "owner"),
        {"reader": reader, **GIVEN},
        {"AEGIS_READER_PASSWORD": SECRET},
    )

    assert ended.returncode == 0, ended.stderr
    with connected(shop, reader) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE mine (id int)")


def test_a_role_that_could_make_temporary_tables_still_can(
    shop: Database, owner: str, reader: str
) -> None:
    with shop.connect() as connection:
        _execute(connection, "ALTER DATABASE {0} OWNER TO postgres", shop.name)

    make(shop, reader)

    with psycopg.connect(shop.dsn(owner, "owner")) as connection:
        connection.execute("CREATE TEMP TABLE mine (id int)")


def test_a_database_where_everybody_may_create_in_public_is_closed_to_the_role(
    shop: Database, owner: str, reader: str
) -> None:
    with shop.connect() as connection:
        connection.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")

    make(shop, reader)

    with connected(shop, reader) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (id int)")
    with psycopg.connect(shop.dsn(owner, "owner")) as connection:
        connection.execute("CREATE TABLE public.theirs (id int)")
        connection.rollback()


def test_a_table_that_everybody_may_write_stops_the_script_and_undoes_it(
    shop: Database, reader: str
) -> None:
    with shop.connect() as connection:
        connection.execute("GRANT UPDATE (email) ON customers TO PUBLIC")

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode != 0
    assert "could still write to: customers" in ended.stderr
    with shop.connect() as connection:
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [reader])
        assert found.fetchone() is None


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        ("CREATE ROLE {0} SUPERUSER", "is a superuser"),
        ("CREATE ROLE {0} CREATEROLE BYPASSRLS", "may create roles, passes by row security"),
        ("CREATE ROLE {0} IN ROLE pg_write_all_data", "is a member of pg_write_all_data"),
        ("CREATE ROLE {0}; ALTER TABLE orders OWNER TO {0}", "owns 1 objects"),
    ],
)
def test_a_role_that_may_do_more_already_is_refused(
    shop: Database, reader: str, made: LiteralString, complaint: str
) -> None:
    with shop.connect() as connection:
        _execute(connection, made, reader)

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode != 0
    assert complaint in ended.stderr


def test_row_security_that_would_hide_orders_is_warned_of(shop: Database, reader: str) -> None:
    with shop.connect() as connection:
        connection.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode == 0, ended.stderr
    assert "Row security hides rows of orders" in ended.stderr


def test_the_password_can_be_typed_and_is_not_echoed(shop: Database, reader: str) -> None:
    status, seen = run_script_with_answers(
        shop.dsn(),
        {"reader": reader},
        [(f'Enter new password for user "{reader}": ', "typed"), ("Enter it again: ", "typed")],
    )

    assert status == 0, seen
    assert "typed" not in seen
    with connected(shop, reader, "typed") as connection:
        connection.execute("SELECT 1 FROM orders")


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"password": "environment"}, "AEGIS_READER_PASSWORD is empty or not set"),
        ({"password": "hunter2"}, "password must be ask, environment or keep"),
    ],
)
def test_a_password_given_in_any_other_way_changes_nothing(
    shop: Database, reader: str, variables: dict[str, str], complaint: str
) -> None:
    ended = run_script(shop.dsn(), {"reader": reader, **variables})

    assert ended.returncode != 0
    assert complaint in ended.stderr
    assert "hunter2" not in ended.stdout + ended.stderr
    with shop.connect() as connection:
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [reader])
        assert found.fetchone() is None


def test_the_password_stands_in_no_output(shop: Database, reader: str) -> None:
    ended = run_script(
        shop.dsn(), {"reader": reader, **GIVEN}, {"AEGIS_READER_PASSWORD": "canary-5ecret"}
    )

    assert ended.returncode == 0, ended.stderr
    assert "canary-5ecret" not in ended.stdout + ended.stderr
    said = "may read public.orders and public.order_items, and nothing else.\n"
    assert ended.stdout.endswith(said)
