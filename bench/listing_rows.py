"""Fills a state with jobs and runs, by rows that both databases take."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from aegis_batch.domain.job_total import JOBS_MAX, OTHERS

__all__ = ["EVENT", "GROUP", "TENANT", "fill", "job_id"]

GROUP, EVENT, TENANT = "group-7", "Baked", "tenant-0"
_AT_ONCE = 20_000
_DAYS = 90
_RESULT_DAYS = 30
_SPREAD = 100
# One of so many; the first job has a tenth of all runs.
_EVENT_EVERY, _INACTIVE_EVERY, _BUSY_EVERY = 1_000, 50, 10
_CLOSE_EVERY, _REBUILD_EVERY = 7, 5_000
_FAILED_EVERY, _TIMED_OUT_EVERY, _CANCELLED_EVERY = 51, 5_003, 1_009
# Of all runs so many a thousand wait, and these are under way; they are the newest.
_WAITING_SHARE, _RUNNING = 1_000, 5
_PRIORITIES = ("LOW", "NORMAL", "HIGH", "CRITICAL")
_TIMING = {"kind": "FIXED_RATE", "cron": None, "zone": None, "every_us": 3_600_000_000, "at": None}

_Row = Mapping[str, object]


def job_id(number: int) -> str:
    """Return the id of the so many-th job."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def fill(connection: Any, jobs: int, runs: int, now: datetime) -> None:  # noqa: ANN401 - of two drivers
    """Put in so many jobs, each with its schedule and totals, and runs of the last ninety days."""
    _put(connection, "job_definitions", _definitions(jobs, now))
    _put(connection, "schedules", _schedules(jobs, now))
    _put(connection, "job_links", _links(jobs))
    with _without_indexes(connection, "runs"):
        _put(connection, "runs", _runs(jobs, runs, now))
    _put(connection, "job_results", _results(runs, now))
    _put(connection, "job_totals", _totals(jobs))
    if not isinstance(connection, sqlite3.Connection):
        # As the server does by itself after a while.
        connection.execute("VACUUM ANALYZE")


@contextmanager
def _without_indexes(connection: Any, table: str) -> Iterator[None]:  # noqa: ANN401 - of two drivers
    """Have the indexes of a table made anew when it is full, which takes a fraction of the time."""
    asked = (
        f"SELECT name, sql FROM sqlite_master WHERE tbl_name = '{table}'"  # noqa: S608 - of ours
        " AND sql LIKE 'CREATE %INDEX%'"
        if isinstance(connection, sqlite3.Connection)
        else f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename = '{table}'"  # noqa: S608 - of ours
        " AND indexname NOT LIKE '%pkey'"
    )
    indexes = connection.execute(asked).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, text in indexes:
        connection.execute(text)


def _put(connection: Any, table: str, rows: Iterator[_Row]) -> None:  # noqa: ANN401 - of two drivers
    while some := list(islice(rows, _AT_ONCE)):
        names = ", ".join(f'"{name}"' for name in some[0])
        if isinstance(connection, sqlite3.Connection):
            places = ", ".join("?" for _ in some[0])
            insert = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - of ours
            connection.executemany(insert, (tuple(row.values()) for row in some))
            connection.commit()
            continue
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
        ):
            for row in some:
                copy.write_row(tuple(row.values()))


def _definitions(jobs: int, now: datetime) -> Iterator[_Row]:
    content = json.dumps(
        {
            "created_by": "bench",
            "description": "A job of the bench, with a line that says what it is for.",
            "service": "bakery",
            "endpoint": "/run",
            "method": "POST",
            "attempts_max": 4,
            "timeout_seconds": 1800,
            "immediate_retry": False,
            "version": 1,
            "zone_name": None,
            "task": "http",
            "category": "business",
            "priority": "NORMAL",
            "updated_at": now.isoformat(),
            "events": [],
            "depends_on": [],
            "conditions": [],
            "timing": _TIMING,
        }
    )
    for number in range(jobs):
        yield {
            "id": job_id(number),
            "tenant": _tenant(number),
            "name": f"job-{number}",
            "group": f"group-{number // 3 % _SPREAD}",
            "active": int(number % _INACTIVE_EVERY != 1),
            "removed": 0,
            "created_at": _text(now - timedelta(days=_DAYS * (1 - number / jobs))),
            "payload": '{"top":10}',
            "content": content,
        }


def _schedules(jobs: int, now: datetime) -> Iterator[_Row]:
    for number in range(jobs):
        yield {
            "name": f"job:{job_id(number)}",
            "job": "http",
            "kind": _TIMING["kind"],
            "every_us": _TIMING["every_us"],
            "overlap": "SKIP",
            "catch_up_us": 3_600_000_000,
            "jitter_max_seconds": 0,
            "newest_only": 1,
            "next_at": _text(now + timedelta(hours=1, seconds=number)),
            "retired": 0,
        }


def _links(jobs: int) -> Iterator[_Row]:
    for number in range(0, jobs, _EVENT_EVERY):
        yield {"kind": "event", "target": EVENT, "job_id": job_id(number)}


def _runs(jobs: int, runs: int, now: datetime) -> Iterator[_Row]:
    for number in range(runs):
        at = _at(number, runs, now)
        state, code = _end(number, runs)
        job, whose = _job(number), 0 if number % _BUSY_EVERY == 0 else number % jobs
        is_task = job != "close"
        task = {
            "job_name": "rebuild-daily-metrics" if job == "rebuild_range" else f"job-{whose}",
            "priority": _PRIORITIES[number % 4],
            "attempts_max": 4,
            "timeout_seconds": 1800,
            "immediate_retry": False,
            "arguments": '{"from":"2026-01-01","to":"2026-01-02"}',
        }
        problem = {"code": code, "message": "It was away.", "remedy": "Wait.", "retryable": True}
        has_ended = state in {"succeeded", "failed", "cancelled"}
        yield {
            "id": _run_id(number),
            "trace_id": "1" * 32,
            "job": job,
            "tenant": _tenant(whose if job == "http" else number),
            "period_kind": "day",
            "first_day": at.date().isoformat(),
            "trigger": "schedule" if is_task else "night",
            "requested_by": "scheduler",
            "state": state,
            "work_id": f"{_run_id(number)}#1",
            "enqueued_at": _text(at),
            "due_at": _text(at),
            "attempt": 1,
            "requeues": 0,
            "schedule": f"job:{job_id(whose)}" if job == "http" else None,
            "cancel_requested": 0,
            "started_at": _text(at) if has_ended else None,
            "ended_at": _text(at + timedelta(seconds=1)) if has_ended else None,
            "executor": "kitchen/1" if has_ended else None,
            "problem": json.dumps(problem, separators=(",", ":")) if code else None,
            "duration_ms": 12.5 if has_ended else None,
            "fence": number,
            "task": json.dumps(task) if is_task else None,
            "priority": task["priority"] if is_task else None,
        }


def _results(runs: int, now: datetime) -> Iterator[_Row]:
    text = json.dumps({"status": 200, "body": "{}", "cut": False})
    for number in range(runs):
        at = _at(number, runs, now)
        if _job(number) == "http" and now - at < timedelta(days=_RESULT_DAYS):
            yield {"run_id": _run_id(number), "kept_at": _text(at), "text": text}


def _totals(jobs: int) -> Iterator[_Row]:
    ends = (
        ("SCHEDULED", "", 0),
        ("SUCCESS", "", 1),
        ("SUCCESS", "", 10),
        ("FAILED", "service_unavailable", 1),
        ("FAILED_BY_PRIORITY", "NORMAL", 0),
    )
    # The others are counted together.
    for name in [f"job-{number}" for number in range(min(jobs, JOBS_MAX))] + [OTHERS]:
        for status, reason, bucket in ends:
            yield {
                "job": name,
                "status": status,
                "reason": reason,
                "bucket_seconds": bucket,
                "count": 9,
                "duration_ms": 112.5,
            }


def _job(number: int) -> str:
    if number % _REBUILD_EVERY == 1:
        return "rebuild_range"
    return "close" if number % _CLOSE_EVERY == 1 else "http"


def _end(number: int, runs: int) -> tuple[str, str | None]:
    """Return the state of a run, and the code of its problem."""
    if number >= runs - _RUNNING:
        return "running", None
    if number >= runs - _RUNNING - runs // _WAITING_SHARE:
        return "queued", None
    if number % _TIMED_OUT_EVERY == 1:
        return "failed", "service_timed_out"
    if number % _FAILED_EVERY == 1:
        return "failed", "service_unavailable"
    return ("cancelled" if number % _CANCELLED_EVERY == 1 else "succeeded"), None


def _at(number: int, runs: int, now: datetime) -> datetime:
    return now - timedelta(days=_DAYS * (1 - number / runs))


def _tenant(number: int) -> str:
    return f"tenant-{number % _SPREAD}"


def _run_id(number: int) -> str:
    # As random ones are, so that they lie everywhere in their index.
    return str(UUID(bytes=hashlib.md5(str(number).encode(), usedforsecurity=False).digest()))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
