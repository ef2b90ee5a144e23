"""All that the program knows of the inside of DBOS 3.4.0, beside ``looking.py``.

The library's public interface lacks what is done here: to create its tables over connections of
ours, to hand rows back in one guarded statement, to withdraw within a transaction of ours, to tell
states without reading what the rows hold, to take from queues that come later, to stop taking work
while what is under way goes on, to refuse pickles, to be silent, and to be calm.
``tests/integration/test_engine_inside.py`` holds each of these; a new version of the library must
pass it.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, NoReturn

from dbos import DBOS, DBOSPortableJSONSerializer, _migration, _workflow_commands
from dbos._serialization import DefaultSerializer
from dbos._sys_db import SystemDatabase
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    TableClause,
    and_,
    column,
    or_,
    select,
    table,
    update,
)

from aegis_batch.adapters.outbound.dbos.errors import locked
from aegis_batch.adapters.outbound.dbos.looking import wake_all
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION, VERSION
from aegis_batch.adapters.postgresql.pooling import BEGIN
from aegis_batch.application.ports.work_queue import CLOSES, LANES, Lane

__all__ = [
    "alive_among",
    "be_calm",
    "be_silent",
    "claimed_by",
    "hand_back",
    "holders",
    "lanes_of_queues",
    "listen_to",
    "migrate",
    "refuse_pickles",
    "stop_taking",
    "take_back",
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
# Any number will do that no other program picks for its locks in the same database.
_TRY_TO_LOCK = f"SELECT pg_catalog.pg_try_advisory_xact_lock({0x41454749_5344424F})"
# Others wait meanwhile, and an index may take its time.
_MIGRATION_SECONDS = 120.0
_WHILE_MIGRATING = "SET LOCAL idle_in_transaction_session_timeout = 600000"
_LOOK_SECONDS = 0.1


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
        if engine.dialect.name == "sqlite":
            database.run_migrations()
        else:
            _migrate_on_a_server(engine)
    finally:
        database.destroy()


def _migrate_on_a_server(engine: Engine) -> None:
    deadline_seconds = time.monotonic() + _MIGRATION_SECONDS
    never = threading.Event()
    while not _migrated_alone(engine):
        if time.monotonic() >= deadline_seconds:
            raise locked()
        never.wait(_LOOK_SECONDS)


def _migrated_alone(engine: Engine) -> bool:
    """Migrate, unless somebody else is just doing so."""
    # The library's own lock belongs to a session, which a pooler in transaction mode deals out anew
    # with each statement. This one ends with the transaction, whose connection does nothing else.
    # Nobody waits within a statement, and there are no parameters: either way the server would keep
    # a view of the data for it, and an index that is made meanwhile would wait for that for ever.
    with engine.connect() as connection:
        connection.execution_options(**{BEGIN: _WHILE_MIGRATING})
        with connection.begin():
            is_alone = bool(connection.exec_driver_sql(_TRY_TO_LOCK).scalar_one())
            if is_alone and _migration.should_migrate(engine, _SCHEMA, False):  # noqa: FBT003 - the library's
                _migration.ensure_dbos_schema(engine, _SCHEMA)
                _migration.run_dbos_migrations(engine, _SCHEMA, False)  # noqa: FBT003 - the same
    return is_alone


def hand_back(engine: Engine, executor: str | None) -> list[str]:
    """Queue again what an executor has begun and not ended, in front; ``None`` for any executor.

    Returns the ids.
    """
    executors = None if executor is None else [executor]
    with engine.begin() as connection:
        return [work_id for work_id, _ in _queue_again(connection, executors)]


def take_back(connection: Connection, executors: Collection[str]) -> dict[str, int]:
    """Queue again what executors have begun and not ended, as a part of the caller's transaction.

    Returns how much of each.
    """
    return Counter(executor for _, executor in _queue_again(connection, sorted(executors)))


def _queue_again(connection: Connection, executors: list[str] | None) -> list[tuple[str, str]]:
    """Queue again what executors are at, in front; return the ids, and who was at each.

    One statement, so that a row is either handed back or its end is written: an executor that is
    still at it no longer owns the row, and its end will be discarded.
    """
    rows = _rows(connection)
    begun = [rows.c.status == "PENDING", rows.c.application_name == APPLICATION]
    if executors is not None:
        begun.append(rows.c.executor_id.in_(executors))
    statement = (
        update(rows)
        .where(*begun)
        .values(
            status="ENQUEUED",
            owner_xid=None,
            started_at_epoch_ms=None,
            priority=_FIRST_PRIORITY,
            updated_at=_now_ms(),
        )
        .returning(rows.c.workflow_uuid, rows.c.executor_id)
    )
    return [(row[0], row[1]) for row in connection.execute(statement)]


def holders(connection: Connection) -> set[str]:
    """Return the executors that have begun work and not ended it."""
    rows = _rows(connection)
    statement = (
        select(rows.c.executor_id)
        .where(rows.c.status == "PENDING", rows.c.application_name == APPLICATION)
        .distinct()
    )
    return set(connection.scalars(statement))


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
    engine: Engine,
    work_ids: Collection[str],
    stranded_with: str | None,
    stranded_before_ms: int,
    lanes: Collection[Lane] | None = None,
) -> set[str]:
    """Return those of the ids that wait or are under way, by what their rows say.

    Of lanes of tenants' queues those in ``lanes`` alone, if it is given.

    Not so those that no queue of ours would ever take, and those that the executor
    ``stranded_with`` took before a time and does nothing with; the caller has left out those that
    it does something with.
    """
    rows = _rows(engine)
    waiting = and_(
        rows.c.status.in_(("ENQUEUED", "DELAYED")),
        rows.c.application_name == APPLICATION,
        rows.c.application_version == VERSION,
        or_(rows.c.queue_name.in_([lane.name for lane in LANES]), _is_of_queue(rows, lanes)),
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


def _is_of_queue(rows: TableClause, lanes: Collection[Lane] | None) -> ColumnElement[bool]:
    if lanes is None:
        return rows.c.queue_name.like(f"{CLOSES.name}@%")
    return rows.c.queue_name.in_([lane.name for lane in lanes])


def lanes_of_queues(engine: Engine, library: DBOS) -> list[Lane]:
    """Return the lanes of tenants' queues: those that have work which waits, then those known."""
    rows = _rows(engine)
    statement = (
        select(rows.c.queue_name)
        .where(
            rows.c.status.in_(("ENQUEUED", "DELAYED")),
            rows.c.application_name == APPLICATION,
            rows.c.queue_name.like(f"{CLOSES.name}@%"),
        )
        .distinct()
    )
    with engine.connect() as connection:
        waiting = sorted(connection.scalars(statement))
    known = library._sys_db.list_queues(application_name=APPLICATION)  # noqa: SLF001 - see the module
    names = dict.fromkeys([*waiting, *sorted(queue.name for queue in known)])
    return [lane for lane in map(Lane, names) if lane.is_of_a_queue]


def listen_to(library: DBOS, lane: Lane) -> None:
    """Take work from one more queue; the library looks which ones there are each second."""
    listening = library._listening_queues  # noqa: SLF001 - see the module
    assert listening is not None  # noqa: S101 - it was launched with some
    if lane.name not in listening:
        listening.append(lane.name)


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
    wake_all(library)
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
