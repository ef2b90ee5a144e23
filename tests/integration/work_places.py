"""Places where work is queued and carried out, each with the queue that is under test."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import create_engine, event

from aegis_batch.adapters.outbound.dbos.engine import open_engine, prepare_engine_tables
from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
from aegis_batch.adapters.outbound.dbos.work_queue import DbosWorkQueue, QueueSettings
from aegis_batch.adapters.outbound.memory.clock import InMemoryClock
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import ServerLocation, StateLocation
from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.work_intake import WorkIntake
from aegis_batch.application.ports.work_queue import CLOSES, LANES, Lane, Work, WorkQueue
from tests.integration.state_servers import location_of
from tests.servers.ground import wait_until
from tests.servers.postgres import Database

if TYPE_CHECKING:
    from sqlalchemy import Engine

SETTLING_SECONDS = 30.0
ONE_A_LANE = dict.fromkeys(LANES, 1)


def work(
    work_id: str,
    *,
    lane: Lane = CLOSES,
    rank: int = 100,
    due_at: datetime | None = None,
) -> Work:
    """Return work whose run is named after it; due long ago unless said otherwise."""
    return Work(
        id=work_id,
        run_id=f"run-of-{work_id}",
        lane=lane,
        due_at=due_at or datetime(2026, 1, 1, tzinfo=UTC),
        rank=rank,
    )


class Performed:
    """What was carried out, in its order, as whoever carries it out would see it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._began: list[tuple[str, str, datetime]] = []

    def carry_out(self, run_id: str, work_id: str) -> None:
        """Write down what is to be done, and when."""
        with self._lock:
            self._began.append((run_id, work_id, datetime.now(UTC)))

    @property
    def ids(self) -> list[str]:
        """The ids of the work, in the order in which it was begun."""
        return [work_id for _, work_id, _ in self._began]

    @property
    def run_ids(self) -> list[str]:
        """The ids of the runs, in the same order."""
        return [run_id for run_id, _, _ in self._began]

    @property
    def counts(self) -> Counter[str]:
        """How often each work was begun."""
        return Counter(self.ids)

    def began_at(self, work_id: str) -> datetime:
        """Return when work was begun first."""
        return next(at for _, begun, at in self._began if begun == work_id)


class WorkPlace(Protocol):
    """A queue, the turns in which it is filled, and a way to let it come to rest."""

    @property
    def queue(self) -> WorkQueue:
        """The queue."""
        ...

    def turn(self) -> AbstractContextManager[WorkIntake]:
        """Open a turn: committed where it ends well, undone where it doesn't."""
        ...

    def settle(self) -> None:
        """Let all that is due be carried out."""
        ...

    def now(self) -> datetime:
        """Return the time by which work is due."""
        ...

    def begun_by_another(self, work_id: str) -> str:
        """Let another executor begin work that waits, and return its name."""
        ...


class DbosPlace:
    """DBOS over the database of a state, within turns of that state."""

    def __init__(self, location: StateLocation | ServerLocation, settings: QueueSettings) -> None:
        self._location = location
        self._database = StateDatabase(location)
        migrate(self._database)
        self.engine = open_engine(location.url)
        prepare_engine_tables(self.engine)
        self.desk = DbosIntakeDesk(self.engine)
        self.queue = DbosWorkQueue(self.engine, settings)
        self._state = SqlState(self._database, self.desk.intake_of)

    @property
    def file(self) -> Path:
        """The file that holds it all."""
        return self._database.file

    @contextmanager
    def turn(self) -> Iterator[WorkIntake]:
        """Open a turn of the real state, over connections of its own."""
        with self._state.turn() as turn:
            yield turn.work

    def settle(self) -> None:
        """Wait until no row waits that is due, and none is under way."""
        wait_until(self._is_settled, what="all work is done", timeout_seconds=SETTLING_SECONDS)

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)

    def begun_by_another(self, work_id: str) -> str:
        """Write into the row what the engine of another process would."""
        schema = "" if self.engine.dialect.name == "sqlite" else "dbos."
        begun = (
            f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = 'another',"
            f" owner_xid = 'token', recovery_attempts = 1 WHERE workflow_uuid = '{work_id}'"
        )
        with self.engine.begin() as connection:
            assert connection.exec_driver_sql(begun).rowcount == 1
        return "another"

    def rows(self, question: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the file itself."""
        connection = sqlite3.connect(self.file)
        try:
            return connection.execute(question, values).fetchall()
        finally:
            connection.close()

    def close(self) -> None:
        """Stop the queue where a test has not, and close every connection."""
        self.queue.stop(0)
        self._database.close()
        self.engine.dispose()

    def _is_settled(self) -> bool:
        now_ms = int(self.now().timestamp() * 1000)
        schema = "" if self.engine.dialect.name == "sqlite" else "dbos."
        question = (
            f"SELECT count(*) FROM {schema}workflow_status"
            " WHERE status IN ('ENQUEUED', 'PENDING')"
            f" OR status = 'DELAYED' AND delay_until_epoch_ms <= {now_ms}"
        )
        with self.engine.connect() as connection:
            return bool(connection.exec_driver_sql(question).scalar_one() == 0)


class InMemoryPlace:
    """The queue in memory, with a clock of its own, and the one who drives it."""

    def __init__(self) -> None:
        self.queue = InMemoryWorkQueue()
        self._clock = InMemoryClock(datetime(2026, 11, 22, 2, tzinfo=UTC))

    @contextmanager
    def turn(self) -> Iterator[WorkIntake]:
        """Open a turn over the queue's own log."""
        with self.queue.log.transaction():
            yield self.queue.intake

    def settle(self) -> None:
        """Carry out all that is due, one after the other, until nothing is."""
        while due := self.queue.due(self.now()):
            self.queue.take_due(self.now())
            for taken in due:
                self.queue.perform(taken)

    def now(self) -> datetime:
        """Return the time at which the clock stands."""
        return self._clock.now()

    def begun_by_another(self, work_id: str) -> str:
        """Take it as another process would."""
        intake = self.queue.intake
        with self.queue.log.transaction():
            intake.begun[work_id] = intake.queued.pop(work_id)
            intake.holder_of[work_id] = "another"
        return "another"

    def close(self) -> None:
        """Leave nothing behind."""


def state_engine(file: Path) -> "Engine":
    """Return connections as the state has them: each transaction begins with the write lock."""
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def leave_transactions_alone(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    return engine


def dbos_place(folder: Path) -> DbosPlace:
    """Return a place in a folder, with one at a time in each lane and little waiting."""
    settings = QueueSettings(executor="tester", concurrency=ONE_A_LANE, polling_seconds=0.05)
    return DbosPlace(StateLocation(folder / "state.sqlite3"), settings)


def server_place(database: Database) -> DbosPlace:
    """Return the same in a database on a server."""
    settings = QueueSettings(executor="tester", concurrency=ONE_A_LANE, polling_seconds=0.05)
    return DbosPlace(location_of(database), settings)


def reached(condition: Callable[[], bool], what: str) -> None:
    """Wait for what other threads or processes do."""
    wait_until(condition, what=what, timeout_seconds=SETTLING_SECONDS)
