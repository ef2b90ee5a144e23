"""Reading while others write, and while the server dies, sleeps, hangs or takes its time."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from aegis_batch.domain.errors import OrdersUnreachable
from tests.integration.orders_shop import (
    REVENUE,
    Statements,
    reader_of,
    run_sql,
    totals_of,
    watched_statements,
)
from tests.servers.ground import wait_until
from tests.servers.postgres import Database

Connection = psycopg.Connection[Any]


@pytest.fixture
def statements() -> Iterator[Statements]:
    """The statements of the test's readers."""
    with watched_statements() as watched:
        yield watched


@pytest.fixture
def elapsed() -> "Elapsed":
    """A clock that starts with the test's body."""
    return Elapsed()


class Elapsed:
    """Tells the seconds since its start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._start


def _terminate(shop: Database) -> Any:  # noqa: ANN401 - given on as it is
    def act(connection: Connection) -> None:
        with shop.connect() as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])

    return act


def test_what_others_commit_while_a_read_runs_changes_nothing(
    shop: Database, statements: Statements
) -> None:
    reader = reader_of(shop.dsn())

    def disturb(_connection: Connection) -> None:
        run_sql(
            shop,
            "INSERT INTO orders VALUES (4, '2026-11-21T15:00-03:00', 100)",
            "INSERT INTO order_items VALUES (4, 'Cake', 1, 100), (1, 'Cake', 5, 1)",
            "UPDATE orders SET total = 0 WHERE id = 1",
            "DELETE FROM order_items WHERE order_id = 2",
        )

    statements.after(1, disturb)
    during = totals_of(reader)
    after = totals_of(reader)

    assert (during.orders, during.lines, during.revenue) == (2, 2, REVENUE)
    assert during.items == {"Soup": 2, "Tea": 1}
    assert during.tallies == {}
    assert after.orders == 3
    assert after.items == {"Soup": 2, "Cake": 6}


def test_a_column_that_is_dropped_while_a_read_runs_is_named_as_missing(
    shop: Database, statements: Statements
) -> None:
    statements.after(1, lambda _: run_sql(shop, "ALTER TABLE orders DROP COLUMN total"))

    with pytest.raises(Exception, match="column is missing") as caught:
        totals_of(reader_of(shop.dsn()))

    assert getattr(caught.value, "code", None) == "missing_column"


def test_a_terminated_connection_restarts_the_whole_read(
    shop: Database, statements: Statements
) -> None:
    statements.after(1, _terminate(shop))

    assert totals_of(reader_of(shop.dsn())).revenue == REVENUE
    # The first of two statements, and then both again.
    assert statements.count == 3


def test_a_read_that_breaks_off_each_time_ends_after_three(
    shop: Database, statements: Statements
) -> None:
    for number in (1, 2, 3, 4):
        statements.after(number, _terminate(shop))

    with pytest.raises(OrdersUnreachable) as caught:
        totals_of(reader_of(shop.dsn()))

    assert caught.value.code == "read_broke_off"
    assert statements.count == 3


def test_a_killed_server_that_comes_back_in_time_is_read_from_the_start(
    shop: Database, statements: Statements
) -> None:
    restart = threading.Thread(target=shop.server.start)

    def kill(_connection: Connection) -> None:
        shop.server.kill()
        restart.start()

    statements.after(1, kill)
    read = totals_of(reader_of(shop.dsn()))
    restart.join()

    assert read.revenue == REVENUE


def test_a_server_that_wakes_up_in_time_is_waited_for(shop: Database) -> None:
    shop.server.stop()
    start = threading.Thread(target=shop.server.start)
    start.start()

    assert totals_of(reader_of(shop.dsn())).revenue == REVENUE
    start.join()


def test_a_server_that_is_away_is_tried_for_the_time_set_and_no_longer(
    shop: Database, elapsed: Elapsed
) -> None:
    shop.server.stop()

    with pytest.raises(OrdersUnreachable) as caught:
        totals_of(reader_of(shop.dsn(), connect_seconds=1))

    assert caught.value.code == "database_unreachable"
    assert 1 <= elapsed.seconds < 4


def test_a_server_frozen_before_a_read_ends_it_within_the_time_set(
    shop: Database, elapsed: Elapsed
) -> None:
    shop.server.freeze()

    with pytest.raises(OrdersUnreachable) as caught:
        totals_of(reader_of(shop.dsn(), connect_seconds=1))

    assert caught.value.code == "database_unreachable"
    assert elapsed.seconds < 8


def test_a_server_frozen_in_the_middle_of_a_read_ends_it_within_the_time_set(
    shop: Database, statements: Statements, elapsed: Elapsed
) -> None:
    reader = reader_of(shop.dsn(), statement_timeout_seconds=0.5, silence_grace_seconds=0.5)
    statements.after(1, lambda _: shop.server.freeze())

    with pytest.raises(OrdersUnreachable) as caught:
        totals_of(reader)

    assert caught.value.code == "database_silent"
    assert elapsed.seconds < 5


def test_a_server_frozen_after_the_last_statement_takes_nothing_back(
    shop: Database, statements: Statements, elapsed: Elapsed
) -> None:
    reader = reader_of(shop.dsn(), silence_grace_seconds=0.5)
    statements.after(2, lambda _: shop.server.freeze())

    assert totals_of(reader).revenue == REVENUE
    assert elapsed.seconds < 10


def test_a_statement_that_takes_too_long_is_ended_and_not_started_again(
    shop: Database, statements: Statements, elapsed: Elapsed
) -> None:
    with shop.connect() as other, other.transaction():
        other.execute("LOCK TABLE order_items")
        with pytest.raises(OrdersUnreachable) as caught:
            totals_of(reader_of(shop.dsn(), statement_timeout_seconds=0.3))

    assert caught.value.code == "statement_timeout"
    assert "AEGIS_DB_STATEMENT_TIMEOUT_SECONDS" in caught.value.remedy
    assert statements.count == 1
    assert elapsed.seconds < 5


def test_a_read_leaves_no_connection_behind(shop: Database) -> None:
    totals_of(reader_of(shop.dsn()))

    with shop.connect() as connection:
        wait_until(
            lambda: (
                connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'aegis-batch'"
                ).fetchone()
                is None
            ),
            what="the reader's connection to be gone",
            timeout_seconds=10,
        )


def test_a_read_runs_in_a_transaction_that_can_not_write_and_keeps_no_state(
    shop: Database, statements: Statements
) -> None:
    seen: dict[str, Any] = {}

    def look(connection: Connection) -> None:
        for name in (
            *("transaction_read_only", "transaction_isolation", "statement_timeout"),
            *("application_name", "client_encoding", "extra_float_digits"),
        ):
            (seen[name],) = connection.execute(f"SHOW {name}".encode()).fetchone() or (None,)
        (seen["prepared"],) = connection.execute(
            "SELECT count(*) FROM pg_prepared_statements"
        ).fetchone() or (None,)
        seen["prepare_threshold"] = connection.prepare_threshold
        with connection.cursor() as cursor, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            cursor.execute("CREATE TABLE written (id int)")

    # After the last statement, since the attempt to write ends the transaction.
    statements.after(2, look)
    totals_of(reader_of(shop.dsn(), statement_timeout_seconds=7))

    assert seen == {
        "transaction_read_only": "on",
        "transaction_isolation": "repeatable read",
        "statement_timeout": "7s",
        "application_name": "aegis-batch",
        "client_encoding": "UTF8",
        "extra_float_digits": "1",
        "prepared": 0,
        # With one, a pooler in transaction mode would hand statements to the wrong session.
        "prepare_threshold": None,
    }
