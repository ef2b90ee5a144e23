"""What ``serve`` costs while nothing is to be done, and how late it fires among many schedules.

``python -m bench.resting``: prints the lines, and keeps them in a file of their own.
"""

import argparse
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from zoneinfo import ZoneInfo

import psutil

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.work_queue import Work
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import Schedule, ScheduleKind, ScheduleState, Timing
from bench.ground import running_ground
from bench.shop import GROWING

__all__ = ["main"]

_RESULTS = Path(__file__).parent / "resting.md"
_MIB = 1024 * 1024
# What a start costs is none of it.
_SETTLING_SECONDS = 10.0
# What a start takes, on a machine that is busy.
_START_SECONDS = 8.0
_ZONE = ZoneInfo("America/Sao_Paulo")
_TOKEN = "bench"  # noqa: S105 - of a Backend on loopback
_LOOK_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0
_SCHEDULES_A_TURN = 5_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost over some time; ``connections`` is the most that the orders saw."""

    seconds: float
    cpu_percent: float
    memory_mb: float
    connections: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure ``serve`` at rest, and among many schedules."""
    parser = argparse.ArgumentParser(prog="python -m bench.resting", description=main.__doc__)
    parser.add_argument("--rest-seconds", type=float, default=180)
    parser.add_argument("--firing-seconds", type=float, default=60)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="the file for the lines")
    options = parser.parse_args(arguments)
    with running_ground() as ground, ground.shop(GROWING, 10) as shop:
        rest = _rest(shop, options.rest_seconds)
        firing, lateness_ms = _firing(shop, options.firing_seconds, options.schedules)
    text = _as_markdown(rest, firing, lateness_ms, options.schedules)
    options.results.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _rest(shop: Mapping[str, str], seconds: float) -> Cost:
    """Serve a night that closes a day, and then nothing more for so long."""
    soon = datetime.now(_ZONE) + timedelta(seconds=_START_SECONDS)
    with TemporaryDirectory(prefix="aegis-bench-") as folder:
        backend = SandboxServer(Path(folder) / "backend.sqlite", _TOKEN)
        backend.start()
        settings = {
            **shop,
            "BACKEND_BASE_URL": backend.url,
            "AEGIS_SCHEDULE_CRON": f"{soon.second} {soon.minute} {soon.hour} * * *",
            "AEGIS_CLOSE_FROM": (soon.date() - timedelta(days=1)).isoformat(),
        }
        with _serving(settings, folder, until='"outcome":"created"') as process:
            cost = _watch(process, shop, seconds)
        backend.stop()
    return cost


def _firing(shop: Mapping[str, str], seconds: float, schedules: int) -> tuple[Cost, list[float]]:
    """Serve a night each second among schedules that are far off; return how late each was."""
    with TemporaryDirectory(prefix="aegis-bench-") as folder:
        file = Path(folder) / "state.db"
        with _serving({**shop, "AEGIS_SCHEDULE_CRON": "* * * * * *"}, folder) as process:
            # Not before: those that its settings don't name are retired at a start.
            _add(file, schedules)
            begun = datetime.now(UTC) + timedelta(seconds=_SETTLING_SECONDS)
            cost = _watch(process, shop, seconds)
        return cost, _lateness_ms(file, begun)


@contextmanager
def _serving(
    shop: Mapping[str, str], folder: str, until: str = '"serve.started"'
) -> Iterator["subprocess.Popen[bytes]"]:
    """Serve, and wait until its log has a text."""
    environ = {
        "BACKEND_BASE_URL": "http://127.0.0.1:9",
        # No day is expected before then, unless the settings say otherwise.
        "AEGIS_CLOSE_FROM": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        **shop,
        "AEGIS_STATE_URL": f"sqlite:///{folder}/state.db",
        "X_SERVICE_TOKEN": _TOKEN,
    }
    log = Path(folder) / "log.jsonl"
    with log.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "aegis_batch", "serve"], env=environ, stderr=err
        )
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while until.encode() not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            time.sleep(_LOOK_SECONDS / 10)
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _watch(process: "subprocess.Popen[bytes]", shop: Mapping[str, str], seconds: float) -> Cost:
    time.sleep(_SETTLING_SECONDS)
    watched = psutil.Process(process.pid)
    before, begun = watched.cpu_times(), time.monotonic()
    memory_mb, connections = 0.0, 0
    while time.monotonic() - begun < seconds:
        time.sleep(_LOOK_SECONDS)
        memory_mb = max(memory_mb, watched.memory_info().rss / _MIB)
        connections = max(connections, _connections_to(watched, int(shop["PGPORT"])))
    after, passed = watched.cpu_times(), time.monotonic() - begun
    used = after.user + after.system - before.user - before.system
    return Cost(passed, 100 * used / passed, memory_mb, connections)


def _connections_to(process: psutil.Process, port: int) -> int:
    return sum(1 for c in process.net_connections("tcp") if c.raddr and c.raddr.port == port)


def _add(file: Path, count: int) -> None:
    """Put schedules into a state, each due at a time of its own in a year's time."""
    database = StateDatabase(StateLocation(file))
    state = SqlState(database, lambda _: _NoIntake())
    far = datetime.now(UTC) + timedelta(days=365)
    template = Schedule("", JobKind.DEADLINE, Timing(ScheduleKind.ONE_TIME, at=far))
    for first in range(0, count, _SCHEDULES_A_TURN):
        with state.turn() as turn:
            for number in range(first, min(first + _SCHEDULES_A_TURN, count)):
                at = far + timedelta(seconds=number)
                timing = Timing(ScheduleKind.ONE_TIME, at=at)
                schedule = replace(template, name=f"tenant-{number}", timing=timing)
                turn.schedules.save(ScheduleState(schedule, at))
    database.close()


class _NoIntake:
    """Takes no work, since none is queued."""

    def enqueue(self, work: Work) -> NoReturn:
        raise NotImplementedError(work)

    def withdraw(self, work_id: str) -> NoReturn:
        raise NotImplementedError(work_id)

    def holders(self) -> NoReturn:
        raise NotImplementedError

    def take_back(self, executors: Collection[str]) -> NoReturn:
        raise NotImplementedError(executors)


def _lateness_ms(file: Path, since: datetime) -> list[float]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT nominal, decided_at FROM occurrences WHERE schedule = 'daily-close'"
        ).fetchall()
    moments = [
        (datetime.fromisoformat(nominal), datetime.fromisoformat(at)) for nominal, at in rows
    ]
    return [(at - nominal).total_seconds() * 1000 for nominal, at in moments if nominal >= since]


def _as_markdown(rest: Cost, firing: Cost, lateness_ms: Sequence[float], schedules: int) -> str:
    measured_on = (
        f"One process of `serve` with the settings as they are unless set, on one machine with"
        f" {os.cpu_count()} cores, Python {platform.python_version()}, from"
        f" {_SETTLING_SECONDS:g} s after its start, or at rest after the close of a day. Memory is"
        " the most that was resident."
        " Connections are those to the orders' database. Lateness is what lies between a nominal"
        " time and the durable decision about it."
    )
    late = sorted(lateness_ms)
    firing_told = (
        f"{statistics.median(late):.0f} (median), {late[int(len(late) * 0.99)]:.0f} (99th in 100),"
        f" {late[-1]:.0f} (most), of {len(late)}"
    )
    lines = [
        measured_on,
        "",
        "| what | seconds | CPU, % of a core | memory, MB | connections | lateness, ms |",
        "|---|--:|--:|--:|--:|---|",
        _row("at rest, after the night", rest, "-"),
        _row(f"a firing each second among {schedules:,} schedules", firing, firing_told),
    ]
    return "\n".join(lines) + "\n"


def _row(what: str, cost: Cost, lateness: str) -> str:
    cells = (
        *(what, f"{cost.seconds:.0f}", f"{cost.cpu_percent:.2f}", f"{cost.memory_mb:.0f}"),
        *(str(cost.connections), lateness),
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
