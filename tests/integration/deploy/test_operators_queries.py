"""The queries that operators are given, on a state that the program made."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.application.ports.runs import RunFilter
from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState
from tests.integration.state_files import StateFiles
from tests.integration.state_records import DAY, PROBLEM, SEAL, a_dead_letter, a_run
from tests.integration.state_servers import StateServers

_QUERIES = Path(__file__).parents[3] / "deploy" / "sql"
Row = dict[str, Any]
_NOW = datetime.now(UTC)
_HOUR = timedelta(hours=1)


@dataclass
class Asked:
    """A state that is asked with SQL, and where the queries for its kind of database are."""

    state: SqlState
    queries: Path
    ask: Callable[[str], list[Row]]
    carry_out: Callable[[str], object]

    def rows(self, name: str) -> list[Row]:
        """Return what a query answers."""
        return self.ask(self.script(name))

    def script(self, name: str) -> str:
        """Return the text of a file."""
        return (self.queries / name).read_text(encoding="utf-8")


@pytest.fixture
def on_file(state_files: StateFiles) -> Asked:
    """A state in a file of SQLite."""
    state = state_files.open_state()
    copy = sqlite3.connect(state_files.file)
    copy.row_factory = sqlite3.Row

    def ask(query: str) -> list[Row]:
        return [dict(row) for row in copy.execute(query)]

    return Asked(state, _QUERIES, ask, copy.executescript)


@pytest.fixture
def on_server(state_servers: StateServers) -> Iterator[Asked]:
    """A state in a database of PostgreSQL."""
    with state_servers.database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)

        def ask(query: str) -> list[Row]:
            return cursor.execute(query).fetchall()

        def carry_out(script: str) -> object:
            return connection.execute(script)

        yield Asked(state_servers.open_state(), _QUERIES / "postgresql", ask, carry_out)


@pytest.fixture(params=["on_file", "on_server"])
def asked(request: pytest.FixtureRequest) -> Asked:
    """A state with a run of every kind that the queries tell apart."""
    filled: Asked = request.getfixturevalue(request.param)
    _fill(filled.state)
    return filled


def _fill(state: SqlState) -> None:
    closed = a_run(
        "closed",
        _NOW - 2 * _HOUR,
        state=RunState.SUCCEEDED,
        outcome=Outcome.CREATED,
        started_at=_NOW - 2 * _HOUR,
        ended_at=_NOW - _HOUR,
        duration_ms=1_000.0,
        orders=7,
        seal=SEAL,
        requests=2,
        attempt=1,
    )
    failed = replace(
        closed, id="failed", state=RunState.FAILED, problem=PROBLEM, duration_ms=3_000.0, seal=None
    )
    with state.turn() as turn:
        turn.runs.add(closed)
        turn.runs.add(failed)
        turn.runs.add(replace(failed, id="settled"))
        turn.dead_letters.save(a_dead_letter("failed"))
        turn.runs.add(a_run("waiting", _NOW - 2 * _HOUR, state=RunState.WAITING, problem=PROBLEM))
        turn.runs.add(a_run("just-queued", _NOW))
        turn.runs.add(replace(closed, id="long-ago", enqueued_at=_NOW - timedelta(days=40)))
        turn.runs.add(replace(closed, id="night", job=JobKind.NIGHT, orders=None, seal=None))


def test_job_logs_has_a_row_for_each_run_under_the_usual_names(asked: Asked) -> None:
    # Twice, as whoever puts a newer version in the place of an old one does.
    asked.carry_out(asked.script("job_logs.sql"))
    asked.carry_out(asked.script("job_logs.sql"))

    found = {row["id"]: row for row in asked.ask("SELECT * FROM job_logs")}

    assert list(found["closed"].keys()) == [
        "id",
        "job_type",
        "status",
        "started_at",
        "completed_at",
        "duration_ms",
        "records_processed",
        "error_message",
        "metadata",
    ]
    closed, failed = found["closed"], found["failed"]
    assert (closed["job_type"], closed["status"]) == ("close_day", "succeeded")
    assert (closed["records_processed"], closed["error_message"]) == (7, None)
    assert closed["started_at"] < closed["completed_at"]
    metadata = closed["metadata"]
    told = json.loads(metadata) if isinstance(metadata, str) else metadata
    assert (told["body_digest"], told["first_day"]) == (SEAL.body_digest, DAY.isoformat())
    assert failed["error_message"] == PROBLEM.message
    assert found["night"]["job_type"] == "night"
    assert len(found) == 7
    # The program goes on beside it.
    with asked.state.turn() as turn:
        assert len(turn.runs.search(RunFilter(), 10)) == 7


def test_the_mean_and_the_worst_time_of_each_job(asked: Asked) -> None:
    found = {row["job"]: row for row in asked.rows("times_by_job.sql")}

    # Three closes of the last 30 days have ended: of one second, and twice of three.
    assert found["close"]["runs"] == 3
    assert (found["close"]["mean_ms"], found["close"]["worst_ms"]) == (2_333.0, 3_000.0)
    assert found["close"]["worst_run"] in {"failed", "settled"}
    assert found["night"]["runs"] == 1


def test_failures_are_counted_by_tenant_and_reason(asked: Asked) -> None:
    (found,) = asked.rows("failures.sql")

    assert [str(each) for each in found.values()] == [
        "default",
        "close",
        "a_code",
        "2",
        str(DAY),
        str(DAY),
    ]


def test_stuck_days_wait_for_their_next_try_or_for_a_person(asked: Asked) -> None:
    found = {row["run"]: row for row in asked.rows("stuck_days.sql")}

    assert set(found) == {"waiting", "failed"}
    assert found["waiting"]["error_code"] == "a_code"
    assert found["waiting"]["next_try"] is not None
