"""Making the role: what stops the script, and how it comes by the password."""

from typing import LiteralString

import pytest

from tests.integration.deploy.psql import run_script, run_script_with_answers
from tests.integration.deploy.role import GIVEN, KEEP, connected, execute
from tests.servers.postgres import Database


@pytest.mark.parametrize(
    ("granted", "complaint"),
    [
        ("GRANT UPDATE (email) ON customers TO PUBLIC", "could still write to: customers"),
        ("GRANT TRIGGER ON customers TO PUBLIC", "could still write to: customers"),
        ("GRANT USAGE ON SEQUENCE numbers TO PUBLIC", "could still write to: numbers"),
        ("GRANT UPDATE ON SEQUENCE numbers TO PUBLIC", "could still write to: numbers"),
        (
            "CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO PUBLIC",
            "could still create in: other",
        ),
    ],
)
def test_what_everybody_may_write_stops_the_script_and_undoes_it(
    shop: Database, reader: str, granted: LiteralString, complaint: str
) -> None:
    with shop.connect() as connection:
        connection.execute(granted)

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode != 0
    assert complaint in ended.stderr
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
        execute(connection, made, reader)

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode != 0
    assert complaint in ended.stderr


@pytest.mark.parametrize(
    "granted",
    ["GRANT SELECT ON customers TO PUBLIC", "GRANT SELECT (email) ON customers TO PUBLIC"],
)
def test_what_else_everybody_may_read_is_warned_of(
    shop: Database, reader: str, granted: LiteralString
) -> None:
    with shop.connect() as connection:
        connection.execute(granted)

    ended = run_script(shop.dsn(), {"reader": reader, **KEEP})

    assert ended.returncode == 0, ended.stderr
    assert "may read more, as every role may: customers." in ended.stderr


def test_what_the_role_is_made_for_is_not_warned_of(shop: Database, reader: str) -> None:
    names = {"schema": "Sales", "orders": "Order Head", "order_items": "lines"}

    ended = run_script(
        shop.dsn(), {"reader": reader, **KEEP, **names, "daily_reports": "daily_reports"}
    )

    assert (ended.returncode, ended.stderr) == (0, "")


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
    said = "may read public.orders and public.order_items, and write to no table.\n"
    assert ended.stdout.endswith(said)
