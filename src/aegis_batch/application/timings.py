"""The nominal times of schedules, one after the other."""

from datetime import datetime, timedelta

from aegis_batch.application.ports.cron import Cron
from aegis_batch.domain.schedule import ScheduleKind, ScheduleState, Timing

__all__ = ["AHEAD_MAX", "Timings", "whole_second"]

# A clock that was set back by less changes nothing: it soon comes to where it was.
AHEAD_MAX = timedelta(days=1)

_INSTANT = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


def whole_second(instant: datetime) -> datetime:
    """Return the whole second at or after an instant, so that people can name nominal times."""
    if instant.microsecond == 0:
        return instant
    return instant.replace(microsecond=0) + _SECOND


class Timings:
    """Knows the nominal times of every kind of schedule."""

    def __init__(self, cron: Cron) -> None:
        """Take what knows cron expressions."""
        self._cron = cron

    def first(self, timing: Timing, after: datetime) -> datetime | None:
        """Return the first nominal time of a schedule that is made, or changed, at an instant."""
        if timing.kind is ScheduleKind.ONE_TIME:
            return timing.at
        first = self.following(timing, after)
        return None if first is None else whole_second(first)

    def again(self, state: ScheduleState, after: datetime) -> datetime | None:
        """Return the first nominal time after an instant, of a schedule that stands at a later one.

        A ``FIXED_RATE`` keeps its step.
        """
        timing, stands_at = state.schedule.timing, state.next_at
        if timing.kind is ScheduleKind.FIXED_RATE and timing.every and stands_at is not None:
            return stands_at - (stands_at - after - _INSTANT) // timing.every * timing.every
        return self.first(timing, after)

    def following(self, timing: Timing, nominal: datetime) -> datetime | None:
        """Return the nominal time after another; ``None`` where there is none."""
        if timing.kind is ScheduleKind.ONE_TIME:
            return None
        if timing.cron is not None and timing.zone is not None:
            return self._cron.next_after(timing.cron, timing.zone, nominal)
        assert timing.every is not None  # noqa: S101 - Timing sees to it
        return nominal + timing.every

    def upcoming(self, state: ScheduleState, count: int) -> list[datetime]:
        """Return the next nominal times, at most ``count``.

        Of a ``FIXED_DELAY`` only the next is known: the others depend on when its runs end.
        """
        timing = state.schedule.timing
        times: list[datetime] = []
        nominal = state.next_at
        while nominal is not None and len(times) < count:
            times.append(nominal)
            if timing.kind is ScheduleKind.FIXED_DELAY:
                break
            nominal = self.following(timing, nominal)
        return times

    def has(self, state: ScheduleState, instant: datetime) -> bool:
        """Say whether an instant before the next nominal time is one by the present rule.

        None is, of a ``FIXED_DELAY``: those that have been can't be worked out.
        """
        timing = state.schedule.timing
        if timing.kind is ScheduleKind.ONE_TIME:
            return instant == timing.at
        if timing.kind is ScheduleKind.CRON:
            return self.following(timing, instant - _INSTANT) == instant
        if timing.kind is ScheduleKind.FIXED_DELAY or timing.every is None or state.next_at is None:
            return False
        return (state.next_at - instant) % timing.every == timedelta(0)

    def come(
        self, state: ScheduleState, now: datetime, limit: int
    ) -> tuple[list[datetime], datetime | None]:
        """Return the nominal times that have come, at most ``limit``, and the one after them.

        Of a ``FIXED_DELAY`` one comes at a time; the next is counted from now.
        """
        timing = state.schedule.timing
        if timing.kind is ScheduleKind.FIXED_DELAY:
            if state.next_at is None or state.next_at > now:
                return [], state.next_at
            return [state.next_at], self.first(timing, now)
        nominals: list[datetime] = []
        nominal = state.next_at
        while nominal is not None and nominal <= now and len(nominals) < limit:
            nominals.append(nominal)
            nominal = self.following(timing, nominal)
        return nominals, nominal
