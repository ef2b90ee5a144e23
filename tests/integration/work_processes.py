"""Processes that queue work and carry it out, to be killed, stopped and started again."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from aegis_batch.adapters.outbound.dbos.engine import open_engine
from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk
from aegis_batch.adapters.outbound.dbos.work_queue import DbosWorkQueue, QueueSettings
from aegis_batch.adapters.outbound.state.location import StateLocation
from tests.integration.work_places import ONE_A_LANE, reached, state_engine, work

_BLOCK_SECONDS = 120.0


@dataclass(frozen=True)
class Serving:
    """What a serving process does: who it is, what it holds on to, and how it stops.

    Work whose id starts with ``slow`` is held on to until the process ends where ``holds`` is
    set. After SIGTERM the process drains for ``drain_seconds``, writes down what it handed back,
    lets go of what it held, and ends when that has returned too.
    """

    executor: str = "tester"
    holds: bool = False
    drain_seconds: float = 0.2


def context() -> ForkServerContext:
    """Return how processes are made: from one that has loaded the library already."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(["dbos", __name__])
    return made


@contextmanager
def serving(file: Path, how: Serving) -> Iterator[ForkServerProcess]:
    """Run a process that serves a state file; it is killed at the end, if it still lives."""
    process = context().Process(target=_serve, args=(file, how))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(_BLOCK_SECONDS)


def lines(file: Path, kind: str) -> list[str]:
    """Return what processes wrote down of a kind: ``began``, ``ended``, ``back``."""
    journal = file.with_suffix(".journal")
    written = journal.read_text().splitlines() if journal.exists() else []
    return [line.partition(" ")[2] for line in written if line.startswith(f"{kind} ")]


def wait_for_lines(file: Path, kind: str, count: int) -> list[str]:
    """Wait until processes have written down so much of a kind."""
    reached(lambda: len(lines(file, kind)) >= count, f"{count} times {kind!r}")
    return lines(file, kind)


def queue_in_a_process(file: Path, work_ids: list[str]) -> None:
    """Queue work from a process that launches nothing."""
    process = context().Process(target=_queue, args=(file, work_ids))
    process.start()
    process.join(_BLOCK_SECONDS)
    assert process.exitcode == 0


def keep_queueing(file: Path, prefix: str) -> ForkServerProcess:
    """Start a process that writes rows of its own and work, both in one turn, until killed."""
    process = context().Process(target=_keep_queueing, args=(file, prefix))
    process.start()
    return process


def _serve(file: Path, how: Serving) -> None:
    let_go, stop = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def carry_out(_: str, work_id: str) -> None:
        _write(file, f"began {work_id} {how.executor}")
        if how.holds and work_id.startswith("slow"):
            let_go.wait(_BLOCK_SECONDS)
        _write(file, f"ended {work_id} {how.executor}")

    settings = QueueSettings(executor=how.executor, concurrency=ONE_A_LANE, polling_seconds=0.05)
    queue = DbosWorkQueue(open_engine(StateLocation(file).url), settings)
    queue.start(carry_out)
    _write(file, "serving now")
    stop.wait(_BLOCK_SECONDS)
    handed_back = queue.stop(how.drain_seconds)
    let_go.set()
    if handed_back:
        reached(lambda: len(lines(file, "ended")) > 0, "what was held has ended")
    _write(file, f"back {' '.join(sorted(handed_back))}")
    os._exit(0)


def _queue(file: Path, work_ids: list[str]) -> None:
    desk = DbosIntakeDesk(open_engine(StateLocation(file).url))
    with state_engine(file).begin() as connection:
        for work_id in work_ids:
            desk.intake_of(connection).enqueue(work(work_id))
    assert not [one for one in threading.enumerate() if one is not threading.main_thread()]


def _keep_queueing(file: Path, prefix: str) -> None:
    desk = DbosIntakeDesk(open_engine(StateLocation(file).url))
    engine = state_engine(file)
    for number in range(100_000):
        work_id = f"{prefix}-{number}"
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO ledger VALUES (?)", (work_id,))
            desk.intake_of(connection).enqueue(work(work_id))
        if number == 0:
            _write(file, f"began {prefix}")


def make_ledger(file: Path) -> None:
    """Make a table of a state's own beside the engine's."""
    connection = sqlite3.connect(file)
    try:
        connection.execute("CREATE TABLE ledger (id TEXT PRIMARY KEY)")
        connection.commit()
    finally:
        connection.close()


def _write(file: Path, line: str) -> None:
    # One write that appends is never torn by another process's.
    descriptor = os.open(
        file.with_suffix(".journal"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
    )
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)
