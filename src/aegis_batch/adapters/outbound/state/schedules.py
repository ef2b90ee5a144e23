"""Schedules, in a table."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, false, func, select

from aegis_batch.adapters.outbound.state import statements
from aegis_batch.adapters.outbound.state.tables import schedules
from aegis_batch.domain.run import JobKind
from aegis_batch.domain.schedule import (
    Overlap,
    Pause,
    Schedule,
    ScheduleKind,
    ScheduleState,
    Timing,
)

__all__ = ["SqlSchedules", "schedule_of"]

_MICROSECOND = timedelta(microseconds=1)


class SqlSchedules:
    """Keeps schedules by their name, within a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection that the transaction is open on."""
        self._connection = connection

    def get(self, name: str) -> ScheduleState | None:
        """Return a schedule; ``None`` where there is none of the name."""
        found = self._read(select(schedules).where(schedules.c.name == name))
        return found[0] if found else None

    def save(self, state: ScheduleState) -> None:
        """Keep a schedule, in the place of the one with its name."""
        statements.put(self._connection, schedules, _row_of(state))

    def due(self, now: datetime, limit: int) -> Sequence[ScheduleState]:
        """Return schedules whose next time has come, longest due first, then by name."""
        return self._read(
            select(schedules)
            .where(schedules.c.retired == false(), schedules.c.next_at <= now)
            .order_by(schedules.c.next_at, schedules.c.name)
            .limit(limit)
        )

    def all(self) -> Sequence[ScheduleState]:
        """Return all schedules in the order of their names."""
        return self._read(select(schedules).order_by(schedules.c.name))

    def next_due_at(self) -> datetime | None:
        """Return the earliest next time of any schedule that isn't retired."""
        earliest = select(func.min(schedules.c.next_at)).where(schedules.c.retired == false())
        [found] = statements.read(self._connection, earliest, _next_at_of)
        return found

    def _read(self, statement: Select[Any]) -> Sequence[ScheduleState]:
        return statements.read(self._connection, statement, schedule_of)


def _next_at_of(row: Row[Any]) -> datetime | None:
    next_at: datetime | None = row[0]
    return next_at


def _row_of(state: ScheduleState) -> dict[str, object]:
    schedule, timing, pause = state.schedule, state.schedule.timing, state.pause
    return {
        "name": schedule.name,
        "job": schedule.job.value,
        "kind": timing.kind.value,
        "cron": timing.cron,
        "zone": timing.zone,
        "every_us": None if timing.every is None else timing.every // _MICROSECOND,
        "at": timing.at,
        "overlap": schedule.overlap.value,
        "catch_up_us": schedule.catch_up // _MICROSECOND,
        "jitter_max_seconds": schedule.jitter_max_seconds,
        "newest_only": schedule.newest_only,
        "next_at": state.next_at,
        "decided_until": state.decided_until,
        "paused_by": None if pause is None else pause.by,
        "paused_at": None if pause is None else pause.at,
        "pause_note": None if pause is None else pause.note,
        "retired": state.retired,
    }


def schedule_of(row: Row[Any]) -> ScheduleState:
    """Return the schedule in a row."""
    timing = Timing(
        kind=ScheduleKind(row.kind),
        cron=row.cron,
        zone=row.zone,
        every=None if row.every_us is None else row.every_us * _MICROSECOND,
        at=row.at,
    )
    schedule = Schedule(
        name=row.name,
        job=JobKind(row.job),
        timing=timing,
        overlap=Overlap(row.overlap),
        catch_up=row.catch_up_us * _MICROSECOND,
        jitter_max_seconds=row.jitter_max_seconds,
        newest_only=row.newest_only,
    )
    is_paused = row.paused_at is not None
    return ScheduleState(
        schedule=schedule,
        next_at=row.next_at,
        decided_until=row.decided_until,
        pause=Pause(row.paused_by, row.paused_at, row.pause_note) if is_paused else None,
        retired=row.retired,
    )
