"""Courses of defined jobs in which ``serve`` is killed: what they start from, and their end."""

import json
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from aegis_batch.adapters.inbound.sandbox.server import SandboxServer
from tests.integration.closing import TOKEN
from tests.integration.control_place import INTERNAL_KEY, TOKENS, token
from tests.integration.counted_service import CountedService, counted_service
from tests.integration.jobs_due import AT_ONCE, GROUP, WAITING_MAX, write_services
from tests.integration.jobs_kill_laws import Came, check_came
from tests.integration.kill_place import Forker
from tests.integration.program import environment
from tests.integration.shop import settings_for
from tests.servers.ground import polls
from tests.servers.postgres import Database

PATIENCE_SECONDS = 90.0
_UNSETTLED = """
SELECT (SELECT count(*) FROM runs WHERE state IN ('queued', 'running', 'waiting', 'held'))
     + (SELECT count(*) FROM notices WHERE state = 'pending')
     + (SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED'))
     + (SELECT count(*) FROM schedules WHERE name LIKE 'job:%' AND next_at IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Course:
    """What all courses share: the orders, what starts processes, and a first state."""

    shop: Database
    forker: Forker
    template: Path

    @property
    def far_away(self) -> int:
        """An hour of the day that does not come while it is looked at."""
        return (datetime.now(UTC).astimezone() - timedelta(hours=9)).hour

    @contextmanager
    def case(self, folder: Path) -> Iterator["Case"]:
        """Open a case of its own: a state in which all jobs are due, and an empty Backend."""
        folder.mkdir()
        shutil.copyfile(self.template, folder / "state.db")
        seen: list[str] = []
        backend = SandboxServer(folder / "backend.sqlite", TOKEN, on_access=seen.append)
        backend.start()
        try:
            with counted_service() as service:
                write_services(folder, service.server_port)
                with httpx.Client(timeout=10.0, trust_env=False) as client:
                    yield Case(self, folder, backend, service, seen, client)
        finally:
            backend.stop()


@dataclass
class Case:
    """One course, with as many processes as are killed in it, and one more."""

    course: Course
    folder: Path
    backend: SandboxServer
    service: CountedService
    seen: list[str]
    client: httpx.Client
    kills: int = 0
    log_before: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    resumed_at: datetime | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The settings of its processes."""
        return {
            **settings_for(self.course.shop, self.backend.url, TOKEN),
            **TOKENS,
            "INTERNAL_JOBS_KEY": INTERNAL_KEY,
            "AEGIS_STATE_URL": f"sqlite:///{self.folder / 'state.db'}",
            "AEGIS_SERVICES_FILE": str(self.folder / "services.toml"),
            "AEGIS_EXECUTOR_ID": "kitchen",
            "AEGIS_SCHEDULE_CRON": "0 0 0 1 1 *",
            "AEGIS_VERIFY_DAYS": "0",
            "AEGIS_CLOSE_DEADLINE": f"{self.course.far_away:02}:30",
            "AEGIS_POLL_SECONDS": "0.1",
            "AEGIS_QUEUE_POLL_SECONDS": "0.05",
            "AEGIS_JOBS_AT_ONCE": str(AT_ONCE),
            "AEGIS_JOBS_WAITING_MAX": str(WAITING_MAX),
            "AEGIS_CONTROL_ENABLED": "true",
            "AEGIS_CONTROL_PORT": "0",
            "AEGIS_CONTROL_DELAY_SECONDS_MAX": "0.01",
        }

    def serve(self, **deed: object) -> bool:
        """Serve until the process is killed or all is settled; say whether it was killed."""
        log = self.folder / "log.jsonl"
        self.log_before = log.stat().st_size if log.exists() else 0
        pid = self.course.forker.start(
            {
                "folder": str(self.folder),
                "settings": environment(**self.settings),
                "watch": "jobs",
                **deed,
            }
        )
        for _ in polls(PATIENCE_SECONDS):
            status = self.course.forker.status(pid)
            if status is not None:
                assert status == -signal.SIGKILL, self.log
                self.kills += 1
                return True
            if self._go_on():
                self.course.forker.kill(pid)
                return False
        self.course.forker.kill(pid)
        raise AssertionError(f"It did not settle, having {sorted(self.answers)}:\n{self.log}")

    @property
    def log(self) -> str:
        """What its processes have logged."""
        return (self.folder / "log.jsonl").read_text(encoding="utf-8")

    def _url(self) -> str:
        """Return where the process listens that serves now."""
        told = (self.folder / "log.jsonl").read_bytes()[self.log_before :].decode()
        lines = told.splitlines()
        found = [line for line in lines if line.startswith("{") and "control.listening" in line]
        if not found:
            raise httpx.ConnectError("It does not listen yet.")
        return f"http://127.0.0.1:{json.loads(found[-1])['port']}"

    def _go_on(self) -> bool:
        """Do what people and services do next, once it is time for that; say whether all is."""
        steps: Sequence[Callable[[], Any]] = (
            lambda: self._event("baked-1"),
            self._resume,
            lambda: self._event("baked-2"),
            lambda: self._start(f"/scheduler/execucoes/{self._id_of('broken', 'run')}/retry"),
            lambda: self._start(f"/scheduler/jobs/{self._id_of('fits', 'job')}/execute"),
            lambda: self._ask("GET", "/scheduler/metrics").text,
            lambda: self._ask("GET", "/api/v1/jobs/stats").json(),
        )
        place = len(self.answers)
        # Before the first step, and before the figures are looked at.
        if place in {0, 5} and not self._is_settled():
            return False
        try:
            self.answers[_STEPS[place]] = steps[place]()
        except httpx.TransportError:
            # It was killed, or does not listen yet: the same again from the one that takes over.
            return False
        return len(self.answers) == len(steps)

    def _is_settled(self) -> bool:
        return bool(self._asked(_UNSETTLED) == (0,))

    def _asked(self, query: str, *values: str) -> Any:  # noqa: ANN401 - a row
        try:
            file = f"file:{self.folder / 'state.db'}?mode=ro"
            with closing(sqlite3.connect(file, uri=True)) as connection:
                return connection.execute(query, values).fetchone()
        except sqlite3.OperationalError:
            return None

    def _id_of(self, name: str, what: str) -> str:
        job = "SELECT id FROM job_definitions WHERE name = ?"
        run = f"SELECT id FROM runs WHERE schedule = 'job:' || ({job}) ORDER BY enqueued_at, id"
        found = self._asked(job if what == "job" else run, name)
        return str(found[0])

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:  # noqa: ANN401 - of many types
        headers = {"Authorization": f"Bearer {token()}", **how.pop("headers", {})}
        answer = self.client.request(method, f"{self._url()}{path}", headers=headers, **how)
        assert answer.status_code < 300 or answer.status_code == 409, (path, answer.text)
        return answer

    def _event(self, event_id: str) -> Any:  # noqa: ANN401 - JSON
        told = {"tipo": "Baked", "id": event_id, "dados": {"loaves": 3}}
        return self._ask("POST", "/scheduler/events", json=told).json()

    def _resume(self) -> int:
        before = datetime.now(UTC)
        answer = self._ask("POST", "/scheduler/resume", json={"grupo_job": GROUP})
        self.resumed_at = self.resumed_at or before
        # Asked for again after a kill it has been resumed already.
        assert answer.status_code == 200 or (self.kills and answer.json()["code"] == "not_paused")
        return answer.status_code

    def _start(self, path: str) -> Any:  # noqa: ANN401 - JSON
        answer = self._ask("POST", path, headers={"Idempotency-Key": path.rpartition("/")[2]})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def check(self) -> None:
        """Assert that the course has come out as it must, whatever was killed in it."""
        came = Came.read(self.folder, self.service, self.seen, self.answers, self.kills)
        assert self.resumed_at is not None
        check_came(came, self.resumed_at)


# What the steps are known by, in their order.
_STEPS = ("baked-1", "resume", "baked-2", "retry", "execute", "metrics", "stats")
