"""All that the program knows of the inside of DBOS 3.4.0, in one place.

The library's public interface lacks what is done here: to create its tables over connections of
ours, to hand rows back in one guarded statement, to withdraw within a transaction of ours, to tell
states without reading what the rows hold, to stop taking work while what is under way goes on, to
refuse pickles, to be silent, and to be calm. ``tests/integration/test_engine_inside.py`` holds each
of these; a new version of the library must pass it.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NoReturn

from dbos import DBOS, DBOSPortableJSONSerializer, _workflow_commands
from dbos._serialization import DefaultSerializer
from dbos._sys_db import SystemDatabase
from sqlalchemy import Connection, Engine, TableClause, and_, column, or_, select, table, update

from aegis_batch.adapters.outbound.dbos.naming import APPLICATION, VERSION
from aegis_batch.application.ports.work_queue import Lane

__all__ = [
    "alive_among",
    "be_calm",
    "be_silent",
    "claimed_by",
    "hand_back",
    "migrate",
    "refuse_pickles",
    "stop_taking",
    "under_way",
    "withdraw",
]

# Where the library keeps its tables on PostgreSQL; SQLite has no schemas.
_SCHEMA = "dbos"
_QUEUE_THREAD = "(queue_thread)"
# Below every rank: what was begun comes before what was not.
_FIRST_PRIORITY = 0
_IDS_A_QUESTION = 500
_NEVER_SECONDS = 86_400.0


def migrate(engine: Engine) -> None:
    """Create the library's tables, or bring them up to date, over connections of ours."""
    be_silent()
    database = SystemDatabase.create(
        # Only its beginning is looked at, where there is an engine.
        system_database_url=f"{engine.dialect.name}://",
        engine_kwargs={},
        engine=engine,
        schema=_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=None,
        use_listen_notify=False,
    )
    try:
        database.run_migrations()
    finally:
        database.destroy()


def hand_back(engine: Engine, executor: str | None) -> list[str]:
    """Queue again what an executor has begun and not ended, in front; ``None`` for any executor.

    Returns the ids. One statement, so that a row is either handed back or its end is written: an
    executor that is still at it no longer owns the row, and its end will be discarded.
    """
    rows = _rows(engine)
    guard = [rows.c.status == "PENDING", rows.c.application_name == APPLICATION]
    if executor is not None:
        guard.append(rows.c.executor_id == executor)
    statement = (
        update(rows)
        .where(*guard)
        .values(
            status="ENQUEUED",
            owner_xid=None,
            started_at_epoch_ms=None,
            priority=_FIRST_PRIORITY,
            updated_at=_now_ms(),
        )
        .returning(rows.c.workflow_uuid)
    )
    with engine.begin() as connection:
        return list(connection.scalars(statement))


def withdraw(connection: Connection, work_id: str) -> None:
    """End work that has never been begun, as a part of the caller's transaction."""
    rows = _rows(connection)
    now_ms = _now_ms()
    connection.execute(
        update(rows)
        .where(
            rows.c.workflow_uuid == work_id,
            rows.c.status.in_(("ENQUEUED", "DELAYED")),
            # Counts how often a row was taken; what a crash broke off is queued again.
            rows.c.recovery_attempts == 0,
        )
        .values(status="CANCELLED", queue_name=None, updated_at=now_ms, completed_at=now_ms)
    )


def alive_among(
    engine: Engine, work_ids: Collection[str], stranded_with: str | None, stranded_before_ms: int
) -> set[str]:
    """Return those of the ids that wait or are under way, by what their rows say.

    Not so those that no queue of ours would ever take, and those that the executor
    ``stranded_with`` took before a time and does nothing with; the caller has left out those that
    it does something with.
    """
    rows = _rows(engine)
    waiting = and_(
        rows.c.status.in_(("ENQUEUED", "DELAYED")),
        rows.c.application_name == APPLICATION,
        rows.c.application_version == VERSION,
        rows.c.queue_name.in_([lane.value for lane in Lane]),
    )
    begun = rows.c.status == "PENDING"
    if stranded_with is not None:
        begun &= or_(
            rows.c.executor_id != stranded_with, rows.c.started_at_epoch_ms >= stranded_before_ms
        )
    found: set[str] = set()
    with engine.connect() as connection:
        for ids in _batches(work_ids):
            statement = select(rows.c.workflow_uuid).where(
                rows.c.workflow_uuid.in_(ids), or_(waiting, begun)
            )
            found.update(connection.scalars(statement))
    return found


def claimed_by(engine: Engine, executor: str) -> set[str]:
    """Return the ids of what an executor has taken and not ended, by what their rows say."""
    rows = _rows(engine)
    statement = select(rows.c.workflow_uuid).where(
        rows.c.status == "PENDING",
        rows.c.application_name == APPLICATION,
        rows.c.executor_id == executor,
    )
    with engine.connect() as connection:
        return set(connection.scalars(statement))


def under_way(library: DBOS) -> set[str]:
    """Return the ids of what this process is at, up to the moment when the end is written."""
    return set(library._active_workflows_set.activeList())  # noqa: SLF001 - see the module


def stop_taking(library: DBOS, patience_seconds: float) -> None:
    """Take nothing from the queues any more, and wait so long for who is just taking something."""
    for stop in library.background_thread_stop_events:
        stop.set()
    # The one thread that waits for all those that take work. They are not waited for here, too:
    # before Python 3.13 two threads that wait for the same third one can break on an assertion.
    for thread in threading.enumerate():
        if _QUEUE_THREAD in thread.name:
            thread.join(patience_seconds)


def refuse_pickles() -> None:
    """Let nothing in the database be unpickled: whoever can write a row could run code."""

    def refuse(_: object, __: str) -> NoReturn:
        raise TypeError("pickled data is refused")

    DefaultSerializer.deserialize = refuse  # type: ignore[method-assign,assignment]


def be_silent() -> None:
    """Let the library write no log: its lines hold drivers' messages, and go to the console."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    if not logger.handlers:
        # It sets up a console where it finds no handler.
        logger.addHandler(logging.NullHandler())


def be_calm(library: DBOS, polling_seconds: float) -> None:
    """Look for work that has become due as often as for work; before the library is launched.

    It would look each second, and as often into a queue of its own that nothing of ours enters.
    """
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = polling_seconds  # noqa: SLF001 - see the module
    unused = library._registry.get_internal_queue()  # noqa: SLF001 - the same
    unused._polling_interval_sec = _NEVER_SECONDS  # noqa: SLF001 - the same


def _rows(database: Engine | Connection) -> TableClause:
    columns = (
        "workflow_uuid status executor_id owner_xid application_name application_version queue_name"
        " priority recovery_attempts started_at_epoch_ms updated_at completed_at"
    )
    schema = None if database.dialect.name == "sqlite" else _SCHEMA
    named: list[Any] = [column(name) for name in columns.split()]
    return table("workflow_status", *named, schema=schema)


def _batches(ids: Collection[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, _IDS_A_QUESTION)):
        yield batch


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
