"""How long retention takes over a million rows of history, and how long closes take beside it.

``python -m bench.forgetting``: prints the lines, and keeps them in a file of their own.
"""

import argparse
import itertools
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation, parse_state_url
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.pauses import let_others_in
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.work_intake import WorkIntake
from aegis_batch.application.retention import RetentionJob
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord
from bench.backend import running_backend
from bench.ground import running_ground
from bench.measure import measure
from bench.rounds import WrongFiguresError
from bench.shop import GROWING, Span
from bench.ways import PROGRAM

__all__ = ["hold", "main"]

_RESULTS = Path(__file__).parent / "forgetting.md"
_KEPT_DAYS = 90
# Of ten rows of history, so many are runs, entries of timelines, and decisions.
_SHARES = (3, 5, 2)
# Of so many old runs one has a dead letter, and is kept for it.
_LETTER_EVERY = 100
_ORDERS_A_DAY = 100
_SPAN = Span(date(2026, 1, 1), 300)
_CLOSES_ALONE = 10
# Each by the column that tells which row it is, and when it was.
_TABLES = {
    "runs": ("id", "ended_at"),
    "timeline": ("rowid", "at"),
    "occurrences": ("schedule", "nominal"),
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What was deleted in how many seconds, and what closes took, alone and beside it."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    letters: int
    seconds: float
    alone: Sequence[float]
    beside: Sequence[float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure retention over a history, half of which is old, and closes beside it."""
    parser = argparse.ArgumentParser(prog="python -m bench.forgetting", description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="the file for the lines")
    options = parser.parse_args(arguments)
    with running_ground() as ground, ground.shop(GROWING, _ORDERS_A_DAY, _SPAN) as shop:
        text = _as_markdown(_measure(shop, options.rows))
    options.results.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _measure(shop: Mapping[str, str], rows: int) -> _Told:
    now = datetime.now(UTC)
    location = parse_state_url(shop["AEGIS_STATE_URL"])
    assert isinstance(location, StateLocation)  # noqa: S101 - the ground says so
    days = iter(_SPAN.days)
    with (
        TemporaryDirectory(prefix="aegis-bench-") as folder,
        running_backend(shop, Path(folder)) as backend,
    ):
        environ = {**shop, **backend.environ}
        # The first of them makes the state.
        _close(environ, next(days))
        _fill(location.file, rows, now)
        alone = [_close(environ, day) for day in itertools.islice(days, _CLOSES_ALONE)]
        before = _ids(location.file)
        seconds, beside = _forget_beside_closes(location, environ, days, now)
    after = _ids(location.file)
    letters = hold(before, after, now - timedelta(days=_KEPT_DAYS), location.file)
    return _Told(
        before={table: len(ids) for table, ids in before.items()},
        after={table: len(ids) for table, ids in after.items()},
        letters=letters,
        seconds=seconds,
        alone=alone,
        beside=beside,
    )


def _forget_beside_closes(
    location: StateLocation, environ: Mapping[str, str], days: Iterator[date], now: datetime
) -> tuple[float, list[float]]:
    database = StateDatabase(location)
    took: list[float] = []

    def forget() -> None:
        began = time.perf_counter()
        _job(_state(database)).do(_run_of("retention", now))
        took.append(time.perf_counter() - began)

    thread = threading.Thread(target=forget)
    thread.start()
    beside = []
    while thread.is_alive():
        beside.append(_close(environ, next(days)))
    thread.join()
    database.close()
    return took[0], beside


def _close(environ: Mapping[str, str], day: date) -> float:
    """Close a day in a process of its own, and return how many seconds that took."""
    return measure((str(PROGRAM), "close", "--date", str(day)), environ).seconds


def _state(database: StateDatabase) -> SqlState:
    intake = InMemoryWorkQueue().intake

    def intake_of(connection: Connection) -> WorkIntake:
        del connection
        return intake

    return SqlState(database, intake_of)


def _job(state: SqlState) -> RetentionJob:
    clock = SystemClock()
    sink = InMemoryMetricsSink()
    return RetentionJob(
        ledger=Ledger(state, clock, sink, InMemoryNotifier()),
        clock=clock,
        metrics=sink,
        kept=timedelta(days=_KEPT_DAYS),
        pause=let_others_in,
    )


def _run_of(run_id: str, now: datetime) -> RunRecord:
    return RunRecord(
        id=run_id,
        trace_id="1" * 32,
        job=JobKind.RETENTION,
        key=CloseKey("default", Period(PeriodKind.DAY, now.date())),
        trigger=Trigger.SCHEDULE,
        requested_by="bench",
        state=RunState.RUNNING,
        work_id=f"{run_id}#1",
        enqueued_at=now,
        due_at=now,
    )


def _fill(file: Path, rows: int, now: datetime) -> None:
    runs, entries, decisions = (rows * share // sum(_SHARES) for share in _SHARES)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO runs (id, trace_id, job, tenant, period_kind, first_day, trigger,"
            " requested_by, state, work_id, enqueued_at, due_at, attempt, requeues,"
            " cancel_requested, ended_at) VALUES (?, ?, 'close', 'default', 'day', '2026-01-01',"
            " 'night', 'daily-close', 'succeeded', ?, ?, ?, 1, 0, 0, ?)",
            (
                (f"run-{place}", "1" * 32, f"run-{place}#1", moment, moment, moment)
                for place, moment in enumerate(_moments(runs, now))
            ),
        )
        connection.execute(
            "INSERT INTO dead_letters (run_id, job, tenant, period_kind, first_day, outcome,"
            " problem, attempts, died_at, state) SELECT id, job, tenant, period_kind, first_day,"
            " 'failed', '{}', 1, ended_at, 'open' FROM runs"
            # The old ones are those of odd numbers.
            " WHERE id LIKE 'run-%' AND CAST(substr(id, 5) AS int) % ? = 1",
            (2 * _LETTER_EVERY,),
        )
        connection.executemany(
            "INSERT INTO timeline (run_id, at, name, text) VALUES (?, ?, 'job.started', ?)",
            (
                (f"run-{place % runs}", moment, "It began, and a line of text says how.")
                for place, moment in enumerate(_moments(entries, now))
            ),
        )
        connection.executemany(
            "INSERT INTO occurrences (schedule, nominal, decided_at, decision, reason)"
            " VALUES (?, ?, ?, 'RAN', 'it was due')",
            (
                (f"schedule-{place}", moment, moment)
                for place, moment in enumerate(_moments(decisions, now))
            ),
        )


def _moments(count: int, now: datetime) -> Iterator[str]:
    """Yield moments by turns old and new, none of them near the limit."""
    for place in range(count):
        age = timedelta(days=100 if place % 2 else 10, seconds=place / count)
        yield (now - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _ids(file: Path) -> dict[str, frozenset[tuple[object, str]]]:
    """Return all rows of history, each by what it is and when it was."""
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: frozenset(
                connection.execute(f"SELECT {key}, {at} FROM {table} WHERE {at} IS NOT NULL")  # noqa: S608 - of ours
            )
            for table, (key, at) in _TABLES.items()
        }


def hold(
    before: Mapping[str, frozenset[tuple[object, str]]],
    after: Mapping[str, frozenset[tuple[object, str]]],
    limit: datetime,
    file: Path,
) -> int:
    """Raise ``WrongFiguresError`` unless what is old went and no other row; return the letters."""
    with closing(sqlite3.connect(file)) as connection:
        letters = {run for (run,) in connection.execute("SELECT run_id FROM dead_letters")}
        timelines = dict(connection.execute("SELECT rowid, run_id FROM timeline"))
    for table, rows in before.items():
        gone = rows - after[table]
        old = {row for row in rows if row[1] < f"{limit:%Y-%m-%dT%H:%M:%S}"}
        kept = old - gone
        of_letters = {
            row for row in kept if (row[0] if table == "runs" else timelines.get(row[0])) in letters
        }
        if gone - old or kept - of_letters:
            raise WrongFiguresError(
                f"of {table} {len(gone - old)} rows went that are not old,"
                f" and {len(kept - of_letters)} old ones are left"
            )
    return len(letters)


def _as_markdown(told: _Told) -> str:
    deleted = sum(told.before[table] - told.after[table] for table in _TABLES)
    about = (
        "`make bench-serve`. Half of the history is older than it is to be kept, and all of that"
        " is deleted but for runs with a dead letter, row by row; meanwhile one day after the"
        " other is closed on the same state, each in a process of its own, with a PostgreSQL"
        " server and a Backend. Seconds of a close are those of its whole process."
    )
    alone, beside = statistics.median(told.alone), statistics.median(told.beside)
    closes = (
        f"{len(told.alone)} closes before took {alone:.2f} s in the median, {max(told.alone):.2f} s"
        f" at most; {len(told.beside)} beside it {beside:.2f} s and {max(told.beside):.2f} s: the"
        f" longest {max(told.beside) - alone:+.2f} s against the median before."
    )
    gone = (
        f"{deleted:,} rows deleted in {told.seconds:.1f} s; {told.letters:,} runs have a dead"
        " letter."
    )
    rows = (f"| {table} | {told.before[table]:,} | {told.after[table]:,} |" for table in _TABLES)
    heading = ("| table | rows before | rows after |", "|---|---|---|")
    lines = ["# Retention over a long history", "", about, "", *heading, *rows, "", gone, ""]
    return "\n".join([*lines, closes, ""])


if __name__ == "__main__":
    main()
