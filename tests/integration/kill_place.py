"""Nights in which ``serve`` is killed: what they start from, and what must have come of them."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from aegis_batch.adapters.outbound.state.opening import open_engine
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.bootstrap.loading import load_settings
from aegis_batch.bootstrap.schedules import wanted_schedules
from aegis_batch.domain.dead_letter import DeadLetterState
from aegis_batch.domain.run import JobKind, RunState
from aegis_batch.domain.schedule import Decision
from tests.integration.closing import TOKEN
from tests.integration.ledger_place import LedgerPlace
from tests.integration.program import environment
from tests.integration.shop import settings_for
from tests.servers.ground import polls, wait_until
from tests.servers.postgres import Database

ZONE = ZoneInfo("America/Sao_Paulo")
# Of one process, which is killed or has settled all by then.
PATIENCE_SECONDS = 60.0
NIGHT = "daily-close"
_UNSETTLED = """
SELECT (SELECT count(*) FROM runs WHERE state IN ('queued', 'running', 'waiting', 'held'))
     + (SELECT count(*) FROM notices WHERE state = 'pending')
     + (SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED'))
     + 3 - (SELECT count(DISTINCT first_day) FROM runs WHERE job = 'close')
"""


@dataclass(frozen=True)
class Night:
    """A night that is due, with three days to close.

    The Backend takes the oldest without an answer, the second has a broken order, and the Backend
    is away for the first attempt at the last one.
    """

    nominal: datetime

    @classmethod
    def of_now(cls) -> "Night":
        """Return a night of an hour ago, so that none other comes while it is looked at."""
        hour_ago = datetime.now(UTC).astimezone(ZONE) - timedelta(hours=1)
        return cls(hour_ago.replace(minute=0, second=0, microsecond=0))

    @property
    def days(self) -> list[date]:
        """The days, oldest first."""
        return [self.nominal.date() - timedelta(days=back) for back in (3, 2, 1)]

    @property
    def settings(self) -> dict[str, str]:
        """What makes this night the only one, and its waits short."""
        far_away = (self.nominal + timedelta(hours=12)).hour
        return {
            "AEGIS_EXECUTOR_ID": "kitchen",
            "AEGIS_SCHEDULE_CRON": f"0 0 {self.nominal.hour} * * *",
            "AEGIS_VERIFY_DAYS": "0",
            "AEGIS_CLOSE_DEADLINE": f"{far_away:02}:30",
            "AEGIS_CLOSE_FROM": self.days[0].isoformat(),
            "AEGIS_POLL_SECONDS": "0.1",
            "AEGIS_QUEUE_POLL_SECONDS": "0.05",
            "AEGIS_RETRY_SECONDS": "0.3",
            "AEGIS_HTTP_MAX_ATTEMPTS": "1",
        }

    def fill(self, shop: Database) -> None:
        """Give each of the days an order, of which the second day's is broken."""
        with shop.connect() as connection:
            connection.execute("TRUNCATE orders, order_items")
            for number, day in enumerate(self.days, start=1):
                total = -number if number == 2 else number
                noon = f"{day}T12:00:00-03:00"
                connection.execute("INSERT INTO orders VALUES (%s, %s, %s)", (number, noon, total))
                connection.execute(
                    "INSERT INTO order_items VALUES (%s, 'Tea', 1, %s)", (number, number)
                )


class Listener:
    """What is called by heartbeats and messages, and takes them all."""

    def __init__(self) -> None:
        calls: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's
                """Write nothing."""

        self.calls = calls
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Answer nothing more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Forker:
    """Starts processes that serve, watched; any thread may have its own started."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.killed_serve"],
            env=_environment_of_forker(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = threading.Lock()
        self._orders = count()
        self._forked: dict[int, int] = {}
        self._ended: dict[int, int] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "forked" in told:
                self._forked[told["order"]] = told["forked"]
            else:
                self._ended[told["ended"]] = told["status"]

    def start(self, order: dict[str, object]) -> int:
        """Start a process, and return its number."""
        with self._lock:
            number = next(self._orders)
            assert self._process.stdin is not None
            self._process.stdin.write(f"{json.dumps({**order, 'order': number})}\n")
            self._process.stdin.flush()
        wait_until(lambda: number in self._forked, what="a fork", timeout_seconds=PATIENCE_SECONDS)
        return self._forked[number]

    def status(self, pid: int) -> int | None:
        """Return how a process has ended; ``None`` while it lives."""
        return self._ended.pop(pid, None)

    def kill(self, pid: int) -> None:
        """End a process, and wait until it has."""
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid in self._ended, what="an end", timeout_seconds=PATIENCE_SECONDS)
        del self._ended[pid]

    def stop(self) -> None:
        """End, after all that were started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass(frozen=True)
class Ground:
    """What all cases share: the orders, the night, what starts processes, and a first state."""

    shop: Database
    night: Night
    forker: Forker
    template: Path

    @contextmanager
    def case(self, folder: Path) -> Iterator["Case"]:
        """Open a case of its own: a state in which the night is due, and an empty Backend."""
        folder.mkdir()
        shutil.copyfile(self.template, folder / "state.db")
        seen: list[str] = []
        backend = SandboxServer(folder / "backend.sqlite", TOKEN, on_access=seen.append)
        listener = Listener()
        backend.start()
        try:
            yield Case(self, folder, backend, listener, seen)
        finally:
            backend.stop()
            listener.stop()


@dataclass(frozen=True)
class Case:
    """One night, with as many processes as are killed in it, and one more."""

    ground: Ground
    folder: Path
    backend: SandboxServer
    listener: Listener
    seen: list[str]

    @property
    def settings(self) -> dict[str, str]:
        """The settings of its processes."""
        return {
            **settings_for(self.ground.shop, self.backend.url, TOKEN),
            **self.ground.night.settings,
            "AEGIS_STATE_URL": f"sqlite:///{self.folder / 'state.db'}",
            "AEGIS_NOTIFY_URL": f"{self.listener.url}/message",
            "AEGIS_HEARTBEAT_URL": f"{self.listener.url}/beat",
        }

    def serve(self, **deed: object) -> bool:
        """Serve until the process is killed or all is settled; say whether it was killed."""
        pid = self.ground.forker.start(
            {
                "folder": str(self.folder),
                "settings": environment(**self.settings),
                **deed,
            }
        )
        settled = 0
        for _ in polls(PATIENCE_SECONDS):
            status = self.ground.forker.status(pid)
            if status is not None:
                assert status == -signal.SIGKILL, self.log
                return True
            # Twice, so that whoever does what comes last has done it.
            settled = settled + 1 if self._is_settled() else 0
            if settled > 10:
                self.ground.forker.kill(pid)
                return False
        self.ground.forker.kill(pid)
        raise AssertionError(f"It did not settle:\n{self.log}")

    def _is_settled(self) -> bool:
        try:
            with closing(
                sqlite3.connect(f"file:{self.folder / 'state.db'}?mode=ro", uri=True)
            ) as c:
                return bool(c.execute(_UNSETTLED).fetchone() == (0,))
        except sqlite3.OperationalError:
            return False

    @property
    def log(self) -> str:
        """What its processes have logged."""
        return (self.folder / "log.jsonl").read_text(encoding="utf-8")

    def check(self) -> None:
        """Assert that the night has come out as it must, whatever was killed in it."""
        night = self.ground.night
        self._check_backend([night.days[0], night.days[2]])
        with LedgerPlace(self.folder).ledger() as ledger, ledger.turn() as turn:
            state = turn.state
            closes = state.runs.search(RunFilter(job=JobKind.CLOSE), 100)
            nights = state.runs.search(RunFilter(job=JobKind.NIGHT), 100)
            letters = state.dead_letters.newest(None, 100)
            [occurrence] = state.occurrences.newest(NIGHT, 100)
            schedule = state.schedules.get(NIGHT)
            sealed = [link.run_id for run in closes for link in state.seals.of(run.key, 100)]
            told = Counter(
                (entry.run_id, entry.name)
                for run in [*closes, *nights]
                for entry in state.timeline.of(run.id)
                if entry.name == "job.dispatched"
            )
        ends = {run.key.period.first_day: run.state for run in closes}
        assert len(closes) == 3, closes
        assert [ends[day] for day in night.days] == [
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.SUCCEEDED,
        ]
        # Whoever was killed between the Backend and the ledger: each closed day has its one seal.
        assert sorted(sealed) == sorted(run.id for run in closes if run.state is RunState.SUCCEEDED)
        assert [(letter.key.period.first_day, letter.state) for letter in letters] == [
            (night.days[1], DeadLetterState.OPEN)
        ]
        assert [(run.state, run.nominal) for run in nights] == [(RunState.SUCCEEDED, night.nominal)]
        assert (occurrence.nominal, occurrence.decision) == (night.nominal, Decision.RAN)
        assert occurrence.run_id == nights[0].id
        assert schedule is not None
        assert schedule.next_at == night.nominal + timedelta(days=1)
        assert set(told.values()) == {1}
        assert set(self.listener.calls) == {"/message", "/beat/fail"}

    def _check_backend(self, days: Sequence[date]) -> None:
        with closing(sqlite3.connect(self.folder / "backend.sqlite")) as connection:
            reports = connection.execute(
                "SELECT tenant, period, report_date, report FROM reports ORDER BY report_date"
            ).fetchall()
        assert [(row[0], row[2]) for row in reports] == [("default", str(day)) for day in days]
        closed = [json.loads(row[3]) for row in reports]
        assert [(one["totalOrders"], one["totalRevenue"]) for one in closed] == [(1, 1), (1, 3)]
        assert self.seen.count("POST /internal/reports/daily 201") == len(days)


def _environment_of_forker() -> dict[str, str]:
    # Who is killed leaves no figures of coverage, so none are taken, which would cost time.
    kept = {n: value for n, value in environment().items() if not n.startswith("COVERAGE")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2])}


def make_template(folder: Path, night: Night, shop: Database) -> Path:
    """Make a state whose schedules are known, and whose night is due."""
    folder.mkdir()
    place = LedgerPlace(folder)
    place.prepare()
    settings = load_settings(
        {
            **settings_for(shop, "http://127.0.0.1:1", TOKEN),
            **night.settings,
            "AEGIS_STATE_URL": f"sqlite:///{place.file}",
        }
    )
    place.schedule(wanted_schedules(settings))
    with place.ledger() as ledger, ledger.turn() as turn:
        state = turn.state.schedules.get(NIGHT)
        assert state is not None
        turn.state.schedules.save(replace(state, next_at=night.nominal.astimezone(UTC)))
    engine = open_engine(place.file, 5)
    with closing(engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return place.file
