"""What every inbox of events promises."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aegis_batch.adapters.outbound.memory.event_inbox import InMemoryEventInbox
from aegis_batch.adapters.outbound.postgres.database import OrdersDatabase
from aegis_batch.adapters.outbound.postgres.database_url import parse_database_url
from aegis_batch.adapters.outbound.postgres.event_inbox import PostgresEventInbox
from aegis_batch.application.ports.event_inbox import EventInbox, InboxRow
from aegis_batch.domain.errors import InboxUnreadable
from aegis_batch.domain.job_event import JobEvent
from tests.servers.postgres import Database

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
_DDL = (Path(__file__).parents[3] / "deploy" / "sql" / "event_inbox.sql").read_text()
_INSERT = "INSERT INTO job_events (id, type, tenant, at, data) VALUES (%s, %s, %s, %s, %s)"
ROWS = [
    InboxRow(1, JobEvent("a", "TenantCreated", "north", AT)),
    InboxRow(2, JobEvent("b", "OrderCorrected", "south", AT, '{"date":"2026-11-21"}')),
    InboxRow(3, JobEvent("c", "OrderCorrected", "north", AT)),
]


def inbox_of(database: Database, table: str = "job_events") -> PostgresEventInbox:
    """Return the inbox in a database."""
    orders = OrdersDatabase(parse_database_url(database.dsn()), connect_seconds=2.0)
    return PostgresEventInbox(orders, table, None)


@pytest.fixture(params=["memory", "postgresql"])
def inbox(request: pytest.FixtureRequest) -> EventInbox:
    """An inbox with three rows."""
    if request.param == "memory":
        return InMemoryEventInbox(ROWS)
    database: Database = request.getfixturevalue("database")
    with database.connect() as connection:
        connection.execute(_DDL)
        for row in ROWS:
            event = row.event
            assert event is not None
            values = (event.id, event.type, event.tenant, event.at, event.data)
            connection.execute(_INSERT, values)
    return inbox_of(database)


def test_rows_come_in_the_order_of_their_numbers_behind_one(inbox: EventInbox) -> None:
    assert list(inbox.read(0, 9)) == ROWS
    assert list(inbox.read(0, 2)) == ROWS[:2]
    assert list(inbox.read(2, 9)) == ROWS[2:]
    assert list(inbox.read(3, 9)) == []


def test_a_row_that_holds_no_event_says_so(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(_DDL)
        connection.execute(_INSERT, ("no id", "T", "north", AT, "{}"))
        connection.execute(_INSERT, ("a", "T", None, AT, "{}"))
        connection.execute(_INSERT, ("a", "T", "north", AT, '{"password":"x"}'))
        connection.execute(_INSERT, ("a", "T", "north", AT, "[]"))
        connection.execute(_INSERT, ("a", "T", "north", AT, '{"x":"' + "y" * 200_000 + '"}'))

    rows = inbox_of(database).read(0, 9)

    assert [(row.event, row.fault) for row in rows] == [
        (None, "it is no id: 1 to 200 printable ASCII characters without a blank"),
        (None, "its tenant is none"),
        (None, "its data seems to hold a secret, at password"),
        (None, "its data is no JSON object"),
        (None, "its data is over 65,536 bytes"),
    ]


def test_a_row_whose_transaction_goes_on_is_before_the_horizon(database: Database) -> None:
    with database.connect() as connection:
        connection.execute(_DDL)
    inbox = inbox_of(database)
    with database.connect() as late, database.connect() as early:
        late.execute("BEGIN")
        late.execute(_INSERT, ("a", "T", "north", AT, "{}"))
        early.execute(_INSERT, ("b", "T", "north", AT, "{}"))
        seen = [row.number for row in inbox.read(0, 9)]
        horizon = inbox.horizon()
        again = inbox.horizon()
        late.execute("COMMIT")
        ended = inbox.horizon()

    assert seen == [2]
    assert again.oldest_open < horizon.next
    assert ended.oldest_open >= horizon.next
    assert [row.number for row in inbox.read(0, 9)] == [1, 2]


def test_a_table_that_is_not_there_can_not_be_read(database: Database) -> None:
    with pytest.raises(InboxUnreadable) as caught:
        inbox_of(database, "nowhere").read(0, 9)
    assert caught.value.code == "inbox_unreadable"
