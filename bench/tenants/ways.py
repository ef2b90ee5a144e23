"""The ways through a night of many tenants: what each runs, and how it is told to begin."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil
import psycopg

from bench.ground import Ground
from bench.tenants.stand_in import StandIn
from bench.ways import PROGRAM
from tests.servers.ground import free_port, wait_until

__all__ = ["OURS", "PATIENCE_SECONDS", "QUEUES", "Begun", "OtherWay", "Ours", "Way"]

PATIENCE_SECONDS = 1_800.0
_READY_SECONDS = 120.0
_END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Begun:
    """A way that is ready to work: its processes, and what there is to do with it.

    ``dispatch`` has all tenants closed and returns when that began, by the clock of the machine.
    ``confirmed`` counts the tenants that are done with, as the way itself sees it.
    """

    processes: Sequence[subprocess.Popen[bytes]]
    dispatch: Callable[[], float]
    confirmed: Callable[[], int]

    def family(self) -> list[psutil.Process]:
        """Return its processes, and those that they have started."""
        own = [psutil.Process(process.pid) for process in self.processes]
        return own + [child for each in own for child in each.children(recursive=True)]


class Way(Protocol):
    """One way to have all tenants closed."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def does(self) -> str:
        """What it does for a tenant, and what it keeps of that."""
        ...

    def begun(
        self, ground: Ground, environ: Mapping[str, str], stand_in: StandIn, folder: Path
    ) -> AbstractContextManager[Begun]:
        """Start its processes on a queue or a state that has nothing, and stop them."""
        ...


@dataclass(frozen=True, slots=True)
class OtherWay:
    """A queue with a task for each tenant; so many threads, or processes, work ``at_once``."""

    module: str
    name: str
    does: str
    at_once: int

    @contextmanager
    def begun(
        self, ground: Ground, environ: Mapping[str, str], stand_in: StandIn, folder: Path
    ) -> Iterator[Begun]:
        """Start its processes, and stop them; see ``Way``."""
        with ExitStack() as stack:
            processes = []
            if self.module == "celery_way":
                redis = stack.enter_context(_redis(folder))
                processes.append(redis[1])
                queue = f"redis://127.0.0.1:{redis[0]}/0"
            else:
                queue = stack.enter_context(ground.database("queue"))["DATABASE_URL"]
            environ = {**environ, **stand_in.environ, "BENCH_QUEUE": queue}
            if self.module == "procrastinate_way":
                _run(self._command("prepare"), environ)
            work = self._command("work", str(self.at_once))
            process = stack.enter_context(_started(work, environ, folder / "work"))
            processes.append(process)
            _wait_for("ready", folder / "work", process)
            dispatch = self._command("dispatch")
            yield Begun(processes, lambda: float(_run(dispatch, environ)), stand_in.submissions)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", f"bench.tenants.{self.module}", *arguments]


@dataclass(frozen=True, slots=True)
class Ours:
    """``serve``, or a scheduler and so many workers, with settings of its own."""

    name: str
    does: str
    workers: int
    settings: Mapping[str, str]

    @contextmanager
    def begun(
        self, ground: Ground, environ: Mapping[str, str], stand_in: StandIn, folder: Path
    ) -> Iterator[Begun]:
        """Start its processes, and stop them; see ``Way``."""
        with ExitStack() as stack:
            state = stack.enter_context(ground.database("state"))["DATABASE_URL"]
            tenants = int(_asked(environ["DATABASE_URL"], _TENANTS))
            environ = {
                **environ,
                **stand_in.environ,
                **_as_docs_say(tenants),
                "AEGIS_STATE_URL": state,
                "AEGIS_TENANCY": "multi",
                "AEGIS_ORDERS_TENANT": "shop",
                "AEGIS_TENANTS_TABLE": "tenants",
                "AEGIS_VERIFY_DAYS": "0",
                "AEGIS_CLOSE_FROM": environ["BENCH_DAY"],
                "AEGIS_OPERATOR": "bench",
                "AEGIS_QUEUE_POLL_SECONDS": "0.5",
                **self.settings,
            }
            commands = (
                [["scheduler"], *[["worker"]] * self.workers] if self.workers else [["serve"]]
            )
            processes = []
            for number, command in enumerate(commands):
                told = folder / f"log-{number}"
                own = {**environ, "AEGIS_EXECUTOR_ID": f"bench-{number}"}
                process = stack.enter_context(_started([str(PROGRAM), *command], own, told))
                processes.append(process)
                _wait_until_it_serves(state, number + 1, told, process)

            def confirmed() -> int:
                # To count in the state costs the server time, which would be taken for ours.
                handed_over = stand_in.submissions()
                return handed_over if handed_over < tenants else _kept(state)

            yield Begun(processes, lambda: _trigger(environ), confirmed)


def _as_docs_say(tenants: int) -> dict[str, str]:
    """Return what ``docs/scaling.md`` says for so many tenants, in the settings that count here."""
    return {
        # Three times as many shards as are under way at once, at least.
        "AEGIS_SHARD_TENANTS": "500" if tenants >= _MANY_TENANTS else "100",
        "AEGIS_SHARD_SUBMISSIONS_AT_ONCE": "8",
        "AEGIS_WORKER_CONCURRENCY": "2",
        "AEGIS_CONCURRENCY_MAX": "6",
        "AEGIS_LOG_LEVEL": "WARNING",
    }


def _trigger(environ: Mapping[str, str]) -> float:
    """Have the night fired, and return when it was: before that, Python had to start."""
    _run([str(PROGRAM), "schedules", "trigger", "daily-close"], environ)
    return float(_asked(environ["AEGIS_STATE_URL"], _NIGHT))


def _kept(state_url: str) -> int:
    """Return how many closes have ended well, with their seals in their chains."""
    return int(_asked(state_url, _CLOSED))


_MANY_TENANTS = 10_000
_TENANTS = "SELECT count(*) FROM tenants WHERE active"
_SERVING = "SELECT count(*) FROM executors"
_NIGHT = "SELECT extract(epoch FROM enqueued_at) FROM runs WHERE job = 'night'"
_CLOSED = (
    "SELECT count(*) FROM runs JOIN seals ON run_id = id"
    " WHERE job = 'close' AND state = 'succeeded'"
)


def _asked(url: str, question: str) -> float:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return 0 if row is None else row[0]


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server: apt-get install redis-server")
    port = free_port()
    # Without a word on the disk: what it holds is gone if it dies.
    memory_alone = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    command = [program, "--port", str(port), "--bind", "127.0.0.1", *memory_alone]
    with _started(command, {}, folder / "redis") as process:
        _wait_for("Ready to accept connections", folder / "redis", process)
        yield port, process


@contextmanager
def _started(
    command: Sequence[str], environ: Mapping[str, str], told: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (
        told.open("wb") as out,
        subprocess.Popen(  # noqa: S603 - programs of the bench's own, without a shell
            command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - the same
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr}")
    return done.stdout


def _wait_for(word: str, told: Path, process: subprocess.Popen[bytes]) -> None:
    def is_there() -> bool:
        text = told.read_text(encoding="utf-8", errors="replace")
        if process.poll() is not None:
            raise RuntimeError(text)
        return word in text

    wait_until(is_there, what=f"{word} in {told}", timeout_seconds=_READY_SECONDS)
    # What it does beside being ready, such as to listen, comes right after.
    time.sleep(0.5)


def _wait_until_it_serves(
    state_url: str, count: int, told: Path, process: subprocess.Popen[bytes]
) -> None:
    """Wait for a process to count among those that live; a quiet log doesn't tell."""

    def is_there() -> bool:
        if process.poll() is not None:
            raise RuntimeError(told.read_text(encoding="utf-8", errors="replace"))
        try:
            return _asked(state_url, _SERVING) >= count
        except psycopg.errors.UndefinedTable:
            return False

    wait_until(is_there, what=str(told), timeout_seconds=_READY_SECONDS)
    # It takes up work right after.
    time.sleep(1.0)


QUEUES = {
    "celery": ("celery_way", "Celery with Redis", "a task that dies with its process is lost"),
    "procrastinate": ("procrastinate_way", "Procrastinate", "a task is kept in PostgreSQL"),
    "dbos": ("dbos_way", "plain DBOS", "a workflow of one step is kept in PostgreSQL"),
}
_ALL = (
    "asks the Backend first, checks every order, keeps a run, its timeline, a lease and a chained"
    " seal in PostgreSQL"
)
OURS = {
    "workers": Ours("`scheduler` and two `worker`", _ALL, 2, {}),
    "serve": Ours("`serve`, one process", _ALL, 0, {}),
    "single": Ours(
        "`serve`, `AEGIS_SHARD_TENANTS=1`",
        "the same, each tenant by itself",
        0,
        {
            "AEGIS_SHARD_TENANTS": "1",
            "AEGIS_WORKER_CONCURRENCY": "8",
            "AEGIS_CONCURRENCY_MAX": "8",
        },
    ),
}
