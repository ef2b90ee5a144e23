"""The role that deploy/sql/readonly_role.sql makes, on a real PostgreSQL."""

from typing import LiteralString

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from aegis_batch.application.checks.rights import rights_checks
from aegis_batch.domain.checkup import Verdict
from tests.integration.contract.test_orders_inspector import inspector_at
from tests.integration.deploy.psql import run_script
from tests.integration.deploy.role import GIVEN, SECRET, connected, execute, make
from tests.servers.postgres import Database


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


def test_doctor_finds_nothing_to_take_from_the_role_until_something_is_granted(
    shop: Database, reader: str
) -> None:
    make(shop, reader)
    inspector = inspector_at(shop.dsn(reader, SECRET))
    assert [check.verdict for check in rights_checks(inspector.rights())] == [Verdict.OK]

    for statement in (
        "GRANT UPDATE (email) ON customers TO PUBLIC",
        "GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
        "CREATE SCHEMA other; GRANT CREATE ON SCHEMA other TO PUBLIC",
    ):
        with shop.connect() as connection:
            connection.execute(statement)
        assert Verdict.WARN in {check.verdict for check in rights_checks(inspector.rights())}
        make_again = run_script(shop.dsn(), {"reader": reader, "password": "keep"})
        assert make_again.returncode != 0
        with shop.connect() as connection:
            connection.execute("REVOKE ALL ON customers FROM PUBLIC")
            connection.execute("REVOKE ALL ON SEQUENCE numbers FROM PUBLIC")


def test_running_the_script_again_mends_what_was_granted_since(shop: Database, reader: str) -> None:
    make(shop, reader)
    with shop.connect() as connection:
        connection.execute("CREATE FUNCTION secret_sum(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
        execute(connection, "GRANT ALL ON TABLE customers, orders TO {0}", reader)
        execute(connection, "GRANT ALL ON SEQUENCE numbers TO {0}", reader)
        execute(connection, "GRANT CREATE ON SCHEMA public TO {0}", reader)
        execute(connection, "REVOKE ALL ON ROUTINE secret_sum(int) FROM PUBLIC")
        execute(connection, "GRANT ALL ON ROUTINE secret_sum(int) TO {0}", reader)
        execute(connection, "GRANT ALL ON DATABASE {1} TO {0}", reader, shop.name)

    make(shop, reader)

    for statement in (
        "DELETE FROM orders",
        "SELECT * FROM customers",
        "SELECT secret_sum(1)",
        "SELECT nextval('numbers')",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
    ):
        with connected(shop, reader) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


def test_a_column_that_was_granted_alone_is_taken_too(shop: Database, reader: str) -> None:
    make(shop, reader)
    with shop.connect() as connection:
        execute(connection, "GRANT SELECT (email) ON TABLE customers TO {0}", reader)

    make(shop, reader)

    with connected(shop, reader) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute("SELECT email FROM customers")


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
        execute(connection, "ALTER DATABASE {0} OWNER TO postgres", shop.name)

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
