"""Schedules and their nominal times, for people."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from aegis_batch.adapters.inbound.cli.columns import facts, table
from aegis_batch.adapters.inbound.cli.moments import Clockface, utc
from aegis_batch.application.schedule_control import ScheduleView
from aegis_batch.domain.schedule import Occurrence, ScheduleKind, ScheduleState, Timing

__all__ = ["nominals_as_text", "schedules_as_text", "view_as_text"]


def schedules_as_text(
    states: Sequence[ScheduleState], clockface_of: Callable[[ScheduleState], Clockface]
) -> str:
    """Return schedules one a line, in the order of their names."""
    headings = ("schedule", "job", "next in UTC", "in its zone", "state", "rule")
    return table(
        headings,
        (
            (
                state.schedule.name,
                state.schedule.job.value,
                "-" if state.next_at is None else f"{state.next_at:%Y-%m-%d %H:%M}",
                clockface_of(state).short(state.next_at),
                "active" if state.pause is None else "paused",
                _rule(state.schedule.timing),
            )
            for state in states
        ),
        may_fold=False,
    )


def view_as_text(view: ScheduleView, clockface: Clockface, now: datetime) -> str:
    """Return a schedule and its last decisions, newest first."""
    state, schedule = view.state, view.state.schedule
    jitter = schedule.jitter_max_seconds
    told = facts(
        [
            ("schedule", schedule.name),
            ("job", schedule.job.value),
            ("rule", _rule(schedule.timing)),
            ("overlap", schedule.overlap.value),
            ("catch-up", f"what is late by more than {_told(schedule.catch_up)} is missed"),
            ("late", "only the newest of several runs" if schedule.newest_only else "each runs"),
            ("jitter", f"up to {jitter} s" if jitter else None),
            ("next", _next(state, clockface, now)),
            ("decided", clockface.nominal(state.decided_until)),
            ("paused", _pause(state, clockface)),
            ("retired", "the settings have it no more" if state.retired else None),
        ]
    )
    if not view.occurrences:
        return f"{told}\n\nNo nominal time has been decided yet."
    return f"{told}\n\n{_occurrences(view.occurrences, clockface)}"


def nominals_as_text(
    state: ScheduleState, nominals: Sequence[datetime], clockface: Clockface, now: datetime
) -> str:
    """Return nominal times to come, one a line, and what will become of them if it isn't a run."""
    if not nominals:
        return _next(state, clockface, now)
    lines = [
        f"{clockface.nominal(nominal)}{'' if nominal > now else '  has come, and is not decided'}"
        for nominal in nominals
    ]
    paused = _pause(state, clockface)
    if paused is not None:
        lines.append(f"\nThe schedule is paused {paused}")
        lines.append("Until it is resumed, each of these is skipped.")
    elif state.schedule.timing.kind is ScheduleKind.FIXED_DELAY:
        lines.append("\nThose after it depend on when its run ends.")
    return "\n".join(lines)


def _rule(timing: Timing) -> str:
    if timing.kind is ScheduleKind.CRON:
        return f"{timing.cron} in {timing.zone}"
    if timing.at is not None:
        return f"once, at {utc(timing.at, 'auto')}"
    if timing.kind is ScheduleKind.FIXED_RATE:
        return f"every {_told(timing.every)}"
    return f"{_told(timing.every)} after the end of its last run"


def _told(duration: timedelta | None) -> str:
    """Return a duration in its units, the largest first: ``1 day 12 h``."""
    minutes, seconds = divmod((duration or timedelta(0)).total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} day{'' if days == 1 else 's'}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{seconds:g} s"] if seconds or not parts else []
    return " ".join(parts)


def _next(state: ScheduleState, clockface: Clockface, now: datetime) -> str:
    if state.next_at is None:
        if not state.retired and state.schedule.timing.kind is ScheduleKind.FIXED_DELAY:
            return "counted from the end of the run that goes on"
        return "none: no firing is to come"
    told = clockface.nominal(state.next_at) or ""
    return told if state.next_at > now else f"{told}: it has come, and serve decides it"


def _pause(state: ScheduleState, clockface: Clockface) -> str | None:
    pause = state.pause
    if pause is None:
        return None
    return f"by {pause.by} since {clockface.both(pause.at)}: {pause.note}"


def _occurrences(occurrences: Sequence[Occurrence], clockface: Clockface) -> str:
    headings = ("nominal in UTC", clockface.heading, "decision", "reason", "run")
    return table(
        headings,
        (
            (
                utc(occurrence.nominal, "auto").removesuffix(" UTC"),
                clockface.short(occurrence.nominal),
                occurrence.decision.value,
                occurrence.reason,
                occurrence.run_id or "",
            )
            for occurrence in occurrences
        ),
    )
