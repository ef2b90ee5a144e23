"""``serve`` with its ports watched: an entry point that only tests use.

As a program it reads one JSON object a line, each a process that is to serve: it forks one that
does as ``__main__`` would, says its number, and later how it ended. What takes long, the imports,
is done once, before. So it must have no thread of its own.
"""

import json
import os
import select
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import dbos  # noqa: F401 - what the program imports late is to be there already
import httpx  # noqa: F401 - the same
import psycopg  # noqa: F401 - the same
from dependency_injector import providers
from sqlalchemy import Engine

import aegis_batch.__main__
import aegis_batch.adapters.inbound.cli.app
import aegis_batch.adapters.inbound.control.app
import aegis_batch.adapters.inbound.control.server
import aegis_batch.adapters.inbound.control.tokens
import aegis_batch.adapters.outbound.dbos.launching
import aegis_batch.adapters.outbound.http.notifier
import aegis_batch.adapters.outbound.http.report_gateway
import aegis_batch.adapters.outbound.http.service_caller
import aegis_batch.adapters.outbound.postgres.order_reader
import aegis_batch.adapters.outbound.state.migrating
import aegis_batch.application.dependent_job
import aegis_batch.bootstrap.serving
from aegis_batch.adapters.outbound.system.cron import SystemCron
from aegis_batch.application.ledger import attempt_of
from aegis_batch.application.ports.state import State
from aegis_batch.application.ports.turn import Turn
from aegis_batch.application.timings import Timings
from aegis_batch.bootstrap.serving_container import ServingContainer
from aegis_batch.domain.errors import AnswerLost, BackendUnavailable
from aegis_batch.domain.report import Report, StoredReport
from aegis_batch.domain.run import Run
from tests.integration.kill_points import Deed, Watch, watched

_PORTS = ("clock", "order_reader", "notifier", "pulse", "identifiers", "meter", "metrics")
_IN_TURNS = tuple(name for name, port in vars(Turn).items() if isinstance(port, property))
# The day of a close by its place among those that are closed.
_PLACE = """
SELECT job, (SELECT count(DISTINCT other.first_day) FROM runs other
             WHERE other.job = 'close' AND other.first_day <= run.first_day)
FROM runs run WHERE id = ?
"""
_JOB_NAME = "SELECT json_extract(task, '$.job_name'), trigger FROM runs WHERE id = ?"
_DEPENDENCY_WAIT = timedelta(seconds=0.3)
_AWAY = "close of day 3, attempt 1"
_MUTE = "close of day 1, attempt 1"
_LOOK_SECONDS = 0.01
_Any = Any


class WatchedState:
    """The state, with points around its turns, its looks, and every call within them."""

    def __init__(self, watch: Watch, state: State) -> None:
        self._watch = watch
        self._state = state

    @contextmanager
    def turn(self) -> Iterator[_Any]:
        with self._opened("state.turn", self._state.turn()) as turn:
            yield turn

    @contextmanager
    def look(self) -> Iterator[_Any]:
        with self._opened("state.look", self._state.look()) as turn:
            yield turn

    @contextmanager
    def _opened(self, name: str, opened: AbstractContextManager[Turn]) -> Iterator[_Any]:
        turn = self._watch.around(name, opened.__enter__)
        try:
            yield _WatchedTurn(self._watch, turn)
        except Exception:
            if not opened.__exit__(*sys.exc_info()):
                raise
        else:
            # Its commit has points of its own.
            opened.__exit__(None, None, None)


class _WatchedTurn:
    def __init__(self, watch: Watch, turn: Turn) -> None:
        for name in _IN_TURNS:
            setattr(self, name, watched(watch, name, getattr(turn, name)))


class WeakGateway:
    """The Backend on a bad day: away for the first close of one day, and mute to that of another.

    Which attempt it is tells the number in the stage, so that a process that dies changes nothing.
    """

    def __init__(self, gateway: _Any, where: Callable[[], str]) -> None:
        self._gateway = gateway
        self._where = where
        self.can_find = gateway.can_find
        self.identity = gateway.identity
        self.can_replace = gateway.can_replace

    def find(self, run: Run, *, once: bool = False) -> StoredReport | None:
        if self._where() == _AWAY:
            raise BackendUnavailable("away", "The Backend is away.", "Try again later.")
        found: StoredReport | None = self._gateway.find(run, once=once)
        return found

    def submit(self, run: Run, report: Report) -> _Any:
        receipt = self._gateway.submit(run, report)
        if self._where() == _MUTE:
            raise AnswerLost("answer_lost", "No answer came.", "Ask again.", attempts=1)
        return receipt


class _Overrides:
    """What stands in the container's places in a process that is watched."""

    def __init__(self, watch: Watch, state_file: Path) -> None:
        self._watch = watch
        self._state_file = state_file
        self._here = threading.local()

    def install(self) -> None:
        parts = ServingContainer
        for name in _PORTS:
            self._override(name, partial(watched, self._watch, name))
        self._override("state", lambda state: WatchedState(self._watch, state))
        self._override("work_queue", lambda queue: watched(self._watch, "work_queue", queue))
        self._override("report_gateway", self._gateway)
        self._override("database", lambda database: self._seen(database, database.engine, "turn"))
        self._override("work_engine", lambda engine: self._seen(engine, engine, "engine"))
        self._override("heart", self._heart)
        self._override("carry_out", self._carry_out)
        self._override("deliver_notices", self._deliver_notices)
        cron = watched(self._watch, "cron", SystemCron())
        parts.timings.override(providers.Singleton(Timings, providers.Object(cron)))

    def _override(self, name: str, change: Callable[[_Any], _Any]) -> None:
        provider = getattr(ServingContainer, name)
        if isinstance(provider, providers.Object):
            provider.override(providers.Object(change(provider())))
            return
        # The same part, made in the same way, and changed.
        kind = type(provider)
        inner = kind(provider.provides, *provider.args, **provider.kwargs)
        provider.override(providers.Singleton(change, inner))

    def _gateway(self, gateway: _Any) -> _Any:
        seen = WeakGateway(gateway, lambda: self._here.stage)
        return watched(self._watch, "report_gateway", seen)

    def _seen(self, part: _Any, engine: Engine, name: str) -> _Any:
        commit = engine.dialect.do_commit
        told: dict[int, int] = {}

        def do_commit(connection: _Any) -> None:
            changes = connection.total_changes
            key = id(connection.dbapi_connection)
            if changes == told.get(key, 0):
                commit(connection)
                return
            told[key] = changes
            self._watch.around(f"commit of {name}", lambda: commit(connection))

        engine.dialect.do_commit = do_commit  # type: ignore[method-assign,assignment]
        return part

    def _heart(self, heart: _Any) -> _Any:
        beat, rounds = heart.beat, iter(("", "second round"))

        def staged() -> float:
            stage = next(rounds, None)
            if stage is None:
                with self._watch.rest():
                    seconds: float = beat()
            elif not stage:
                seconds = beat()
            else:
                with self._watch.stage(stage):
                    seconds = beat()
            return seconds

        heart.beat = staged
        return heart

    def _carry_out(self, use_case: _Any) -> _Any:
        carry_out = use_case.carry_out

        def staged(run_id: str, work_id: str) -> None:
            self._here.stage = self._stage_of(run_id, work_id)
            with self._watch.stage(self._here.stage):
                carry_out(run_id, work_id)

        use_case.carry_out = staged
        return use_case

    def _deliver_notices(self, use_case: _Any) -> _Any:
        # What a killed process had claimed is sent within the patience of the test.
        use_case._claimed_for = timedelta(seconds=1)  # noqa: SLF001 - nobody sets it
        deliver = use_case.deliver

        def staged() -> int:
            with self._watch.stage("notices"):
                count: int = deliver()
            return count

        use_case.deliver = staged
        return use_case

    def _stage_of(self, run_id: str, work_id: str) -> str:
        with closing(sqlite3.connect(self._state_file)) as connection:
            job, place = connection.execute(_PLACE, (run_id,)).fetchone()
        day = "" if job == "night" else f" of day {place}"
        return f"{job}{day}, attempt {attempt_of(work_id)}"


class _JobOverrides(_Overrides):
    """The same for defined jobs, whose runs are known by the names of their jobs."""

    def install(self) -> None:
        super().install()
        self._override("services", partial(watched, self._watch, "services"))
        # Else most of the time would be spent on waiting for it.
        aegis_batch.application.dependent_job._LOOK_AGAIN = _DEPENDENCY_WAIT  # noqa: SLF001

    def _gateway(self, gateway: _Any) -> _Any:
        return watched(self._watch, "report_gateway", gateway)

    def _stage_of(self, run_id: str, work_id: str) -> str:
        with closing(sqlite3.connect(self._state_file)) as connection:
            job, trigger = connection.execute(_JOB_NAME, (run_id,)).fetchone()
        return f"{job} by {trigger}, attempt {attempt_of(work_id)}"


def main() -> None:
    """Fork a process for each line of standard input."""
    assert threading.active_count() == 1
    alive: set[int] = set()
    os.set_blocking(sys.stdin.fileno(), False)
    unread, is_open = b"", True
    while is_open or alive:
        if is_open and select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
            read = os.read(sys.stdin.fileno(), 65_536)
            is_open = bool(read)
            *lines, unread = (unread + read).split(b"\n")
            for line in lines:
                alive.add(_fork(json.loads(line)))
        for pid in list(alive):
            ended, status = os.waitpid(pid, os.WNOHANG if is_open else 0)
            if ended:
                alive.remove(pid)
                _say(ended=pid, status=os.waitstatus_to_exitcode(status))


def _fork(order: dict[str, _Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _serve(order)
    _say(forked=pid, order=order["order"])
    return pid


def _say(**told: int) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


def _serve(order: dict[str, _Any]) -> NoReturn:
    folder = Path(order["folder"])
    with (folder / "log.jsonl").open("a") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(order["settings"])
    journal = order.get("journal")
    deed = Deed(order.get("name"), order.get("number"), None if journal is None else Path(journal))
    watch = Watch(deed)
    overrides = _JobOverrides if order.get("watch") == "jobs" else _Overrides
    overrides(watch, folder / "state.db").install()
    sys.argv = ["aegis-batch", "serve"]
    status = 70
    try:
        with watch.stage("start"):
            status = aegis_batch.__main__.main()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
