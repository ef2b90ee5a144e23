"""How long retention takes over a million rows of history, and how long others wait meanwhile.

``python -m bench.forgetting``: prints the lines, and keeps them in a file of their own.
"""

import argparse
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from aegis_batch.adapters.outbound.memory.metrics_sink import InMemoryMetricsSink
from aegis_batch.adapters.outbound.memory.notifier import InMemoryNotifier
from aegis_batch.adapters.outbound.memory.work_queue import InMemoryWorkQueue
from aegis_batch.adapters.outbound.state.database import StateDatabase
from aegis_batch.adapters.outbound.state.location import StateLocation
from aegis_batch.adapters.outbound.state.schema import migrate
from aegis_batch.adapters.outbound.state.state import SqlState
from aegis_batch.adapters.outbound.system.clock import SystemClock
from aegis_batch.adapters.outbound.system.pauses import let_others_in
from aegis_batch.application.ledger import Ledger
from aegis_batch.application.ports.work_intake import WorkIntake
from aegis_batch.application.retention import RetentionJob
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, JobKind, RunState, Trigger
from aegis_batch.domain.run_record import RunRecord

__all__ = ["main"]

_RESULTS = Path(__file__).parent / "forgetting.md"
_KEPT_DAYS = 90
# Of ten rows of history, so many are runs, entries of timelines, and decisions.
_SHARES = (3, 5, 2)
_BREATH_SECONDS = 0.1


@dataclass(slots=True)
class _Bystander:
    """Writes a turn now and then, as a close does, and notes how long each took."""

    state: SqlState
    record: RunRecord
    waits_ms: list[float] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def live(self) -> None:
        while True:
            began = time.perf_counter()
            with self.state.turn() as turn:
                turn.runs.save(self.record)
            self.waits_ms.append((time.perf_counter() - began) * 1000)
            if self.ended.wait(_BREATH_SECONDS):
                return


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure retention over a history, half of which is old."""
    parser = argparse.ArgumentParser(prog="python -m bench.forgetting", description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="the file for the lines")
    options = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="aegis-bench-") as folder:
        text = _measure(Path(folder) / "state.db", options.rows)
    options.results.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _measure(file: Path, rows: int) -> str:
    now = datetime.now(UTC)
    ours = StateDatabase(StateLocation(file))
    migrate(ours)
    _fill(file, rows, now)
    record = _run_of("bystander", now)
    # A database of its own, as another process has it.
    theirs = StateDatabase(StateLocation(file))
    bystander = _Bystander(_state(theirs), record)
    with bystander.state.turn() as turn:
        turn.runs.add(record)
    before = _counts(file)
    thread = threading.Thread(target=bystander.live)
    thread.start()
    began = time.perf_counter()
    _job(_state(ours)).do(record)
    seconds = time.perf_counter() - began
    bystander.ended.set()
    thread.join()
    after = _counts(file)
    ours.close()
    theirs.close()
    return _as_markdown(before, after, seconds, bystander.waits_ms)


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


def _counts(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - of ours
            for table in ("runs", "timeline", "occurrences")
        }


def _as_markdown(
    before: dict[str, int], after: dict[str, int], seconds: float, waits_ms: list[float]
) -> str:
    deleted = sum(before.values()) - sum(after.values())
    about = (
        "`make bench-serve`. Half of the history is older than it is to be kept; a turn of somebody"
        " else's is written ten times a second meanwhile."
    )
    told = (
        f"{deleted:,} rows deleted in {seconds:.1f} s. Of {len(waits_ms):,} turns of somebody"
        f" else's the median took {statistics.median(waits_ms):.1f} ms, the longest"
        f" {max(waits_ms):.0f} ms."
    )
    rows = (f"| {table} | {before[table]:,} | {after[table]:,} |" for table in before)
    heading = ("| table | rows before | rows after |", "|---|---|---|")
    lines = ["# Retention over a long history", "", about, "", *heading, *rows, "", told, ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
