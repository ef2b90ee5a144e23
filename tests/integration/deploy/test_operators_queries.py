"""The queries that operators are given, on a state that the program made."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aegis_batch.domain.outcome import Outcome
from aegis_batch.domain.run import JobKind, RunState
from tests.integration.state_files import StateFiles
from tests.integration.state_records import DAY, PROBLEM, SEAL, a_dead_letter, a_run

_QUERIES = Path(__file__).parents[3] / "deploy" / "sql"
_NOW = datetime.now(UTC)
_HOUR = timedelta(hours=1)


@pytest.fixture
def copy(state_files: StateFiles) -> sqlite3.Connection:
    """A state with a run of every kind that the queries tell apart."""
    state = state_files.open_state()
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
    return sqlite3.connect(state_files.file)


def rows(copy: sqlite3.Connection, name: str) -> list[sqlite3.Row]:
    copy.row_factory = sqlite3.Row
    return copy.execute((_QUERIES / name).read_text(encoding="utf-8")).fetchall()


def test_job_logs_has_a_row_for_each_run_under_the_usual_names(copy: sqlite3.Connection) -> None:
    script = (_QUERIES / "job_logs.sql").read_text(encoding="utf-8")
    # Twice, as whoever puts a newer version into an old copy does.
    copy.executescript(script)
    copy.executescript(script)
    copy.row_factory = sqlite3.Row

    found = {row["id"]: row for row in copy.execute("SELECT * FROM job_logs")}

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
    assert json.loads(closed["metadata"])["body_digest"] == SEAL.body_digest
    assert json.loads(closed["metadata"])["first_day"] == DAY.isoformat()
    assert failed["error_message"] == PROBLEM.message
    assert found["night"]["job_type"] == "night"
    assert len(found) == 7


def test_the_mean_and_the_worst_time_of_each_job(copy: sqlite3.Connection) -> None:
    found = {row["job"]: dict(row) for row in rows(copy, "times_by_job.sql")}

    # Three closes of the last 30 days have ended: of one second, and twice of three.
    assert found["close"]["runs"] == 3
    assert (found["close"]["mean_ms"], found["close"]["worst_ms"]) == (2_333.0, 3_000.0)
    assert found["close"]["worst_run"] in {"failed", "settled"}
    assert found["night"]["runs"] == 1


def test_failures_are_counted_by_tenant_and_reason(copy: sqlite3.Connection) -> None:
    (found,) = rows(copy, "failures.sql")

    assert tuple(found) == ("default", "close", "a_code", 2, str(DAY), str(DAY))


def test_stuck_days_wait_for_their_next_try_or_for_a_person(copy: sqlite3.Connection) -> None:
    found = {row["run"]: row for row in rows(copy, "stuck_days.sql")}

    assert set(found) == {"waiting", "failed"}
    assert found["waiting"]["error_code"] == "a_code"
    assert found["waiting"]["next_try"] is not None
