"""Queues work as a part of the caller's transaction."""

import time
from collections.abc import Collection, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.dbos.errors import state_errors
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION, VERSION, WORKFLOW
from aegis_batch.application.ports.work_queue import Work

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions
    from sqlalchemy import Connection, Engine

__all__ = ["DbosIntakeDesk", "DbosWorkIntake"]

_MILLISECOND_SECONDS = 0.001


class DbosIntakeDesk:
    """Gives each transaction its intake; the library is loaded with the first work.

    Nothing is launched, so a command may use it beside a process that serves.
    """

    def __init__(self, engine: "Engine") -> None:
        """Take the engine's own connections, of which only the kind of database matters here."""
        self._engine = engine
        self._client: DBOSClient | None = None
        self._lock = Lock()

    def intake_of(self, connection: "Connection") -> "DbosWorkIntake":
        """Return the intake of the transaction that a connection is in."""
        return DbosWorkIntake(self, connection)

    @property
    def client(self) -> "DBOSClient":
        """The library's client, the same one for all."""
        with self._lock:
            if self._client is None:
                self._client = _client_over(self._engine)
            return self._client


class DbosWorkIntake:
    """Takes work within one transaction; whoever opened the transaction commits it.

    On SQLite the transaction must have begun with ``BEGIN IMMEDIATE``. The engine's tables must
    be there. Work that waits for its time is seen to be due at one polling of the queue and taken
    at the next, so it may begin that much after ``due_at``; never before.
    """

    def __init__(self, desk: DbosIntakeDesk, connection: "Connection") -> None:
        """Take where the client is, and the connection whose transaction it is."""
        self._desk = desk
        self._connection = connection

    def enqueue(self, work: Work) -> None:
        """Queue work; an id that is known already changes nothing.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": work.lane.name,
            "workflow_id": work.id,
            "app_version": VERSION,
            "priority": work.rank,
        }
        wait_seconds = work.due_at.timestamp() - time.time()
        if wait_seconds > 0:
            # The library cuts to whole milliseconds what it adds to the time: never too early.
            options["delay_seconds"] = wait_seconds + _MILLISECOND_SECONDS
        with state_errors():
            self._desk.client.enqueue_in_transaction(
                self._connection, options, work.run_id, work.id
            )

    def withdraw(self, work_id: str) -> None:
        """Take work back that has not begun; where it has, or is unknown, nothing happens.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        from aegis_batch.adapters.outbound.dbos.inside import withdraw  # noqa: PLC0415 - as below

        with state_errors():
            withdraw(self._connection, work_id)

    def holders(self) -> Collection[str]:
        """Return the names of the executors that have begun work and not ended it.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        from aegis_batch.adapters.outbound.dbos.inside import holders  # noqa: PLC0415 - as below

        with state_errors():
            return holders(self._connection)

    def take_back(self, executors: Collection[str]) -> Mapping[str, int]:
        """Queue again, in front, what executors have begun and not ended; return how many each.

        Raises ``StateUnavailable`` and ``StateMisfit``.
        """
        if not executors:
            return {}
        from aegis_batch.adapters.outbound.dbos.inside import take_back  # noqa: PLC0415 - as below

        with state_errors():
            return take_back(self._connection, executors)


def _client_over(engine: "Engine") -> "DBOSClient":
    from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415 - it costs half a second

    from aegis_batch.adapters.outbound.dbos.inside import be_silent, refuse_pickles  # noqa: PLC0415

    be_silent()
    refuse_pickles()
    return DBOSClient(
        system_database_engine=engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        # The caller's connection does all there is to do.
        lazy=True,
        retry_connection_errors=False,
    )
