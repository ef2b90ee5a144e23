"""How soon the control plane's lists answer over 100,000 jobs and 1,000,000 runs.

``python -m bench.listing``: prints the lines, and keeps them in a file of their own.
"""

import argparse
import base64
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import jwt
import psycopg
from sqlalchemy import Engine, event

from aegis_batch.bootstrap.control import open_control
from bench.ground import running_ground
from bench.listing_rows import EVENT, GROUP, TENANT, fill, job_id
from bench.rounds import WrongFiguresError
from bench.ways import PROGRAM
from tests.servers.ground import free_port

__all__ = ["Statement", "Told", "hold", "main"]

_RESULTS = Path(__file__).parent / "listing.md"
# Of fewer rows PostgreSQL may well read all.
_LARGE = 100_000
# What grows with the runs, and with the jobs; what is counted is counted whole.
_GROWING = {"runs", "job_results", "job_definitions", "schedules"}
_COUNTING = re.compile(r"^\s*SELECT count\(\*\)", re.IGNORECASE)
_KEY = "a secret of the bench that is long enough"
_ISSUER = "https://issuer.example"
_PATIENCE_SECONDS = 120.0
_DEEP_PAGES = 20
_INDEX = {
    "SQLite": re.compile(r"USING (?:COVERING )?INDEX (\S+)|USING (INTEGER PRIMARY KEY)"),
    "PostgreSQL": re.compile(
        r"(?:Index Only Scan|Index Scan|Bitmap Index Scan)(?: Backward)?(?: using| on) (\S+)"
    ),
}
_WHOLE = {
    "SQLite": re.compile(r"^SCAN (\w+)\b(?! USING)"),
    "PostgreSQL": re.compile(r"Seq Scan on (\w+)"),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that a list asks, with its values, and the plan of the database for it."""

    text: str
    values: Any
    plan: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a list took: its answers, and its statements by themselves, in milliseconds."""

    database: str
    name: str
    rows: int | None
    took_ms: Sequence[float]
    plain_ms: float
    statements: Sequence[Statement]


class Place:
    """A state in a database, and how the bench looks into it by itself."""

    def __init__(self, database: str, environ: Mapping[str, str]) -> None:
        """Take the name of the database, and the settings of processes on the state."""
        self.database = database
        self.environ = environ

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """Open a connection without the program."""
        url = self.environ["AEGIS_STATE_URL"]
        opened: Any
        if self.database == "SQLite":
            opened = sqlite3.connect(url.removeprefix("sqlite:///"))
        else:
            opened = psycopg.connect(url, autocommit=True)
        with closing(opened) as connection:
            yield connection

    def planned(self, statements: Sequence[Statement]) -> list[Statement]:
        """Return the statements with the plans of the database."""
        with self.connect() as connection:
            return [
                Statement(each.text, each.values, self._plan(connection, each))
                for each in statements
            ]

    def _plan(self, connection: Any, asked: Statement) -> list[str]:  # noqa: ANN401 - of two drivers
        if self.database == "SQLite":
            rows = connection.execute(f"EXPLAIN QUERY PLAN {asked.text}", asked.values).fetchall()
            return [str(row[3]) for row in rows]
        rows = connection.execute(f"EXPLAIN (ANALYZE) {asked.text}", asked.values).fetchall()
        return [str(row[0]) for row in rows]

    def plain_ms(self, statements: Sequence[Statement], rounds: int) -> float:
        """Return the median of what the statements take by themselves, one after the other."""
        took = []
        with self.connect() as connection:
            for _ in range(rounds):
                began = time.perf_counter()
                for each in statements:
                    connection.execute(each.text, each.values).fetchall()
                took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each list of the control plane, on SQLite and on PostgreSQL."""
    parser = argparse.ArgumentParser(prog="python -m bench.listing", description=main.__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many runs there are")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="the file for the lines")
    options = parser.parse_args(arguments)
    told: list[Told] = []
    with (
        running_ground() as ground,
        TemporaryDirectory(prefix="aegis-bench-") as folder,
        ground.database("orders") as orders,
        ground.database("listing") as state,
    ):
        urls = {"SQLite": f"sqlite:///{folder}/state.db", "PostgreSQL": state["DATABASE_URL"]}
        for database, url in urls.items():
            place = Place(database, _settings(orders, url))
            told += _measure(place, options.jobs, options.rows, options.rounds)
    if options.rows >= _LARGE:
        hold(told)
    text = _as_markdown(told, options.jobs, options.rows, options.rounds)
    options.results.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _settings(orders: Mapping[str, str], url: str) -> dict[str, str]:
    return {
        **orders,
        "BACKEND_BASE_URL": "http://127.0.0.1:1",
        "X_SERVICE_TOKEN": "bench",
        "AEGIS_STATE_URL": url,
        "AEGIS_TENANCY": "multi",
        "AEGIS_TENANTS": TENANT,
        "AEGIS_ORDERS_TENANT": "shop",
        "AEGIS_CONTROL_ENABLED": "true",
        "AEGIS_CONTROL_JWT_KEY": _KEY,
        "AEGIS_CONTROL_JWT_ISSUER": _ISSUER,
        "AEGIS_CONTROL_JWT_AUDIENCE": "aegis-batch",
        "AEGIS_LOG_LEVEL": "WARNING",
    }


def _measure(place: Place, jobs: int, rows: int, rounds: int) -> list[Told]:
    with _control(place.environ):
        """Its start makes the state."""
    with place.connect() as connection:
        fill(connection, jobs, rows, datetime.now(UTC))
    lists = _lists()
    with _control(place.environ) as client:
        paths = {name: path(client) if callable(path) else path for name, path in lists.items()}
        took = {name: _times(client, path, rounds) for name, path in paths.items()}
        counts = {name: _count(_get(client, path)) for name, path in paths.items()}
    told = []
    for name, statements in _statements(place, paths).items():
        told.append(
            Told(
                place.database,
                name,
                counts[name],
                took[name],
                place.plain_ms(statements, rounds),
                place.planned(statements),
            )
        )
    return told


def _lists() -> Mapping[str, str | Callable[[httpx.Client], str]]:
    jobs, runs = "/scheduler/jobs", "/scheduler/execucoes"
    busy = f"{runs}?job_id={job_id(0)}"
    return {
        "jobs": jobs,
        "jobs, deep": lambda client: _deep(client, jobs),
        "jobs of a group": f"{jobs}?grupo_job={GROUP}",
        "jobs of a name": f"{jobs}?nome_job=job-17",
        "jobs not active": f"{jobs}?ativo=false",
        "jobs of an event": f"{jobs}?evento={EVENT}",
        "jobs of a group, not active": f"{jobs}?grupo_job={GROUP}&ativo=false",
        "jobs of a group, active": f"{jobs}?grupo_job={GROUP}&ativo=true",
        "jobs of a tenant, not active": f"{jobs}?ativo=false#tenant",
        "jobs of a tenant": f"{jobs}#tenant",
        "jobs of a tenant and an event": f"{jobs}?evento={EVENT}#tenant",
        "executions": runs,
        "executions, deep": lambda client: _deep(client, runs),
        "executions, deepest": f"{runs}?antes={_cursor(datetime.now(UTC) - timedelta(days=89))}",
        "executions of a busy job": busy,
        "executions of a busy job, deep": lambda client: _deep(client, busy),
        "executions of a job of few": f"{runs}?job_id={job_id(99)}",
        **{f"executions, {s}": f"{runs}?status={s}" for s in _STATUSES},
        **{f"executions of a busy job, {s}": f"{busy}&status={s}" for s in _STATUSES},
        "executions of a job of few, of a tenant": f"{runs}?job_id={job_id(100)}#tenant",
        "executions of a job of few, of a tenant, FAILED": (
            f"{runs}?job_id={job_id(100)}&status=FAILED#tenant"
        ),
        "executions of a tenant": f"{runs}#tenant",
        **{f"executions of a tenant, {s}": f"{runs}?status={s}#tenant" for s in _STATUSES},
        "status": "/api/v1/jobs/status",
        "status of http": "/api/v1/jobs/status?jobType=http",
        "status of close": "/api/v1/jobs/status?jobType=close",
        "status of nights": "/api/v1/jobs/status?jobType=night",
        "status of close, of a tenant": "/api/v1/jobs/status?jobType=close#tenant",
        "status of rebuilds": "/api/v1/jobs/status?jobType=metrics_aggregation",
        "status of http, of a tenant": "/api/v1/jobs/status?jobType=http#tenant",
        "status of rebuilds, of a tenant": (
            "/api/v1/jobs/status?jobType=metrics_aggregation#tenant"
        ),
        "stats": "/api/v1/jobs/stats",
        "the scheduler's status": "/scheduler/status",
        "metrics": "/scheduler/metrics",
        "one metric": "/actuator/metrics/scheduler.execution.duration",
    }


_STATUSES = ("PENDING", "RUNNING", "SUCCESS", "FAILED", "TIMEOUT", "CANCELLED")


def _cursor(at: datetime) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|z".encode()).decode()


def _deep(client: httpx.Client, path: str) -> str:
    """Return the path of a page far behind the first, by what each page says of the next."""
    for _ in range(_DEEP_PAGES):
        link = _get(client, path).headers.get("Link")
        if link is None:
            break
        path = link.partition(">")[0][1:]
    return path


def _get(client: httpx.Client, path: str) -> httpx.Response:
    path, _, whose = path.partition("#")
    claims = {
        "iss": _ISSUER,
        "aud": "aegis-batch",
        "sub": "bench",
        "exp": int(time.time()) + 600,
        "scope": "read",
        "tenant": TENANT if whose else "*",
    }
    token = jwt.encode(claims, _KEY, algorithm="HS256")
    answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
    if not answer.is_success:
        raise WrongFiguresError(f"{path} was answered with {answer.status_code}: {answer.text}")
    return answer


def _times(client: httpx.Client, path: str, rounds: int) -> list[float]:
    _get(client, path)
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        _get(client, path)
        took.append((time.perf_counter() - began) * 1000)
    return took


def _count(answer: httpx.Response) -> int | None:
    if not answer.headers["content-type"].startswith("application/json"):
        return len(answer.text.splitlines())
    told = answer.json()
    return len(told) if isinstance(told, list) else None


@contextmanager
def _control(environ: Mapping[str, str]) -> Iterator[httpx.Client]:
    """Run the control plane as a process of its own, and yield a client of it."""
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 - our own program
        [str(PROGRAM), "control"],
        env={**environ, "AEGIS_CONTROL_PORT": str(port)},
    )
    try:
        with _client(port) as client:
            _await(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _client(port: int) -> httpx.Client:
    url = f"http://127.0.0.1:{port}"
    return httpx.Client(base_url=url, timeout=_PATIENCE_SECONDS, trust_env=False)


def _await(client: httpx.Client, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            client.get("/actuator/health").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline or (process and process.poll() is not None):
                raise
            time.sleep(0.1)
        else:
            return


def _statements(place: Place, paths: Mapping[str, str]) -> dict[str, list[Statement]]:
    """Return what each list asks of the database, from the same program within this process."""
    asked: list[Statement] = []

    def keep(_: object, __: object, text: str, values: object, *___: object) -> None:
        if text.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append(Statement(text, values))

    port = free_port()
    found = {}
    with open_control({**place.environ, "AEGIS_CONTROL_PORT": str(port)}), _client(port) as client:
        _await(client)
        event.listen(Engine, "before_cursor_execute", keep)
        try:
            for name, path in paths.items():
                asked.clear()
                _get(client, path)
                found[name] = list(asked)
        finally:
            event.remove(Engine, "before_cursor_execute", keep)
    return found


def hold(told: Sequence[Told]) -> None:
    """Raise ``WrongFiguresError`` where a list reads all there is of what it lists."""
    for each in told:
        for statement in each.statements:
            if _COUNTING.match(statement.text):
                continue
            lines = (line.strip() for line in statement.plan)
            whole = {m[1] for line in lines for m in _WHOLE[each.database].finditer(line)}
            if whole & _GROWING:
                raise WrongFiguresError(
                    f"{each.name} on {each.database} reads all of {sorted(whole & _GROWING)}"
                )


def _as_markdown(told: Sequence[Told], jobs: int, rows: int, rounds: int) -> str:
    worst = max(told, key=lambda each: statistics.median(each.took_ms))
    about = (
        f"`make bench-serve`. {jobs:,} jobs and {rows:,} runs are in the state, and one job has a"
        f" tenth of the runs. Each list is asked for {rounds} times over HTTP of `aegis-batch"
        " control`: a page of 100, or of 50 of `/api/v1/jobs/status`. Beside it stand its SQL"
        " statements by themselves, without the program, and the indexes that their plans name."
    )
    said = (
        f"The slowest is “{worst.name}” on {worst.database}: {statistics.median(worst.took_ms):.0f}"
        f" ms in the median, {max(worst.took_ms):.0f} ms at most."
    )
    heading = (
        "| state | list | rows | median, ms | worst, ms | SQL, ms | ratio | statements | indexes |",
        "|---|---|---|---|---|---|---|---|---|",
    )
    lines = [_line(each) for each in told]
    plans = [part for each in told for part in _plans(each)]
    top = ["# Lists of the control plane", "", about, "", said, "", *heading, *lines, ""]
    return "\n".join([*top, "## Plans", "", *plans])


def _line(told: Told) -> str:
    median = statistics.median(told.took_ms)
    indexes = ", ".join(f"`{name}`" for name in _indexes(told))
    rows = "" if told.rows is None else f"{told.rows:,}"
    return (
        f"| {told.database} | {told.name} | {rows} | {median:.1f} | {max(told.took_ms):.1f}"
        f" | {told.plain_ms:.1f} | {median / told.plain_ms:.1f} | {len(told.statements)}"
        f" | {indexes} |"
    )


def _indexes(told: Told) -> list[str]:
    found = [
        next(part for part in match.groups() if part)
        for statement in told.statements
        for line in statement.plan
        for match in _INDEX[told.database].finditer(line)
    ]
    return list(dict.fromkeys(found))


def _plans(told: Told) -> Iterator[str]:
    yield f"### {told.database}: {told.name}"
    yield ""
    yield "```"
    shown: dict[str, None] = {}
    for statement in told.statements:
        shown.update(dict.fromkeys([_bare(statement.plan)]))
    yield from shown
    yield "```"
    yield ""


def _bare(plan: Sequence[str]) -> str:
    return "\n".join(line for line in plan if not line.startswith("Planning"))


if __name__ == "__main__":
    main()
